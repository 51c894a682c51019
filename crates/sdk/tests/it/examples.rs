//! The examples, run as their readers would, each against a collector.

use std::process::Command;

use crate::collector::{Collector, Sent};

/// Runs an example that is told of the collector by the environment, as Phoenix's users do; returns what arrived.
fn run(example: &str) -> (Collector, String) {
    let collector = Collector::start();
    let test = std::env::current_exe().unwrap();
    let program = test.parent().unwrap().join("../examples").join(example);
    assert!(program.exists(), "cargo builds the examples with all tests: cargo test -p bennu-sdk");
    let output = Command::new(program)
        .env("PHOENIX_COLLECTOR_ENDPOINT", collector.url())
        .env_remove("OTEL_EXPORTER_OTLP_PROTOCOL")
        .output()
        .unwrap();
    assert!(output.status.success(), "{example}: {}", String::from_utf8_lossy(&output.stderr));
    (collector, String::from_utf8(output.stdout).unwrap())
}

/// Name, name of the parent.
fn tree(collector: &Collector) -> Vec<(String, String)> {
    let spans = collector.spans();
    let name = |id: &str| spans.iter().find(|span| span.span_id == id).map_or("", |span| &span.name);
    let mut tree: Vec<_> =
        spans.iter().map(|span| (span.name.clone(), name(&span.parent_id).to_owned())).collect();
    tree.sort();
    tree
}

fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(child, parent)| ((*child).to_owned(), (*parent).to_owned())).collect()
}

fn one_trace(spans: &[Sent]) -> bool {
    spans.iter().all(|span| span.trace_id == spans[0].trace_id)
}

#[test]
fn chat() {
    let (collector, said) = run("chat");
    assert_eq!(said.trim(), r#""It scatters blue light.""#);
    let span = collector.span("llm.chat");
    assert_eq!(span.get("llm.output_messages.0.message.content"), "It scatters blue light.");
    assert_eq!(span.get("llm.token_count.total"), "27");
}

#[test]
fn streaming() {
    let (collector, said) = run("streaming");
    assert_eq!(said.trim(), "It scatters blue light.");
    let span = collector.span("llm.chat");
    assert_eq!(span.get("llm.output_messages.0.message.content"), "It scatters blue light.");
    assert_eq!((span.get("llm.finish_reason"), span.get("llm.token_count.prompt")), ("stop", "21"));
}

#[test]
fn tools() {
    let (collector, _) = run("tools");
    let expected = [
        ("agent.run", ""),
        ("llm.chat", "agent.run"),
        ("llm.chat", "agent.run"),
        ("tool.weather", "agent.run"),
        ("tool.weather", "agent.run"),
    ];
    assert_eq!(tree(&collector), pairs(&expected));
    let errors: Vec<_> = collector.spans().into_iter().filter_map(|span| span.error).collect();
    assert_eq!(errors, ["no such city"]);
}

#[test]
fn rag() {
    let (collector, _) = run("rag");
    let chain = "answer from documents";
    let expected = [
        (chain, ""),
        ("embedding", "retrieval"),
        ("llm.chat", chain),
        ("rerank", chain),
        ("retrieval", chain),
    ];
    assert_eq!(tree(&collector), pairs(&expected));
    assert_eq!(collector.span("rerank").get("reranker.output_documents.0.document.id"), "d7");
}

#[test]
fn axum_server() {
    let (collector, said) = run("axum_server");
    for (path, status) in [("/ask", "200 OK"), ("/fail", "500"), ("/nowhere", "404")] {
        let span = collector.span(&format!("GET {path}"));
        let line = said.lines().find(|line| line.starts_with(path)).unwrap();
        assert!(line.contains(status) && line.contains(&span.trace_id), "{line}");
    }
    assert_eq!(collector.span("llm.chat").get("user.id"), "ada");
}

#[test]
fn tracing_interop() {
    let (collector, _) = run("tracing_interop");
    let expected = [("look_up", ""), ("read the index", "tool.dictionary"), ("tool.dictionary", "look_up")];
    assert_eq!(tree(&collector), pairs(&expected));
}

#[test]
fn two_services() {
    let (collector, _) = run("two_services");
    let expected = [("GET /search", "agent.run"), ("agent.run", ""), ("retrieval", "GET /search")];
    assert_eq!(tree(&collector), pairs(&expected));
    assert!(one_trace(&collector.spans()));
}

#[test]
fn sessions() {
    let (collector, _) = run("sessions");
    let spans = collector.spans();
    assert_eq!(spans.len(), 4);
    assert!(!one_trace(&spans));
    for span in &spans {
        let said = (span.get("session.id"), span.get("user.id"), span.get("tag.tags"), span.get("metadata"));
        assert_eq!(said, ("conversation-17", "ada", "beta", r#"{"plan":"pro"}"#));
    }
    assert!(spans.iter().any(|span| span.get("llm.prompt_template.version") == "v3"));
}

#[test]
fn phoenix() {
    let (collector, said) = run("phoenix");
    assert!(said.contains("exported: 4, lost: 0"), "{said}");
    let span = collector.span("retrieval");
    assert!(said.contains(&span.trace_id));
    assert_eq!(span.resource["openinference.project.name"], "herons");
}

#[test]
fn gen_ai() {
    let (collector, _) = run("gen_ai");
    let span = collector.span("chat claude-sonnet-4-5");
    assert_eq!(span.get("gen_ai.provider.name"), "anthropic");
    assert_eq!(span.get("gen_ai.usage.input_tokens"), "9");
    assert_eq!(collector.span("tool.now").get("gen_ai.operation.name"), "execute_tool");
}

#[test]
fn sampling() {
    let (collector, said) = run("sampling");
    assert!(said.starts_with("kept: 1 failed, 1 slow, 1 flagged, "), "{said}");
    let spans = collector.spans();
    let reasons = |reason: &str| spans.iter().filter(|span| span.get("sampling.reason") == reason).count();
    assert_eq!((reasons("error"), reasons("slow"), reasons("flagged")), (2, 2, 2));
    assert_eq!(spans.len() - 6, reasons("probability"));
}

#[test]
fn privacy() {
    let (collector, _) = run("privacy");
    let span = collector.span("llm.chat");
    assert_eq!(span.get("input.value"), "Write to (address) that it rains.");
    assert_eq!((span.get("output.value"), span.get("llm.token_count.total")), ("__REDACTED__", "18"));
    assert!(!span.attributes.values().any(|value| value.contains("Dear") || value.contains('@')));
}
