//! What a span's events and log records say of it: GenAI events, a message each (conventions before 1.37), or one with every
//! detail of the call (1.37 and later).
//!
//! They complete what the span's own attributes do not tell: a library that writes both says everything twice.

use bennu_model::{Attribute, Detail, Event, Kind, LogRecord, Message, Value};
use serde_json::{Map, Value as Json};

use super::{Meaning, Place, bounded::members, field::Field, message, source::parse, table};

/// An event of a span, or a log record.
#[derive(Clone, Copy)]
struct Utterance<'a> {
    name: &'a str,
    attributes: &'a [Attribute],
    body: Option<&'a Value>,
    place: Place,
}

impl<'a> Utterance<'a> {
    fn of_event(event: &'a Event) -> Self {
        Utterance { name: &event.name, attributes: &event.attributes, body: None, place: Place::Event }
    }

    /// The name stands in its field, or in an attribute where a library knows no such field.
    fn of_record(record: &'a LogRecord) -> Self {
        let name = Some(record.event_name.as_str()).filter(|name| !name.is_empty());
        let named = || text(&record.attributes, "event.name");
        let name = name.or_else(named).unwrap_or_default();
        Utterance { name, attributes: &record.attributes, body: Some(&record.body), place: Place::Record }
    }

    /// Which of several choices it is.
    fn index(&self) -> Option<u64> {
        let within = |value: &Value| match value {
            Value::Text(text) => members(text, &["index"]).get("index")?.as_u64(),
            Value::Map(entries) => {
                entries.iter().find(|(key, _)| key == "index")?.1.to_int()?.try_into().ok()
            }
            _ => None,
        };
        let told = self.attributes.iter().find_map(|(key, value)| match key.as_str() {
            "index" => value.to_int()?.try_into().ok(),
            "gen_ai.event.content" => within(value),
            _ => None,
        });
        told.or_else(|| within(self.body?))
    }

    /// The event as one object: its body (structured, or JSON text), completed by its attributes.
    fn object(&self) -> Map<String, Json> {
        let body = match self.body.map(Value::to_json) {
            Some(Json::String(text)) => parse(&text),
            other => other.unwrap_or_default(),
        };
        let mut object = match body {
            Json::Object(object) => object,
            Json::Null => Map::new(),
            text => Map::from_iter([("content".to_owned(), text)]),
        };
        for (key, value) in self.attributes {
            let value = match value {
                Value::Empty => continue,
                Value::Text(text) => parse(text),
                other => other.to_json(),
            };
            match (key.as_str(), value) {
                // Azure's libraries put the whole event into one attribute.
                ("gen_ai.event.content", Json::Object(content)) => object.extend(content),
                (key, value) => {
                    object.entry(key).or_insert(value);
                }
            }
        }
        object
    }
}

/// Whether a record changes what its span means.
pub fn is_meaningful(record: &LogRecord) -> bool {
    let name = Utterance::of_record(record).name;
    name == DETAILS || role(name).is_some() || name.starts_with(CONTENT)
}

/// One event with every detail of the call.
const DETAILS: &str = "gen_ai.client.inference.operation.details";
/// Events of conventions before 1.28 (`gen_ai.content.prompt`, `gen_ai.content.completion`), which OpenLIT and Spring still send.
const CONTENT: &str = "gen_ai.content.";
/// The event of an answer, one a choice.
const CHOICE: &str = "gen_ai.choice";

/// Takes in what the events and records of a span of this scope say. `records` come in order of time.
pub(super) fn hear(events: &[Event], records: &[LogRecord], scope: &str, meaning: &mut Meaning) {
    listen(events.iter().map(Utterance::of_event), scope, meaning);
    // What events say, records repeat: a library sends one or the other, an agent between may send both.
    listen(records.iter().map(Utterance::of_record), scope, meaning);
}

/// What nothing told before the events were heard.
#[derive(Debug, Clone, Copy)]
struct Missing {
    input: bool,
    output: bool,
    finish_reasons: bool,
}

impl Missing {
    fn of(detail: &Detail) -> Self {
        Missing {
            input: detail.input_messages.is_empty(),
            output: detail.output_messages.is_empty(),
            finish_reasons: detail.finish_reasons.is_empty(),
        }
    }

    /// Whether an event may tell something new: a span may have a hundred thousand.
    fn wants(self, role: &str, detail: &Detail) -> bool {
        detail.kind == Kind::Tool || if role == CHOICE { self.output } else { self.input }
    }
}

/// Takes in what is said where nothing before them said it.
fn listen<'a>(utterances: impl Iterator<Item = Utterance<'a>>, scope: &str, meaning: &mut Meaning) {
    let missing = Missing::of(&meaning.detail);
    for utterance in in_order(utterances.collect()) {
        if utterance.name == DETAILS || utterance.name.starts_with(CONTENT) {
            // Of several such events each may hold a part of the messages.
            let said = |missing: bool, list: &mut Vec<Message>| match missing {
                true => std::mem::take(list),
                false => Vec::new(),
            };
            let input = said(missing.input, &mut meaning.detail.input_messages);
            let output = said(missing.output, &mut meaning.detail.output_messages);
            table::apply(utterance.attributes, scope, utterance.place, meaning);
            join(&mut meaning.detail.input_messages, input);
            join(&mut meaning.detail.output_messages, output);
        } else if let Some(role) = role(utterance.name)
            && let Some(field) = one(role, || utterance.object(), missing, &mut meaning.detail)
        {
            meaning.tell(field, utterance.name, utterance.place);
        }
    }
}

/// Choices by their index: a stream ends them in any order.
fn in_order(mut utterances: Vec<Utterance<'_>>) -> Vec<Utterance<'_>> {
    let places: Vec<usize> = (0..utterances.len()).filter(|at| utterances[*at].name == CHOICE).collect();
    if places.len() > 1 {
        let mut choices: Vec<Utterance<'_>> = places.iter().map(|at| utterances[*at]).collect();
        choices.sort_by_cached_key(Utterance::index);
        places.into_iter().zip(choices).for_each(|(at, choice)| utterances[at] = choice);
    }
    utterances
}

/// Puts what was said before in front, unless it is said again.
fn join(list: &mut Vec<Message>, before: Vec<Message>) {
    let later = std::mem::replace(list, before);
    if !list.ends_with(&later) {
        list.extend(later);
    }
}

/// A list of such events in one attribute: `events` of pydantic-ai's instrumentation version 1.
pub(super) fn listed(json: &Json, detail: &mut Detail) -> bool {
    let missing = Missing::of(detail);
    let events: Vec<_> = json
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|event| Some((role(event.get("event.name")?.as_str()?)?, event.as_object()?)))
        .collect();
    let chosen = events.iter().any(|(role, _)| *role == CHOICE);
    let mut told = false;
    for (at, (role, event)) in events.iter().enumerate() {
        // Logfire has no event for the choice: what the assistant said last is the answer.
        let answers = !chosen && at + 1 == events.len() && *role == "assistant";
        let role = if answers { CHOICE } else { role };
        let event = if answers {
            Map::from_iter([("message".to_owned(), Json::Object((*event).clone()))])
        } else {
            (*event).clone()
        };
        told |= one(role, || event, missing, detail).is_some();
    }
    told
}

/// Takes in one message, which is read only if it may tell something new; tells which field it went into.
fn one(
    role: &str,
    object: impl FnOnce() -> Map<String, Json>,
    missing: Missing,
    detail: &mut Detail,
) -> Option<Field> {
    if !missing.wants(role, detail) {
        return None;
    }
    let mut object = object();
    // Strands writes parts as JSON text.
    for name in ["content", "message", "tool.result"] {
        if let Some(Json::String(text)) = object.get(name)
            && let Json::Array(parts) = parse(text)
            && parts.iter().all(Json::is_object)
        {
            object.insert(name.to_owned(), Json::Array(parts));
        }
    }
    if detail.kind == Kind::Tool {
        return tool(role, &object, detail);
    }
    let result = object.remove("tool.result");
    if role == CHOICE {
        let reason = object.get("finish_reason").and_then(Json::as_str).map(str::to_owned);
        let said = object.remove("message").or_else(|| object.remove("content")).unwrap_or_default();
        let mut said = match said {
            Json::Object(message) => message,
            content => Map::from_iter([("content".to_owned(), content)]),
        };
        // OpenLLMetry puts the calls beside the message.
        if let Some(calls) = object.remove("tool_calls") {
            said.entry("tool_calls").or_insert(calls);
        }
        let said = Json::Object(said);
        let mut messages = message::messages(&said, "assistant");
        if let Some(message) = messages.first_mut() {
            message.finish_reason = message.finish_reason.take().or_else(|| reason.clone());
        }
        if let Some(reason) = reason.filter(|_| missing.finish_reasons) {
            detail.finish_reasons.push(reason);
        }
        detail.output_messages.extend(messages);
        let parts = result.as_ref().map(message::parts).unwrap_or_default();
        if !parts.is_empty() {
            detail.output_messages.push(Message { role: "tool".into(), parts, ..Message::default() });
        }
        return Some(Field::OutputMessages);
    }
    object.entry("role").or_insert_with(|| role.into());
    detail.input_messages.extend(message::messages(&Json::Object(object), role));
    Some(Field::InputMessages)
}

/// On a tool's own span the tool message is what it was given and the choice what it gave back.
fn tool(role: &str, object: &Map<String, Json>, detail: &mut Detail) -> Option<Field> {
    let tool = detail.tool.get_or_insert_default();
    let (slot, name, field) = match role {
        CHOICE => (&mut tool.result, "message", Field::ToolResult),
        "tool" => (&mut tool.arguments, "content", Field::ToolArguments),
        _ => return None,
    };
    if slot.is_some() {
        return None;
    }
    *slot = object.get(name).map(message::plain_result);
    slot.is_some().then_some(field)
}

/// The role of whom a per-message event quotes; `gen_ai.choice` for an answer.
fn role(name: &str) -> Option<&'static str> {
    Some(match name {
        "gen_ai.system.message" => "system",
        "gen_ai.user.message" => "user",
        "gen_ai.assistant.message" => "assistant",
        "gen_ai.tool.message" => "tool",
        "gen_ai.choice" | "gen_ai.assistant.choice" => CHOICE,
        _ => return None,
    })
}

/// When the first token came, in milliseconds from the start, by the events that streaming instrumentors write.
pub(super) fn first_token_ms(start_ns: u64, events: &[Event]) -> Option<(f64, &str)> {
    const NAMES: [&str; 5] = [
        "First Token Stream Event",
        "ai.stream.firstChunk",
        "gen_ai.content.completion.chunk",
        "llm.content.completion.chunk",
        "first_token",
    ];
    let first = events.iter().find(|event| NAMES.contains(&event.name.as_str()))?;
    Some((first.time_ns.checked_sub(start_ns)? as f64 / 1e6, &first.name))
}

fn text<'a>(attributes: &'a [Attribute], name: &str) -> Option<&'a str> {
    attributes.iter().find(|(key, _)| key == name).and_then(|(_, value)| value.as_text())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_that_an_event_and_a_record_say_is_one() {
        let said = vec![("content".to_owned(), Value::Text("once?".into()))];
        let event =
            Event { name: "gen_ai.user.message".into(), attributes: said.clone(), ..Event::default() };
        let record =
            LogRecord { event_name: event.name.clone(), body: Value::Map(said), ..LogRecord::default() };
        for (events, records) in [(1, 0), (0, 1), (1, 1)] {
            let mut meaning = Meaning::default();
            hear(&vec![event.clone(); events], &vec![record.clone(); records], "", &mut meaning);
            assert_eq!(meaning.detail.input_messages.len(), 1, "{events} events, {records} records");
            assert_eq!(meaning.detail.input_messages[0].text(), "once?");
        }
    }

    #[test]
    fn choices_stand_by_their_index_wherever_it_is_told() {
        let in_attribute = |index: i64| {
            let said = vec![
                ("index".to_owned(), Value::Int(index)),
                ("content".to_owned(), Value::Text(index.to_string())),
            ];
            (said.clone(), Value::Map(said))
        };
        let event =
            |index: i64| Event { name: CHOICE.into(), attributes: in_attribute(index).0, ..Event::default() };
        let record = |body: Value| LogRecord { event_name: CHOICE.into(), body, ..LogRecord::default() };
        let text = |index: i64| Value::Text(format!(r#"{{"index": {index}, "content": "{index}"}}"#));
        let said = |events: &[Event], records: &[LogRecord]| {
            let mut meaning = Meaning::default();
            hear(events, records, "", &mut meaning);
            meaning.detail.output_messages.iter().map(Message::text).collect::<Vec<_>>()
        };
        assert_eq!(said(&[event(2), event(0), event(1)], &[]), ["0", "1", "2"]);
        assert_eq!(said(&[], &[2, 0, 1].map(|index| record(in_attribute(index).1))), ["0", "1", "2"]);
        assert_eq!(said(&[], &[1, 0].map(|index| record(text(index)))), ["0", "1"]);
    }

    #[test]
    fn reasons_that_attributes_told_are_not_told_again_and_a_repeated_event_is_one() {
        let choice = |reason: &str| Event {
            name: "gen_ai.choice".into(),
            attributes: vec![
                ("message".into(), Value::Text("yes".into())),
                ("finish_reason".into(), Value::Text(reason.into())),
            ],
            ..Event::default()
        };
        let mut meaning = Meaning::default();
        meaning.detail.finish_reasons = vec!["stop".into()];
        hear(&[choice("stop"), choice("length")], &[], "", &mut meaning);
        assert_eq!((meaning.detail.finish_reasons.len(), meaning.detail.output_messages.len()), (1, 2));
        let mut meaning = Meaning::default();
        hear(&[choice("stop"), choice("length")], &[], "", &mut meaning);
        assert_eq!(meaning.detail.finish_reasons, ["stop", "length"]);

        let prompt = |text: &str| Event {
            name: "gen_ai.content.prompt".into(),
            attributes: vec![("gen_ai.prompt".into(), Value::Text(text.into()))],
            ..Event::default()
        };
        let mut meaning = Meaning::default();
        hear(&[prompt("a"), prompt("b"), prompt("b")], &[], "", &mut meaning);
        let said: Vec<String> = meaning.detail.input_messages.iter().map(Message::text).collect();
        assert_eq!(said, ["a", "b"]);
    }
}
