//! JSON that senders write although it is none: text cut in the middle of a character, bare `NaN`, raw control characters.
//!
//! JavaScript cuts strings between the halves of a surrogate pair and writes the half as an escape; Python writes `NaN`; SDKs cut
//! UTF-8 at bytes. Without this each of them would cost its whole batch.

/// U+FFFD, escaped.
const REPLACEMENT: &str = "\\ufffd";

/// The text repaired, or `None` if there was nothing to repair.
pub(super) fn repair(body: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(body);
    let mut repaired = String::with_capacity(text.len() + 16);
    let mut changed = matches!(text, std::borrow::Cow::Owned(_));
    let mut rest = &*text;
    let mut in_string = false;
    while let Some(char) = rest.chars().next() {
        let (taken, written) = if in_string { inside(rest, char) } else { outside(rest, char) };
        in_string ^= char == '"';
        match written {
            Some(written) => {
                changed = true;
                repaired.push_str(&written);
            }
            None => repaired.push_str(&rest[..taken]),
        }
        rest = &rest[taken..];
    }
    changed.then_some(repaired)
}

/// In a string: how many bytes to take, and what to write instead of them.
fn inside(rest: &str, char: char) -> (usize, Option<String>) {
    match char {
        '\\' => match escape(rest) {
            Some(0xd800..=0xdbff) => match rest.get(6..).and_then(escape) {
                Some(0xdc00..=0xdfff) => (12, None),
                _ => (6, Some(REPLACEMENT.into())),
            },
            Some(0xdc00..=0xdfff) => (6, Some(REPLACEMENT.into())),
            Some(_) => (6, None),
            None => (1 + rest[1..].chars().next().map_or(0, char::len_utf8), None),
        },
        '\u{0}'..='\u{1f}' => (1, Some(format!("\\u{:04x}", char as u32))),
        _ => (char.len_utf8(), None),
    }
}

/// Between strings.
fn outside(rest: &str, char: char) -> (usize, Option<String>) {
    for name in ["NaN", "-Infinity", "Infinity"] {
        if rest.starts_with(name) {
            return (name.len(), Some(format!("\"{name}\"")));
        }
    }
    (char.len_utf8(), None)
}

/// The number of a `\uXXXX` at the beginning.
fn escape(text: &str) -> Option<u32> {
    u32::from_str_radix(text.strip_prefix("\\u")?.get(..4)?, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_senders_write_becomes_json() {
        for (sent, expected) in [
            (r#"{"a": "cut \ud83d"}"#, r#"{"a": "cut \ufffd"}"#),
            (r#"{"a": "\udc00\ud83d\ude00"}"#, r#"{"a": "\ufffd\ud83d\ude00"}"#),
            (
                r#"{"a": NaN, "b": [-Infinity, Infinity], "c": "NaN"}"#,
                r#"{"a": "NaN", "b": ["-Infinity", "Infinity"], "c": "NaN"}"#,
            ),
            ("{\"a\": \"x\ny\"}", r#"{"a": "x\u000ay"}"#),
        ] {
            let repaired = repair(sent.as_bytes()).unwrap();
            assert_eq!(repaired, expected);
            assert!(serde_json::from_str::<serde_json::Value>(&repaired).is_ok());
        }
        assert_eq!(repair(br#"{"a": "fine \" \\", "b": 1}"#), None);
        assert_eq!(repair(b"{\"a\": \"\xf0\x9f\"}").unwrap(), "{\"a\": \"\u{fffd}\"}");
    }

    proptest! {
        #[test]
        fn any_bytes_end(body in prop::collection::vec(prop::sample::select(br#"{}"\\ud83dNaN,-Infinity\x00\xf0"#.to_vec()), 0..80)) {
            let _ = repair(&body);
        }
    }
}
