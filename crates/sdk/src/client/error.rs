//! How APIs say that something is wrong.

use std::fmt::Display;

use serde_json::Value as Json;

/// What an error's text is cut at: some servers answer with a page.
const MAX_MESSAGE_CHARS: usize = 2_000;

/// Whether a body or an event has an error in it; answers say `null` where there is none.
pub(super) fn is_in(body: &Json) -> bool {
    body.get("error").is_some_and(|error| !error.is_null())
}

/// An error as a body or an event says it: what it is called, if that is said, and its message. `None` if it says none.
pub(super) fn said(body: &Json) -> Option<(Option<String>, String)> {
    let error = body.get("error").filter(|error| !error.is_null());
    let text = |json: &Json, name: &str| json.get(name).and_then(Json::as_str).map(str::to_owned);
    let (error, message) = match error {
        Some(Json::String(message)) => (body, message.clone()),
        Some(error) => (error, text(error, "message").unwrap_or_else(|| error.to_string())),
        // OpenAI's event has its members here, others their text.
        None => (body, text(body, "message").or_else(|| text(body, "detail"))?),
    };
    // Events are of the type `error`, which says nothing.
    let class = text(error, "type").filter(|class| class != "error").or_else(|| text(error, "code"));
    Some((class, message.chars().take(MAX_MESSAGE_CHARS).collect()))
}

/// What a transport's error is called, and what it says, with what it came from: "refused" and "timed out" stand there.
pub(super) fn told<E: Display + 'static>(error: &E) -> (&'static str, String) {
    #[cfg(feature = "reqwest")]
    if let Some(error) = of_reqwest(error) {
        let class = match (error.is_timeout(), error.is_connect()) {
            (true, _) => "timeout",
            (_, true) => "connect",
            _ => std::any::type_name::<reqwest::Error>(),
        };
        return (class, with_sources(error));
    }
    (std::any::type_name::<E>(), error.to_string())
}

#[cfg(feature = "reqwest")]
fn of_reqwest<E: 'static>(error: &E) -> Option<&reqwest::Error> {
    let any: &dyn std::any::Any = error;
    any.downcast_ref().or_else(|| match any.downcast_ref::<reqwest_middleware::Error>()? {
        reqwest_middleware::Error::Reqwest(error) => Some(error),
        reqwest_middleware::Error::Middleware(_) => None,
    })
}

#[cfg(feature = "reqwest")]
fn with_sources(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        let said = error.to_string();
        if !text.contains(&said) {
            text.push_str(": ");
            text.push_str(&said);
        }
        source = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn errors_of_many_apis_are_read() {
        for (body, expected) in [
            (
                json!({"error": {"message": "Too many.", "type": "requests", "code": "rate_limit_exceeded"}}),
                Some((Some("requests"), "Too many.")),
            ),
            (
                json!({"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}),
                Some((Some("overloaded_error"), "Overloaded")),
            ),
            (
                json!({"type": "error", "code": "server_error", "message": "Sorry."}),
                Some((Some("server_error"), "Sorry.")),
            ),
            (json!({"error": "no such model"}), Some((None, "no such model"))),
            (json!({"detail": "Not Found"}), Some((None, "Not Found"))),
            (json!({"error": {"status": 3}}), Some((None, r#"{"status":3}"#))),
            (json!({"error": null, "choices": []}), None),
            (json!([1]), None),
        ] {
            let expected = expected.map(|(class, message)| (class.map(str::to_owned), message.to_owned()));
            assert_eq!(said(&body), expected, "{body}");
        }
    }
}
