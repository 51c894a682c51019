//! Messages of a conversation: who said what, and what of it is more than text.

use bennu_model::{Detail, Message, Part};

use super::{
    format,
    text::{self, Text},
};

/// The image types a page shows in place; anything else is a link or text.
const SHOWN_IMAGES: [&str; 4] = [
    "data:image/png;base64,",
    "data:image/jpeg;base64,",
    "data:image/gif;base64,",
    "data:image/webp;base64,",
];

/// A message.
pub(super) struct MessageView {
    pub(super) id: String,
    pub(super) role: String,
    pub(super) role_class: &'static str,
    pub(super) name: String,
    pub(super) finish_reason: String,
    pub(super) returned: bool,
    pub(super) parts: Vec<PartView>,
}

/// A part of a message.
pub(super) struct PartView {
    /// What it is, where it is not plain text.
    pub(super) label: String,
    pub(super) class: &'static str,
    pub(super) text: Text,
    /// A data URL that may be shown.
    pub(super) image: String,
}

/// What a model was shown, then what it returned.
pub(super) fn messages(detail: &Detail) -> Vec<MessageView> {
    let shown = detail.input_messages.iter().map(|message| (message, false));
    let returned = detail.output_messages.iter().map(|message| (message, true));
    shown
        .chain(returned)
        .enumerate()
        .map(|(at, (message, returned))| message_view(at, message, returned))
        .collect()
}

fn message_view(at: usize, message: &Message, returned: bool) -> MessageView {
    let role = if message.role.is_empty() { "message".to_owned() } else { text::name(&message.role) };
    MessageView {
        id: format!("m{at}"),
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
        returned,
        parts: message.parts.iter().map(part_view).collect(),
    }
}

fn part_view(part: &Part) -> PartView {
    let view = |label: String, class, text| PartView { label, class, text, image: String::new() };
    match part {
        Part::Text { text } if text == "__REDACTED__" => {
            view("hidden by the sender".into(), "note", Text::default())
        }
        Part::Text { text } => view(String::new(), "text", Text::value(text)),
        Part::Reasoning { text } => view("reasoning".into(), "reasoning", Text::prose(text)),
        Part::ToolCall { id, name, arguments } => {
            let id = id.as_deref().map(|id| format!("  {id}")).unwrap_or_default();
            view(format!("→ {}{id}", text::name(name)), "call", Text::json(arguments))
        }
        Part::ToolResult { id, result } => {
            let id = id.as_deref().map(|id| format!("  {id}")).unwrap_or_default();
            view(format!("← result{id}"), "result", Text::json(result))
        }
        Part::Image { url } if is_shown(url) => PartView {
            label: format!("image, {}", format::bytes(url.len() / 4 * 3)),
            class: "image",
            text: Text::default(),
            image: url.clone(),
        },
        Part::Image { url } => view("image (not loaded)".into(), "note", Text::prose(url)),
        Part::Audio { url, transcript } => {
            let said = transcript.as_deref().or(url.as_deref()).unwrap_or_default();
            view("audio".into(), "note", Text::prose(said))
        }
        Part::Other { value } => view("other".into(), "note", Text::json(value)),
    }
}

/// Whether a URL is a whole image of a kind that pages show.
fn is_shown(url: &str) -> bool {
    let base64 = |data: &str| data.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+/=".contains(&byte));
    SHOWN_IMAGES.iter().any(|kind| url.strip_prefix(kind).is_some_and(base64))
}
