//! Hiding within messages that are JSON, as `gen_ai` has them.

use serde_json::Value as Json;

use super::REDACTED;

/// The members of a part that are text somebody wrote or a tool returned.
const TEXTS: [&str; 3] = ["content", "response", "result"];
/// Those of an image.
const IMAGES: [&str; 3] = ["uri", "content", "data"];

/// The same messages without their texts or images. What is no JSON is hidden as a whole.
pub(super) fn hide(text: &str, texts: bool, images: bool) -> String {
    match serde_json::from_str(text) {
        Ok(mut json) => {
            each_part(&mut json, &mut |part| hide_part(part, texts, images));
            json.to_string()
        }
        Err(_) => REDACTED.to_owned(),
    }
}

/// Every object that has a `type` within arrays and `parts`.
fn each_part(json: &mut Json, act: &mut impl FnMut(&mut serde_json::Map<String, Json>)) {
    match json {
        Json::Array(items) => items.iter_mut().for_each(|item| each_part(item, act)),
        Json::Object(members) if members.contains_key("type") => act(members),
        Json::Object(members) => {
            if let Some(parts) = members.get_mut("parts") {
                each_part(parts, act);
            } else if members.contains_key("content") {
                act(members);
            }
        }
        Json::String(text) => *text = REDACTED.to_owned(),
        Json::Null | Json::Bool(_) | Json::Number(_) => {}
    }
}

fn hide_part(part: &mut serde_json::Map<String, Json>, texts: bool, images: bool) {
    let is_media = ["uri", "blob", "file", "image", "image_url"]
        .contains(&part.get("type").and_then(Json::as_str).unwrap_or_default());
    let names: &[&str] = match is_media {
        true if images => &IMAGES,
        false if texts => &TEXTS,
        _ => &[],
    };
    for name in names {
        if let Some(value) = part.get_mut(*name) {
            *value = REDACTED.into();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_is_hidden_and_who_said_it_is_not() {
        let given = r#"[{"role":"user","parts":[{"type":"text","content":"a"},{"type":"uri","uri":"u"}]},
            {"role":"tool","parts":[{"type":"tool_call_response","id":"c1","response":"b"}]},
            {"role":"system","content":"c"}, "d"]"#;
        let texts = concat!(
            r#"[{"role":"user","parts":[{"type":"text","content":"__REDACTED__"},{"type":"uri","uri":"u"}]},"#,
            r#"{"role":"tool","parts":[{"type":"tool_call_response","id":"c1","response":"__REDACTED__"}]},"#,
            r#"{"role":"system","content":"__REDACTED__"},"__REDACTED__"]"#
        );
        assert_eq!(hide(given, true, false), texts);
        assert!(hide(given, false, true).contains(r#""uri":"__REDACTED__""#));
        assert_eq!(hide("no json", true, false), REDACTED);
    }
}
