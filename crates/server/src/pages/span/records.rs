//! Log records as a pane shows them: when, how severe, what they say, the rest folded.

use bennu_model::{LogRecord, Value};
use bennu_store::LogPage;

use super::{
    listed::Listed,
    sent::{Pairs, attributes},
};
use crate::pages::{
    content::{self, Mode, Text},
    format,
};

/// Records that a page shows.
pub(in crate::pages) const MAX_RECORDS: usize = 50;

/// Characters of a severity's text: a word.
const MAX_SEVERITY_CHARS: usize = 16;

pub(in crate::pages) struct RecordView {
    /// After the start of what they belong to.
    pub(in crate::pages) at: String,
    pub(in crate::pages) severity: String,
    /// Whether it tells of an error.
    pub(in crate::pages) bad: bool,
    /// The event's name, for those that are events.
    pub(in crate::pages) name: String,
    pub(in crate::pages) preview: String,
    pub(in crate::pages) body: Option<Text>,
    pub(in crate::pages) attributes: Pairs,
}

/// The records of a page that belong here, the first of them.
pub(in crate::pages) fn records(
    page: &LogPage,
    start_ns: u64,
    mode: Mode,
    belongs: impl Fn(&LogRecord) -> bool,
) -> Listed<RecordView> {
    let rows: Vec<_> = page.rows.iter().filter(|row| belongs(&row.record)).collect();
    Listed::new(&rows, MAX_RECORDS, |_, row| {
        let record = &row.record;
        RecordView {
            at: format::duration(record.at_ns().saturating_sub(start_ns)),
            severity: severity(record),
            bad: record.severity >= 17,
            name: named(&record.event_name),
            preview: row.preview.as_deref().map_or_else(|| told(record), named),
            body: body(&record.body, mode),
            attributes: attributes(&record.attributes),
        }
    })
}

/// The beginning of what an event without a body says.
fn told(record: &LogRecord) -> String {
    const SHOWN: usize = 4;
    let pair = |(key, value): &(String, Value)| {
        let text = value.as_text().map_or_else(|| value.to_json().to_string(), str::to_owned);
        format!("{}: {}", key.rsplit('.').next().unwrap_or(key), text.chars().take(60).collect::<String>())
    };
    named(&record.attributes.iter().take(SHOWN).map(pair).collect::<Vec<_>>().join(" · "))
}

/// As names are shown; nothing for an empty one.
fn named(text: &str) -> String {
    if text.is_empty() { String::new() } else { content::name(text) }
}

fn body(value: &Value, mode: Mode) -> Option<Text> {
    match value {
        Value::Empty => None,
        Value::Text(text) => Some(Text::value(text, mode)),
        other => Some(Text::json(&other.to_json())),
    }
}

/// As the sender has it, else OTLP's name for its number.
fn severity(record: &LogRecord) -> String {
    if !record.severity_text.is_empty() {
        let word: String = record.severity_text.chars().take(MAX_SEVERITY_CHARS).collect();
        return content::name(&word);
    }
    let name = match record.severity {
        1..=4 => "trace",
        5..=8 => "debug",
        9..=12 => "info",
        13..=16 => "warn",
        17..=20 => "error",
        21..=24 => "fatal",
        _ => "",
    };
    name.to_owned()
}
