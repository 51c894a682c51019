//! Long text: its first lines, how much more there is, and where the whole of it can be read.

use std::ops::Range;

use serde_json::Value as Json;

use super::{Markup, Terms, json, markdown, marks};
use crate::{pages::format, query::body_address};

const SHOWN_LINES: usize = 14;
const SHOWN_CHARS: usize = 1_600;
/// What a fold holds at most. More is read at an address of its own, so that a page stays a page whatever was sent.
const FOLDED_BYTES: usize = 12_000;
const SHORT_JSON_CHARS: usize = 64;
/// What is shown of a value whose meaning is shown elsewhere on the page.
const BRIEF_CHARS: usize = 300;
/// Larger JSON is shown as text: a tree of it would be larger still.
const TREE_BYTES: usize = 12_000;

/// How prose is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(in crate::pages) enum Mode {
    /// Character by character.
    #[default]
    Raw,
    /// As the markdown it may be.
    Markdown,
}

/// A text in at most three parts: shown, folded, elsewhere.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(in crate::pages) struct Text {
    /// What is shown.
    pub(in crate::pages) head: Markup,
    /// What is folded away.
    pub(in crate::pages) rest: Markup,
    /// `+ 214 lines, 9.8 kB`.
    pub(in crate::pages) hidden: String,
    /// `code` for code and JSON, `md` for rendered markdown, else nothing.
    pub(in crate::pages) class: &'static str,
    /// Where the whole is as it was sent, among the span's bodies, when this is only a part or a rendering of it; else empty.
    pub(in crate::pages) address: String,
    /// The whole's size, when it is elsewhere.
    pub(in crate::pages) size: String,
}

impl Text {
    /// Prose, as it is.
    pub(in crate::pages) fn prose(text: &str) -> Text {
        Text::marked(text, &[])
    }

    /// Code, as it is.
    pub(in crate::pages) fn code(text: &str) -> Text {
        Text { class: "code", ..Text::prose(text) }
    }

    /// Prose with places marked, in order.
    pub(in crate::pages) fn marked(text: &str, marks: &[Range<usize>]) -> Text {
        let head = ..head_end(text);
        let rest = head.end..floor(text, FOLDED_BYTES.max(head.end));
        let markup = |range: Range<usize>| marks::marked(text, range, marks);
        let mut shown = Text {
            head: markup(0..head.end),
            rest: markup(rest.clone()),
            hidden: hidden(text, head.end),
            ..Text::elsewhere(text, rest.end)
        };
        // Control characters are shown as pictures: what is copied is fetched instead.
        if shown.address.is_empty()
            && text.chars().any(|char| char.is_control() && !matches!(char, '\n' | '\t'))
        {
            shown.address = body_address(text);
        }
        shown
    }

    /// Prose with a query's terms marked.
    pub(in crate::pages) fn with_terms(text: &str, terms: &Terms) -> Text {
        // What is not shown needs no marks.
        Text::marked(text, &terms.find(&text[..floor(text, FOLDED_BYTES)]))
    }

    /// Prose in a mode: rendered markdown is cut between paragraphs.
    pub(in crate::pages) fn prose_as(text: &str, mode: Mode) -> Text {
        if mode == Mode::Raw {
            return Text::prose(text);
        }
        let shown = floor(text, FOLDED_BYTES);
        let whole = &text[..shown];
        let head = match head_end(whole) {
            end if end == whole.len() => end,
            end => markdown::block_end(whole, end),
        };
        Text {
            head: markdown::html(&whole[..head]),
            rest: markdown::html(&whole[head..]),
            hidden: hidden(text, head),
            class: "md",
            address: body_address(text),
            ..Text::elsewhere(text, shown)
        }
    }

    /// What it takes of a page.
    pub(in crate::pages) fn size_bytes(&self) -> usize {
        self.head.len_bytes() + self.rest.len_bytes()
    }

    /// The beginning of a value whose meaning is shown elsewhere on the page; the whole has its address.
    pub(in crate::pages) fn brief(text: &str) -> Text {
        let end = text.char_indices().nth(BRIEF_CHARS).map_or(text.len(), |(at, _)| at);
        Text {
            head: marks::marked(text, 0..end, &[]),
            hidden: hidden(text, end),
            ..Text::elsewhere(text, end)
        }
    }

    /// Where the whole is, if only the first `shown` bytes are here.
    fn elsewhere(text: &str, shown: usize) -> Text {
        if shown == text.len() {
            return Text::default();
        }
        Text { address: body_address(text), size: format::bytes(text.len()), ..Text::default() }
    }

    /// JSON as a tree; text that is not JSON as it is.
    pub(in crate::pages) fn json(value: &Json) -> Text {
        match value {
            Json::String(text) => Text::prose(text),
            other => Text::json_text(&other.to_string()).unwrap_or_default(),
        }
    }

    /// A value that may be JSON text, else prose in a mode.
    pub(in crate::pages) fn value(text: &str, mode: Mode) -> Text {
        match text.trim_start().as_bytes().first() {
            Some(b'{' | b'[') => Text::json_text(text).unwrap_or_else(|| Text::prose_as(text, mode)),
            _ => Text::prose_as(text, mode),
        }
    }

    fn json_text(text: &str) -> Option<Text> {
        if text.len() > TREE_BYTES {
            return serde_json::from_str::<serde::de::IgnoredAny>(text).ok().map(|_| Text::code(text));
        }
        // What fits on a line needs no tree.
        let short =
            text.chars().take(SHORT_JSON_CHARS + 1).count() <= SHORT_JSON_CHARS && !text.contains('\n');
        let tree = json::tree(text)?;
        if short && !text.contains("\\u") {
            return Some(Text::code(text));
        }
        Some(Text { head: tree, class: "code", address: body_address(text), ..Text::default() })
    }
}

/// Where the shown part ends: at a number of lines or characters, or at the text's end when little is left.
fn head_end(text: &str) -> usize {
    let mut end = text.char_indices().nth(SHOWN_CHARS).map_or(text.len(), |(at, _)| at);
    if let Some((at, _)) = text[..end].match_indices('\n').nth(SHOWN_LINES - 1) {
        end = at;
    }
    let rest = &text[end..];
    // A line or two more are not worth a fold.
    if rest.len() < 120 && rest.lines().count() <= 3 { text.len() } else { end }
}

/// What is said about the part from `from` on.
fn hidden(text: &str, from: usize) -> String {
    let rest = &text[from..];
    if rest.is_empty() {
        return String::new();
    }
    let size = format::bytes(rest.len());
    match rest.lines().count().saturating_sub(1) {
        0 => format!("+ {size}"),
        1 => format!("+ 1 line, {size}"),
        lines => format!("+ {} lines, {size}", format::count(lines as u64)),
    }
}

/// The greatest boundary of a character that is not beyond `at`.
fn floor(text: &str, at: usize) -> usize {
    if at >= text.len() { text.len() } else { text.floor_char_boundary(at) }
}

/// A name on one line, directions of writing kept to itself by the template's `<bdi>`.
pub(in crate::pages) fn name(text: &str) -> String {
    const MAX_CHARS: usize = 200;
    let mut name: String = text.replace(['\n', '\t'], " ").chars().take(MAX_CHARS).collect();
    if name.trim().is_empty() {
        name = "(no name)".into();
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_texts_fold_and_nothing_is_lost() {
        let text: String = (0..200).map(|n| format!("line {n}\n")).collect();
        let folded = Text::prose(&text);
        assert_eq!(format!("{}{}", folded.head, folded.rest), text);
        assert_eq!(folded.head.to_string().lines().count(), SHOWN_LINES);
        assert_eq!((folded.hidden.as_str(), folded.address.as_str()), ("+ 186 lines, 1.6 kB", ""));
        assert!(Text::prose("short\ntext").rest.is_empty());
        let wide = "é".repeat(5_000);
        assert_eq!(Text::prose(&wide).head.to_string().chars().count(), SHOWN_CHARS);
    }

    #[test]
    fn huge_texts_are_elsewhere() {
        let text = "é".repeat(1_000_000);
        for shown in [Text::prose(&text), Text::prose_as(&text, Mode::Markdown)] {
            assert_eq!((shown.address, shown.size.as_str()), (body_address(&text), "2.0 MB"));
            assert!(shown.head.len_bytes() + shown.rest.len_bytes() <= FOLDED_BYTES + 20);
        }
    }

    #[test]
    fn brief_texts_are_short_and_say_where_the_rest_is() {
        let shown = Text::brief(&"x".repeat(1_000));
        assert_eq!(
            (shown.head.len_bytes(), shown.rest.is_empty(), shown.hidden.as_str()),
            (300, true, "+ 700 B")
        );
        assert_eq!(shown.size, "1.0 kB");
        assert_eq!(Text::brief("short"), Text::prose("short"));
    }

    #[test]
    fn what_only_begins_like_json_is_prose() {
        let prose = format!("[1] {}", "many words ".repeat(2_000));
        assert_eq!(Text::value(&prose, Mode::Raw).class, "");
        assert_eq!(Text::value(&format!("[\"{prose}\"]"), Mode::Raw).class, "code");
        assert_eq!(Text::value("[link](https://e.org)", Mode::Markdown).class, "md");
    }

    #[test]
    fn markdown_is_cut_between_paragraphs() {
        let text = format!("{}\n\n```\na\n\nb\n```\n\nend {}", "word ".repeat(400), "x".repeat(200));
        let shown = Text::prose_as(&text, Mode::Markdown);
        assert!(shown.head.to_string().ends_with("</p>"), "{}", shown.head);
        assert!(shown.rest.to_string().contains("<pre>a\n\nb\n</pre>"), "{}", shown.rest);
    }

    #[test]
    fn names_stand_on_one_line() {
        assert_eq!(name("a\nb\tc"), "a b c");
        assert_eq!(name(" \n"), "(no name)");
    }
}
