//! What was said before in a conversation, kept in memory: an example's memory, gone with the program.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Mutex, PoisonError},
};

use serde_json::{Value, json};

/// User and session: one user's sessions are not another's.
pub(super) type Key = (String, String);

const MAX_SESSIONS: usize = 1_000;
/// Messages of a session that the model is shown again.
const MAX_MESSAGES: usize = 20;

#[derive(Debug, Default)]
pub(super) struct Sessions(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    messages: HashMap<Key, VecDeque<Value>>,
    /// The oldest first.
    order: VecDeque<Key>,
}

impl Sessions {
    pub(super) fn history(&self, key: &Key) -> Vec<Value> {
        let state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.messages.get(key).map(|messages| messages.iter().cloned().collect()).unwrap_or_default()
    }

    pub(super) fn add(&self, key: &Key, question: &str, answer: &str) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let state = &mut *state;
        if !state.messages.contains_key(key) {
            state.order.push_back(key.clone());
            if state.order.len() > MAX_SESSIONS
                && let Some(oldest) = state.order.pop_front()
            {
                state.messages.remove(&oldest);
            }
        }
        let messages = state.messages.entry(key.clone()).or_default();
        messages.push_back(json!({"role": "user", "content": question}));
        messages.push_back(json!({"role": "assistant", "content": answer}));
        while messages.len() > MAX_MESSAGES {
            messages.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sessions_are_bounded_and_users_apart() {
        let sessions = Sessions::default();
        let key = |user: &str, n: usize| (user.to_owned(), n.to_string());
        for n in 0..MAX_SESSIONS + 1 {
            sessions.add(&key("ada", n), "q", "a");
        }
        assert_eq!(sessions.history(&key("ada", 0)), Vec::<Value>::new());
        assert_eq!(sessions.history(&key("ada", 1)).len(), 2);
        assert_eq!(sessions.history(&key("grace", 1)), Vec::<Value>::new());
        (0..50).for_each(|_| sessions.add(&key("ada", 1), "q", "a"));
        assert_eq!(sessions.history(&key("ada", 1)).len(), MAX_MESSAGES);
    }
}
