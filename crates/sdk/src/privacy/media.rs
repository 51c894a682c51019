//! Media within text: base64, in a `data:` URL or bare, as a member of JSON or between words.
//!
//! Found by its alphabet and not by the names around it, so that it does not matter which library wrote the message, nor how often its
//! JSON is nested in other JSON.

use super::REDACTED;

/// Bare text that is shorter is taken for a word, a path or an id, however low the limit is.
const MIN_BARE_CHARS: usize = 512;
/// Bytes in front of the data in which the beginning of a `data:` URL is looked for.
const MAX_HEAD_BYTES: usize = 256;

/// The text without media of more than `max` characters; `None` if it has none.
pub(super) fn without_long(text: &str, max: usize) -> Option<String> {
    if text.len() <= max {
        return None;
    }
    without(text, |head, chars| chars > if head.is_empty() { max.max(MIN_BARE_CHARS) } else { max })
}

/// The text without the images in it; `None` if it has none.
pub(super) fn without_images(text: &str) -> Option<String> {
    if !text.contains("data:image") {
        return None;
    }
    without(text, |head, _| head.starts_with("data:image"))
}

/// `is_hidden` is told how a `data:` URL begins, nothing of bare data, and how long it is in all.
fn without(text: &str, is_hidden: impl Fn(&str, usize) -> bool) -> Option<String> {
    let bytes = text.as_bytes();
    let (mut out, mut kept, mut at) = (String::new(), 0, 0);
    while at < bytes.len() {
        let run = bytes[at..].iter().take_while(|byte| is_base64(**byte)).count();
        // A quotation mark that ends a string within a string: not the data's.
        let own = bytes[at..at + run].iter().rposition(|byte| *byte != b'\\').map_or(0, |last| last + 1);
        let begin = at - head(&bytes[kept..at]);
        if own > 0 && is_hidden(&text[begin..at], at + own - begin) {
            out.push_str(&text[kept..begin]);
            out.push_str(REDACTED);
            kept = at + own;
        }
        at += run.max(1);
    }
    (kept > 0).then(|| out + &text[kept..])
}

/// Both alphabets, and what escapes a slash or a line's end in JSON.
fn is_base64(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'-' | b'_' | b'=' | b'\\')
}

/// How long the beginning of a `data:` URL is that ends here.
fn head(before: &[u8]) -> usize {
    if !before.ends_with(b"base64,") {
        return 0;
    }
    let near = &before[before.len().saturating_sub(MAX_HEAD_BYTES)..];
    let begin = near.windows(5).rposition(|word| word == b"data:");
    let is_head = |head: &&[u8]| !head.iter().any(|byte| byte.is_ascii_whitespace() || *byte == b'"');
    begin.map(|begin| &near[begin..]).filter(is_head).map_or(0, <[u8]>::len)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn long_data_goes_and_what_is_around_it_stays() {
        let data = "aGVyb24/".repeat(100);
        for (given, expected) in [
            (format!("data:image/png;base64,{data}"), "__REDACTED__".to_owned()),
            (data.clone(), "__REDACTED__".to_owned()),
            (
                format!(r#"[{{"type":"input_audio","input_audio":{{"data":"{data}","format":"wav"}}}}]"#),
                r#"[{"type":"input_audio","input_audio":{"data":"__REDACTED__","format":"wav"}}]"#.to_owned(),
            ),
            (format!(r#""{{\"file\":\"{data}\"}}""#), r#""{\"file\":\"__REDACTED__\"}""#.to_owned()),
            (
                format!("é ![a](data:image/svg+xml;charset=utf-8;base64,{data}) ö"),
                "é ![a](__REDACTED__) ö".to_owned(),
            ),
            (format!("data: none; \"base64,{data}"), "data: none; \"base64,__REDACTED__".to_owned()),
        ] {
            assert_eq!(without_long(&given, 100).as_deref(), Some(&*expected));
            assert_eq!(without_long(&given, 1_000), None);
            if let Ok(before) = serde_json::from_str::<serde_json::Value>(&given) {
                let after: serde_json::Value = serde_json::from_str(&expected).unwrap();
                assert_eq!(before.is_array(), after.is_array());
            }
        }
        let words = "Long words, such as Donaudampfschifffahrtsgesellschaft, are none. ".repeat(50);
        assert_eq!(without_long(&words, 10), None);
    }

    #[test]
    fn images_go_however_short() {
        let text = "a data:image/png;base64,AA== and data:audio/wav;base64,AA==";
        assert_eq!(without_images(text).unwrap(), "a __REDACTED__ and data:audio/wav;base64,AA==");
        assert_eq!(without_images("data:audio/wav;base64,AA=="), None);
    }

    proptest! {
        #[test]
        fn anything_is_taken(text: String, max in 0..20usize) {
            let _ = without_long(&text, max);
            let _ = without_images(&text);
        }
    }
}
