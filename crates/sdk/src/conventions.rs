//! In whose words spans are written.

use serde::Serialize;

/// Names of attributes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Conventions {
    /// OpenInference, flattened as its specification says: what Bennu and Phoenix render.
    #[default]
    OpenInference,
    /// OpenTelemetry's `gen_ai.*`.
    GenAi,
    /// Both. Content is sent twice then; Bennu stores it once.
    Both,
}

impl Conventions {
    pub(crate) fn open_inference(self) -> bool {
        self != Conventions::GenAi
    }

    pub(crate) fn gen_ai(self) -> bool {
        self != Conventions::OpenInference
    }
}

/// A value as JSON text; what does not serialise says why, so that a span is never the reason for a failure.
pub(crate) fn json(value: &(impl Serialize + ?Sized)) -> String {
    serde_json::to_string(value).unwrap_or_else(|error| format!("(not serialisable: {error})"))
}

/// A whole number as attributes have them.
pub(crate) fn int(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
