//! Long text: its first lines, and how much more there is.

use serde_json::Value as Json;

use super::format;

const SHOWN_LINES: usize = 14;
const SHOWN_CHARS: usize = 1_600;
const SHORT_JSON_CHARS: usize = 64;

/// A text in two parts.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Text {
    /// What is shown.
    pub(super) head: String,
    /// What is folded away.
    pub(super) rest: String,
    /// `+ 214 lines, 9.8 kB`.
    pub(super) hidden: String,
    /// Monospace: code and JSON.
    pub(super) code: bool,
}

impl Text {
    /// Prose.
    pub(super) fn prose(text: &str) -> Text {
        let mut end = text.char_indices().nth(SHOWN_CHARS).map_or(text.len(), |(at, _)| at);
        if let Some((at, _)) = text[..end].match_indices('\n').nth(SHOWN_LINES - 1) {
            end = at;
        }
        let (head, rest) = text.split_at(end);
        // A line or two more are not worth a fold.
        if rest.len() < 120 && rest.lines().count() <= 3 {
            return Text { head: text.to_owned(), ..Text::default() };
        }
        let lines = rest.lines().count().saturating_sub(1);
        let size = format::bytes(rest.len());
        let hidden = match lines {
            0 => format!("+ {size}"),
            1 => format!("+ 1 line, {size}"),
            lines => format!("+ {} lines, {size}", format::count(lines as u64)),
        };
        Text { head: head.to_owned(), rest: rest.to_owned(), hidden, code: false }
    }

    /// JSON, indented; text that is not JSON as it is.
    pub(super) fn json(json: &Json) -> Text {
        match json {
            Json::String(text) => Text::prose(text),
            other => {
                let compact = other.to_string();
                // What fits on a line needs no indentation.
                let short = compact.chars().count() <= SHORT_JSON_CHARS;
                let text =
                    if short { compact } else { serde_json::to_string_pretty(other).unwrap_or_default() };
                Text { code: true, ..Text::prose(&text) }
            }
        }
    }

    /// A value that may be JSON text.
    pub(super) fn value(text: &str) -> Text {
        match text.trim_start().as_bytes().first() {
            Some(b'{' | b'[') => {
                serde_json::from_str(text).map_or_else(|_| Text::prose(text), |json: Json| Text::json(&json))
            }
            _ => Text::prose(text),
        }
    }
}

/// A name on one line, directions of writing kept to itself by the template's `<bdi>`.
pub(super) fn name(text: &str) -> String {
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
        assert_eq!([folded.head.as_str(), &folded.rest].concat(), text);
        assert_eq!(folded.head.lines().count(), SHOWN_LINES);
        assert_eq!(folded.hidden, "+ 186 lines, 1.6 kB");
        assert_eq!(Text::prose("short\ntext").rest, "");
        let wide = "é".repeat(5_000);
        assert_eq!(Text::prose(&wide).head.chars().count(), SHOWN_CHARS);
    }

    #[test]
    fn names_stand_on_one_line() {
        assert_eq!(name("a\nb\tc"), "a b c");
        assert_eq!(name(" \n"), "(no name)");
    }
}
