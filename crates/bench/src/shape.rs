//! The shapes of traffic.

use prost::Message;

use crate::{
    otlp::{self, KeyValue, int, text},
    words::{Random, Words},
};

/// What an application does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// Traces of an agent span over two model calls, a tool and a retrieval; 2.5 KB a span on average.
    Chat,
    /// Traces of one agent of 50 turns; each call sends its whole history, flattened.
    Agent,
    /// The same, the history as one JSON text.
    AgentJson,
}

/// An export request, ready to be sent.
#[derive(Debug, Clone)]
pub struct Request {
    /// `ExportTraceServiceRequest` in protobuf.
    pub body: Vec<u8>,
    /// Spans in it.
    pub spans: usize,
}

/// Turns of an agent.
const TURNS: usize = 50;

/// Makes requests; the same seed makes the same ones.
#[derive(Debug)]
pub struct Generator {
    shape: Shape,
    random: Random,
    words: Words,
    system: String,
    tools: String,
    now_ns: u64,
    /// Spans made and not yet sent.
    waiting: Vec<otlp::Span>,
}

impl Generator {
    /// A generator whose spans begin now.
    pub fn new(seed: u64, shape: Shape) -> Self {
        let (words, mut random) = (Words::new(), Random::new(seed));
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        Generator {
            shape,
            system: words.text(&mut Random::new(2), 60),
            tools: format!(
                r#"{{"type": "function", "function": {{"name": "search_docs", "description": "{}", "parameters": {{"type": "object", "properties": {{"query": {{"type": "string"}}}}, "required": ["query"]}}}}}}"#,
                words.text(&mut Random::new(3), 12)
            ),
            now_ns: now.as_nanos() as u64 + random.next() % 1_000,
            random,
            words,
            waiting: Vec::new(),
        }
    }

    /// A request of this many spans.
    pub fn request(&mut self, spans: usize) -> Request {
        while self.waiting.len() < spans {
            let trace = match self.shape {
                Shape::Chat => self.chat(),
                Shape::Agent => self.agent(false),
                Shape::AgentJson => self.agent(true),
            };
            self.waiting.extend(trace);
        }
        let rest = self.waiting.split_off(spans);
        let spans_sent = std::mem::replace(&mut self.waiting, rest);
        let resource = otlp::Resource {
            attributes: vec![text("service.name", "bench"), text("telemetry.sdk.language", "rust")],
        };
        let request = otlp::Request {
            resource_spans: vec![otlp::ResourceSpans {
                resource: Some(resource),
                scope_spans: vec![otlp::ScopeSpans { spans: spans_sent }],
            }],
        };
        Request { body: request.encode_to_vec(), spans }
    }

    fn text(&mut self, words: usize) -> String {
        let words = words / 2 + self.random.below(words);
        self.words.text(&mut self.random, words)
    }

    fn span(
        &mut self,
        trace_id: &[u8],
        parent: &[u8],
        name: &str,
        kind: &str,
        attributes: Vec<KeyValue>,
    ) -> otlp::Span {
        self.now_ns += 1_000_000 + self.random.next() % 1_000_000;
        let mut all = vec![text("openinference.span.kind", kind)];
        all.extend(attributes);
        otlp::Span {
            trace_id: trace_id.to_vec(),
            span_id: self.random.bytes::<8>(),
            parent_span_id: parent.to_vec(),
            name: name.into(),
            kind: 1,
            start_time_unix_nano: self.now_ns,
            end_time_unix_nano: self.now_ns + 500_000_000 + self.random.next() % 3_000_000_000,
            attributes: all,
        }
    }

    fn usage(&mut self) -> [KeyValue; 3] {
        let (prompt, completion) =
            (200 + self.random.below(2_000) as i64, 20 + self.random.below(400) as i64);
        [
            int("llm.token_count.prompt", prompt),
            int("llm.token_count.completion", completion),
            int("llm.token_count.total", prompt + completion),
        ]
    }

    /// The children first, as exporters send them.
    fn chat(&mut self) -> Vec<otlp::Span> {
        let trace_id = self.random.bytes::<16>();
        let (question, answer) = (self.text(30), self.text(110));
        let session = format!("session-{}", self.random.below(5_000));
        let user = format!("user-{}", self.random.below(500));
        let root = self.span(
            &trace_id,
            &[],
            "agent.run",
            "AGENT",
            vec![
                text("input.value", &question),
                text("output.value", &answer),
                text("session.id", session),
                text("user.id", user),
            ],
        );
        let call = self.call(&trace_id, &root.span_id, &question, None);
        let query = self.text(8);
        let tool = self.span(
            &trace_id,
            &root.span_id,
            "tool.search_docs",
            "TOOL",
            vec![text("tool.name", "search_docs"), text("input.value", format!(r#"{{"query": "{query}"}}"#))],
        );
        let mut documents = vec![text("input.value", &query)];
        for n in 0..5 {
            let (id, content) = (self.random.below(2_000), self.text(75));
            documents.push(text(format!("retrieval.documents.{n}.document.id"), format!("doc-{id}")));
            documents.push(text(format!("retrieval.documents.{n}.document.content"), content));
        }
        let retrieval = self.span(&trace_id, &tool.span_id, "retrieval", "RETRIEVER", documents);
        let last = self.call(&trace_id, &root.span_id, &question, Some(&answer));
        vec![call, retrieval, tool, last, root]
    }

    fn call(&mut self, trace_id: &[u8], parent: &[u8], question: &str, answer: Option<&str>) -> otlp::Span {
        let answer = answer.map_or_else(|| self.text(60), str::to_owned);
        let context = self.text(150);
        let request = format!(
            r#"{{"model": "gpt-4o-mini", "messages": [{{"role": "system", "content": "{}"}}, {{"role": "user", "content": "{context} {question}"}}]}}"#,
            self.system
        );
        let mut attributes = vec![
            text("llm.model_name", "gpt-4o-mini"),
            text("llm.provider", "openai"),
            text("llm.invocation_parameters", r#"{"model": "gpt-4o-mini", "temperature": 0.2}"#),
            text("input.value", request),
            text("input.mime_type", "application/json"),
            text("llm.input_messages.0.message.role", "system"),
            text("llm.input_messages.0.message.content", &self.system),
            text("llm.input_messages.1.message.role", "user"),
            text("llm.input_messages.1.message.content", format!("{context} {question}")),
            text("llm.output_messages.0.message.role", "assistant"),
            text("llm.output_messages.0.message.content", &answer),
            text("output.value", &answer),
            text("llm.tools.0.tool.json_schema", &self.tools),
        ];
        attributes.extend(self.usage());
        self.span(trace_id, parent, "llm.chat", "LLM", attributes)
    }

    fn agent(&mut self, json: bool) -> Vec<otlp::Span> {
        let trace_id = self.random.bytes::<16>();
        let mut root = self.span(&trace_id, &[], "agent.run", "AGENT", vec![]);
        let mut history = vec![("system", self.system.clone())];
        let mut spans = Vec::with_capacity(TURNS + 1);
        for turn in 0..TURNS {
            // What tools return is longer than what people ask.
            let said = self.text(if turn == 0 { 40 } else { 120 });
            history.push((if turn == 0 { "user" } else { "tool" }, said));
            let answer = self.text(60);
            let mut attributes = vec![
                text("llm.model_name", "gpt-4o-mini"),
                text("llm.tools.0.tool.json_schema", &self.tools),
            ];
            if json {
                let items: Vec<String> = history
                    .iter()
                    .map(|(role, content)| format!(r#"{{"role": "{role}", "content": "{content}"}}"#))
                    .collect();
                attributes.push(text("llm.input_messages", format!("[{}]", items.join(", "))));
                attributes.push(text(
                    "llm.output_messages",
                    format!(r#"[{{"role": "assistant", "content": "{answer}"}}]"#),
                ));
            } else {
                for (n, (role, content)) in history.iter().enumerate() {
                    attributes.push(text(format!("llm.input_messages.{n}.message.role"), *role));
                    attributes.push(text(format!("llm.input_messages.{n}.message.content"), content));
                }
                attributes.push(text("llm.output_messages.0.message.role", "assistant"));
                attributes.push(text("llm.output_messages.0.message.content", &answer));
            }
            attributes.extend(self.usage());
            spans.push(self.span(&trace_id, &root.span_id, "llm.chat", "LLM", attributes));
            history.push(("assistant", answer));
        }
        root.end_time_unix_nano = self.now_ns + 4_000_000_000;
        spans.push(root);
        spans
    }
}
