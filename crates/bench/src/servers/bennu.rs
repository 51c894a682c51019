//! Bennu: the pages that people open, and its JSON.

use anyhow::{Context, ensure};
use bennu_bench::SentTrace;

use super::{Adapter, Ask, Expect, Question, encode};
use crate::read::Client;

pub(super) struct Bennu {
    url: String,
    project: String,
}

impl Bennu {
    pub(super) fn new(client: &Client, url: &str, project: &str) -> anyhow::Result<Self> {
        let health = format!("{url}/healthz");
        client.status(&health).with_context(|| format!("no Bennu answers at {health}"))?;
        Ok(Bennu { url: url.into(), project: encode(project) })
    }

    fn list(&self, filter: &str) -> Ask {
        let base = format!("/projects/{}/traces", self.project);
        Ask {
            url: format!("{}{base}{filter}", self.url),
            body: None,
            expect: Expect::TraceIdAfter(format!("{base}/")),
        }
    }

    fn get(&self, path: &str, expect: &str) -> Ask {
        Ask { url: format!("{}{path}", self.url), body: None, expect: Expect::Text(expect.into()) }
    }
}

impl Adapter for Bennu {
    fn ask(&self, question: Question, about: &SentTrace) -> Option<Ask> {
        let (project, id) = (&self.project, &about.trace_id);
        Some(match question {
            Question::List => self.list(""),
            Question::Errors => self.list("?status=error"),
            Question::Name => self.list(&format!("?name={}", encode(&about.name))),
            Question::Kind => self.list("?kind=LLM"),
            // Its lists have neither filter.
            Question::Model | Question::Word => return None,
            Question::User => self.list(&format!("?user={}", encode(&about.user))),
            Question::Service => self.list(&format!("?service={}", encode(&about.service))),
            Question::Slower => self.list(&format!("?slower={}ms", about.duration_ms)),
            Question::Trace | Question::Wide => {
                self.get(&format!("/projects/{project}/traces/{id}"), &about.trace_id)
            }
            Question::TraceJson => self.get(&format!("/v1/traces/{id}"), &about.trace_id),
            Question::Session => {
                self.get(&format!("/projects/{project}/session?id={}", encode(&about.session)), id)
            }
        })
    }

    /// By the spans themselves, all in one question: the last of each of the last requests.
    fn missing(&self, client: &Client, _: usize, last: &mut Vec<(String, String)>) -> anyhow::Result<()> {
        let mut url = format!("{}/v1/projects/{}/spans?limit=1000", self.url, self.project);
        for (trace_id, span_id) in last.iter() {
            url.push_str(&format!("&trace_id={trace_id}&span_id={span_id}"));
        }
        let (status, body) = client.get(&url)?;
        // The project is not there before its first span.
        ensure!(matches!(status, 200 | 404), "{url} was answered with {status}");
        let body = String::from_utf8_lossy(&body);
        last.retain(|(_, span_id)| !body.contains(span_id.as_str()));
        Ok(())
    }
}
