//! Strings, also those that are none: JavaScript cuts between the halves of a surrogate pair and writes the half as an escape,
//! SDKs cut UTF-8 at bytes, and some write control characters as they are.

use std::borrow::Cow;

use memchr::memchr;

/// Text that should be UTF-8, and whether it was not.
pub(super) fn lossy(bytes: &[u8]) -> (Cow<'_, str>, bool) {
    match std::str::from_utf8(bytes) {
        Ok(text) => (Cow::Borrowed(text), false),
        Err(_) => (String::from_utf8_lossy(bytes), true),
    }
}

/// What stood between two quotes, and whether it had to be mended. No longer than it was, but for bytes that are not UTF-8.
pub(super) fn unescape(inside: &[u8]) -> (Cow<'_, str>, bool) {
    let (text, mut mended) = lossy(inside);
    let Some(first) = memchr(b'\\', text.as_bytes()) else { return (text, mended) };
    let mut plain = String::with_capacity(text.len());
    plain.push_str(&text[..first]);
    let mut rest = &text[first..];
    while let Some(escape) = rest.strip_prefix('\\') {
        let (char, taken) = match escape.as_bytes().first() {
            Some(b'n') => ('\n', 1),
            Some(b'"') => ('"', 1),
            Some(b'\\') => ('\\', 1),
            Some(b'/') => ('/', 1),
            Some(b't') => ('\t', 1),
            Some(b'r') => ('\r', 1),
            Some(b'b') => ('\u{8}', 1),
            Some(b'f') => ('\u{c}', 1),
            Some(b'u') => unicode(rest).map_or(('\\', 0), |(char, taken)| {
                mended |= char.is_none();
                (char.unwrap_or(char::REPLACEMENT_CHARACTER), taken - 1)
            }),
            // No escape at all: the backslash stays.
            _ => ('\\', 0),
        };
        mended |= taken == 0;
        plain.push(char);
        rest = &escape[taken..];
        let next = memchr(b'\\', rest.as_bytes()).unwrap_or(rest.len());
        plain.push_str(&rest[..next]);
        rest = &rest[next..];
    }
    (Cow::Owned(plain), mended)
}

/// The character of `\uXXXX` or of a pair of them, if it is one, and how many bytes it takes.
fn unicode(text: &str) -> Option<(Option<char>, usize)> {
    let first = unit(text)?;
    if let (0xd800..=0xdbff, Some(second @ 0xdc00..=0xdfff)) = (first, text.get(6..).and_then(unit)) {
        return Some((char::from_u32(0x1_0000 + ((first - 0xd800) << 10) + (second - 0xdc00)), 12));
    }
    Some((char::from_u32(first), 6))
}

/// The number of a `\uXXXX` at the beginning.
fn unit(text: &str) -> Option<u32> {
    let digits = text.strip_prefix("\\u")?.get(..4)?;
    digits.bytes().try_fold(0, |number, digit| Some(number * 16 + char::from(digit).to_digit(16)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_senders_write_becomes_text() {
        for (sent, expected, is_mended) in [
            (&b"plain"[..], "plain", false),
            (br#"\"\\\/\b\f\n\r\t\u00e9 \ud83d\ude00"#, "\"\\/\u{8}\u{c}\n\r\t\u{e9} \u{1f600}", false),
            (br"cut \ud83d", "cut \u{fffd}", true),
            (br"\udc00\ud83d\ude00", "\u{fffd}\u{1f600}", true),
            (br"\ud83d\u0041", "\u{fffd}A", true),
            (br"\u12", "\\u12", true),
            (br"\q", "\\q", true),
            (b"x\ny", "x\ny", false),
            (b"\xf0\x9f", "\u{fffd}", true),
            ("\u{e9}\\n\u{e9}".as_bytes(), "\u{e9}\n\u{e9}", false),
        ] {
            assert_eq!(unescape(sent), (Cow::Borrowed(expected), is_mended));
        }
    }

    proptest! {
        #[test]
        fn serde_reads_the_same(text in any::<String>()) {
            let json = serde_json::to_string(&text).unwrap();
            let (read, is_mended) = unescape(&json.as_bytes()[1..json.len() - 1]);
            prop_assert_eq!((&*read, is_mended), (text.as_str(), false));
        }

        #[test]
        fn any_bytes_end(text in prop::collection::vec(prop::sample::select(b"\\ud83dnC0\xf0\x9f".to_vec()), 0..60)) {
            let _ = unescape(&text);
        }
    }
}
