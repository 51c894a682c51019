//! The servers that are compared: how each is written to and what its users ask it.

mod bennu;
mod phoenix;
mod against;

use bennu_bench::SentTrace;

pub(crate) use against::{Against, Kind};

use crate::{read::Client, send::Target};

/// What people ask of such a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Question {
    /// The newest page of the project's traces, 50 of them where the server can be told.
    List,
    Errors,
    Name,
    Kind,
    Model,
    User,
    Service,
    Slower,
    /// A word anywhere in what was said.
    Word,
    /// The tree of a trace with its root span in full, as the page that opens it needs.
    Trace,
    /// The same of a trace of 10,000 spans and more.
    Wide,
    /// A trace with all that is in it, as JSON.
    TraceJson,
    /// A session with its traces.
    Session,
}

impl Question {
    pub(crate) const ALL: [Question; 13] = [
        Question::List,
        Question::Errors,
        Question::Name,
        Question::Kind,
        Question::Model,
        Question::User,
        Question::Service,
        Question::Slower,
        Question::Word,
        Question::Trace,
        Question::Wide,
        Question::TraceJson,
        Question::Session,
    ];

    /// As tables name it; with underscores as JSON does.
    pub(crate) fn label(self) -> &'static str {
        match self {
            Question::List => "list",
            Question::Errors => "filter: error",
            Question::Name => "filter: name",
            Question::Kind => "filter: kind",
            Question::Model => "filter: model",
            Question::User => "filter: user",
            Question::Service => "filter: service",
            Question::Slower => "filter: slower than",
            Question::Word => "filter: word",
            Question::Trace => "open trace",
            Question::Wide => "open wide trace",
            Question::TraceJson => "trace as JSON",
            Question::Session => "open session",
        }
    }
}

/// A request and what shows that its answer is one.
#[derive(Debug, Clone)]
pub(crate) struct Ask {
    pub(crate) url: String,
    /// JSON to be posted; a GET without it.
    pub(crate) body: Option<serde_json::Value>,
    pub(crate) expect: Expect,
}

#[derive(Debug, Clone)]
pub(crate) enum Expect {
    Text(String),
    /// The id of any trace after this text.
    TraceIdAfter(String),
}

/// What a server must answer beside taking OTLP.
pub(crate) trait Adapter: Sync {
    /// How a question is asked, about that trace; none if the server has no such question.
    fn ask(&self, question: Question, about: &SentTrace) -> Option<Ask>;

    /// Of these spans (trace id, span id), the last of a run of `spans`, keeps those that cannot be read yet.
    ///
    /// # Errors
    /// The server cannot be asked.
    fn missing(&self, client: &Client, spans: usize, last: &mut Vec<(String, String)>) -> anyhow::Result<()>;
}

impl Against {
    /// Where its traffic goes.
    pub(crate) fn target(&self) -> Target {
        match &self.grpc {
            Some(url) => Target::Grpc(url.clone()),
            None => Target::Http(self.traces_url.clone()),
        }
    }

    /// How it is read; none if it is only written to.
    ///
    /// # Errors
    /// It does not answer.
    pub(crate) fn adapter(&self, client: &Client) -> anyhow::Result<Option<Box<dyn Adapter>>> {
        let project = self.project.as_deref().unwrap_or("default");
        Ok(match self.kind {
            Kind::Bennu => Some(Box::new(bennu::Bennu::new(client, &self.url, project)?)),
            Kind::Phoenix => Some(Box::new(phoenix::Phoenix::new(client, &self.url, project)?)),
            Kind::Otlp => None,
        })
    }
}

/// For a URL's path or query: everything but letters, digits, `-`, `.`, `_` and `~` as `%XX`.
fn encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => encoded.push(byte.into()),
            _ => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    encoded
}
