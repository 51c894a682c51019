//! Hiding within messages that are JSON, as `gen_ai` has them, or parts of them.

use serde_json::{Map, Value as Json};

use super::{REDACTED, media};

/// The members of a part that are text somebody wrote or a tool returned.
const TEXTS: [&str; 4] = ["content", "response", "result", "output"];
/// What is left of a part whose members nobody knows.
const NAMES: [&str; 7] = ["type", "id", "tool_use_id", "call_id", "role", "name", "status"];
/// Kinds of parts that are an image, or another medium; and the members that have it.
const MEDIA: [&str; 8] = [
    "uri",
    "blob",
    "file",
    "image",
    "image_url",
    "input_image",
    "image_generation_call",
    "computer_screenshot",
];
const DATA: [&str; 8] = ["uri", "url", "content", "data", "image_url", "source", "result", "file_id"];

/// The same messages without their texts or images. What is no JSON is hidden as a whole.
pub(super) fn hide(text: &str, texts: bool, images: bool) -> String {
    match serde_json::from_str(text) {
        Ok(mut json) => {
            if texts {
                hide_texts(&mut json);
            }
            if images {
                hide_images(&mut json);
            }
            json.to_string()
        }
        Err(_) => REDACTED.to_owned(),
    }
}

/// A text without its images; JSON without those that it has as parts. `None` if it stays as it is.
pub(super) fn without_images(text: &str) -> Option<String> {
    if text.starts_with(['{', '['])
        && let Ok(mut json) = serde_json::from_str(text)
    {
        return hide_images(&mut json).then(|| json.to_string());
    }
    media::without_images(text)
}

/// Of every object that has a `type` within arrays and `parts`.
fn hide_texts(json: &mut Json) {
    match json {
        Json::Array(items) => items.iter_mut().for_each(hide_texts),
        Json::Object(members) if members.contains_key("type") => hide_text_of(members),
        Json::Object(members) => {
            if let Some(parts) = members.get_mut("parts") {
                hide_texts(parts);
            } else if members.contains_key("content") {
                hide_text_of(members);
            } else {
                // Nobody knows what it is.
                let said = members.iter_mut().filter(|(name, _)| !NAMES.contains(&name.as_str()));
                said.for_each(|(_, value)| hide_strings(value));
            }
        }
        Json::String(text) => *text = REDACTED.to_owned(),
        Json::Null | Json::Bool(_) | Json::Number(_) => {}
    }
}

fn hide_text_of(part: &mut Map<String, Json>) {
    let kind = part.get("type").and_then(Json::as_str).unwrap_or_default();
    if MEDIA.contains(&kind) {
        return;
    }
    // Calls stay.
    let is_known = ["", "text", "tool_call_response"].contains(&kind)
        || ["_call", "tool_use"].iter().any(|end| kind.ends_with(end));
    for (name, value) in part {
        if TEXTS.contains(&name.as_str()) {
            *value = REDACTED.into();
        } else if !is_known && !NAMES.contains(&name.as_str()) {
            hide_strings(value);
        }
    }
}

fn hide_strings(json: &mut Json) {
    match json {
        Json::String(text) => *text = REDACTED.to_owned(),
        Json::Array(items) => items.iter_mut().for_each(hide_strings),
        Json::Object(members) => members.values_mut().for_each(hide_strings),
        Json::Null | Json::Bool(_) | Json::Number(_) => {}
    }
}

/// Images wherever they are, results of tools among it; whether there was any.
fn hide_images(json: &mut Json) -> bool {
    match json {
        Json::String(text) => match media::without_images(text) {
            Some(without) => {
                *text = without;
                true
            }
            None => false,
        },
        // All of them: a search would stop at the first.
        Json::Array(items) => items.iter_mut().map(hide_images).filter(|any| *any).count() > 0,
        Json::Object(members) => {
            let kind = members.get("type").and_then(Json::as_str).unwrap_or_default();
            let is_media = MEDIA.contains(&kind);
            let mut any = false;
            for (name, value) in members {
                if !value.is_null() && (name == "image_url" || is_media && DATA.contains(&name.as_str())) {
                    *value = REDACTED.into();
                    any = true;
                } else {
                    any |= hide_images(value);
                }
            }
            any
        }
        Json::Null | Json::Bool(_) | Json::Number(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_is_hidden_and_who_said_it_is_not() {
        let given = r#"[{"role":"user","parts":[{"type":"text","content":"a"},{"type":"uri","uri":"u"}]},
            {"role":"tool","parts":[{"type":"tool_call_response","id":"c1","response":"b"}]},
            {"role":"assistant","parts":[{"type":"tool_call","id":"c1","name":"n","arguments":{"a":"b"}}]},
            {"role":"assistant","parts":[{"type":"thinking","thinking":"hm","signature":"s"}]},
            {"role":"system","content":"c"}, {"role":"user","odd":"e"}, "d"]"#;
        let texts = concat!(
            r#"[{"role":"user","parts":[{"type":"text","content":"__REDACTED__"},{"type":"uri","uri":"u"}]},"#,
            r#"{"role":"tool","parts":[{"type":"tool_call_response","id":"c1","response":"__REDACTED__"}]},"#,
            r#"{"role":"assistant","parts":[{"type":"tool_call","id":"c1","name":"n","arguments":{"a":"b"}}]},"#,
            r#"{"role":"assistant","parts":[{"type":"thinking","thinking":"__REDACTED__","signature":"__REDACTED__"}]},"#,
            r#"{"role":"system","content":"__REDACTED__"},{"role":"user","odd":"__REDACTED__"},"__REDACTED__"]"#
        );
        assert_eq!(hide(given, true, false), texts);
        assert!(hide(given, false, true).contains(r#""uri":"__REDACTED__""#));
        assert!(hide(given, false, true).ends_with(r#""d"]"#));
        assert_eq!(hide("no json", true, false), REDACTED);
    }

    #[test]
    fn images_are_hidden_wherever_they_are() {
        for (part, expected) in [
            (
                r#"{"type":"tool_call_response","id":"c","response":[{"type":"uri","uri":"u"}]}"#,
                r#"{"type":"tool_call_response","id":"c","response":[{"type":"uri","uri":"__REDACTED__"}]}"#,
            ),
            (
                r#"{"type":"computer_call_output","output":{"type":"computer_screenshot","image_url":"u"}}"#,
                r#"{"type":"computer_call_output","output":{"type":"computer_screenshot","image_url":"__REDACTED__"}}"#,
            ),
            (
                r#"{"type":"image_generation_call","id":"i","result":"AA=="}"#,
                r#"{"type":"image_generation_call","id":"i","result":"__REDACTED__"}"#,
            ),
            (
                r#"{"type":"document","source":{"type":"content","content":[{"type":"image","source":{"data":"AA=="}}]}}"#,
                r#"{"type":"document","source":{"type":"content","content":[{"type":"image","source":"__REDACTED__"}]}}"#,
            ),
            (r#"{"odd":["data:image/png;base64,AA=="]}"#, r#"{"odd":["__REDACTED__"]}"#),
            (r#"see data:image/png;base64,AA=="#, "see __REDACTED__"),
        ] {
            assert_eq!(without_images(part).as_deref(), Some(expected));
        }
        for same in [r#"{"type":"input_audio","input_audio":{"data":"AA=="}}"#, "a text", "{no json"] {
            assert_eq!(without_images(same), None);
        }
    }
}
