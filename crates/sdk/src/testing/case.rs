//! Runs from files: what `bennu export` prints, the JSON of `GET /v1/traces/{trace_id}`.
//!
//! Read strictly where a test rests on it and leniently elsewhere: a member that this crate does not know is left alone.

use std::{
    fmt,
    path::Path,
    time::{Duration, SystemTime},
};

use bennu_semconv::{gen_ai, otel};
use serde_json::Value as Json;

use super::{
    Run, Span, ToolRun,
    attributes::documents,
    messages::{messages, plain},
    values::as_written,
};
use crate::Usage;

/// Why a case cannot be read: the file, the place in it, and what to do.
///
/// Its `Debug` is the same text, so that an `unwrap` in a test says it.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct CaseError(String);

impl fmt::Debug for CaseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

const ADVICE: &str = "A case is what `bennu export TRACE` prints, the JSON of GET /v1/traces/TRACE.";

impl Run {
    /// A run from a file: what `bennu export TRACE > case.json` wrote. The path is the process's own; `cargo test` runs in the
    /// folder of the package.
    ///
    /// # Errors
    /// [`CaseError`]: there is no such file, or it is no case.
    pub fn load(path: impl AsRef<Path>) -> Result<Run, CaseError> {
        let path = path.as_ref();
        let of_file = |problem: String| CaseError(format!("{}: {problem}", path.display()));
        let text = std::fs::read_to_string(path).map_err(|error| of_file(format!("{error}. {ADVICE}")))?;
        run(&text).map_err(of_file)
    }

    /// A run from the text of such a file.
    ///
    /// # Errors
    /// [`CaseError`]: it is no case.
    pub fn from_json(text: &str) -> Result<Run, CaseError> {
        run(text).map_err(CaseError)
    }
}

fn run(text: &str) -> Result<Run, String> {
    let json: Json =
        serde_json::from_str(text).map_err(|error| format!("this is no JSON: {error}. {ADVICE}"))?;
    let spans = match json.get("spans") {
        Some(Json::Array(spans)) if spans.is_empty() => {
            return Err(format!("\"spans\" is empty, so there is nothing to compare with. {ADVICE}"));
        }
        Some(Json::Array(spans)) => spans,
        Some(other) => return Err(format!("spans: expected a list, found {}. {ADVICE}", short(other))),
        None => return Err(format!("{}. {ADVICE}", what_else(&json))),
    };
    let trace_id = json.get("trace_id").and_then(Json::as_str).unwrap_or_default();
    let spans: Result<Vec<_>, String> = spans
        .iter()
        .enumerate()
        .map(|(n, json)| span(At { json, place: format!("spans[{n}]") }, trace_id))
        .collect();
    spans.map(Run::new).map_err(|problem| format!("{problem}. {ADVICE}"))
}

/// What JSON without spans seems to be.
fn what_else(json: &Json) -> String {
    if json.get("resourceSpans").is_some() {
        "this is a trace as OTLP, which says nothing of what its spans mean".to_owned()
    } else if let Some(detail) = json.get("detail").and_then(Json::as_str) {
        format!("this is the server's answer \"{detail}\"")
    } else {
        "there is no \"spans\" in it".to_owned()
    }
}

fn span(at: At<'_>, trace_id: &str) -> Result<(SystemTime, Span), String> {
    let (start, end) = (at.nanoseconds("start_ns")?, at.nanoseconds("end_ns")?);
    let kind = at.needed("kind")?;
    let failed = at.text("status")?.as_deref() == Some("ERROR");
    let error =
        [at.text("status_message")?, at.exception(), at.text("error_type")?, Some("failed".to_owned())];
    let usage = at.member("usage", Json::is_object, "an object")?;
    let count = |name: &str| usage.as_ref().map_or(Ok(None), |usage| usage.count(name));
    let (input, output) = (count("input")?, count("output")?);
    let list = |name: &str| {
        at.member(name, Json::is_array, "a list").map(|list| list.map_or(&Json::Null, |list| list.json))
    };
    let content = |name: &str| {
        at.member(name, Json::is_object, "an object")?.map_or(Ok(None), |content| content.text("value"))
    };
    let of_tool = |tool: &At<'_>, name: &str, content: &str, attribute: &str| {
        let text = |pointer: String| at.json.pointer(&pointer).and_then(Json::as_str);
        let content =
            text(format!("/{content}/value")).map(|value| (value, text(format!("/{content}/mime_type"))));
        let kept = tool.json.get(name).cloned().unwrap_or_default();
        as_written(kept, content, text(format!("/attributes/{attribute}")))
    };
    let tool = at.member("tool", Json::is_object, "an object")?.map(|tool| {
        Ok::<_, String>(ToolRun {
            name: tool.text("name")?.unwrap_or_default(),
            call_id: tool.text("call_id")?,
            arguments: of_tool(&tool, "arguments", "input", gen_ai::TOOL_CALL_ARGUMENTS),
            result: Some(of_tool(&tool, "result", "output", gen_ai::TOOL_CALL_RESULT))
                .filter(|result| !result.is_null()),
        })
    });
    let running = at.json.get("running").and_then(Json::as_bool).unwrap_or_default();
    let attributes = at.json.get("attributes").and_then(Json::as_object).into_iter().flatten();
    let span = Span {
        trace_id: trace_id.to_owned(),
        span_id: at.needed("span_id")?,
        parent_id: at.text("parent_id")?,
        name: at.needed("name")?,
        kind,
        start: Duration::ZERO,
        duration: (!running).then(|| Duration::from_nanos(end.saturating_sub(start))),
        model: at.text("model")?,
        response_id: at.text("response_id")?,
        input: content("input")?.or(at.text("query")?),
        output: content("output")?,
        input_messages: messages(list("input_messages")?),
        output_messages: messages(list("output_messages")?),
        documents: documents(list("documents")?),
        tool: tool.transpose()?,
        finish_reasons: list("finish_reasons")?.as_array().into_iter().flatten().map(plain).collect(),
        usage: Usage {
            input,
            output,
            cache_read: count("cache_read")?,
            cache_write: count("cache_write")?,
            reasoning: count("reasoning")?,
        },
        unsplit_tokens: count("total")?.filter(|_| input.is_none() && output.is_none()),
        error: error.into_iter().flatten().find(|text| !text.is_empty()).filter(|_| failed),
        attributes: attributes.map(|(name, value)| (name.clone(), value.clone())).collect(),
    };
    Ok((SystemTime::UNIX_EPOCH + Duration::from_nanos(start), span))
}

/// A value and where it is, for who has to find it.
struct At<'a> {
    json: &'a Json,
    place: String,
}

impl<'a> At<'a> {
    /// A member of a type, if it is there and not null.
    fn member(
        &self,
        name: &str,
        fits: impl Fn(&Json) -> bool,
        expected: &str,
    ) -> Result<Option<At<'a>>, String> {
        let place = format!("{}.{name}", self.place);
        match self.json.get(name) {
            None | Some(Json::Null) => Ok(None),
            Some(json) if fits(json) => Ok(Some(At { json, place })),
            Some(other) => Err(format!("{place}: expected {expected}, found {}", short(other))),
        }
    }

    fn text(&self, name: &str) -> Result<Option<String>, String> {
        Ok(self.member(name, Json::is_string, "a text")?.map(|text| plain(text.json)))
    }

    /// The message of an exception among its events, which stands for the status's where that has none.
    fn exception(&self) -> Option<String> {
        let events = self.json.get("events").and_then(Json::as_array).into_iter().flatten();
        let mut exceptions = events.filter(|event| event["name"] == otel::EXCEPTION_EVENT);
        exceptions.find_map(|event| event.get("attributes")?.get(otel::EXCEPTION_MESSAGE).map(plain))
    }

    fn needed(&self, name: &str) -> Result<String, String> {
        self.text(name)?.ok_or_else(|| format!("{}.{name} is missing", self.place))
    }

    fn count(&self, name: &str) -> Result<Option<u64>, String> {
        Ok(self.member(name, Json::is_u64, "a number of tokens")?.and_then(|count| count.json.as_u64()))
    }

    /// Text, since JSON's numbers are too short for some readers.
    fn nanoseconds(&self, name: &str) -> Result<u64, String> {
        let text = self.needed(name)?;
        text.parse().map_err(|_| {
            format!("{}.{name}: expected nanoseconds since 1970, found {}", self.place, short(&text.into()))
        })
    }
}

/// A value as a message shows it.
fn short(value: &Json) -> String {
    super::words::cut(&value.to_string(), 40)
}
