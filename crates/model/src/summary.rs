//! The columns of a span: what lists, filters and totals need of its meaning.

use crate::{Kind, StatusCode, Usage};

/// Derived from a span once, when it is written.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Summary {
    /// What it does.
    pub kind: Kind,
    /// How it ended: what the span says, or an error where only an event or `error.type` tells of one.
    pub status: StatusCode,
    /// Whether the client only said so far that it began.
    pub running: bool,
    /// The model to show.
    pub model: Option<String>,
    /// Who served it.
    pub provider: Option<String>,
    /// The provider's id of the answer.
    pub response_id: Option<String>,
    /// Tokens reported.
    pub usage: Usage,
    /// Whether the usage repeats, by its dialect's definition, what other spans report: it is shown and never owned.
    pub aggregated: bool,
    /// Session.
    pub session_id: Option<String>,
    /// User.
    pub user_id: Option<String>,
    /// The resource's `service.name`.
    pub service: Option<String>,
    /// The beginning of what went in, one line.
    pub input_preview: Option<String>,
    /// The beginning of what came out, one line.
    pub output_preview: Option<String>,
    /// The one figure or name a list shows beside the span: a tool's name, how many documents came back, an exception.
    pub note: Option<String>,
    /// Whether the span itself holds messages; of two spans that describe one call, the fuller one owns its tokens.
    pub has_messages: bool,
}
