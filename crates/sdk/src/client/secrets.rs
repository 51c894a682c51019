//! Keys that are part of a request.
//!
//! Providers call tools and read data sources for the model, and are told in the request's body how to get in. None of that is
//! anybody's to see on a span, so a secret is replaced by its member's name. Schemas are left alone: a tool's parameter may be called
//! `password`.

use serde_json::{Map, Value as Json};

use crate::privacy::REDACTED;

/// Replaces what is secret in tools or parameters.
pub(super) fn hide(json: &mut Json) {
    walk(json, false);
}

/// The same of members of a request.
pub(super) fn hide_in(members: &mut Map<String, Json>) {
    walk_members(members, false);
}

/// `keyed`: `key` is a secret here. Elsewhere it is anything, the name of a filter's attribute for one.
fn walk(json: &mut Json, keyed: bool) {
    match json {
        Json::Array(items) => items.iter_mut().for_each(|item| walk(item, keyed)),
        Json::Object(members) => walk_members(members, keyed),
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => {}
    }
}

fn walk_members(members: &mut Map<String, Json>, keyed: bool) {
    for (name, value) in members {
        let word = word(name);
        match value {
            Json::Array(_) | Json::Object(_) if is_schema(name, value) => {}
            // Header names and kinds of authentication are as many as there are servers.
            Json::Array(_) | Json::Object(_) if is_secret_as_a_whole(&word) => *value = REDACTED.into(),
            Json::Array(items) if is_secret(&word, keyed) => {
                items.iter_mut().for_each(|item| hide_text(item, keyed));
            }
            Json::Array(_) | Json::Object(_) => walk(value, keyed || word == "datasources"),
            Json::String(_) if is_secret_as_a_whole(&word) || is_secret(&word, keyed) => {
                *value = REDACTED.into();
            }
            Json::String(url) if word.ends_with("url") => hide_in_url(url),
            Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => {}
        }
    }
}

fn hide_text(json: &mut Json, keyed: bool) {
    match json {
        Json::String(_) => *json = REDACTED.into(),
        other => walk(other, keyed),
    }
}

/// Without case and what joins words: `apiKey`, `x-api-key`.
fn word(name: &str) -> String {
    name.chars().filter(|c| !matches!(c, '_' | '-')).map(|c| c.to_ascii_lowercase()).collect()
}

fn is_secret_as_a_whole(word: &str) -> bool {
    ["headers", "authentication", "credentials"].contains(&word)
}

fn is_secret(word: &str, keyed: bool) -> bool {
    let ends = ["authorization", "token", "secret", "password", "apikey", "accesskey", "connectionstring"];
    ends.iter().any(|end| word.ends_with(end)) || (keyed && word == "key")
}

/// Whether names in it are those of parameters, whose values describe them: objects, or `true` for anything.
fn is_schema(name: &str, value: &Json) -> bool {
    let describes = |value: &Json| value.is_object() || value.is_boolean();
    match name {
        "input_schema" => true,
        "properties" | "$defs" | "definitions" => {
            value.as_object().is_some_and(|members| members.values().all(describes))
        }
        _ => false,
    }
}

/// Servers of tools are given their key in the address, too.
fn hide_in_url(url: &mut String) {
    if let Some(query) = url.find('?') {
        url.replace_range(query + 1.., REDACTED);
    }
    let Some(host) = url.find("://").map(|at| at + 3) else { return };
    let end = url[host..].find(['/', '?', '#']).map_or(url.len(), |at| host + at);
    if let Some(at) = url[host..end].rfind('@') {
        url.replace_range(host..host + at, REDACTED);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(mut given: Json, expected: &Json) {
        hide(&mut given);
        assert_eq!(given, *expected);
    }

    #[test]
    fn keys_are_hidden_wherever_they_are() {
        check(
            json!({"type": "mcp", "server_url": "https://me:pw@h/mcp?key=s#x", "authorization": "s",
                "headers": {"Authorization": "Bearer s"}, "require_approval": "never"}),
            &json!({"type": "mcp", "server_url": "https://__REDACTED__@h/mcp?__REDACTED__",
                "authorization": REDACTED, "headers": REDACTED, "require_approval": "never"}),
        );
        check(
            json!([{"name": "a", "authorization_token": "s"}, {"X-Api-Key": "s", "apiKey": ["s", {"Secret": "s"}]}]),
            &json!([{"name": "a", "authorization_token": REDACTED},
                {"X-Api-Key": REDACTED, "apiKey": [REDACTED, {"Secret": REDACTED}]}]),
        );
        check(
            json!({"data_sources": [{"type": "azure_search", "parameters": {"index_name": "i", "key": "s",
                "authentication": {"type": "api_key", "key": "s"}}}], "filters": {"key": "region"}}),
            &json!({"data_sources": [{"type": "azure_search", "parameters": {"index_name": "i",
                "key": REDACTED, "authentication": REDACTED}}], "filters": {"key": "region"}}),
        );
    }

    #[test]
    fn what_only_sounds_like_a_key_stays() {
        let schema = json!({"type": "object", "required": ["password"], "properties": {
            "password": {"type": "string"}, "headers": {"type": "object", "properties": {"key": true}}}});
        for same in [
            json!({"name": "log_in", "input_schema": {"properties": {"secret": "odd"}}}),
            json!({"type": "function", "function": {"name": "log_in", "parameters": schema}}),
            json!({"json_schema": {"schema": {"$defs": {"headers": {"type": "object"}}}}}),
            json!({"max_tokens": 9, "token": 3, "prompt_cache_key": "k", "authorization": null}),
            json!({"image_url": "https://h/a.png", "url": "a@b"}),
        ] {
            check(same.clone(), &same);
        }
        // No schema, though it is called as a part of one.
        check(json!({"properties": {"api_key": "s"}}), &json!({"properties": {"api_key": REDACTED}}));
    }
}
