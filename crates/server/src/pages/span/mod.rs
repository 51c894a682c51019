//! One span whole: what a model was shown and returned, what ran, what was retrieved, what went wrong, and everything as it
//! was sent.

mod document;
mod facts;
mod listed;
mod message;
mod part;
pub(super) mod records;
mod sampled;
mod sent;

use bennu_model::{Detail, Kind, SpanId, StatusCode, Tokens};
use bennu_store::{LogPage, Trace};
use serde_json::Value as Json;

use super::{
    content::{self, Mode, Terms, Text, placeholders},
    encode::{encode, trace_link},
    format::{self, Moment},
    trace::{
        row::{kind_class, kind_word},
        span_link,
    },
};
use crate::query::{Context, SpanDetail};
use document::{DocumentView, Moved, documents, reranked};
use facts::{Exception, SourceView, exceptions, facts, notes, sources, usage_note};
pub(super) use listed::Listed;
use message::{Conversation, conversation};
use records::{RecordView, records};
use sent::{EventView, LinkView, Pairs, attributes, events, links, origin, unknown};

/// Tools offered and texts embedded that a page shows.
const MAX_SHOWN: usize = 40;

/// Where a span stands, and how it is to be shown.
pub(super) struct Place<'a> {
    pub(super) span_id: SpanId,
    pub(super) trace: &'a Trace,
    /// What the spans under it own.
    pub(super) below: Tokens,
    /// Time in which no child of it worked.
    pub(super) self_ns: u64,
    /// The part of the page's state that links keep.
    pub(super) rows_state: String,
    /// The link that lets its time fill the axis.
    pub(super) zoom_link: String,
    /// Messages that the call before was shown already are shown too.
    pub(super) whole_history: bool,
    pub(super) mode: Mode,
    /// Whether spans of the trace that have not ended are taken for running.
    pub(super) live: bool,
    /// Its log records.
    pub(super) logs: &'a LogPage,
}

impl Place<'_> {
    /// The link to another span of the trace.
    fn link(&self, span_id: SpanId) -> String {
        span_link(span_id, &self.rows_state)
    }

    /// The link to the span itself.
    fn link_here(&self) -> String {
        self.link(self.span_id)
    }

    /// How long it has been running; its row lasts until now.
    fn so_far_ns(&self) -> u64 {
        let row = self.trace.spans.iter().find(|span| span.span_id == self.span_id);
        row.map_or(0, |row| row.end_ns.saturating_sub(row.start_ns).max(0).unsigned_abs())
    }

    /// The name of another span of the trace.
    fn name(&self, span_id: SpanId) -> String {
        let found = self.trace.spans.iter().find(|span| span.span_id == span_id);
        content::name(found.map_or("", |span| &span.name))
    }
}

/// What the template shows of a span.
pub(super) struct SpanView {
    pub(super) span_id: SpanId,
    pub(super) name: String,
    pub(super) kind: &'static str,
    pub(super) kind_class: String,
    pub(super) model: String,
    pub(super) provider: String,
    pub(super) duration: String,
    /// Time of its own, where spans below it account for the rest.
    pub(super) self_time: String,
    pub(super) when: Moment,
    pub(super) starts_at: String,
    pub(super) usage: String,
    /// What of the usage is counted elsewhere, or belongs to nobody.
    pub(super) usage_note: String,
    pub(super) cost: String,
    pub(super) failed: bool,
    pub(super) status: &'static str,
    pub(super) status_message: Option<Text>,
    pub(super) exceptions: Listed<Exception>,
    pub(super) conversation: Option<Conversation>,
    /// What is missing, and why: it has not ended, or was sent without any content.
    pub(super) missing: &'static str,
    pub(super) input: Option<Text>,
    pub(super) output: Option<Text>,
    pub(super) tool: Option<ToolView>,
    /// The call that asked for this tool.
    pub(super) asked_by: Option<SpanLink>,
    pub(super) query: Option<Text>,
    pub(super) documents: Listed<DocumentView>,
    pub(super) input_documents: Listed<DocumentView>,
    /// A reranker's documents, before and after.
    pub(super) reranked: Listed<Moved>,
    pub(super) embeddings: Listed<EmbeddingView>,
    pub(super) tools: Listed<Offered>,
    pub(super) parameters: Pairs,
    pub(super) template: Option<TemplateView>,
    pub(super) facts: Vec<(&'static str, String)>,
    /// Where each field came from.
    pub(super) sources: Listed<SourceView>,
    pub(super) metadata: Option<Text>,
    pub(super) events: Listed<EventView>,
    /// Log records that were written in it.
    pub(super) records: Listed<RecordView>,
    pub(super) links: Listed<LinkView>,
    /// Attributes that nothing above is made from.
    pub(super) unknown: Pairs,
    pub(super) attributes: Pairs,
    pub(super) origin: Pairs,
    pub(super) notes: Vec<String>,
    pub(super) openai_link: String,
    pub(super) curl_link: String,
    /// Where its bodies are.
    pub(super) bodies: String,
    /// The switch of how texts are shown: the other way's name, what it says, its link.
    pub(super) text_switch: TextSwitch,
    /// The link that lets its time fill the axis; empty where it nearly does.
    pub(super) zoom_link: String,
}

pub(super) struct TextSwitch {
    pub(super) says: &'static str,
    pub(super) link: String,
}

/// A link to another span of the trace.
pub(super) struct SpanLink {
    pub(super) name: String,
    pub(super) link: String,
}

pub(super) struct ToolView {
    pub(super) name: String,
    pub(super) description: String,
    pub(super) call_id: String,
    pub(super) arguments: Option<Text>,
    pub(super) result: Option<Text>,
}

pub(super) struct EmbeddingView {
    pub(super) text: Text,
    pub(super) dimensions: String,
}

pub(super) struct Offered {
    pub(super) name: String,
    pub(super) description: String,
    pub(super) schema: Text,
}

pub(super) struct TemplateView {
    pub(super) template: Text,
    pub(super) version: String,
    pub(super) variables: Pairs,
}

impl SpanView {
    pub(super) fn new(found: &SpanDetail, context: &Context, place: &Place<'_>) -> SpanView {
        let (span, row, detail) = (&found.stored.span, &found.stored.row, &found.detail);
        let is_call = detail.kind == Kind::Llm || !detail.input_messages.is_empty();
        let project = &place.trace.row.project;
        let project_query = format!("?project={}", encode(project));
        let api = format!("/v1/traces/{}/spans/{}", span.trace_id, span.span_id);
        let has_messages = !detail.input_messages.is_empty() || !detail.output_messages.is_empty();
        let is_tool = detail.tool.is_some();
        let shown = |content: &Option<bennu_model::Content>| {
            content.as_ref().filter(|_| !is_tool).map(|content| Text::value(&content.value, place.mode))
        };
        let terms = Terms::of(sought(detail));
        let reranked = reranked(&detail.input_documents, &detail.documents, &terms);
        let (other_mode, says) = place.mode.other();
        SpanView {
            span_id: span.span_id,
            name: content::name(&span.name),
            kind: kind_word(detail.kind),
            kind_class: kind_class(detail.kind),
            model: detail.model().map(content::name).unwrap_or_default(),
            provider: detail.provider.as_deref().map(content::name).unwrap_or_default(),
            duration: match (row.running, place.live) {
                (false, _) => format::duration(span.duration_ns()),
                (true, true) => format!("running for {}", format::duration(place.so_far_ns())),
                (true, false) => "no end".into(),
            },
            self_time: Some(place.self_ns)
                .filter(|own| !row.running && *own < span.duration_ns())
                .map(format::duration)
                .unwrap_or_default(),
            when: format::moment(row.start_ns),
            starts_at: format::duration(
                row.start_ns.saturating_sub(place.trace.row.start_ns).max(0).unsigned_abs(),
            ),
            usage: if detail.usage.is_unknown() { String::new() } else { format::usage(&detail.usage) },
            usage_note: usage_note(detail, &row.usage_owned, place.below),
            cost: detail.cost.total_usd.map(|usd| format!("${usd:.6}")).unwrap_or_default(),
            failed: row.status == StatusCode::Error,
            status: row.status.as_str(),
            status_message: Some(&span.status.message)
                .filter(|text| !text.is_empty())
                .map(|text| Text::prose(text)),
            exceptions: exceptions(found),
            conversation: has_messages.then(|| conversation(detail, context, place)),
            missing: missing(row.running, place.live, detail),
            // With messages the whole payload is one fold away, under the raw attributes.
            input: if has_messages { None } else { shown(&detail.input) },
            output: if has_messages && !detail.output_messages.is_empty() {
                None
            } else {
                shown(&detail.output)
            },
            tool: detail.tool.as_ref().map(|tool| ToolView {
                name: tool.name.as_deref().map(content::name).unwrap_or_default(),
                description: tool.description.as_deref().map(content::name).unwrap_or_default(),
                call_id: tool.call_id.as_deref().map(content::name).unwrap_or_default(),
                arguments: tool.arguments.as_ref().map(Text::json),
                result: tool.result.as_ref().map(Text::json),
            }),
            asked_by: context
                .asked_by
                .map(|asked| SpanLink { name: place.name(asked), link: place.link(asked) }),
            query: detail.query.as_deref().filter(|_| detail.input.is_none()).map(Text::prose),
            documents: if reranked.is_empty() {
                documents(&detail.documents, &terms, &context.uses)
            } else {
                Listed::default()
            },
            input_documents: if reranked.is_empty() {
                documents(&detail.input_documents, &terms, &[])
            } else {
                Listed::default()
            },
            reranked,
            embeddings: Listed::new(&detail.embeddings, MAX_SHOWN, |_, embedding| EmbeddingView {
                text: Text::prose(embedding.text.as_deref().unwrap_or("(text not recorded)")),
                dimensions: format::count(embedding.dimensions as u64),
            }),
            tools: Listed::new(&detail.tools, MAX_SHOWN, |_, tool| offered(tool)),
            parameters: members(detail.invocation_parameters.as_ref()),
            template: detail.prompt_template.as_ref().map(template),
            facts: facts(found),
            sources: sources(&found.facts),
            metadata: detail.metadata.as_ref().map(Text::json),
            events: events(span),
            records: records(place.logs, span.start_ns, place.mode, |_| true).of(place.logs.total),
            links: links(span),
            unknown: unknown(span),
            attributes: attributes(&span.attributes),
            origin: origin(span),
            notes: notes(found),
            openai_link: if is_call { format!("{api}/openai{project_query}") } else { String::new() },
            curl_link: if is_call { format!("{api}/curl{project_query}") } else { String::new() },
            bodies: format!("{}/spans/{}/body/", trace_link(project, span.trace_id), span.span_id),
            zoom_link: if span.duration_ns() < place.trace.row.duration_ns() / 10 * 9 {
                place.zoom_link.clone()
            } else {
                String::new()
            },
            text_switch: TextSwitch { says, link: format!("{}&text={other_mode}", place.link_here()) },
        }
    }
}

fn missing(running: bool, live: bool, detail: &Detail) -> &'static str {
    match () {
        () if running && live => "It has not ended: what it returned comes when it ends.",
        () if running => {
            "It was announced, and its end never came: its process may have ended first, or its exporter lost it."
        }
        () if is_bare(detail) => {
            "This span was sent without content: no messages, input or output. Libraries have a setting for it; the attributes \
             below are all there is."
        }
        () => "",
    }
}

fn is_bare(detail: &Detail) -> bool {
    let Detail { input_messages, output_messages, input, output, tool, query, documents, embeddings, .. } =
        detail;
    input_messages.is_empty()
        && output_messages.is_empty()
        && documents.is_empty()
        && embeddings.is_empty()
        && (input.is_none() && output.is_none() && tool.is_none() && query.is_none())
}

/// What a retrieval or a reranking looked for.
fn sought(detail: &Detail) -> &str {
    if !matches!(detail.kind, Kind::Retriever | Kind::Reranker) && detail.query.is_none() {
        return "";
    }
    let input = || detail.input.as_ref().map(|content| content.value.as_str());
    detail.query.as_deref().or_else(input).unwrap_or_default()
}

fn template(prompt: &bennu_model::PromptTemplate) -> TemplateView {
    let names: Vec<String> = match &prompt.variables {
        Some(Json::Object(variables)) => variables.keys().cloned().collect(),
        _ => Vec::new(),
    };
    TemplateView {
        template: Text::marked(&prompt.template, &placeholders(&prompt.template, &names)),
        version: prompt.version.clone().unwrap_or_default(),
        variables: members(prompt.variables.as_ref()),
    }
}

fn offered(tool: &Json) -> Offered {
    let function = tool.get("function").unwrap_or(tool);
    let text = |name: &str| function.get(name).and_then(Json::as_str).map(content::name).unwrap_or_default();
    Offered { name: text("name"), description: text("description"), schema: Text::json(tool) }
}

fn members(json: Option<&Json>) -> Pairs {
    match json {
        None => Pairs::default(),
        Some(Json::Object(members)) => {
            let members: Vec<(&String, &Json)> = members.iter().collect();
            Listed::new(&members, MAX_SHOWN, |_, (name, value)| (content::name(name), Text::json(value)))
        }
        Some(other) => Listed::new(&[other], 1, |_, other| ("value".into(), Text::json(other))),
    }
}
