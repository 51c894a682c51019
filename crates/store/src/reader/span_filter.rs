//! Which spans of a project.

use bennu_model::{Attribute, Kind, SpanId, StatusCode, TraceId, Value as Any};
use rusqlite::types::Value;

/// Which spans. Empty fields do not restrict; several values in one field mean any of them.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct SpanFilter {
    /// Traces.
    pub trace_ids: Vec<TraceId>,
    /// Spans.
    pub span_ids: Vec<SpanId>,
    /// `Some(None)`: roots; `Some(Some(id))`: children of that span.
    pub parent_id: Option<Option<SpanId>>,
    /// Names, exactly.
    pub names: Vec<String>,
    /// Kinds.
    pub kinds: Vec<Kind>,
    /// Statuses.
    pub statuses: Vec<StatusCode>,
    /// Attributes, all of which must match.
    pub attributes: Vec<AttributeFilter>,
    /// Starts at or after, nanoseconds since the Unix epoch.
    pub since_ns: Option<i64>,
    /// Starts before.
    pub until_ns: Option<i64>,
    /// Oldest first.
    pub ascending: bool,
}

/// An attribute that must have a value.
#[derive(Debug, Clone, PartialEq)]
pub struct AttributeFilter {
    /// The attribute's name.
    pub key: String,
    /// The value.
    pub value: Any,
}

impl SpanFilter {
    /// What to select from: tables `span` and `trace`. Ids lead to few spans; in the order of their start all would be read.
    pub(crate) fn tables(&self, params: &mut Vec<Value>) -> String {
        if !self.trace_ids.is_empty() {
            return "trace CROSS JOIN span ON span.trace = trace.id".to_owned();
        }
        if !self.span_ids.is_empty() {
            // No index begins with the span id: it would cost every write. The narrow one that contains it is read instead.
            let places = vec!["?"; self.span_ids.len()].join(", ");
            params.extend(self.span_ids.iter().map(|id| Value::from(id.0.to_vec())));
            return format!(
                "(SELECT id AS chosen FROM span INDEXED BY span_by_id WHERE span_id IN ({places})) \
                 CROSS JOIN span ON span.id = chosen JOIN trace ON trace.id = span.trace"
            );
        }
        "span JOIN trace ON trace.id = span.trace".to_owned()
    }

    /// Appends the conditions on columns to a `WHERE`.
    pub(crate) fn restrict(&self, sql: &mut String, params: &mut Vec<Value>) {
        let mut any_of = |column: &str, values: Vec<Value>| {
            if !values.is_empty() {
                let places = vec!["?"; values.len()].join(", ");
                sql.push_str(&format!(" AND {column} IN ({places})"));
                params.extend(values);
            }
        };
        any_of("span.span_id", self.span_ids.iter().map(|id| id.0.to_vec().into()).collect());
        any_of("trace.trace_id", self.trace_ids.iter().map(|id| id.0.to_vec().into()).collect());
        any_of("name", self.names.iter().map(|name| name.clone().into()).collect());
        any_of("kind", self.kinds.iter().map(|kind| (*kind as i64).into()).collect());
        any_of("status", self.statuses.iter().map(|status| (*status as i64).into()).collect());
        match &self.parent_id {
            Some(None) => sql.push_str(" AND span.parent_id IS NULL"),
            Some(Some(id)) => {
                sql.push_str(" AND span.parent_id = ?");
                params.push(id.0.to_vec().into());
            }
            None => {}
        }
        if let Some(since_ns) = self.since_ns {
            sql.push_str(" AND span.start_ns >= ?");
            params.push(since_ns.into());
        }
        if let Some(until_ns) = self.until_ns {
            sql.push_str(" AND span.start_ns < ?");
            params.push(until_ns.into());
        }
    }

    /// Whether the attributes are as asked; numbers compare as numbers.
    pub(crate) fn attributes_match(&self, attributes: &[Attribute]) -> bool {
        self.attributes.iter().all(|wanted| {
            attributes.iter().any(|(key, value)| {
                *key == wanted.key
                    && (*value == wanted.value
                        || matches!((value, &wanted.value), (Any::Int(a), Any::Double(b)) if *a as f64 == *b)
                        || matches!((value, &wanted.value), (Any::Double(a), Any::Int(b)) if *a == *b as f64))
            })
        })
    }
}
