//! Traces of 10,000 to 50,000 spans: a batch over many items, each an agent with some steps.

use super::{Made, draft::Draft, writer::Writer};
use crate::otlp::text;

/// Spans of an item, its own included.
const ITEM_SPANS: usize = 20;

/// One wide trace.
pub(super) fn wide(writer: &mut Writer, start_ns: u64) -> Made {
    let session = writer.session();
    let mut draft = Draft::new(&mut writer.random, session, start_ns);
    let root = draft.begin(&mut writer.random, &[], "batch.run", "CHAIN");
    let items = (10_000 + writer.random.below(40_000)) / ITEM_SPANS;
    for at in 0..items {
        let item = draft.begin(&mut writer.random, &root.span_id, "batch.item", "AGENT");
        let input = writer.text(12);
        for step in 1..ITEM_SPANS {
            if step % 3 == 0 {
                tool(writer, &mut draft, &item.span_id);
            } else {
                call(writer, &mut draft, &item.span_id);
            }
        }
        draft.end(
            &mut writer.random,
            item,
            vec![text("input.value", input), text("item.at", at.to_string())],
        );
    }
    let (input, output) = (writer.text(15), writer.text(15));
    draft.finish(&mut writer.random, root, &input, &output)
}

fn call(writer: &mut Writer, draft: &mut Draft, parent: &[u8]) {
    let span = draft.begin(&mut writer.random, parent, "llm.chat", "LLM");
    draft.wait(&mut writer.random, 15);
    let (input, output) = (writer.text(18), writer.text(12));
    let mut attributes = vec![
        text("llm.model_name", draft.app.model),
        text("input.value", input),
        text("output.value", output),
    ];
    attributes.extend(writer.usage());
    draft.end(&mut writer.random, span, attributes);
}

fn tool(writer: &mut Writer, draft: &mut Draft, parent: &[u8]) {
    let name = draft.app.tool;
    let span = draft.begin(&mut writer.random, parent, &format!("tool.{name}"), "TOOL");
    draft.wait(&mut writer.random, 5);
    let attributes = vec![
        text("tool.name", name),
        text("input.value", writer.text(8)),
        text("output.value", writer.text(14)),
    ];
    draft.end(&mut writer.random, span, attributes);
}
