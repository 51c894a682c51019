//! One trace while it is made: its clock and its spans, the children before their parents as exporters send them.

use crate::{
    otlp::{self, KeyValue, text},
    people::Session,
    sample::SentTrace,
    words::Random,
};

/// An application: what its spans are called and which model it asks.
#[derive(Debug)]
pub(super) struct App {
    pub(super) service: &'static str,
    pub(super) root: &'static str,
    pub(super) tool: &'static str,
    pub(super) model: &'static str,
    pub(super) provider: &'static str,
}

/// The first are busier than the last.
pub(super) const APPS: [App; 5] = [
    App {
        service: "support-assistant",
        root: "support.answer",
        tool: "search_docs",
        model: "gpt-4o-mini",
        provider: "openai",
    },
    App {
        service: "shop-chat",
        root: "shop.reply",
        tool: "find_product",
        model: "gpt-4o",
        provider: "openai",
    },
    App {
        service: "code-helper",
        root: "agent.run",
        tool: "read_file",
        model: "claude-sonnet-4",
        provider: "anthropic",
    },
    App {
        service: "report-writer",
        root: "report.draft",
        tool: "query_table",
        model: "gemini-2.0-flash",
        provider: "google",
    },
    App {
        service: "mail-triage",
        root: "mail.classify",
        tool: "lookup_sender",
        model: "mistral-small",
        provider: "mistralai",
    },
];

/// What goes wrong, with the exception's type.
const FAILURES: [(&str, &str); 4] = [
    ("RateLimitError", "429: too many requests, try again in 20 s"),
    ("TimeoutError", "the request timed out after 30 s"),
    ("ValueError", "the arguments are not valid JSON: line 1, column 18"),
    ("ConnectionError", "the connection was closed before the answer was complete"),
];

/// A trace being made.
pub(super) struct Draft {
    pub(super) app: &'static App,
    pub(super) session: Session,
    trace_id: Vec<u8>,
    clock_ns: u64,
    /// Which of the spans fails, counted as they end.
    fails_at: Option<usize>,
    spans: Vec<otlp::Span>,
}

impl Draft {
    /// A trace that begins then. About 3 in 100 have a span that fails.
    pub(super) fn new(random: &mut Random, session: Session, start_ns: u64) -> Self {
        let fails_at = (random.below(100) < 3).then(|| random.below(4));
        Draft {
            app: &APPS[random.skewed(APPS.len())],
            session,
            trace_id: random.bytes::<16>(),
            clock_ns: start_ns,
            fails_at,
            spans: Vec::new(),
        }
    }

    /// A span that begins now, within `parent`; empty for the root.
    pub(super) fn begin(&mut self, random: &mut Random, parent: &[u8], name: &str, kind: &str) -> otlp::Span {
        self.clock_ns += 200_000 + random.next() % 3_000_000;
        otlp::Span {
            trace_id: self.trace_id.clone(),
            span_id: random.bytes::<8>(),
            parent_span_id: parent.to_vec(),
            name: name.into(),
            kind: 1,
            start_time_unix_nano: self.clock_ns,
            attributes: vec![text("openinference.span.kind", kind)],
            ..otlp::Span::default()
        }
    }

    /// The time goes on by about so much: half to four times.
    pub(super) fn wait(&mut self, random: &mut Random, about_ms: u64) {
        let times = 0.5 * 8_f64.powf(random.unit());
        self.clock_ns += (about_ms as f64 * 1e6 * times) as u64;
    }

    /// Ends a span now.
    pub(super) fn end(&mut self, random: &mut Random, mut span: otlp::Span, attributes: Vec<KeyValue>) {
        span.attributes.extend(attributes);
        self.clock_ns += 100_000;
        span.end_time_unix_nano = self.clock_ns;
        if self.fails_at == Some(self.spans.len()) {
            fail(&mut span, random);
        } else {
            span.status = Some(otlp::Status { message: String::new(), code: 1 });
        }
        self.spans.push(span);
    }

    /// The trace, ended by its root, and what is remembered of it.
    pub(super) fn finish(
        mut self,
        random: &mut Random,
        root: otlp::Span,
        input: &str,
        output: &str,
    ) -> (Vec<otlp::Span>, SentTrace) {
        let word = input.split([' ', '.']).max_by_key(|word| word.len()).unwrap_or_default().to_owned();
        let name = root.name.clone();
        let begun_ns = root.start_time_unix_nano;
        let who = [text("session.id", self.session.id.as_str()), text("user.id", self.session.user.as_str())];
        let said = [text("input.value", input), text("output.value", output)];
        self.end(random, root, said.into_iter().chain(who).collect());
        let trace = SentTrace {
            trace_id: hex(&self.trace_id),
            name,
            session: self.session.id,
            user: self.session.user,
            service: self.app.service.into(),
            model: self.app.model.into(),
            word,
            duration_ms: (self.clock_ns - begun_ns) / 1_000_000,
            spans: self.spans.len(),
            failed: self.spans.iter().any(|span| span.status.as_ref().is_some_and(|status| status.code == 2)),
        };
        (self.spans, trace)
    }
}

/// As the SDKs write it: the status and an event of the exception.
fn fail(span: &mut otlp::Span, random: &mut Random) {
    let (kind, message) = FAILURES[random.below(FAILURES.len())];
    span.status = Some(otlp::Status { message: format!("{kind}: {message}"), code: 2 });
    span.events.push(otlp::Event {
        time_unix_nano: span.end_time_unix_nano,
        name: "exception".into(),
        attributes: vec![
            text("exception.type", kind),
            text("exception.message", message),
            text(
                "exception.stacktrace",
                format!("Traceback (most recent call last):\n  File \"/app/main.py\", line {}, in run\n    return client.send(request)\n{kind}: {message}\n", 10 + random.below(400)),
            ),
        ],
    });
}

/// Hexadecimal digits, as ids are written in URLs.
pub(super) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a string does not fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
