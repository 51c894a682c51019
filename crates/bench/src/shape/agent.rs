//! An agent whose every call sends its whole history.

use super::{
    Made,
    draft::Draft,
    writer::{Writer, model},
};
use crate::otlp::{KeyValue, text};

/// One trace of that many calls and the root; the history flattened, or as one JSON text.
pub(super) fn agent(writer: &mut Writer, start_ns: u64, turns: usize, json: bool) -> Made {
    let session = writer.session();
    let mut draft = Draft::new(&mut writer.random, session, start_ns);
    let root = draft.begin(&mut writer.random, &[], draft.app.root, "AGENT");
    let mut history = vec![("system", writer.system.clone())];
    let (mut question, mut answer) = (String::new(), String::new());
    for turn in 0..turns {
        // What tools return is longer than what people ask.
        let said = writer.text(if turn == 0 { 40 } else { 120 });
        if turn == 0 {
            question.clone_from(&said);
        }
        history.push((if turn == 0 { "user" } else { "tool" }, said));
        answer = writer.text(60);
        let span = draft.begin(&mut writer.random, &root.span_id, "llm.chat", "LLM");
        draft.wait(&mut writer.random, 700);
        let mut attributes = model(draft.app).to_vec();
        attributes.push(text("llm.tools.0.tool.json_schema", &writer.tools));
        attributes.extend(if json { as_json(&history, &answer) } else { flattened(&history, &answer) });
        attributes.extend(writer.usage());
        draft.end(&mut writer.random, span, attributes);
        history.push(("assistant", answer.clone()));
    }
    draft.finish(&mut writer.random, root, &question, &answer)
}

fn as_json(history: &[(&str, String)], answer: &str) -> Vec<KeyValue> {
    let items: Vec<String> = history
        .iter()
        .map(|(role, content)| format!(r#"{{"role": "{role}", "content": "{content}"}}"#))
        .collect();
    vec![
        text("llm.input_messages", format!("[{}]", items.join(", "))),
        text("llm.output_messages", format!(r#"[{{"role": "assistant", "content": "{answer}"}}]"#)),
    ]
}

fn flattened(history: &[(&str, String)], answer: &str) -> Vec<KeyValue> {
    let mut attributes = Vec::with_capacity(history.len() * 2 + 2);
    for (n, (role, content)) in history.iter().enumerate() {
        attributes.push(text(format!("llm.input_messages.{n}.message.role"), *role));
        attributes.push(text(format!("llm.input_messages.{n}.message.content"), content));
    }
    attributes.push(text("llm.output_messages.0.message.role", "assistant"));
    attributes.push(text("llm.output_messages.0.message.content", answer));
    attributes
}
