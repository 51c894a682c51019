//! The shapes of traffic, and requests made of them.

mod draft;
mod writer;
mod chat;
mod agent;
mod rag;
mod huge;
mod wide;

use std::collections::VecDeque;

use prost::Message;

use crate::{
    otlp::{self, text},
    sample::{Sample, SentTrace},
    words::Random,
};
use draft::hex;
use writer::Writer;

/// What an application does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Shape {
    /// Traces of an agent span over two model calls, a tool and a retrieval; 2.5 KB a span on average.
    Chat,
    /// Traces of one agent of 50 turns; each call sends its whole history, flattened.
    Agent,
    /// The same, the history as one JSON text.
    AgentJson,
    /// Questions answered from documents that recur: embedding, retriever, reranker, call; 4 KB a span.
    Rag,
    /// Chat, with one span of 1 to 20 MB in every 100 traces (500 spans).
    Huge,
    /// Traces of 10,000 to 50,000 small spans, and a tenth as many spans of chat between them.
    Wide,
    /// Chat, to be sent a span a request over many connections.
    Trickle,
}

/// An export request, ready to be sent.
#[derive(Debug, Clone)]
pub struct Request {
    /// `ExportTraceServiceRequest` in protobuf.
    pub body: Vec<u8>,
    /// Spans in it.
    pub spans: usize,
    /// Trace id and span id of its last span, as hexadecimal digits.
    pub last_span: (String, String),
}

/// What a shape makes: the spans of a trace in the order in which they are sent, and what is remembered of it.
type Made = (Vec<otlp::Span>, SentTrace);

/// Turns of an agent unless told.
const TURNS: usize = 50;
/// Traces of `huge` for one outlier.
const HUGE_EVERY: u64 = 100;
/// Traces begin so long before the end of the time they are spread over, so that most have ended by then.
const LEAD_NS: u64 = 60_000_000_000;
/// From span to span when nothing is spread: enough to give traces an order.
const STEP_NS: u64 = 20_000;
const DAY_NS: u64 = 86_400_000_000_000;

/// Makes requests; the same seed and end time make the same ones.
#[derive(Debug)]
pub struct Generator {
    shape: Shape,
    writer: Writer,
    turns: usize,
    project: Option<String>,
    end_ns: u64,
    begin_ns: u64,
    step_ns: f64,
    /// Spans and traces made so far.
    made: u64,
    traces: u64,
    /// Spans of chat due between wide traces.
    ordinary: usize,
    /// Spans made and not yet sent, each with its service.
    waiting: VecDeque<(&'static str, otlp::Span)>,
    /// Traces not wholly sent, each with the count of spans sent with which it is.
    unfinished: VecDeque<(u64, SentTrace)>,
    sample: Sample,
}

impl Generator {
    /// A generator whose traces begin now (a minute ago, so that they have ended).
    pub fn new(seed: u64, shape: Shape) -> Self {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        Self::ending(seed, shape, now.as_nanos() as u64)
    }

    /// A generator whose traces begin a minute before `end_ns`, nanoseconds since the epoch.
    pub fn ending(seed: u64, shape: Shape, end_ns: u64) -> Self {
        Generator {
            shape,
            writer: Writer::new(seed),
            turns: TURNS,
            project: None,
            end_ns,
            begin_ns: end_ns.saturating_sub(LEAD_NS),
            step_ns: STEP_NS as f64,
            made: 0,
            traces: 0,
            ordinary: 0,
            waiting: VecDeque::new(),
            unfinished: VecDeque::new(),
            sample: Sample::new(seed),
        }
    }

    /// Spreads the starts of traces evenly over the days before the end, for a run of `spans` spans in all.
    pub fn over_days(mut self, days: f64, spans: usize) -> Self {
        if days > 0.0 {
            let range_ns = days * DAY_NS as f64;
            self.begin_ns = self.end_ns.saturating_sub(LEAD_NS).saturating_sub(range_ns as u64);
            self.step_ns = range_ns / spans.max(1) as f64;
        }
        self
    }

    /// Turns of an agent; 50 unless told.
    pub fn with_turns(mut self, turns: usize) -> Self {
        self.turns = turns.max(1);
        self
    }

    /// The project named by the resource (`openinference.project.name`); without one the server's default.
    pub fn in_project(mut self, project: Option<String>) -> Self {
        self.project = project;
        self
    }

    /// Some of the traces that were wholly given out.
    pub fn sample(&self) -> &Sample {
        &self.sample
    }

    /// A request of this many spans.
    pub fn request(&mut self, spans: usize) -> Request {
        while self.waiting.len() < spans {
            let (mut spans, mut trace) = self.trace();
            self.salt(&mut spans, &mut trace);
            self.made += spans.len() as u64;
            self.traces += 1;
            let service = draft::APPS.iter().find(|app| app.service == trace.service);
            let service = service.map_or("bench", |app| app.service);
            self.waiting.extend(spans.into_iter().map(|span| (service, span)));
            self.unfinished.push_back((self.made, trace));
        }
        let sent: Vec<_> = self.waiting.drain(..spans).collect();
        let given = self.made - self.waiting.len() as u64;
        while self.unfinished.front().is_some_and(|(whole_at, _)| *whole_at <= given) {
            if let Some((_, trace)) = self.unfinished.pop_front() {
                self.sample.offer(trace);
            }
        }
        let last_span =
            sent.last().map_or_else(Default::default, |(_, span)| (hex(&span.trace_id), hex(&span.span_id)));
        let request = otlp::Request { resource_spans: self.by_service(sent) };
        Request { body: request.encode_to_vec(), spans, last_span }
    }

    /// Gives ids that no other run has, of another shape, time or project: a server that has had the same seed before would
    /// take the spans for those it knows. Only the ids; what is said depends on the seed alone.
    fn salt(&self, spans: &mut [otlp::Span], trace: &mut SentTrace) {
        let project = self.project.as_deref().unwrap_or_default().bytes();
        let of =
            project.fold(self.end_ns ^ self.shape as u64, |of, byte| of.rotate_left(8) ^ u64::from(byte));
        let salt = Random::new(of).bytes::<16>();
        let mix = |id: &mut [u8]| id.iter_mut().zip(&salt).for_each(|(byte, salt)| *byte ^= salt);
        for span in spans.iter_mut() {
            mix(&mut span.trace_id);
            mix(&mut span.span_id);
            mix(&mut span.parent_span_id);
        }
        if let Some(span) = spans.first() {
            trace.trace_id = hex(&span.trace_id);
        }
    }

    /// The next trace.
    fn trace(&mut self) -> Made {
        let start_ns = self.begin_ns + (self.made as f64 * self.step_ns) as u64;
        let writer = &mut self.writer;
        match self.shape {
            Shape::Chat | Shape::Trickle => chat::chat(writer, start_ns, None),
            Shape::Agent => agent::agent(writer, start_ns, self.turns, false),
            Shape::AgentJson => agent::agent(writer, start_ns, self.turns, true),
            Shape::Rag => rag::rag(writer, start_ns),
            Shape::Huge => {
                // Evenly, so that a request of 500 spans has one of them or two, not ten.
                let outlier = (self.traces % HUGE_EVERY == HUGE_EVERY / 2).then(|| huge::outlier(writer));
                chat::chat(writer, start_ns, outlier.as_deref())
            }
            Shape::Wide if self.ordinary == 0 => {
                let made = wide::wide(writer, start_ns);
                self.ordinary = made.0.len() / 10;
                made
            }
            Shape::Wide => {
                let made = chat::chat(writer, start_ns, None);
                self.ordinary = self.ordinary.saturating_sub(made.0.len());
                made
            }
        }
    }

    /// A resource for each service, as a collector's batch has them.
    fn by_service(&self, spans: Vec<(&'static str, otlp::Span)>) -> Vec<otlp::ResourceSpans> {
        let mut groups: Vec<(&str, Vec<otlp::Span>)> = Vec::new();
        for (service, span) in spans {
            match groups.iter_mut().find(|(known, _)| *known == service) {
                Some((_, group)) => group.push(span),
                None => groups.push((service, vec![span])),
            }
        }
        let resource = |service: &str| {
            let mut attributes = vec![
                text("service.name", service),
                text("telemetry.sdk.language", "python"),
                text("telemetry.sdk.name", "opentelemetry"),
            ];
            attributes.extend(self.project.as_ref().map(|name| text("openinference.project.name", name)));
            otlp::Resource { attributes }
        };
        let groups = groups.into_iter().map(|(service, spans)| otlp::ResourceSpans {
            resource: Some(resource(service)),
            scope_spans: vec![otlp::ScopeSpans { spans }],
        });
        groups.collect()
    }
}

#[cfg(test)]
mod tests;
