//! What tools were given and what they returned, read the same wherever it comes from.
//!
//! Tools are often handed JSON as text, and return it so. Bennu keeps text that is a JSON object or list as that object or list,
//! whatever the span said it was, so a test reads it so as well: in what was recorded here, in a case, and in what a
//! [`Replay`](super::Replay) is asked. Anything else is what the span said it was. A case keeps a number, a boolean and null as text;
//! what they were is known by what stands beside it: the media type of the input or output, or the attribute of `gen_ai`'s.

use serde_json::Value as Json;

use super::messages::parsed;

/// The media type of what is JSON.
pub(super) const JSON: &str = "application/json";

/// A value; if it is text that is an object or a list, that.
pub(super) fn structured(value: Json) -> Json {
    let Json::String(text) = &value else { return value };
    match text.trim_start().as_bytes().first() {
        Some(b'{' | b'[') => parsed(text),
        _ => value,
    }
}

/// Text with its media type: the text itself, or the JSON in it.
pub(super) fn typed(text: &str, mime_type: Option<&str>) -> Json {
    if mime_type == Some(JSON) { parsed(text) } else { Json::String(text.to_owned()) }
}

/// A value that Bennu kept as text, as it was when it was written: `content` is the span's input or output with its media type,
/// `gen_ai` the attribute, if they are there. Either counts only where it is what was kept.
pub(super) fn as_written(kept: Json, content: Option<(&str, Option<&str>)>, gen_ai: Option<&str>) -> Json {
    let Json::String(text) = &kept else { return kept };
    let is_kept = |written: &str| written == text || parsed(written).as_str() == Some(text);
    let content = content.filter(|(written, _)| is_kept(written)).map(|(text, mime)| typed(text, mime));
    let gen_ai = || gen_ai.filter(|written| is_kept(written)).map(parsed);
    structured(content.or_else(gen_ai).unwrap_or(kept))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn objects_and_lists_are_read_in_text_and_nothing_else_is() {
        for (text, expected) in [
            (r#"{"a": 1}"#, json!({"a": 1})),
            (" [1]", json!([1])),
            ("{a", json!("{a")),
            ("42", json!("42")),
            ("null", json!("null")),
            (r#""a""#, json!(r#""a""#)),
        ] {
            assert_eq!(structured(text.into()), expected, "{text}");
        }
    }

    #[test]
    fn what_was_kept_as_text_is_what_it_was_written_as() {
        let output = |mime| Some(("42", Some(mime)));
        assert_eq!(as_written(json!("42"), output(JSON), None), json!(42));
        assert_eq!(as_written(json!("42"), output("text/plain"), Some("42")), json!("42"));
        assert_eq!(as_written(json!("42"), None, Some("42")), json!(42));
        assert_eq!(as_written(json!("42"), None, Some("\"42\"")), json!("42"));
        assert_eq!(as_written(json!("42"), None, None), json!("42"), "nobody knows");
        assert_eq!(as_written(json!("43"), output(JSON), Some("42")), json!("43"), "something else");
        assert_eq!(as_written(json!("a"), Some(("\"a\"", None)), None), json!("\"a\""));
        assert_eq!(as_written(json!("[4]"), None, None), json!([4]));
    }
}
