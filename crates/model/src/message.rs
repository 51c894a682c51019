//! What a model was shown and what it returned.

use serde::Serialize;
use serde_json::Value as Json;

/// One message of a conversation.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Message {
    /// `system`, `user`, `assistant`, `tool`, or what the client wrote.
    pub role: String,
    /// The speaker's or tool's name, if given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The parts, in order.
    pub parts: Vec<Part>,
    /// Why the model stopped, on a returned message.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub finish_reason: Option<String>,
}

impl Message {
    /// The text parts joined by blank lines.
    pub fn text(&self) -> String {
        let texts: Vec<&str> = self.parts.iter().filter_map(Part::text).collect();
        texts.join("\n\n")
    }
}

/// A typed part of a message.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Part {
    /// Text.
    Text {
        /// The text.
        text: String,
    },
    /// The model's reasoning, as far as it was shown.
    Reasoning {
        /// The text.
        text: String,
    },
    /// The model asks for a tool.
    ToolCall {
        /// The call's id, which its result repeats.
        #[serde(skip_serializing_if = "Option::is_none")]
        id: Option<String>,
        /// The tool's name.
        name: String,
        /// The arguments; text when they are not JSON.
        arguments: Json,
    },
    /// A tool's answer.
    ToolResult {
        /// The call's id.
        #[serde(skip_serializing_if = "Option::is_none")]
        id: Option<String>,
        /// The result; text when it is not structured.
        result: Json,
    },
    /// An image: a URL, a data URL, or what the client wrote instead.
    Image {
        /// The URL.
        url: String,
    },
    /// Audio.
    Audio {
        /// The URL or data URL, if any.
        #[serde(skip_serializing_if = "Option::is_none")]
        url: Option<String>,
        /// The transcript, if any.
        #[serde(skip_serializing_if = "Option::is_none")]
        transcript: Option<String>,
    },
    /// Anything else, whole.
    Other {
        /// The part as it came.
        value: Json,
    },
}

impl Part {
    /// The text of a text part.
    pub fn text(&self) -> Option<&str> {
        match self {
            Part::Text { text } => Some(text),
            _ => None,
        }
    }
}
