//! Messages of a conversation: who said what, what of it is more than text, and what of it the call before was shown already.

use bennu_model::{Detail, Message, Part};

use super::{Place, SpanLink};
use crate::{
    pages::{
        content::{self, Text},
        format,
    },
    query::{Call, Context, Run, body_address, media_type},
};

/// What a model was shown, then what it returned.
pub(in crate::pages) struct Conversation {
    pub(in crate::pages) history: Option<HistoryView>,
    pub(in crate::pages) messages: Vec<MessageView>,
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
}

/// A part of a message.
#[derive(Default)]
pub(in crate::pages) struct PartView {
    /// What it is, where it is not plain text.
    pub(in crate::pages) label: String,
    pub(in crate::pages) class: &'static str,
    pub(in crate::pages) text: Text,
    /// The span that ran the tool, with how long it took.
    pub(in crate::pages) run: Option<RunView>,
    /// Where an image is that may be shown, among the span's bodies.
    pub(in crate::pages) image: String,
    /// Where audio is that may be played.
    pub(in crate::pages) audio: String,
}

/// A link to the span that ran a tool.
pub(in crate::pages) struct RunView {
    pub(in crate::pages) link: String,
    pub(in crate::pages) duration: String,
    pub(in crate::pages) failed: bool,
}

/// The conversation of a call; most of its history is folded if the reader did not ask for it.
pub(super) fn conversation(detail: &Detail, context: &Context, place: &Place<'_>) -> Conversation {
    let repeated = context.history.as_ref().map_or(0, |history| history.messages);
    // All of them repeated would leave nothing to see: the last question stays.
    let repeated = repeated.min(detail.input_messages.len().saturating_sub(1));
    let folds = repeated > 1 && !place.whole_history;
    let mut names = Vec::new();
    let mut messages = Vec::new();
    let all = detail.input_messages.iter().map(|message| (message, false));
    let all = all.chain(detail.output_messages.iter().map(|message| (message, true)));
    for (at, (message, returned)) in all.enumerate() {
        if folds && at < repeated {
            continue;
        }
        let parts = message.parts.iter().map(|part| part_view(part, returned, &mut names, context, place));
        messages.push(MessageView {
            id: format!("m{at}"),
            returned,
            repeated: at < repeated,
            parts: parts.collect(),
            ..message_view(message)
        });
    }
    let count = |number: usize| match number {
        1 => "1 message".to_owned(),
        number => format!("{} messages", format::count(number as u64)),
    };
    Conversation {
        history: context.history.as_ref().filter(|_| repeated > 1).map(|history| HistoryView {
            count: count(repeated),
            call: SpanLink { name: place.name(history.span_id), link: place.link(history.span_id) },
            shown: !folds,
            link: format!("&history={}", if folds { "all" } else { "" }),
        }),
        count: count(detail.input_messages.len() + detail.output_messages.len()),
        messages,
    }
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
    }
}

/// `names` are the tools that this call asked for so far, for runs that do not tell which call they answer.
fn part_view<'d>(
    part: &'d Part,
    returned: bool,
    names: &mut Vec<&'d str>,
    context: &Context,
    place: &Place<'_>,
) -> PartView {
    let view = |label: String, class, text| PartView { label, class, text, ..PartView::default() };
    match part {
        Part::Text { text } if text == "__REDACTED__" => {
            view("hidden by the sender".into(), "note", Text::default())
        }
        Part::Text { text } => view(String::new(), "text", Text::value(text, place.mode)),
        Part::Reasoning { text } => view("reasoning".into(), "reasoning", Text::prose_as(text, place.mode)),
        Part::ToolCall { id, name, arguments } => {
            let mut run = context
                .runs
                .iter()
                .find(|run| matches!((&run.call, id), (Call::Id(run), Some(id)) if run == id));
            if returned {
                let nth = names.iter().filter(|other| *other == name).count();
                names.push(name);
                run = run
                    .or_else(|| context.runs.iter().find(|run| run.call == Call::Named(name.clone(), nth)));
            }
            let label = [Some(format!("→ {}", content::name(name))), id.clone()];
            PartView {
                run: run.map(|run| run_view(run, place)),
                ..view(
                    label.into_iter().flatten().collect::<Vec<_>>().join("  "),
                    "call",
                    Text::json(arguments),
                )
            }
        }
        Part::ToolResult { id, result } => {
            let run = context
                .runs
                .iter()
                .find(|run| matches!((&run.call, id), (Call::Id(run), Some(id)) if run == id));
            let label = [Some("← result".to_owned()), id.clone()];
            PartView {
                run: run.map(|run| run_view(run, place)),
                ..view(
                    label.into_iter().flatten().collect::<Vec<_>>().join("  "),
                    "result",
                    Text::json(result),
                )
            }
        }
        Part::Image { url } => match media_type(url) {
            Some((kind, content)) if kind.starts_with("image/") => PartView {
                label: format!("{kind}, {}", format::bytes(content.len() / 4 * 3)),
                class: "image",
                image: body_address(url),
                ..PartView::default()
            },
            _ => view("image (not loaded)".into(), "note", Text::prose(url)),
        },
        Part::Audio { url, transcript } => {
            let media = url.as_deref().and_then(media_type).filter(|(kind, _)| kind.starts_with("audio/"));
            let said =
                transcript.as_deref().or(url.as_deref().filter(|_| media.is_none())).unwrap_or_default();
            PartView {
                audio: media.and(url.as_deref()).map(body_address).unwrap_or_default(),
                ..view(
                    media.map_or_else(
                        || "audio".into(),
                        |(kind, content)| format!("{kind}, {}", format::bytes(content.len() / 4 * 3)),
                    ),
                    "note",
                    Text::prose(said),
                )
            }
        }
        Part::Other { value } => view("other".into(), "note", Text::json(value)),
    }
}

fn run_view(run: &Run, place: &Place<'_>) -> RunView {
    RunView { link: place.link(run.span_id), duration: format::duration(run.duration_ns), failed: run.failed }
}
