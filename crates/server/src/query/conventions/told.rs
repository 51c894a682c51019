//! What a report needs of a span: a few words, where the span may have megabytes.

use bennu_model::{Attribute, Kind, Message, StatusCode};
use bennu_store::StoredSpan;

use super::super::SpanDetail;
use crate::decode::{Dialect, Fact, is_understood};

/// Attributes of a span that are listed when they are not understood.
const MAX_UNKNOWN: usize = 100;
/// Characters of a name or an id: what is sent as one may have megabytes.
const MAX_NAME_CHARS: usize = 200;
/// Characters of an example.
const MAX_EXAMPLE_CHARS: usize = 80;

/// What one span tells.
#[derive(Debug)]
pub(super) struct Told {
    /// The instrumentation scope's name.
    pub(super) scope: String,
    /// The same with its version.
    pub(super) library: String,
    pub(super) kind: Kind,
    /// Whether it is a model call that has ended well: a failed one has no answer and no usage.
    pub(super) answered: bool,
    pub(super) prompt: bool,
    pub(super) answer: bool,
    pub(super) model: bool,
    pub(super) tokens: bool,
    /// Whether another span counts (some of) its tokens.
    pub(super) counted_elsewhere: bool,
    pub(super) finish_reason: bool,
    pub(super) response_id: Option<String>,
    pub(super) session: bool,
    pub(super) user: bool,
    /// Whether the client asked for a stream.
    pub(super) streaming: bool,
    /// Whether it is an inner span of the AI SDK, and has a parent.
    pub(super) inner_of_ai_sdk: Option<bool>,
    pub(super) facts: Vec<Fact>,
    /// Attributes that nothing is made from, with the beginning of their values. Indexes in their names are written `N`.
    pub(super) unknown: Vec<(String, String)>,
}

impl Told {
    pub(super) fn new(stored: StoredSpan) -> Told {
        let SpanDetail { stored, detail, facts } = SpanDetail::new(stored);
        let (span, row) = (&stored.span, &stored.row);
        let operation = span.attribute("ai.operationId").and_then(|value| value.as_text());
        let scope = name(&span.origin.scope_name);
        let is_inner = operation.is_some_and(|name| name.contains(".do") || name == "ai.toolCall");
        Told {
            library: [&*scope, &*name(&span.origin.scope_version)].join(" ").trim().to_owned(),
            scope,
            kind: detail.kind,
            answered: detail.kind == Kind::Llm && row.status != StatusCode::Error && !row.running,
            prompt: say_something(&detail.input_messages) || detail.input.is_some(),
            answer: say_something(&detail.output_messages) || detail.output.is_some(),
            model: detail.model().is_some(),
            tokens: !detail.usage.is_unknown(),
            counted_elsewhere: row.usage.total() != row.usage_owned.total(),
            finish_reason: !detail.finish_reasons.is_empty(),
            session: detail.session_id.is_some(),
            user: detail.user_id.is_some(),
            streaming: is_streaming(span, &detail),
            inner_of_ai_sdk: is_inner.then_some(span.parent_id.is_some()),
            unknown: unknown(span),
            response_id: detail.response_id.as_deref().map(name),
            facts,
        }
    }

    /// The dialect of the first attribute that was understood.
    pub(super) fn dialect(&self) -> Option<Dialect> {
        self.facts.iter().find_map(|fact| fact.dialect)
    }
}

/// With content switched off, some libraries still send messages with nothing in them.
fn say_something(messages: &[Message]) -> bool {
    messages.iter().any(|message| !message.parts.is_empty())
}

fn is_streaming(span: &bennu_model::Span, detail: &bennu_model::Detail) -> bool {
    let asked = ["gen_ai.request.stream", "gen_ai.is_streaming", "llm.is_streaming"];
    let parameter = detail.invocation_parameters.as_ref().and_then(|given| given.get("stream")?.as_bool());
    parameter == Some(true)
        || detail.time_to_first_token_ms.is_some()
        || asked.iter().any(|name| span.attribute(name) == Some(&bennu_model::Value::Bool(true)))
}

fn name(text: &str) -> String {
    text.chars().take(MAX_NAME_CHARS).collect()
}

fn unknown(span: &bennu_model::Span) -> Vec<(String, String)> {
    let strange = |(key, _): &&Attribute| !is_understood(key, &span.origin.scope_name) && !is_plumbing(key);
    let mut unknown: Vec<(String, String)> = Vec::new();
    for (key, value) in span.attributes.iter().filter(strange) {
        if unknown.len() == MAX_UNKNOWN {
            break;
        }
        let name = without_indexes(&name(key));
        if !unknown.iter().any(|(known, _)| *known == name) {
            let text = value.as_text().map_or_else(|| value.to_json().to_string(), str::to_owned);
            // Words, as many as may be shown: a text may have megabytes.
            let words = text.split_whitespace().take(MAX_EXAMPLE_CHARS).collect::<Vec<_>>().join(" ");
            unknown.push((name, words.chars().take(MAX_EXAMPLE_CHARS).collect()));
        }
    }
    unknown
}

/// What OpenTelemetry says of any client or process: nothing that a model was shown.
fn is_plumbing(key: &str) -> bool {
    const PREFIXES: [&str; 9] =
        ["server.", "client.", "http.", "url.", "network.", "net.", "code.", "thread.", "user_agent."];
    PREFIXES.iter().any(|prefix| key.starts_with(prefix))
}

/// `a.0.b` and `a.17.b` are one attribute.
fn without_indexes(name: &str) -> String {
    let part = |part: &str| match !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()) {
        true => "N".to_owned(),
        false => part.to_owned(),
    };
    name.split('.').map(part).collect::<Vec<_>>().join(".")
}
