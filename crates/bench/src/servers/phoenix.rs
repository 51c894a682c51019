//! Arize Phoenix: GraphQL as its pages ask it (20.26), without the parts that are about annotations and costs, which this
//! traffic has none of; JSON by its REST interface.

use anyhow::Context;
use bennu_bench::SentTrace;
use serde_json::{Value, json};

use super::{Adapter, Ask, Expect, Question, encode};
use crate::read::Client;

pub(super) struct Phoenix {
    url: String,
    project: String,
    /// Spans in the project before the run.
    before: u64,
}

/// A page of root spans, the newest first; its own pages take 30, here as many as the others.
const LIST: &str = r#"query List($project: String!, $spans: String, $traces: String) {
  getProjectByName(name: $project) { id name
    spans(first: 50, sort: {col: startTime, dir: desc}, filterCondition: $spans, traceFilterCondition: $traces) {
      edges { node { id spanKind name metadata statusCode statusMessage startTime endTime latencyMs
        cumulativeTokenCountTotal parentId spanId input { value: truncatedValue } output { value: truncatedValue }
        trace { id traceId userId numSpans costSummary { total { cost } } } } }
      pageInfo { endCursor hasNextPage } } } }"#;

/// The tree, of at most its first 1,000 spans as on its page, and the root span in full.
const TRACE: &str = r#"query Trace($project: String!, $id: ID!) {
  getProjectByName(name: $project) { id trace(traceId: $id) { id traceId projectSessionId latencyMs numSpans
    costSummary { total { cost } }
    spans(first: 1000) { edges { node { id spanId name spanKind statusCode startTime endTime parentId latencyMs
      tokenCountTotal costSummary { total { cost } } } } pageInfo { endCursor hasNextPage } }
    rootSpan { id spanId name spanKind statusCode: propagatedStatusCode statusMessage startTime endTime latencyMs
      tokenCountTotal input { value mimeType } output { value mimeType } attributes
      events { name message timestamp } } } } }"#;

const SESSION: &str = r#"query Session($id: String!) {
  getProjectSessionById(sessionId: $id) { id sessionId numTraces tokenUsage { total }
    costSummary { total { cost tokens } } latencyP50: traceLatencyMsQuantile(probability: 0.5)
    traces(first: 25) { edges { node { id traceId costSummary { total { cost } }
      rootSpan { id name spanId attributes startTime endTime latencyMs cumulativeTokenCountTotal
        input { value truncatedValue mimeType } output { value truncatedValue mimeType } } } }
      pageInfo { endCursor hasNextPage } } } }"#;

const COUNT: &str = r#"query Count($project: String!) { getProjectByName(name: $project) { recordCount } }"#;

impl Phoenix {
    pub(super) fn new(client: &Client, url: &str, project: &str) -> anyhow::Result<Self> {
        let mut phoenix = Phoenix { url: url.into(), project: project.into(), before: 0 };
        phoenix.before =
            phoenix.count(client).with_context(|| format!("no Phoenix answers at {url}/graphql"))?;
        Ok(phoenix)
    }

    fn graphql(&self, query: &str, variables: &Value, expect: Expect) -> Ask {
        Ask {
            url: format!("{}/graphql", self.url),
            body: Some(json!({"query": query, "variables": variables})),
            expect,
        }
    }

    /// Root spans for which `spans` holds, of traces for which `traces` holds: conditions in its filter language.
    fn list(&self, spans: Option<&str>, traces: Option<&str>) -> Ask {
        let roots = "parent_span is None";
        let spans = spans.map_or_else(|| roots.to_owned(), |condition| format!("{roots} and {condition}"));
        self.graphql(
            LIST,
            &json!({"project": self.project, "spans": spans, "traces": traces}),
            Expect::TraceIdAfter(r#""traceId":""#.into()),
        )
    }

    fn count(&self, client: &Client) -> anyhow::Result<u64> {
        let ask = self.graphql(COUNT, &json!({"project": self.project}), Expect::Text("data".into()));
        let body = client.ask(&ask)?.1;
        let answer: Value = serde_json::from_slice(&body)?;
        // A project is not there before its first span.
        Ok(answer.pointer("/data/getProjectByName/recordCount").and_then(Value::as_u64).unwrap_or(0))
    }
}

impl Adapter for Phoenix {
    fn ask(&self, question: Question, about: &SentTrace) -> Option<Ask> {
        let quoted = |text: &str| format!("'{}'", text.replace('\'', ""));
        let id = Expect::Text(about.trace_id.clone());
        Some(match question {
            Question::List => self.list(None, None),
            // Its traces page filters by the whole trace, its spans page by the span.
            Question::Errors => self.list(None, Some("error_count > 0")),
            Question::Name => self.list(Some(&format!("{} in name", quoted(&about.name))), None),
            Question::Kind => self.list(None, Some("llm_span_count > 0")),
            Question::User => self.list(None, Some(&format!("user.id == {}", quoted(&about.user)))),
            Question::Slower => self.list(None, Some(&format!("latency_ms >= {}", about.duration_ms))),
            Question::Word => self.list(Some(&format!("{} in input.value", quoted(&about.word))), None),
            // Not of roots: the calls themselves, as its spans page lists them.
            Question::Model => {
                let condition = format!("llm.model_name == {}", quoted(&about.model));
                self.graphql(
                    LIST,
                    &json!({"project": self.project, "spans": condition, "traces": null}),
                    Expect::TraceIdAfter(r#""traceId":""#.into()),
                )
            }
            // It keeps nothing of the resource.
            Question::Service => return None,
            Question::Trace | Question::Wide => {
                self.graphql(TRACE, &json!({"project": self.project, "id": about.trace_id}), id)
            }
            Question::TraceJson => Ask {
                url: format!(
                    "{}/v1/projects/{}/spans?trace_id={}&limit=1000",
                    self.url,
                    encode(&self.project),
                    about.trace_id
                ),
                body: None,
                expect: id,
            },
            Question::Session => self.graphql(SESSION, &json!({"id": about.session}), id),
        })
    }

    /// By the count of spans: it answers before it stores, and in no order that it promises.
    fn missing(&self, client: &Client, spans: usize, last: &mut Vec<(String, String)>) -> anyhow::Result<()> {
        if self.count(client)? >= self.before + spans as u64 {
            last.clear();
        }
        Ok(())
    }
}
