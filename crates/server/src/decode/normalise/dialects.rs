//! The table as a document: `docs/dialects.md`.

use std::fmt::Write;

use super::{convert, field::Field, table};

/// What `docs/dialects.md` holds. A test compares the file with this; `BENNU_WRITE=1 cargo test -p bennu dialects` writes it.
pub fn document() -> String {
    let mut text = String::from(INTRODUCTION);
    let _ = writeln!(text, "## Fields\n");
    for field in Field::ALL {
        let _ = writeln!(
            text,
            "### `{}`\n\n| attribute | dialect | versions | read as |\n|---|---|---|---|",
            field.path()
        );
        for rule in table::rules().filter(|rule| rule.field == *field) {
            let (attribute, dialect, conversion) =
                (rule.attribute, rule.dialect.name(), rule.conversion.name);
            let scope = if rule.scope.is_empty() {
                String::new()
            } else {
                format!(" on spans of `{}…`", rule.scope)
            };
            let _ = writeln!(text, "| `{attribute}`{scope} | {dialect} | {} | {conversion} |", rule.versions);
        }
        text.push('\n');
    }
    let _ = writeln!(text, "## How values are read\n\n| read as | what that means |\n|---|---|");
    for conversion in convert::ALL {
        let _ = writeln!(text, "| {} | {} |", conversion.name, conversion.says);
    }
    text
}

const INTRODUCTION: &str = "\
# Dialects

Written from the table in `crates/server/src/decode/normalise/table`; do not edit it here. `BENNU_WRITE=1 cargo test -p bennu
dialects` writes it anew.

Under each field stand the attributes that can set it. They are tried in this order: the first that holds something sets the
field, and none after it changes it, so alternatives are never added up. `name#/pointer` is a part of a JSON value. An attribute
may come as JSON text, as a structured value, or flattened (`name.0.member`), where its kind of value allows that. `on spans of x…`:
the name is one that anybody may use, so it counts only where the name of the instrumentation scope begins so.

What attributes do not tell is taken, in this order, from

1. events of the span: `gen_ai.client.inference.operation.details` (its attributes are read by this same table), and the
   per-message events `gen_ai.system.message`, `gen_ai.user.message`, `gen_ai.assistant.message`, `gen_ai.tool.message` and
   `gen_ai.choice`; the same events as log records of the span, before it or after it. Messages of events count only where the
   span has none of its own.
2. the provider's whole request and answer, where an instrumentor keeps them as input and output: messages, the answer's id,
   model and usage.
3. what only one kind of span has: a span with messages is an LLM, with documents a RETRIEVER, and so on.

The time to the first token is also the time of the first streaming event (`First Token Stream Event`, `ai.stream.firstChunk`,
`gen_ai.content.completion.chunk`, `llm.content.completion.chunk`).

To teach Bennu an attribute, add a row and a fixture that has it.

";

#[cfg(test)]
mod tests {
    #[test]
    fn the_document_is_the_table() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/dialects.md");
        if std::env::var_os("BENNU_WRITE").is_some() {
            std::fs::write(path, super::document()).unwrap();
        }
        let written = std::fs::read_to_string(path).unwrap_or_default();
        assert!(
            written == super::document(),
            "docs/dialects.md is not what the table says: BENNU_WRITE=1 cargo test -p bennu dialects"
        );
    }
}
