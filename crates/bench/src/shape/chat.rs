//! An agent over two model calls, a tool and a retrieval.

use super::{Made, draft::Draft, writer::Writer};
use crate::otlp::text;

/// One trace of 5 spans. `outlier`: what is read by the first call beside the question, for `huge`.
pub(super) fn chat(writer: &mut Writer, start_ns: u64, outlier: Option<&str>) -> Made {
    let session = writer.session();
    let mut draft = Draft::new(&mut writer.random, session, start_ns);
    let (question, answer) = (writer.text(26), writer.text(90));
    let root = draft.begin(&mut writer.random, &[], draft.app.root, "AGENT");
    call(writer, &mut draft, &root.span_id, &question, None, outlier);

    let query = writer.text(8);
    let tool_name = draft.app.tool;
    let tool = draft.begin(&mut writer.random, &root.span_id, &format!("tool.{tool_name}"), "TOOL");
    let retrieval = draft.begin(&mut writer.random, &tool.span_id, "retrieval", "RETRIEVER");
    draft.wait(&mut writer.random, 40);
    let mut documents = vec![text("input.value", &query)];
    for n in 0..5 {
        let (id, content) = (writer.random.below(2_000), writer.text(58));
        documents.push(text(format!("retrieval.documents.{n}.document.id"), format!("doc-{id}")));
        documents.push(text(format!("retrieval.documents.{n}.document.content"), content));
    }
    draft.end(&mut writer.random, retrieval, documents);
    let arguments = format!(r#"{{"query": "{query}"}}"#);
    draft.end(&mut writer.random, tool, vec![text("tool.name", tool_name), text("input.value", arguments)]);

    call(writer, &mut draft, &root.span_id, &question, Some(&answer), None);
    draft.finish(&mut writer.random, root, &question, &answer)
}

fn call(
    writer: &mut Writer,
    draft: &mut Draft,
    parent: &[u8],
    question: &str,
    answer: Option<&str>,
    outlier: Option<&str>,
) {
    let span = draft.begin(&mut writer.random, parent, "llm.chat", "LLM");
    draft.wait(&mut writer.random, 900);
    let answer = answer.map_or_else(|| writer.text(45), str::to_owned);
    let context = outlier.map_or_else(|| writer.text(110), str::to_owned);
    let mut attributes = writer.call(draft.app, &format!("{context} {question}"), &answer);
    attributes.push(text("llm.tools.0.tool.json_schema", &writer.tools));
    attributes.extend(writer.usage());
    draft.end(&mut writer.random, span, attributes);
}
