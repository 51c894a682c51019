//! What a stream has said so far, choice by choice.

use std::borrow::Cow;

use serde_json::{Value as Json, json};

use crate::message::{Message, Part, ToolCall};

/// Bytes of text, reasoning, arguments and the like that are gathered of one answer; what comes after is not recorded.
const MAX_BYTES: usize = 16 << 20;
/// Choices of one answer; those beyond are not recorded.
const MAX_CHOICES: usize = 128;
/// Calls and other parts of one answer, all choices together; the same.
const MAX_PARTS: usize = 1_000;

/// The choices of an answer, sorted by their indexes. Most answers have one, of index 0.
#[derive(Debug)]
pub(super) struct Choices {
    all: Vec<Choice>,
    room_bytes: usize,
    room_parts: usize,
}

#[derive(Debug, Default)]
struct Choice {
    index: u64,
    text: String,
    reasoning: String,
    /// What is neither text nor reasoning nor a call, each with the length of the text before it.
    others: Vec<(usize, Json)>,
    calls: Vec<Call>,
    finish_reason: Option<String>,
}

#[derive(Debug, Default)]
struct Call {
    /// Which one it is for the stream; `None` if that does not say.
    index: Option<u64>,
    id: String,
    name: String,
    arguments: String,
}

impl Default for Choices {
    fn default() -> Self {
        Choices { all: Vec::new(), room_bytes: MAX_BYTES, room_parts: MAX_PARTS }
    }
}

impl Choices {
    /// The text of the first choice.
    pub(super) fn text(&self) -> &str {
        self.all.first().map_or("", |choice| &choice.text)
    }

    pub(super) fn push_text(&mut self, index: u64, text: &str) {
        if let Some(choice) = self.choice_for(index, text.len()) {
            choice.text.push_str(text);
        }
    }

    pub(super) fn push_reasoning(&mut self, index: u64, text: &str) {
        if let Some(choice) = self.choice_for(index, text.len()) {
            choice.reasoning.push_str(text);
        }
    }

    /// A part of another kind, whole.
    #[cfg(feature = "client")]
    pub(super) fn push_other(&mut self, index: u64, part: &Json) {
        if self.part_fits()
            && let Some(choice) = self.choice_for(index, part.to_string().len())
        {
            choice.others.push((choice.text.len(), part.clone()));
        }
    }

    /// A piece of the call of index `call`; of a new one if there is none of it.
    pub(super) fn push_call(&mut self, index: u64, call: Option<u64>, [id, name, arguments]: [&str; 3]) {
        let known = self.known(index).and_then(|choice| choice.known(call));
        if known.is_none() && !self.part_fits() {
            return;
        }
        // Some servers say these with every piece.
        let said = if known.is_none() { id.len().saturating_add(name.len()) } else { 0 };
        let Some(choice) = self.choice_for(index, said.saturating_add(arguments.len())) else { return };
        let at = known.unwrap_or(choice.calls.len());
        if known.is_none() {
            choice.calls.push(Call { index: call, ..Call::default() });
        }
        let call = &mut choice.calls[at];
        for (known, said) in [(&mut call.id, id), (&mut call.name, name)] {
            if known.is_empty() {
                known.push_str(said);
            }
        }
        call.arguments.push_str(arguments);
    }

    /// Whether arguments of this call have come.
    #[cfg(feature = "client")]
    pub(super) fn has_arguments(&self, index: u64, call: u64) -> bool {
        let choice = self.known(index);
        choice.is_some_and(|choice| {
            choice.known(Some(call)).is_some_and(|at| !choice.calls[at].arguments.is_empty())
        })
    }

    /// Why a choice ended; said again, the last one counts.
    pub(super) fn end(&mut self, index: u64, reason: &str) {
        if let Some(choice) = self.choice_for(index, reason.len()) {
            choice.finish_reason = Some(reason.to_owned());
        }
    }

    /// Whether every choice says why it ended.
    #[cfg(feature = "client")]
    pub(super) fn have_ended(&self) -> bool {
        !self.all.is_empty() && self.all.iter().all(|choice| choice.finish_reason.is_some())
    }

    /// Ends what has not ended; whether there was anything.
    pub(super) fn end_all(&mut self, reason: &str) -> bool {
        if self.all.is_empty() {
            self.all.push(Choice::default());
        }
        let open = self.all.iter_mut().filter(|choice| choice.finish_reason.is_none());
        open.map(|choice| choice.finish_reason = Some(reason.to_owned())).count() > 0
    }

    /// A message for every choice, one at least, and why each ended: nothing where that is not known.
    pub(super) fn messages(&self) -> (Vec<Message<'_>>, Vec<&str>) {
        if self.all.is_empty() {
            return (vec![Message { role: "assistant".into(), ..Message::default() }], Vec::new());
        }
        let reasons = self.all.iter().map(|choice| choice.finish_reason.as_deref().unwrap_or_default());
        (self.all.iter().map(Choice::message).collect(), reasons.collect())
    }

    fn known(&self, index: u64) -> Option<&Choice> {
        let at = self.all.binary_search_by_key(&index, |choice| choice.index).ok()?;
        self.all.get(at)
    }

    /// The choice of this index if it may be told so many bytes more.
    fn choice_for(&mut self, index: u64, bytes: usize) -> Option<&mut Choice> {
        let room = self.room_bytes.checked_sub(bytes);
        // Nor is what would still fit after this: a text with a gap in it is worse than one that ends.
        self.room_bytes = room.unwrap_or_default();
        room?;
        let at = match self.all.binary_search_by_key(&index, |choice| choice.index) {
            Ok(at) => at,
            Err(_) if self.all.len() >= MAX_CHOICES => return None,
            Err(at) => {
                self.all.insert(at, Choice { index, ..Choice::default() });
                at
            }
        };
        self.all.get_mut(at)
    }

    fn part_fits(&mut self) -> bool {
        let room = self.room_parts.checked_sub(1);
        self.room_parts = room.unwrap_or_default();
        room.is_some()
    }
}

impl Choice {
    fn known(&self, call: Option<u64>) -> Option<usize> {
        self.calls.iter().position(|known| call.is_some() && known.index == call)
    }

    fn message(&self) -> Message<'_> {
        let mut parts = Vec::new();
        if !self.reasoning.is_empty() {
            parts.push(Part::Other(Cow::Owned(json!({"type": "reasoning", "text": self.reasoning}))));
        }
        let mut said = 0;
        let others = self.others.iter().map(|(at, other)| (*at, Some(other)));
        for (at, other) in others.chain([(self.text.len(), None)]) {
            if at > said {
                parts.push(Part::Text(self.text[said..at].into()));
                said = at;
            }
            parts.extend(other.map(|other| Part::Other(Cow::Borrowed(other))));
        }
        let calls = self.calls.iter().map(|call| ToolCall {
            id: call.id.as_str().into(),
            name: call.name.as_str().into(),
            arguments: call.arguments.as_str().into(),
        });
        Message { role: "assistant".into(), parts, tool_calls: calls.collect(), ..Message::default() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn choices_are_kept_apart_and_in_order() {
        let mut choices = Choices::default();
        for (index, text) in [(1, "b"), (0, "a"), (1, "B"), (0, "A")] {
            choices.push_text(index, text);
        }
        choices.end(1, "stop");
        assert!(!choices.have_ended());
        let (messages, reasons) = choices.messages();
        let texts: Vec<_> = messages.iter().map(Message::text).collect();
        assert_eq!((texts, reasons), (vec!["aA".to_owned(), "bB".to_owned()], vec!["", "stop"]));
        assert_eq!(choices.text(), "aA");
        assert!(choices.end_all("cancelled") && choices.have_ended());
        assert_eq!(choices.messages().1, ["cancelled", "stop"]);
    }

    #[test]
    fn what_is_gathered_has_a_bound() {
        let mut choices = Choices::default();
        for index in 0..1_000 {
            choices.push_text(index, "x");
            choices.push_call(0, Some(index + 7), ["i", "n", "{}"]);
            choices.push_call(1, None, ["i", "n", "{}"]);
        }
        let calls: usize = choices.all.iter().map(|choice| choice.calls.len()).sum();
        assert_eq!((choices.all.len(), calls), (MAX_CHOICES, MAX_PARTS));
        choices.push_text(0, &"x".repeat(MAX_BYTES));
        choices.push_text(0, "x");
        assert_eq!(choices.text(), "x");
    }
}
