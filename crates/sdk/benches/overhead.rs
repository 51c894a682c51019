//! What a span costs beside the same span written with the plain crates, and what sampling costs.
#![allow(
    clippy::unwrap_used,
    missing_docs,
    reason = "a benchmark, which the macros of Criterion make items of"
)]

use std::hint::black_box;

use bennu_sdk::{
    Builder, Hide, Message, TailSampling, agent_span, init_tracing, inject, llm_span, tool_span,
};
use criterion::{Criterion, criterion_group, criterion_main};
use opentelemetry::{
    Context, KeyValue,
    trace::{SpanKind, TraceContextExt, Tracer},
};

const SYSTEM: &str = "You are a helpful assistant that answers in one sentence and never more.";
const QUESTION: &str =
    "Compare Postgres and SQLite for a small Django app's database, with what matters first.";
const ANSWER: &str =
    "SQLite until you have more than one writer; then Postgres, whose upkeep you have to pay for.";

fn spans(criterion: &mut Criterion) {
    // Nobody listens: what does not fit into the queue is dropped at once, here as there.
    let _guard = init_tracing("bench").endpoint("http://127.0.0.1:9").max_queued_spans(1).start().unwrap();
    let tracer = bennu_sdk::tracer();

    let arguments = serde_json::json!({"zone": "UTC"});
    let mut group = criterion.benchmark_group("tool");
    group.bench_function("plain", |bencher| {
        bencher.iter(|| {
            let attributes = vec![
                KeyValue::new("openinference.span.kind", "TOOL"),
                KeyValue::new("tool.name", "now".to_owned()),
                KeyValue::new("input.value", serde_json::to_string(black_box(&arguments)).unwrap()),
                KeyValue::new("input.mime_type", "application/json"),
            ];
            let builder = tracer
                .span_builder(format!("tool.{}", black_box("now")))
                .with_kind(SpanKind::Internal)
                .with_attributes(attributes);
            let parent = Context::current();
            let span = tracer.build_with_context(builder, &parent);
            let context = parent.with_span(span);
            let span = context.span();
            span.set_attribute(KeyValue::new("output.value", "12:00".to_owned()));
            span.set_attribute(KeyValue::new("output.mime_type", "text/plain"));
            span.end();
        });
    });
    group.bench_function("bennu-sdk", |bencher| {
        bencher.iter(|| tool_span(black_box("now"), &arguments).record_output("12:00"));
    });
    group.finish();

    let mut group = criterion.benchmark_group("llm");
    group.bench_function("plain", |bencher| {
        bencher.iter(|| {
            let mut attributes = vec![
                KeyValue::new("openinference.span.kind", "LLM"),
                KeyValue::new("llm.model_name", black_box("gpt-4o").to_owned()),
                KeyValue::new("llm.request.model_name", black_box("gpt-4o").to_owned()),
                KeyValue::new("input.value", QUESTION.to_owned()),
                KeyValue::new("input.mime_type", "text/plain"),
            ];
            for (n, (role, text)) in [("system", SYSTEM), ("user", QUESTION)].into_iter().enumerate() {
                let name = |name: &str| format!("llm.input_messages.{n}.message.{name}");
                attributes.push(KeyValue::new(name("role"), role.to_owned()));
                attributes.push(KeyValue::new(name("content"), text.to_owned()));
            }
            let builder =
                tracer.span_builder("llm.chat").with_kind(SpanKind::Client).with_attributes(attributes);
            let parent = Context::current();
            let span = tracer.build_with_context(builder, &parent);
            let context = parent.with_span(span);
            let span = context.span();
            span.set_attributes([
                KeyValue::new("llm.output_messages.0.message.role", "assistant".to_owned()),
                KeyValue::new("llm.output_messages.0.message.content", ANSWER.to_owned()),
                KeyValue::new("llm.finish_reason", "stop".to_owned()),
                KeyValue::new("output.value", ANSWER.to_owned()),
                KeyValue::new("output.mime_type", "text/plain"),
            ]);
            span.end();
        });
    });
    let messages = [Message::system(SYSTEM), Message::user(QUESTION)];
    let answer = [Message::assistant(ANSWER)];
    group.bench_function("bennu-sdk", |bencher| {
        bencher.iter(|| llm_span(black_box("gpt-4o"), &messages).record_messages(&answer, &["stop"]));
    });
    group.finish();
}

/// A run of an agent: two model calls and two tools. Returns how many spans that is.
fn run(messages: &[Message<'_>], answer: &[Message<'_>], crosses: bool) {
    agent_span("Compare Postgres and SQLite.").in_scope(|| {
        for _ in 0..2 {
            llm_span(black_box("gpt-4o"), messages).record_messages(answer, &["stop"]);
            let tool = tool_span("search_docs", "postgres sqlite");
            if crosses {
                tool.in_scope(|| inject(&mut http::HeaderMap::new()));
            }
            tool.record_output("12 documents");
        }
    });
}

/// The same run of five spans, sampled in different ways. What is sent goes nowhere.
fn sampling(criterion: &mut Criterion) {
    let messages = [Message::system(SYSTEM), Message::user(QUESTION)];
    let answer = [Message::assistant(ANSWER)];
    let mut group = criterion.benchmark_group("agent run of 5 spans");
    let mut bench = |name: &str, crosses: bool, set_up: &dyn Fn(Builder) -> Builder| {
        let builder = init_tracing("bench").endpoint("http://127.0.0.1:9").max_queued_spans(1);
        let guard = set_up(builder).start().unwrap();
        group.bench_function(name, |bencher| bencher.iter(|| run(&messages, &answer, crosses)));
        drop(guard);
    };
    bench("all are sent", false, &|builder| builder);
    bench("head 1 %", false, &|builder| builder.sample_ratio(0.01));
    bench("tail 1 %", false, &|builder| builder.tail_sampling(TailSampling::keep(0.01)));
    bench("all are sent, of several services", true, &|builder| builder);
    bench("tail 1 %, of several services", true, &|builder| builder.tail_sampling(TailSampling::keep(0.01)));
    bench("all are sent, everything hidden", false, &|builder| {
        builder.hide(Hide { inputs: true, outputs: true, ..Hide::default() })
    });
    group.finish();
}

criterion_group!(overhead, spans, sampling);
criterion_main!(overhead);
