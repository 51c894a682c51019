//! A text of a span by an address of its own: what is too large for a page, and media. The address is the text's hash, so it
//! does not depend on where in the span a dialect put it.

use std::borrow::Cow;

use base64::Engine;
use bennu_model::{Attribute, Detail, Document, Part};
use serde_json::Value as Json;

use super::SpanDetail;
use crate::decode::{answer, question};

/// Media that browsers show without running anything in it. SVG is not among them.
const MEDIA_TYPES: [&str; 14] = [
    "image/png",
    "image/jpeg",
    "image/jpg",
    "image/gif",
    "image/webp",
    "image/avif",
    "audio/wav",
    "audio/x-wav",
    "audio/mpeg",
    "audio/mp3",
    "audio/ogg",
    "audio/webm",
    "audio/flac",
    "audio/aac",
];

/// The address of a text among its span's bodies: 32 hex digits.
pub(crate) fn body_address(text: &str) -> String {
    blake3::hash(text.as_bytes()).to_hex()[..32].to_owned()
}

/// The text at an address, wherever in the span it stands.
pub(crate) fn find_body(found: &SpanDetail, address: &str) -> Option<String> {
    let mut sought = Sought { address, text: None };
    sought.detail(&found.detail);
    let span = &found.stored.span;
    sought.text(&span.status.message);
    sought.attributes(&span.attributes);
    span.events.iter().for_each(|event| sought.attributes(&event.attributes));
    span.links.iter().for_each(|link| sought.attributes(&link.attributes));
    sought.attributes(&span.origin.resource.attributes);
    sought.attributes(&span.origin.scope_attributes);
    sought.text
}

/// A media type and where the content begins, if the text is a data URL of a kind that may be shown.
pub(crate) fn media_type(url: &str) -> Option<(&'static str, &str)> {
    let (kind, content) = url.strip_prefix("data:")?.split_once(',')?;
    let kind = kind.strip_suffix(";base64")?.split(';').next().unwrap_or_default();
    let known = MEDIA_TYPES.iter().find(|known| known.eq_ignore_ascii_case(kind.trim()))?;
    Some((known, content))
}

/// The media in a data URL: its type and its bytes.
pub(crate) fn media(url: &str) -> Option<(&'static str, Vec<u8>)> {
    let (kind, content) = media_type(url)?;
    let content: String = content.chars().filter(|char| !char.is_ascii_whitespace()).collect();
    let engine = base64::engine::GeneralPurpose::new(
        &base64::alphabet::STANDARD,
        base64::engine::GeneralPurposeConfig::new()
            .with_decode_padding_mode(base64::engine::DecodePaddingMode::Indifferent),
    );
    Some((kind, engine.decode(content).ok()?))
}

struct Sought<'a> {
    address: &'a str,
    text: Option<String>,
}

impl Sought<'_> {
    fn text(&mut self, text: &str) {
        if self.text.is_none() && body_address(text) == self.address {
            self.text = Some(text.to_owned());
        }
    }

    /// As pages show JSON: a string is its text, anything else its compact form.
    fn json(&mut self, json: &Json) {
        match json {
            Json::String(text) => self.text(text),
            other => self.text(&other.to_string()),
        }
    }

    fn maybe(&mut self, json: Option<&Json>) {
        if let Some(json) = json {
            self.json(json);
        }
    }

    fn members(&mut self, json: Option<&Json>) {
        self.maybe(json);
        if let Some(Json::Object(members)) = json {
            members.values().for_each(|value| self.json(value));
        }
    }

    fn attributes(&mut self, attributes: &[Attribute]) {
        for (_, value) in attributes {
            match value.as_text() {
                Some(text) => self.text(text),
                None => self.json(&value.to_json()),
            }
        }
    }

    fn documents(&mut self, documents: &[Document]) {
        for document in documents {
            document.text.iter().for_each(|text| self.text(text));
            self.maybe(document.metadata.as_ref());
        }
    }

    fn detail(&mut self, detail: &Detail) {
        // As a session shows them.
        question(detail).iter().chain(&answer(detail)).for_each(|text| self.text(text));
        let parts =
            detail.input_messages.iter().chain(&detail.output_messages).flat_map(|message| &message.parts);
        parts.for_each(|part| self.part(part));
        let texts: [Option<Cow<'_, str>>; 4] = [
            detail.input.as_ref().map(|content| content.value.as_str().into()),
            detail.output.as_ref().map(|content| content.value.as_str().into()),
            detail.query.as_deref().map(Cow::from),
            detail.prompt_template.as_ref().map(|prompt| prompt.template.as_str().into()),
        ];
        texts.iter().flatten().for_each(|text| self.text(text));
        self.documents(&detail.documents);
        self.documents(&detail.input_documents);
        detail
            .embeddings
            .iter()
            .filter_map(|embedding| embedding.text.as_deref())
            .for_each(|text| self.text(text));
        detail.tools.iter().for_each(|tool| self.json(tool));
        self.members(detail.invocation_parameters.as_ref());
        self.members(detail.prompt_template.as_ref().and_then(|prompt| prompt.variables.as_ref()));
        self.maybe(detail.metadata.as_ref());
        if let Some(tool) = &detail.tool {
            self.maybe(tool.arguments.as_ref());
            self.maybe(tool.result.as_ref());
        }
    }

    fn part(&mut self, part: &Part) {
        match part {
            Part::Text { text } | Part::Reasoning { text } => self.text(text),
            Part::ToolCall { arguments, .. } => self.json(arguments),
            Part::ToolResult { result, .. } => self.json(result),
            Part::Image { url } => self.text(url),
            Part::Audio { url, transcript } => url.iter().chain(transcript).for_each(|text| self.text(text)),
            Part::Other { value } => self.json(value),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn media_is_what_its_url_says_and_nothing_that_runs() {
        assert_eq!(media("data:image/png;base64,AA=="), Some(("image/png", vec![0])));
        assert_eq!(media("data:Audio/WAV;codecs=1;base64,AA\n"), Some(("audio/wav", vec![0])));
        for refused in [
            "data:image/svg+xml;base64,AA==",
            "data:text/html;base64,AA==",
            "data:image/png,AA==",
            "https://e.org/a.png",
            "data:image/png;base64,<b>",
            "data:",
            "",
        ] {
            assert_eq!(media(refused), None, "{refused}");
        }
    }
}
