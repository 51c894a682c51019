//! Content that is left out by its kind. Source: OpenInference's specification, "Trace Configuration" and "Data Masking"; what it says
//! of its own attributes holds for those of `gen_ai`, too.

use bennu_semconv::{gen_ai, openinference};
use opentelemetry::{KeyValue, Value};
use opentelemetry_sdk::trace::SpanData;

use super::{REDACTED, messages};

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
    /// Texts in messages to models; roles and calls stay.
    pub input_text: bool,
    /// Texts in messages of models.
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
    /// Images in base64 that are longer than so many characters. 32,000 unless told otherwise.
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
}

impl Hide {
    /// Hides what the variables say, too.
    pub(crate) fn or_variables(mut self, variable: &dyn Fn(&str) -> Option<String>) -> Self {
        let names: [(&mut bool, &[&str]); 13] = [
            (&mut self.inputs, &["HIDE_INPUTS"]),
            (&mut self.outputs, &["HIDE_OUTPUTS"]),
            (&mut self.input_messages, &["HIDE_INPUT_MESSAGES"]),
            (&mut self.output_messages, &["HIDE_OUTPUT_MESSAGES"]),
            (&mut self.input_images, &["HIDE_INPUT_IMAGES"]),
            (&mut self.input_text, &["HIDE_INPUT_TEXT"]),
            (&mut self.output_text, &["HIDE_OUTPUT_TEXT"]),
            (&mut self.llm_invocation_parameters, &["HIDE_LLM_INVOCATION_PARAMETERS"]),
            (&mut self.llm_tools, &["HIDE_LLM_TOOLS"]),
            (&mut self.prompts, &["HIDE_PROMPTS", "HIDE_LLM_PROMPTS"]),
            (&mut self.choices, &["HIDE_CHOICES"]),
            (&mut self.embeddings_vectors, &["HIDE_EMBEDDINGS_VECTORS", "HIDE_EMBEDDING_VECTORS"]),
            (&mut self.embeddings_text, &["HIDE_EMBEDDINGS_TEXT"]),
        ];
        let variable = |name: &str| variable(&format!("OPENINFERENCE_{name}"));
        for (setting, names) in names {
            *setting |= names.iter().filter_map(|name| variable(name)).any(|value| is_yes(&value));
        }
        self.base64_image_max_length =
            self.base64_image_max_length.or_else(|| variable("BASE64_IMAGE_MAX_LENGTH")?.trim().parse().ok());
        self
    }

    pub(super) fn apply(&self, span: &mut SpanData) {
        // Lists show a call's last message as its input and its answer as its output: hidden there, hidden here.
        let says =
            |list: &str| span.attributes.iter().any(|attribute| attribute.key.as_str().starts_with(list));
        let hidden = Hidden {
            input: self.inputs
                || ((self.input_messages || self.input_text) && says(openinference::LLM_INPUT_MESSAGES)),
            output: self.outputs
                || ((self.output_messages || self.output_text) && says(openinference::LLM_OUTPUT_MESSAGES)),
        };
        self.list(&mut span.attributes, &hidden);
        for event in &mut span.events.events {
            self.list(&mut event.attributes, &hidden);
        }
    }

    fn list(&self, attributes: &mut Vec<KeyValue>, hidden: &Hidden) {
        attributes.retain_mut(|attribute| {
            match self.act(attribute.key.as_str(), &attribute.value, hidden) {
                Act::Keep => {}
                Act::Remove => return false,
                Act::Replace => attribute.value = REDACTED.into(),
                Act::Within { texts, images } => {
                    attribute.value = messages::hide(&attribute.value.as_str(), texts, images).into();
                }
            }
            true
        });
    }

    fn act(&self, key: &str, value: &Value, hidden: &Hidden) -> Act {
        let replace = |hide: bool| if hide { Act::Replace } else { Act::Keep };
        let remove = |hide: bool| if hide { Act::Remove } else { Act::Keep };
        let input_messages = self.inputs || self.input_messages;
        let output_messages = self.outputs || self.output_messages;
        match key {
            openinference::INPUT_VALUE => replace(hidden.input),
            openinference::OUTPUT_VALUE => replace(hidden.output),
            openinference::INPUT_MIME_TYPE => remove(hidden.input),
            openinference::OUTPUT_MIME_TYPE => remove(hidden.output),
            openinference::LLM_INVOCATION_PARAMETERS => remove(self.llm_invocation_parameters),
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
            _ if below(key, openinference::LLM_INPUT_MESSAGES) => {
                if input_messages {
                    return Act::Remove;
                }
                let is_image = key.ends_with("image.image.url");
                let too_long = is_image && self.is_too_long(&value.as_str());
                replace(self.input_text && is_text(key) || is_image && self.input_images || too_long)
            }
            _ if below(key, openinference::LLM_OUTPUT_MESSAGES) => {
                if output_messages {
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

    fn is_too_long(&self, url: &str) -> bool {
        let max = self.base64_image_max_length.unwrap_or(MAX_IMAGE_CHARS);
        url.len() > max && url.starts_with("data:image/") && url.contains("base64")
    }
}

/// Whether a span's input and output are hidden.
struct Hidden {
    input: bool,
    output: bool,
}

fn is_yes(value: &str) -> bool {
    matches!(value.trim().to_ascii_lowercase().as_str(), "true" | "1" | "yes" | "on")
}

/// Whether the attribute is the list or one of its members.
fn below(key: &str, list: &str) -> bool {
    key.strip_prefix(list).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

fn is_text(key: &str) -> bool {
    ["message.content", "message_content.text", "document.content"].iter().any(|name| key.ends_with(name))
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
        hide.list(&mut list, &Hidden { input: hide.inputs, output: hide.outputs });
        list.into_iter().map(|attribute| format!("{}={}", attribute.key, attribute.value)).collect()
    }

    #[test]
    fn the_variables_say_what_is_hidden() {
        let given = |name: &str| match name {
            "OPENINFERENCE_HIDE_INPUTS" => Some("TRUE".to_owned()),
            "OPENINFERENCE_HIDE_OUTPUTS" => Some("false".to_owned()),
            "OPENINFERENCE_HIDE_EMBEDDING_VECTORS" => Some("1".to_owned()),
            "OPENINFERENCE_BASE64_IMAGE_MAX_LENGTH" => Some("10".to_owned()),
            _ => None,
        };
        let code = Hide { choices: true, ..Hide::default() };
        let expected = Hide {
            inputs: true,
            choices: true,
            embeddings_vectors: true,
            base64_image_max_length: Some(10),
            ..Hide::default()
        };
        assert_eq!(code.or_variables(&given), expected);
        assert_eq!(Hide::default().or_variables(&|_| Some("perhaps".to_owned())), Hide::default());
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
}
