//! A part of a message: text, reasoning, a tool call with the span that ran it, media.

use bennu_model::Part;

use super::Place;
use crate::{
    pages::{
        content::{self, Text},
        format,
    },
    query::{Call, Context, Run, body_address, media_type},
};

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

impl PartView {
    /// About what it takes of a page.
    pub(super) fn size_bytes(&self) -> usize {
        200 + self.text.size_bytes()
    }
}

/// `nth` is which of this call's calls by that name a tool call is, where the call itself made it: for runs that do not tell which
/// call they answer.
pub(super) fn part_view(part: &Part, nth: Option<usize>, context: &Context, place: &Place<'_>) -> PartView {
    let view = |label: String, class, text| PartView { label, class, text, ..PartView::default() };
    match part {
        Part::Text { text } if text == "__REDACTED__" => {
            view("hidden by the sender".into(), "note", Text::default())
        }
        Part::Text { text } => view(String::new(), "plain", Text::value(text, place.mode)),
        Part::Reasoning { text } => view("reasoning".into(), "reasoning", Text::prose_as(text, place.mode)),
        Part::ToolCall { id, name, arguments } => {
            let mut run = context
                .runs
                .iter()
                .find(|run| matches!((&run.call, id), (Call::Id(run), Some(id)) if run == id));
            if let Some(nth) = nth {
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
