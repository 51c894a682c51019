//! Messages of a conversation: who said what, what of it is more than text, and what of it the call before was shown already.

use std::collections::HashMap;

use bennu_model::{Detail, Message, Part};

use super::{
    Place, SpanLink,
    part::{PartView, part_view},
};
use crate::{
    pages::{content, format},
    query::Context,
};

/// What the messages of one call take of a page; the earlier ones are left out, unless the reader asks for all.
const MAX_SHOWN_BYTES: usize = 60_000;
/// What they take at most, asked for or not.
const MAX_BYTES: usize = 4_000_000;
/// Parts of one message.
const MAX_PARTS: usize = 100;

/// What a model was shown, then what it returned.
pub(in crate::pages) struct Conversation {
    pub(in crate::pages) history: Option<HistoryView>,
    pub(in crate::pages) messages: Vec<MessageView>,
    /// How many stand before those shown that are neither history nor shown; empty for none.
    pub(in crate::pages) left_out: String,
    /// The link that shows all of them.
    pub(in crate::pages) all: String,
    /// Messages in all, folded ones too.
    pub(in crate::pages) count: String,
}

/// Messages that the call before was shown or returned.
pub(in crate::pages) struct HistoryView {
    /// `6 messages`.
    pub(in crate::pages) count: String,
    pub(in crate::pages) call: SpanLink,
    /// They are among the messages; else `link` shows them.
    pub(in crate::pages) shown: bool,
    pub(in crate::pages) link: String,
}

/// A message.
pub(in crate::pages) struct MessageView {
    pub(in crate::pages) id: String,
    pub(in crate::pages) role: String,
    pub(in crate::pages) role_class: &'static str,
    pub(in crate::pages) name: String,
    pub(in crate::pages) finish_reason: String,
    pub(in crate::pages) returned: bool,
    /// The call before was shown it already.
    pub(in crate::pages) repeated: bool,
    pub(in crate::pages) parts: Vec<PartView>,
    /// Parts that are not shown; empty for none.
    pub(in crate::pages) more_parts: String,
}

/// The conversation of a call. What the call before was shown already is folded, and of very long ones only the end is shown,
/// if the reader did not ask for all.
pub(super) fn conversation(detail: &Detail, context: &Context, place: &Place<'_>) -> Conversation {
    let repeated = context.history.as_ref().map_or(0, |history| history.messages);
    // All of them repeated would leave nothing to see: the last question stays.
    let repeated = repeated.min(detail.input_messages.len().saturating_sub(1));
    let folds = repeated > 1 && !place.whole_history;
    let first = if folds { repeated } else { 0 };
    let most_bytes = if place.whole_history { MAX_BYTES } else { MAX_SHOWN_BYTES };
    let all: Vec<&Message> = detail.input_messages.iter().chain(&detail.output_messages).collect();
    let asked = calls(&detail.output_messages);
    let (mut messages, mut bytes) = (Vec::new(), 0);
    // From the end: the answer is what a page must not be without.
    for at in (first..all.len()).rev() {
        let answer = at.checked_sub(detail.input_messages.len());
        let nth = |part: usize| answer.and_then(|answer| asked.get(&(answer, part)).copied());
        let mut parts = Vec::new();
        for (part, shown) in all[at].parts.iter().take(MAX_PARTS).enumerate() {
            let view = part_view(shown, nth(part), context, place);
            bytes += view.size_bytes();
            if bytes > most_bytes && !parts.is_empty() {
                break;
            }
            parts.push(view);
        }
        let more = all[at].parts.len() - parts.len();
        let view = MessageView {
            id: format!("m{at}"),
            returned: answer.is_some(),
            repeated: at < repeated,
            parts,
            more_parts: if more > 0 { format::count(more as u64) } else { String::new() },
            ..message_view(all[at])
        };
        if bytes > most_bytes && !messages.is_empty() {
            break;
        }
        messages.push(view);
    }
    messages.reverse();
    let left_out = all.len() - first - messages.len();
    let count = |number: usize| match number {
        1 => "1 message".to_owned(),
        number => format!("{} messages", format::count(number as u64)),
    };
    let link = |history: &str| format!("{}&history={history}", place.link_here());
    Conversation {
        history: context.history.as_ref().filter(|_| repeated > 1).map(|history| HistoryView {
            count: count(repeated),
            call: SpanLink { name: place.name(history.span_id), link: place.link(history.span_id) },
            shown: !folds,
            link: link(if folds { "all" } else { "" }),
        }),
        left_out: if left_out > 0 { count(left_out) } else { String::new() },
        all: if place.whole_history { String::new() } else { link("all") },
        count: count(all.len()),
        messages,
    }
}

/// Which of the calls by its name each tool call is, by message and part.
fn calls(messages: &[Message]) -> HashMap<(usize, usize), usize> {
    let mut named: HashMap<&str, usize> = HashMap::new();
    let mut calls = HashMap::new();
    for (at, message) in messages.iter().enumerate() {
        for (part, shown) in message.parts.iter().enumerate() {
            if let Part::ToolCall { name, .. } = shown {
                let nth = named.entry(name).or_default();
                calls.insert((at, part), *nth);
                *nth += 1;
            }
        }
    }
    calls
}

fn message_view(message: &Message) -> MessageView {
    let role = if message.role.is_empty() { "message".to_owned() } else { content::name(&message.role) };
    MessageView {
        id: String::new(),
        role_class: match role.as_str() {
            "system" | "developer" => "system",
            "user" => "user",
            "assistant" => "assistant",
            "tool" | "function" => "tool",
            _ => "other",
        },
        role,
        name: message.name.clone().unwrap_or_default(),
        finish_reason: message.finish_reason.clone().unwrap_or_default(),
        returned: false,
        repeated: false,
        parts: Vec::new(),
        more_parts: String::new(),
    }
}
