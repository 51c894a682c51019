//! Messages, as they are sent to a model and come back.

use std::{
    borrow::Cow,
    sync::{Arc, LazyLock},
};

use bennu_semconv::openinference;
use opentelemetry::{Key, KeyValue};
use serde_json::{Value as Json, json};

/// A message of a conversation.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Message<'a> {
    /// `system`, `user`, `assistant`, `tool`.
    pub role: Cow<'a, str>,
    /// What is said, in parts.
    pub parts: Vec<Part<'a>>,
    /// Who says it, where that has a name.
    pub name: Option<Cow<'a, str>>,
    /// The call that a tool's message answers.
    pub tool_call_id: Option<Cow<'a, str>>,
    /// Tools that the model wants called.
    pub tool_calls: Vec<ToolCall<'a>>,
}

/// A part of a message.
#[derive(Debug, Clone, PartialEq)]
pub enum Part<'a> {
    /// Text.
    Text(Cow<'a, str>),
    /// An image, by its URL or as a `data:` URL.
    Image(Cow<'a, str>),
    /// Anything else, as it came.
    Other(Cow<'a, Json>),
}

/// A tool that the model wants called.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ToolCall<'a> {
    /// The call's id.
    pub id: Cow<'a, str>,
    /// The tool's name.
    pub name: Cow<'a, str>,
    /// The arguments, JSON text.
    pub arguments: Cow<'a, str>,
}

impl<'a> Message<'a> {
    /// A message of one text.
    pub fn new(role: impl Into<Cow<'a, str>>, text: impl Into<Cow<'a, str>>) -> Self {
        Message { role: role.into(), parts: vec![Part::Text(text.into())], ..Message::default() }
    }

    /// What the model is told beforehand.
    pub fn system(text: impl Into<Cow<'a, str>>) -> Self {
        Message::new("system", text)
    }

    /// What a person says.
    pub fn user(text: impl Into<Cow<'a, str>>) -> Self {
        Message::new("user", text)
    }

    /// What a model says.
    pub fn assistant(text: impl Into<Cow<'a, str>>) -> Self {
        Message::new("assistant", text)
    }

    /// What a tool returned for a call.
    pub fn tool(call_id: impl Into<Cow<'a, str>>, result: impl Into<Cow<'a, str>>) -> Self {
        Message { tool_call_id: Some(call_id.into()), ..Message::new("tool", result) }
    }

    /// An OpenAI-shaped message. Lenient: what it does not know is kept as a part.
    pub fn from_json(message: &'a Json) -> Self {
        let text = |name: &str| message.get(name).and_then(Json::as_str).map(Cow::from);
        let mut parts = match message.get("content") {
            None | Some(Json::Null) => Vec::new(),
            Some(Json::String(text)) => vec![Part::Text(text.into())],
            Some(Json::Array(parts)) => parts.iter().map(Part::from_json).collect(),
            Some(other) => vec![Part::Other(Cow::Borrowed(other))],
        };
        // What is said in place of an answer; most messages say `null`.
        if let Some(refusal) = text("refusal").filter(|refusal| !refusal.is_empty()) {
            parts.push(Part::Text(refusal));
        }
        // Not OpenAI's own, but that of many servers of reasoning models.
        if let Some(text) =
            message.get("reasoning_content").and_then(Json::as_str).filter(|text| !text.is_empty())
        {
            parts.insert(0, Part::Other(Cow::Owned(json!({"type": "reasoning", "text": text}))));
        }
        let calls = message.get("tool_calls").and_then(Json::as_array).map(Vec::as_slice).unwrap_or_default();
        Message {
            role: text("role").unwrap_or_default(),
            parts,
            name: text("name"),
            tool_call_id: text("tool_call_id"),
            tool_calls: calls.iter().map(ToolCall::from_json).collect(),
        }
    }

    /// As `gen_ai.input.messages` has it: a role and typed parts.
    pub(crate) fn to_gen_ai(&self) -> Json {
        let mut parts: Vec<Json> = Vec::new();
        if let Some(id) = &self.tool_call_id {
            let only_text = self.parts.iter().all(|part| matches!(part, Part::Text(_)));
            let response = match only_text {
                true => Json::String(self.text()),
                false => self.parts.iter().map(Part::to_gen_ai).collect(),
            };
            parts.push(json!({"type": "tool_call_response", "id": id, "response": response}));
        } else {
            parts.extend(self.parts.iter().map(Part::to_gen_ai));
        }
        parts.extend(self.tool_calls.iter().map(|call| {
            // Arguments are an object there; what is no JSON stays text.
            let arguments = serde_json::from_str(&call.arguments)
                .unwrap_or_else(|_| Json::String(call.arguments.clone().into_owned()));
            json!({"type": "tool_call", "id": call.id, "name": call.name, "arguments": arguments})
        }));
        let mut message = json!({"role": self.role, "parts": parts});
        if let Some(name) = &self.name {
            message["name"] = json!(name);
        }
        message
    }

    /// The text in it.
    pub fn text(&self) -> String {
        if let [Part::Text(text)] = &self.parts[..] {
            return text.clone().into_owned();
        }
        let texts: Vec<&str> = self
            .parts
            .iter()
            .filter_map(|part| if let Part::Text(text) = part { Some(text.as_ref()) } else { None })
            .collect();
        texts.join("\n")
    }
}

impl<'a> Part<'a> {
    pub(crate) fn from_json(part: &'a Json) -> Self {
        let at = |pointer: &str| part.pointer(pointer).and_then(Json::as_str).map(Cow::from);
        if let Some(text) = at("/text").or_else(|| at("/refusal")) {
            return Part::Text(text);
        }
        match at("/image_url/url").or_else(|| at("/image_url")) {
            Some(url) => Part::Image(url),
            None => Part::Other(Cow::Borrowed(part)),
        }
    }

    fn to_gen_ai(&self) -> Json {
        match self {
            Part::Text(text) => json!({"type": "text", "content": text}),
            Part::Image(url) => json!({"type": "uri", "modality": "image", "uri": url}),
            Part::Other(other) => other.clone().into_owned(),
        }
    }
}

impl<'a> ToolCall<'a> {
    fn from_json(call: &'a Json) -> Self {
        let at =
            |pointer: &str| call.pointer(pointer).and_then(Json::as_str).map(Cow::from).unwrap_or_default();
        let arguments = match call.pointer("/function/arguments") {
            Some(Json::String(text)) => text.into(),
            None | Some(Json::Null) => Cow::default(),
            Some(other) => other.to_string().into(),
        };
        ToolCall { id: at("/id"), name: at("/function/name"), arguments }
    }
}

/// What can be sent to a model: [`Message`]s, or the `messages` of an OpenAI-shaped request.
pub trait Messages {
    /// Shows every message, in order.
    fn each(&self, show: &mut dyn FnMut(&Message<'_>));
}

impl Messages for [Message<'_>] {
    fn each(&self, show: &mut dyn FnMut(&Message<'_>)) {
        self.iter().for_each(show);
    }
}

impl Messages for [Json] {
    fn each(&self, show: &mut dyn FnMut(&Message<'_>)) {
        self.iter().for_each(|message| show(&Message::from_json(message)));
    }
}

/// An array of messages; anything else is no messages.
impl Messages for Json {
    fn each(&self, show: &mut dyn FnMut(&Message<'_>)) {
        if let Some(messages) = self.as_array() {
            messages.each(show);
        }
    }
}

/// One text from the user.
impl Messages for str {
    fn each(&self, show: &mut dyn FnMut(&Message<'_>)) {
        show(&Message::user(self));
    }
}

impl<T> Messages for Vec<T>
where
    [T]: Messages,
{
    fn each(&self, show: &mut dyn FnMut(&Message<'_>)) {
        self.as_slice().each(show);
    }
}

impl<T, const N: usize> Messages for [T; N]
where
    [T]: Messages,
{
    fn each(&self, show: &mut dyn FnMut(&Message<'_>)) {
        self.as_slice().each(show);
    }
}

/// A list of messages in OpenInference's words, by the names of its first members, which are the same in every span.
#[derive(Debug)]
pub(crate) struct List {
    name: &'static str,
    known: LazyLock<Vec<[Key; 2]>>,
}

pub(crate) static INPUT: List = List {
    name: openinference::LLM_INPUT_MESSAGES,
    known: LazyLock::new(|| names(openinference::LLM_INPUT_MESSAGES)),
};
pub(crate) static OUTPUT: List = List {
    name: openinference::LLM_OUTPUT_MESSAGES,
    known: LazyLock::new(|| names(openinference::LLM_OUTPUT_MESSAGES)),
};

fn names(list: &str) -> Vec<[Key; 2]> {
    /// Messages whose names are made once.
    const KNOWN: usize = 64;
    let name =
        |index: usize, name: &str| Key::from(Arc::<str>::from(format!("{list}.{index}.message.{name}")));
    (0..KNOWN).map(|index| [name(index, "role"), name(index, "content")]).collect()
}

impl List {
    /// Every message, flattened.
    pub(crate) fn flatten(&self, messages: &(impl Messages + ?Sized), out: &mut Vec<KeyValue>) {
        let mut index = 0;
        messages.each(&mut |message| {
            self.message(message, index, out);
            index += 1;
        });
    }

    fn message(&self, message: &Message<'_>, index: usize, out: &mut Vec<KeyValue>) {
        let known = self.known.get(index);
        let other = |name: &str| Key::from(format!("{}.{index}.message.{name}", self.name));
        let key = |at: usize, name: &str| known.map_or_else(|| other(name), |known| known[at].clone());
        out.push(KeyValue::new(key(0, "role"), message.role.clone().into_owned()));
        match &message.parts[..] {
            [] => {}
            [Part::Text(text)] => out.push(KeyValue::new(key(1, "content"), text.clone().into_owned())),
            parts => {
                for (n, part) in parts.iter().enumerate() {
                    let mut put = |name: &str, value: String| {
                        let name = other(&format!("contents.{n}.message_content.{name}"));
                        out.push(KeyValue::new(name, value));
                    };
                    match part {
                        Part::Text(text) => {
                            put("type", "text".to_owned());
                            put("text", text.clone().into_owned());
                        }
                        Part::Image(url) => {
                            put("type", "image".to_owned());
                            put("image.image.url", url.clone().into_owned());
                        }
                        Part::Other(json) => {
                            let kind = json.get("type").and_then(Json::as_str).unwrap_or("text");
                            put("type", kind.to_owned());
                            put("text", json.to_string());
                        }
                    }
                }
            }
        }
        let mut put = |name: &str, value: &str| out.push(KeyValue::new(other(name), value.to_owned()));
        if let Some(name) = &message.name {
            put("name", name);
        }
        if let Some(id) = &message.tool_call_id {
            put("tool_call_id", id);
        }
        for (n, call) in message.tool_calls.iter().enumerate() {
            put(&format!("tool_calls.{n}.tool_call.id"), &call.id);
            put(&format!("tool_calls.{n}.tool_call.function.name"), &call.name);
            put(&format!("tool_calls.{n}.tool_call.function.arguments"), &call.arguments);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flat(message: &Message<'_>) -> Vec<(String, String)> {
        let mut out = Vec::new();
        INPUT.message(message, 3, &mut out);
        out.into_iter().map(|pair| (pair.key.to_string(), pair.value.to_string())).collect()
    }

    #[test]
    fn what_an_openai_shaped_message_says_is_flattened_as_the_specification_has_it() {
        let call = json!({
            "role": "assistant",
            "content": null,
            "tool_calls": [{"id": "c1", "type": "function", "function": {"name": "now", "arguments": "{\"zone\":1}"}}]
        });
        let pairs = |pairs: &[(&str, &str)]| {
            pairs
                .iter()
                .map(|(key, value)| (format!("llm.input_messages.3.message.{key}"), (*value).to_owned()))
                .collect::<Vec<_>>()
        };
        assert_eq!(
            flat(&Message::from_json(&call)),
            pairs(&[
                ("role", "assistant"),
                ("tool_calls.0.tool_call.id", "c1"),
                ("tool_calls.0.tool_call.function.name", "now"),
                ("tool_calls.0.tool_call.function.arguments", "{\"zone\":1}"),
            ])
        );
        let parts = json!({"role": "user", "content": [
            {"type": "text", "text": "what is this?"},
            {"type": "image_url", "image_url": {"url": "https://a/b.png"}},
            {"type": "input_audio", "input_audio": {"data": "AA=="}},
        ]});
        assert_eq!(
            flat(&Message::from_json(&parts)),
            pairs(&[
                ("role", "user"),
                ("contents.0.message_content.type", "text"),
                ("contents.0.message_content.text", "what is this?"),
                ("contents.1.message_content.type", "image"),
                ("contents.1.message_content.image.image.url", "https://a/b.png"),
                ("contents.2.message_content.type", "input_audio"),
                (
                    "contents.2.message_content.text",
                    r#"{"type":"input_audio","input_audio":{"data":"AA=="}}"#
                ),
            ])
        );
        assert_eq!(
            flat(&Message::tool("c1", "12:00")),
            pairs(&[("role", "tool"), ("content", "12:00"), ("tool_call_id", "c1")])
        );
    }

    #[test]
    fn gen_ai_has_typed_parts() {
        let call = json!({"role": "assistant", "content": "let me see",
            "tool_calls": [{"id": "c1", "function": {"name": "now", "arguments": "{\"zone\":1}"}}]});
        assert_eq!(
            Message::from_json(&call).to_gen_ai(),
            json!({"role": "assistant", "parts": [
                {"type": "text", "content": "let me see"},
                {"type": "tool_call", "id": "c1", "name": "now", "arguments": {"zone": 1}},
            ]})
        );
        assert_eq!(
            Message::tool("c1", "12:00").to_gen_ai(),
            json!({"role": "tool", "parts": [{"type": "tool_call_response", "id": "c1", "response": "12:00"}]})
        );
    }

    #[test]
    fn what_a_tool_shows_is_kept() {
        let parts = vec![Part::Text("a heron".into()), Part::Image("https://a/b.png".into())];
        let message = Message { parts, ..Message::tool("c1", "") };
        assert_eq!(
            message.to_gen_ai()["parts"][0]["response"],
            json!([{"type": "text", "content": "a heron"},
                {"type": "uri", "modality": "image", "uri": "https://a/b.png"}])
        );
    }

    #[test]
    fn a_refusal_is_what_is_said() {
        for refused in [
            json!({"role": "assistant", "content": null, "refusal": "I cannot."}),
            json!({"role": "assistant", "content": [{"type": "refusal", "refusal": "I cannot."}]}),
        ] {
            assert_eq!(Message::from_json(&refused), Message::assistant("I cannot."));
        }
        let said = json!({"role": "assistant", "content": "Gladly.", "refusal": null});
        assert_eq!(Message::from_json(&said), Message::assistant("Gladly."));
    }

    #[test]
    fn anything_is_taken() {
        for odd in
            [json!(null), json!({}), json!({"content": 7}), json!({"role": 1, "tool_calls": [1]}), json!("x")]
        {
            let message = Message::from_json(&odd);
            assert!(!flat(&message).is_empty(), "{odd}");
        }
        let count = |messages: &dyn Messages| {
            let mut count = 0;
            messages.each(&mut |_| count += 1);
            count
        };
        assert_eq!(
            (count(&json!("no array")), count(&json!([{}, 1])), count(&vec![Message::user("hi")])),
            (0, 2, 1)
        );
    }

    #[test]
    fn names_are_the_same_however_they_are_made() {
        let messages: Vec<_> = (0..70).map(|n| Message::user(n.to_string())).collect();
        let mut out = Vec::new();
        OUTPUT.flatten(&messages, &mut out);
        for (n, pair) in out.chunks(2).enumerate() {
            assert_eq!(pair[0].key.as_str(), format!("llm.output_messages.{n}.message.role"));
            assert_eq!(pair[1].key.as_str(), format!("llm.output_messages.{n}.message.content"));
        }
    }
}
