//! Which requests are model calls.
//!
//! By their path's end and by the shape of their JSON, as compatible servers are anywhere: below a gateway's path, behind a host of
//! one's own. What only looks alike is no call and passes unseen.

use std::time::Instant;

use http::{HeaderMap, Method, header};
use serde_json::{Map, Value as Json};

use super::{anthropic, chat, embeddings, responses, secrets};
use crate::{
    message::Message,
    span::{EmbeddingSpan, LlmSpan, embedding_span, llm_span},
};

/// Bytes of a request that is looked into: what Anthropic takes at most, and above what others do. A larger one passes unseen.
pub(super) const MAX_REQUEST_BYTES: usize = 32 << 20;

/// The members of a request that are recorded elsewhere or are inputs; all others are its parameters. What hides inputs does not
/// look at parameters.
const NO_PARAMETERS: [&str; 10] = [
    "model",
    "messages",
    "input",
    "system",
    "instructions",
    "tools",
    "stream",
    "prompt",
    "prediction",
    "documents",
];

/// An API of models.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Api {
    /// `…/chat/completions`, OpenAI's and everybody's.
    Chat,
    /// `…/responses`, OpenAI's newer one.
    Responses,
    /// `…/messages`, Anthropic's.
    Anthropic,
    /// `…/embeddings`, OpenAI's and everybody's.
    Embeddings,
}

/// A request without its body.
#[derive(Debug, Clone, Copy)]
pub(super) struct Head<'a> {
    pub(super) method: &'a Method,
    pub(super) host: Option<&'a str>,
    pub(super) port: Option<u16>,
    pub(super) path: &'a str,
    pub(super) query: Option<&'a str>,
    pub(super) headers: &'a HeaderMap,
}

impl Head<'_> {
    /// The API that the request may be meant for; whether it is, its body says.
    pub(super) fn api(&self) -> Option<Api> {
        let kind = self.headers.get(header::CONTENT_TYPE).map(|kind| kind.to_str().unwrap_or_default());
        if self.method != Method::POST || !kind.is_none_or(is_json) {
            return None;
        }
        let path = self.path.trim_end_matches('/');
        let apis = [
            ("/chat/completions", Api::Chat),
            ("/responses", Api::Responses),
            ("/messages", Api::Anthropic),
            ("/embeddings", Api::Embeddings),
        ];
        apis.into_iter().find(|(end, _)| path.ends_with(end)).map(|(_, api)| api)
    }

    /// Who answers, where the host tells. Compatible servers have hosts of their own, of which nothing is said.
    fn provider(&self) -> Option<&'static str> {
        let host = self.host?.to_ascii_lowercase();
        let within = |domain: &str| {
            host.strip_suffix(domain).is_some_and(|before| before.is_empty() || before.ends_with('.'))
        };
        let azure = ["openai.azure.com", "cognitiveservices.azure.com", "services.ai.azure.com"];
        if within("api.openai.com") {
            Some("openai")
        } else if within("api.anthropic.com") {
            Some("anthropic")
        } else {
            azure.into_iter().any(within).then_some("azure")
        }
    }

    /// Azure's deployments are named in the path, and their requests need no model: `…/deployments/NAME/chat/completions`.
    fn deployment(&self) -> Option<&str> {
        self.path.split_once("/deployments/")?.1.split('/').next()
    }
}

/// Whether a content type is one of JSON.
pub(super) fn is_json(content_type: &str) -> bool {
    let essence = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    essence == "application/json" || essence.ends_with("+json")
}

/// The span of a call.
#[derive(Debug)]
pub(super) enum Subject {
    /// A model that answers.
    Llm { span: LlmSpan, begun: Instant, api: Api },
    /// Texts made into vectors.
    Embedding(EmbeddingSpan),
}

impl Subject {
    /// Begins the span, below the one that is current, if the request is a call.
    pub(super) fn begin(head: &Head<'_>, body: &[u8]) -> Option<Self> {
        let api = head.api()?;
        if body.len() > MAX_REQUEST_BYTES {
            return None;
        }
        let request: Json = serde_json::from_slice(body).ok()?;
        let request = request.as_object()?;
        let model = request.get("model").and_then(Json::as_str).or_else(|| head.deployment());
        let messages = match api {
            Api::Chat => chat::asked(request)?,
            Api::Responses => responses::asked(request)?,
            Api::Anthropic => anthropic::asked(request)?,
            Api::Embeddings => {
                let texts = embeddings::asked(request)?;
                let span = embedding_span(model.unwrap_or_default(), &texts);
                return Some(Subject::Embedding(embedding(head, request, span)));
            }
        };
        let span = llm(head, request, model.unwrap_or_default(), &messages);
        Some(Subject::Llm { span, begun: Instant::now(), api })
    }
}

fn llm(head: &Head<'_>, request: &Map<String, Json>, model: &str, messages: &[Message<'_>]) -> LlmSpan {
    let mut span = llm_span(model, messages);
    if let Some(provider) = head.provider() {
        span = span.provider(provider);
    }
    if let Some(parameters) = parameters(request) {
        span = span.parameters(&parameters);
    }
    let tools = request.get("tools").and_then(Json::as_array);
    match tools.filter(|tools| !tools.is_empty()) {
        Some(tools) => {
            let mut tools = tools.clone();
            tools.iter_mut().for_each(secrets::hide);
            span.tools(&tools)
        }
        None => span,
    }
}

fn embedding(head: &Head<'_>, request: &Map<String, Json>, mut span: EmbeddingSpan) -> EmbeddingSpan {
    if let Some(provider) = head.provider() {
        span = span.provider(provider);
    }
    match parameters(request) {
        Some(parameters) => span.parameters(&parameters),
        None => span,
    }
}

fn parameters(request: &Map<String, Json>) -> Option<Map<String, Json>> {
    let others = request.iter().filter(|(name, _)| !NO_PARAMETERS.contains(&name.as_str()));
    let mut others: Map<_, _> = others.map(|(name, value)| (name.clone(), value.clone())).collect();
    // Which stored prompt it is; what it is filled with is an input.
    if let Some(prompt) = request.get("prompt").and_then(Json::as_object) {
        let names = ["id", "version"].into_iter();
        let prompt = names.filter_map(|name| Some((name.to_owned(), prompt.get(name)?.clone())));
        others.insert("prompt".to_owned(), Json::Object(prompt.collect()));
    }
    secrets::hide_in(&mut others);
    (!others.is_empty()).then_some(others)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head<'a>(host: &'a str, path: &'a str, headers: &'a HeaderMap) -> Head<'a> {
        Head { method: &Method::POST, host: Some(host), port: None, path, query: None, headers }
    }

    #[test]
    fn calls_are_known_by_their_path_and_content_type() {
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_TYPE, "application/json; charset=utf-8".parse().unwrap());
        for (path, api) in [
            ("/v1/chat/completions", Some(Api::Chat)),
            ("/openai/deployments/mine/chat/completions", Some(Api::Chat)),
            ("/api/v1/responses/", Some(Api::Responses)),
            ("/v1/messages", Some(Api::Anthropic)),
            ("/v1/embeddings", Some(Api::Embeddings)),
            ("/v1/messages/count_tokens", None),
            ("/v1/responses/resp_1/cancel", None),
            ("/v1/mychat/completions", None),
            ("/", None),
        ] {
            assert_eq!(head("h", path, &headers).api(), api, "{path}");
        }
        assert_eq!(Head { method: &Method::GET, ..head("h", "/v1/messages", &headers) }.api(), None);
        headers.insert(header::CONTENT_TYPE, "multipart/form-data".parse().unwrap());
        assert_eq!(head("h", "/v1/messages", &headers).api(), None);
        headers.remove(header::CONTENT_TYPE);
        assert_eq!(head("h", "/v1/messages", &headers).api(), Some(Api::Anthropic));
    }

    #[test]
    fn the_host_tells_who_answers_or_nothing_does() {
        let headers = HeaderMap::new();
        for (host, provider) in [
            ("api.openai.com", Some("openai")),
            ("eu.api.openai.com", Some("openai")),
            ("API.Anthropic.com", Some("anthropic")),
            ("mine.openai.azure.com", Some("azure")),
            ("notapi.openai.com", None),
            ("api.openai.com.example", None),
            ("127.0.0.1", None),
        ] {
            assert_eq!(head(host, "/v1/messages", &headers).provider(), provider, "{host}");
        }
        assert_eq!(head("h", "/openai/deployments/mine/embeddings", &headers).deployment(), Some("mine"));
    }
}
