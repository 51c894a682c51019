//! Content that is left out by its kind. Source: OpenInference's specification, "Trace Configuration" and "Data Masking"; what it says
//! of its own attributes holds for those of `gen_ai`, too.

use bennu_semconv::{gen_ai, openinference};
use opentelemetry::{KeyValue, Value};
use opentelemetry_sdk::trace::SpanData;

use super::{REDACTED, media, messages};

/// What is hidden. Each setting is also a variable, `OPENINFERENCE_HIDE_INPUTS` for [`inputs`](Hide::inputs); what either says is
/// hidden.
///
/// ```
/// # use bennu_sdk::{Hide, init_tracing};
/// let builder = init_tracing("service").hide(Hide { inputs: true, outputs: true, ..Hide::default() });
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Hide {
    /// Inputs of every span: values, messages, arguments, queries, texts to embed, variables of prompts, tools offered.
    pub inputs: bool,
    /// Outputs of every span: values, messages, results, texts of documents.
    pub outputs: bool,
    /// Messages to models.
    pub input_messages: bool,
    /// Messages of models.
    pub output_messages: bool,
    /// Images in messages to models.
    pub input_images: bool,
    /// Texts in messages to models; roles and calls stay, and so does what an agent was given.
    pub input_text: bool,
    /// Texts in messages of models. An agent that passes them on has an output of its own: see `outputs`.
    pub output_text: bool,
    /// Parameters of model calls.
    pub llm_invocation_parameters: bool,
    /// Tools that models are offered.
    pub llm_tools: bool,
    /// Prompts of the completions API.
    pub prompts: bool,
    /// Choices of the completions API.
    pub choices: bool,
    /// Vectors.
    pub embeddings_vectors: bool,
    /// Texts that are embedded.
    pub embeddings_text: bool,
    /// Images and other media in base64 that are longer than so many characters, wherever they are in messages to models and of models.
    /// 32,000 unless told otherwise. What is not in a `data:` URL is known by its alphabet alone, from 512 characters on.
    pub base64_image_max_length: Option<usize>,
}

/// OpenInference's default.
const MAX_IMAGE_CHARS: usize = 32_000;

/// What becomes of an attribute.
enum Act {
    Keep,
    Replace,
    Remove,
    /// It is messages in JSON, of which only a part is hidden.
    Within {
        texts: bool,
        images: bool,
    },
    /// It is a text that may have images in it, or a part in JSON.
    Images,
}

/// Where messages to models are: OpenInference's, `gen_ai`'s, and what older libraries of the latter flatten.
const INPUT_MESSAGES: [&str; 4] =
    [openinference::LLM_INPUT_MESSAGES, gen_ai::INPUT_MESSAGES, gen_ai::SYSTEM_INSTRUCTIONS, PROMPT];
/// Where messages of models are.
const OUTPUT_MESSAGES: [&str; 3] = [openinference::LLM_OUTPUT_MESSAGES, gen_ai::OUTPUT_MESSAGES, COMPLETION];
const PROMPT: &str = "gen_ai.prompt";
const COMPLETION: &str = "gen_ai.completion";

impl Hide {
    pub(super) fn apply(&self, span: &mut SpanData) {
        // Lists show a call's last message as its input and its answer as its output: hidden there, hidden here.
        let says = |lists: &[&str]| {
            let mut keys = span.attributes.iter().map(|attribute| attribute.key.as_str());
            keys.any(|key| is_of(key, lists))
        };
        let images = self.input_images && says(&INPUT_MESSAGES);
        let hidden = Hidden {
            input: self.inputs || ((self.input_messages || self.input_text) && says(&INPUT_MESSAGES)),
            output: self.outputs || ((self.output_messages || self.output_text) && says(&OUTPUT_MESSAGES)),
            images,
            // Few spans have anything that long: only those are looked at more closely.
            long: span.attributes.iter().any(|attribute| self.is_long(&attribute.value))
                && (says(&INPUT_MESSAGES) || says(&OUTPUT_MESSAGES)),
        };
        self.list(&mut span.attributes, &hidden);
        for event in &mut span.events.events {
            self.list(&mut event.attributes, &hidden);
        }
    }

    fn list(&self, attributes: &mut Vec<KeyValue>, hidden: &Hidden) {
        attributes.retain_mut(|attribute| {
            let key = attribute.key.as_str();
            let text = || attribute.value.as_str();
            let instead = match self.act(key, hidden) {
                Act::Keep => None,
                Act::Remove => return false,
                Act::Replace => Some(REDACTED.to_owned()),
                Act::Within { texts, images } => Some(messages::hide(&text(), texts, images)),
                Act::Images => messages::without_images(&text()),
            };
            if let Some(instead) = instead {
                attribute.value = instead.into();
            }
            if self.is_long(&attribute.value)
                && (is_of(key, &INPUT_MESSAGES)
                    || is_of(key, &OUTPUT_MESSAGES)
                    || hidden.long && is_value(key))
                && let Some(instead) = media::without_long(&attribute.value.as_str(), self.max_chars())
            {
                attribute.value = instead.into();
            }
            true
        });
    }

    fn act(&self, key: &str, hidden: &Hidden) -> Act {
        let replace = |hide: bool| if hide { Act::Replace } else { Act::Keep };
        let remove = |hide: bool| if hide { Act::Remove } else { Act::Keep };
        let input_messages = self.inputs || self.input_messages;
        let output_messages = self.outputs || self.output_messages;
        match key {
            openinference::INPUT_VALUE if hidden.images && !hidden.input => Act::Images,
            openinference::INPUT_VALUE => replace(hidden.input),
            openinference::OUTPUT_VALUE => replace(hidden.output),
            openinference::INPUT_MIME_TYPE => remove(hidden.input),
            openinference::OUTPUT_MIME_TYPE => remove(hidden.output),
            openinference::LLM_INVOCATION_PARAMETERS | "embedding.invocation_parameters" => {
                remove(self.llm_invocation_parameters)
            }
            openinference::LLM_PROMPT_TEMPLATE_VARIABLES
            | openinference::RERANKER_QUERY
            | gen_ai::RETRIEVAL_QUERY
            | gen_ai::TOOL_CALL_ARGUMENTS => replace(self.inputs),
            gen_ai::TOOL_CALL_RESULT | gen_ai::RETRIEVAL_DOCUMENTS => replace(self.outputs),
            gen_ai::TOOL_DEFINITIONS => remove(self.inputs || self.llm_tools),
            gen_ai::INPUT_MESSAGES | gen_ai::SYSTEM_INSTRUCTIONS if input_messages => Act::Replace,
            gen_ai::INPUT_MESSAGES | gen_ai::SYSTEM_INSTRUCTIONS if self.input_text || self.input_images => {
                Act::Within { texts: self.input_text, images: self.input_images }
            }
            gen_ai::OUTPUT_MESSAGES if output_messages => Act::Replace,
            gen_ai::OUTPUT_MESSAGES if self.output_text => Act::Within { texts: true, images: false },
            gen_ai::REQUEST_MODEL => Act::Keep,
            _ if key.starts_with(gen_ai::REQUEST_PREFIX) => remove(self.llm_invocation_parameters),
            // The name of a stored prompt.
            "gen_ai.prompt.name" => Act::Keep,
            _ if below(key, openinference::LLM_INPUT_MESSAGES) || below(key, PROMPT) => {
                if input_messages || self.prompts && below(key, PROMPT) {
                    Act::Remove
                } else if self.input_text && is_text(key)
                    || self.input_images && key.ends_with("image.image.url")
                {
                    Act::Replace
                } else if self.input_images && is_text(key) {
                    Act::Images
                } else {
                    Act::Keep
                }
            }
            _ if below(key, openinference::LLM_OUTPUT_MESSAGES) || below(key, COMPLETION) => {
                if output_messages || self.choices && below(key, COMPLETION) {
                    Act::Remove
                } else {
                    replace(self.output_text && is_text(key))
                }
            }
            _ if below(key, openinference::LLM_TOOLS) => remove(self.inputs || self.llm_tools),
            _ if below(key, "llm.prompts") => remove(self.inputs || self.prompts),
            _ if below(key, "llm.choices") => remove(self.outputs || self.choices),
            _ if below(key, "input.images") || below(key, "input.documents") => remove(self.inputs),
            _ if below(key, "output.images") || below(key, "output.documents") => remove(self.outputs),
            _ if below(key, openinference::EMBEDDING_EMBEDDINGS) => match key.rsplit_once('.') {
                Some((_, "vector")) => remove(self.embeddings_vectors),
                Some((_, "text")) => replace(self.inputs || self.embeddings_text),
                _ => Act::Keep,
            },
            _ if below(key, openinference::RETRIEVAL_DOCUMENTS)
                || below(key, openinference::RERANKER_OUTPUT_DOCUMENTS) =>
            {
                replace(self.outputs && is_document(key))
            }
            _ if below(key, openinference::RERANKER_INPUT_DOCUMENTS) => {
                replace(self.inputs && is_document(key))
            }
            _ => Act::Keep,
        }
    }

    fn is_long(&self, value: &Value) -> bool {
        matches!(value, Value::String(text) if text.as_str().len() > self.max_chars())
    }

    fn max_chars(&self) -> usize {
        self.base64_image_max_length.unwrap_or(MAX_IMAGE_CHARS)
    }
}

/// Whether a span's input and output are hidden.
#[derive(Default)]
struct Hidden {
    input: bool,
    output: bool,
    /// Images in its input.
    images: bool,
    /// Long base64 in either.
    long: bool,
}

/// Whether the attribute is the list or one of its members.
fn below(key: &str, list: &str) -> bool {
    key.strip_prefix(list).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

fn is_of(key: &str, lists: &[&str]) -> bool {
    lists.iter().any(|list| below(key, list))
}

fn is_value(key: &str) -> bool {
    [openinference::INPUT_VALUE, openinference::OUTPUT_VALUE].contains(&key)
}

/// Of a message; `gen_ai.prompt.0.content`, or the prompt as one text, among it.
fn is_text(key: &str) -> bool {
    [".content", "message_content.text", PROMPT, COMPLETION].iter().any(|name| key.ends_with(name))
}

fn is_document(key: &str) -> bool {
    key.ends_with("document.content") || key.ends_with("document.metadata")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(hide: &Hide, attributes: &[(&'static str, &'static str)]) -> Vec<String> {
        let mut list: Vec<KeyValue> =
            attributes.iter().map(|(name, value)| KeyValue::new(*name, *value)).collect();
        let hidden = Hidden { input: hide.inputs, output: hide.outputs, ..Hidden::default() };
        hide.list(&mut list, &hidden);
        list.into_iter().map(|attribute| format!("{}={}", attribute.key, attribute.value)).collect()
    }

    #[test]
    fn inputs_and_outputs_are_hidden_and_what_is_none_stays() {
        let all = [
            ("llm.model_name", "m"),
            ("input.value", "secret"),
            ("input.mime_type", "text/plain"),
            ("output.value", "secret"),
            ("llm.input_messages.0.message.content", "secret"),
            ("llm.output_messages.0.message.role", "assistant"),
            ("llm.tools.0.tool.json_schema", "{}"),
            ("gen_ai.input.messages", "[]"),
            ("gen_ai.output.messages", "[]"),
            ("gen_ai.tool.call.arguments", "{}"),
            ("gen_ai.request.temperature", "1"),
            ("retrieval.documents.0.document.id", "d1"),
            ("retrieval.documents.0.document.content", "secret"),
            ("embedding.embeddings.0.embedding.text", "secret"),
            ("embedding.embeddings.0.embedding.vector", "1,2"),
        ];
        let both = Hide { inputs: true, outputs: true, ..Hide::default() };
        let expected = [
            "llm.model_name=m",
            "input.value=__REDACTED__",
            "output.value=__REDACTED__",
            "gen_ai.input.messages=__REDACTED__",
            "gen_ai.output.messages=__REDACTED__",
            "gen_ai.tool.call.arguments=__REDACTED__",
            "gen_ai.request.temperature=1",
            "retrieval.documents.0.document.id=d1",
            "retrieval.documents.0.document.content=__REDACTED__",
            "embedding.embeddings.0.embedding.text=__REDACTED__",
            "embedding.embeddings.0.embedding.vector=1,2",
        ];
        assert_eq!(after(&both, &all), expected);
        assert_eq!(after(&Hide::default(), &all).len(), all.len());
        let few = Hide {
            llm_invocation_parameters: true,
            llm_tools: true,
            embeddings_vectors: true,
            ..Hide::default()
        };
        assert_eq!(after(&few, &all).len(), all.len() - 3);
    }

    #[test]
    fn texts_and_images_within_messages_are_hidden() {
        let all = [
            ("llm.input_messages.0.message.role", "user"),
            ("llm.input_messages.0.message.content", "secret"),
            ("llm.input_messages.1.message.contents.0.message_content.text", "secret"),
            ("llm.input_messages.1.message.contents.1.message_content.image.image.url", "https://a/b.png"),
            ("gen_ai.input.messages", r#"[{"role":"user","parts":[{"type":"text","content":"secret"}]}]"#),
        ];
        let text = Hide { input_text: true, ..Hide::default() };
        let expected = [
            "llm.input_messages.0.message.role=user",
            "llm.input_messages.0.message.content=__REDACTED__",
            "llm.input_messages.1.message.contents.0.message_content.text=__REDACTED__",
            "llm.input_messages.1.message.contents.1.message_content.image.image.url=https://a/b.png",
            r#"gen_ai.input.messages=[{"role":"user","parts":[{"type":"text","content":"__REDACTED__"}]}]"#,
        ];
        assert_eq!(after(&text, &all), expected);
        let images = Hide { input_images: true, ..Hide::default() };
        assert!(after(&images, &all)[3].ends_with("__REDACTED__"));
        let long = [(
            "llm.input_messages.1.message.contents.1.message_content.image.image.url",
            "data:image/png;base64,AAAAAAAA",
        )];
        assert!(after(&Hide::default(), &long)[0].ends_with("AAAA"));
        let short = Hide { base64_image_max_length: Some(10), ..Hide::default() };
        assert!(after(&short, &long)[0].ends_with("__REDACTED__"));
    }

    #[test]
    fn what_older_libraries_flatten_is_content_too() {
        let all = [
            ("gen_ai.prompt", "secret"),
            ("gen_ai.prompt.0.role", "user"),
            ("gen_ai.prompt.0.content", "secret"),
            ("gen_ai.prompt.name", "greeting"),
            ("gen_ai.completion.0.content", "secret"),
            ("gen_ai.completions", "3"),
        ];
        let both = Hide { inputs: true, outputs: true, ..Hide::default() };
        assert_eq!(after(&both, &all), ["gen_ai.prompt.name=greeting", "gen_ai.completions=3"]);
        let texts = Hide { input_text: true, output_text: true, ..Hide::default() };
        assert_eq!(
            after(&texts, &all),
            [
                "gen_ai.prompt=__REDACTED__",
                "gen_ai.prompt.0.role=user",
                "gen_ai.prompt.0.content=__REDACTED__",
                "gen_ai.prompt.name=greeting",
                "gen_ai.completion.0.content=__REDACTED__",
                "gen_ai.completions=3",
            ]
        );
        assert_eq!(after(&Hide::default(), &all).len(), all.len());
    }
}
