//! The whole chain: bytes to spans, spans to what they mean, that to the columns of lists.
//!
//! The first byte chooses: protobuf, JSON, or a span whose attributes are made of the input, so that texts reach the readers of
//! messages, documents and tools without a valid request around them.
#![no_main]

use bennu::decode::{Encoding, Signal, answer, decode_all, normalise, question, summarise};
use bennu_model::{Span, Value};
use bennu_semconv::{gen_ai, openinference as oi};
use libfuzzer_sys::fuzz_target;

/// Attributes whose text, or whose names' endings, are read.
const KEYS: [&str; 24] = [
    gen_ai::INPUT_MESSAGES,
    gen_ai::OUTPUT_MESSAGES,
    gen_ai::SYSTEM_INSTRUCTIONS,
    gen_ai::TOOL_DEFINITIONS,
    gen_ai::TOOL_CALL_ARGUMENTS,
    gen_ai::TOOL_CALL_RESULT,
    gen_ai::RETRIEVAL_DOCUMENTS,
    gen_ai::OPERATION_NAME,
    gen_ai::RESPONSE_FINISH_REASONS,
    gen_ai::USAGE_INPUT_TOKENS,
    oi::LLM_INPUT_MESSAGES,
    oi::LLM_OUTPUT_MESSAGES,
    oi::LLM_PROMPTS,
    oi::LLM_CHOICES,
    oi::LLM_TOOLS,
    oi::LLM_INVOCATION_PARAMETERS,
    oi::LLM_PROMPT_TEMPLATE_VARIABLES,
    oi::RETRIEVAL_DOCUMENTS,
    oi::EMBEDDING_EMBEDDINGS,
    oi::SPAN_KIND,
    oi::TAG_TAGS,
    oi::METADATA,
    oi::INPUT_VALUE,
    oi::OUTPUT_VALUE,
];

fuzz_target!(|data: &[u8]| {
    let Some((mode, rest)) = data.split_first() else { return };
    let encoding = match mode {
        0 => Encoding::Protobuf,
        1 => Encoding::Json,
        _ => return read(&of_attributes(rest)),
    };
    if let Ok(batch) = decode_all(Signal::Traces, encoding, rest.to_vec().into()) {
        batch.resources.iter().flat_map(|items| &items.spans).for_each(read);
    }
});

/// Attributes end at 0xff. The first byte of each is the name; of the large ones, the name goes on to the first `=`.
fn of_attributes(data: &[u8]) -> Span {
    let attributes = data.split(|byte| *byte == 0xff).filter_map(|piece| {
        let (key, rest) = piece.split_first()?;
        let text = String::from_utf8_lossy(rest).into_owned();
        let name = KEYS[usize::from(*key) % KEYS.len()];
        Some(match text.split_once('=').filter(|_| *key >= 0x80) {
            Some((ending, value)) => (format!("{name}.{ending}"), Value::Text(value.to_owned())),
            None => (name.to_owned(), Value::Text(text)),
        })
    });
    Span { attributes: attributes.collect(), ..Span::default() }
}

fn read(span: &Span) {
    let detail = normalise(span);
    summarise(span, &detail);
    question(&detail);
    answer(&detail);
}
