//! The lines in which two texts differ.

use std::time::Duration;

use similar::{ChangeTag, TextDiff};

use crate::pages::content::Markup;

/// Lines around a change that are shown.
const CONTEXT_LINES: usize = 3;
/// Longer texts are compared as far as this.
const MAX_BYTES: usize = 60_000;
/// What a page shows of a difference.
const MAX_SHOWN_BYTES: usize = 24_000;
/// After this long, what is left is taken as replaced.
const PATIENCE: Duration = Duration::from_millis(300);

/// A difference, or the word that there is none.
pub(super) struct Difference {
    pub(super) title: &'static str,
    /// Empty when the texts are the same.
    pub(super) lines: Markup,
    pub(super) same: bool,
    /// Not all of it is shown.
    pub(super) cut: bool,
}

/// What has to change in `a` to get `b`; nothing if both are empty.
pub(super) fn difference(title: &'static str, a: &str, b: &str) -> Option<Difference> {
    if a.is_empty() && b.is_empty() {
        return None;
    }
    if a == b {
        return Some(Difference { title, lines: Markup::default(), same: true, cut: false });
    }
    let (shown_a, shown_b) = (&a[..a.floor_char_boundary(MAX_BYTES)], &b[..b.floor_char_boundary(MAX_BYTES)]);
    let mut cut = shown_a.len() < a.len() || shown_b.len() < b.len();
    let diff = TextDiff::configure().timeout(PATIENCE).diff_lines(shown_a, shown_b);
    let mut lines = Markup::default();
    'groups: for (at, group) in diff.grouped_ops(CONTEXT_LINES).iter().enumerate() {
        if at > 0 {
            lines.tag("<span class=\"same\">⋯\n</span>");
        }
        for change in group.iter().flat_map(|op| diff.iter_changes(op)) {
            if lines.len_bytes() > MAX_SHOWN_BYTES {
                cut = true;
                break 'groups;
            }
            let (open, close) = match change.tag() {
                ChangeTag::Delete => ("<del>", "</del>"),
                ChangeTag::Insert => ("<ins>", "</ins>"),
                ChangeTag::Equal => ("<span class=\"same\">", "\n</span>"),
            };
            lines.tag(open);
            let line = change.value().trim_end_matches('\n');
            lines.text(&line[..line.floor_char_boundary(4_000)]);
            lines.tag(close);
        }
    }
    Some(Difference { title, lines, same: false, cut })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_that_differ_are_marked_and_escaped() {
        let shown = difference("Answer", "one\n<two>\nthree", "one\ntwo\nthree").unwrap();
        assert_eq!(
            shown.lines.to_string(),
            "<span class=\"same\">one\n</span><del>&lt;two&gt;</del><ins>two</ins><span class=\"same\">three\n</span>"
        );
        assert!(difference("Answer", "", "").is_none());
        assert!(difference("Answer", "x", "x").unwrap().same);
        let long = "x\n".repeat(100_000);
        assert!(difference("Answer", &long, "y").unwrap().cut);
    }
}
