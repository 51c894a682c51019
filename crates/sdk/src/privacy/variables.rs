//! What the environment says is hidden.

use super::Hide;

impl Hide {
    /// Hides what the variables say, too.
    pub(crate) fn or_variables(mut self, variable: impl Fn(&str) -> Option<String>) -> Self {
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
}

fn is_yes(value: &str) -> bool {
    matches!(value.trim().to_ascii_lowercase().as_str(), "true" | "1" | "yes" | "on")
}

#[cfg(test)]
mod tests {
    use super::*;

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
        assert_eq!(code.or_variables(given), expected);
        assert_eq!(Hide::default().or_variables(|_| Some("perhaps".to_owned())), Hide::default());
    }
}
