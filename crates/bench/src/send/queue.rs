//! Requests between who makes them and who sends them, bounded by their bytes.

use std::{
    collections::VecDeque,
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use bennu_bench::Request;

/// A request and when it is to be sent, since the clock started; at once without a time.
pub(super) struct Due {
    pub(super) request: Request,
    pub(super) due: Option<Duration>,
}

pub(super) struct Queue {
    state: Mutex<State>,
    changed: Condvar,
    max_bytes: usize,
}

#[derive(Default)]
struct State {
    waiting: VecDeque<Due>,
    bytes: usize,
    closed: bool,
    aborted: bool,
}

impl Queue {
    pub(super) fn new(max_bytes: usize) -> Self {
        Queue { state: Mutex::default(), changed: Condvar::new(), max_bytes }
    }

    /// Waits for room.
    pub(super) fn push(&self, due: Due) {
        let mut state = self.lock();
        while state.bytes >= self.max_bytes && !state.aborted {
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        if !state.aborted {
            state.bytes += due.request.body.len();
            state.waiting.push_back(due);
        }
        self.changed.notify_all();
    }

    /// The first that waits; none when there will be no more.
    pub(super) fn pop(&self) -> Option<Due> {
        let mut state = self.lock();
        loop {
            if let Some(due) = state.waiting.pop_front() {
                state.bytes -= due.request.body.len();
                self.changed.notify_all();
                return Some(due);
            }
            if state.closed || state.aborted {
                return None;
            }
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// No more will come.
    pub(super) fn close(&self) {
        self.lock().closed = true;
        self.changed.notify_all();
    }

    /// Nobody takes or gives any more.
    pub(super) fn abort(&self) {
        let mut state = self.lock();
        state.aborted = true;
        state.waiting.clear();
        state.bytes = 0;
        self.changed.notify_all();
    }

    pub(super) fn is_aborted(&self) -> bool {
        self.lock().aborted
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
