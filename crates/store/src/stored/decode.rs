//! From a record back to the span. Bodies come through a [`Contents`], which fetches them.

use std::sync::Arc;

use bennu_model::{Attribute, Event, Link, LogRecord, Origin, Resource, SpanId, TraceId, Value};
use prost::Message;

use super::{block::Content, flat, format, refs::Ref};
use crate::{Error, Result};

/// Where bodies and lists are fetched from.
pub(crate) trait Contents {
    /// The unpacked content of a body.
    fn body(&mut self, id: i64) -> Result<Content>;
    /// The bodies of the list that ends at a node, first to last.
    fn list(&mut self, node: i64) -> Result<Vec<i64>>;
    /// The origin of these two bodies (see [`decode_origin`]), shared by all that have it.
    fn origin(&mut self, resource: i64, scope: i64) -> Result<Arc<Origin>>;
}

/// What a record adds to the columns of a span.
#[derive(Debug)]
pub(crate) struct Decoded {
    pub(crate) record: format::Record,
    pub(crate) attributes: Vec<Attribute>,
    pub(crate) events: Vec<Event>,
    pub(crate) links: Vec<Link>,
    pub(crate) origin: Arc<Origin>,
}

/// Reads an unpacked record.
pub(crate) fn decode(data: &[u8], refs: &[Ref], contents: &mut dyn Contents) -> Result<Decoded> {
    let mut record = format::Record::decode(data).map_err(|_| Error::Damaged("record"))?;
    let mut decoder = Decoder { refs, contents };
    let attributes = decoder.attributes(std::mem::take(&mut record.attributes))?;
    let events = std::mem::take(&mut record.events)
        .into_iter()
        .map(|event| {
            Ok(Event {
                time_ns: event.time_ns,
                name: event.name,
                attributes: decoder.attributes(event.attributes)?,
                dropped_attributes: event.dropped_attributes,
            })
        })
        .collect::<Result<_>>()?;
    let links = std::mem::take(&mut record.links)
        .into_iter()
        .map(|link| {
            Ok(Link {
                trace_id: TraceId::from_slice(&link.trace_id).unwrap_or_default(),
                span_id: SpanId::from_slice(&link.span_id).unwrap_or_default(),
                trace_state: link.trace_state,
                flags: link.flags,
                attributes: decoder.attributes(link.attributes)?,
                dropped_attributes: link.dropped_attributes,
            })
        })
        .collect::<Result<_>>()?;
    let origin = decoder.origin(record.resource, record.scope)?;
    Ok(Decoded { record, attributes, events, links, origin })
}

/// Reads an unpacked log record of this span.
pub(crate) fn decode_log(
    data: &[u8],
    trace_id: TraceId,
    span_id: Option<SpanId>,
    refs: &[Ref],
    contents: &mut dyn Contents,
) -> Result<LogRecord> {
    let log = format::Log::decode(data).map_err(|_| Error::Damaged("log record"))?;
    let mut decoder = Decoder { refs, contents };
    Ok(LogRecord {
        trace_id,
        span_id,
        time_ns: log.time_ns,
        observed_ns: log.observed_ns,
        severity: log.severity,
        severity_text: log.severity_text,
        event_name: log.event_name,
        body: decoder.value(log.body.unwrap_or_default())?,
        attributes: decoder.attributes(log.attributes)?,
        dropped_attributes: log.dropped_attributes,
        flags: log.flags,
        repaired: log.repaired,
        origin: decoder.origin(log.resource, log.scope)?,
    })
}

struct Decoder<'a> {
    refs: &'a [Ref],
    contents: &'a mut dyn Contents,
}

impl Decoder<'_> {
    fn body(&mut self, reference: u32) -> Result<Content> {
        match self.refs.get(reference as usize) {
            Some(Ref::Body(id)) => self.contents.body(*id),
            _ => Err(Error::Damaged("reference to a body")),
        }
    }

    fn list(&mut self, reference: u32) -> Result<Vec<Content>> {
        match self.refs.get(reference as usize) {
            Some(Ref::Empty) => Ok(Vec::new()),
            Some(Ref::List(node)) => {
                let ids = self.contents.list(*node)?;
                ids.into_iter().map(|id| self.contents.body(id)).collect()
            }
            _ => Err(Error::Damaged("reference to a list")),
        }
    }

    fn attributes(&mut self, items: Vec<format::Item>) -> Result<Vec<Attribute>> {
        let mut attributes = Vec::with_capacity(items.len());
        for item in items {
            match item.flat {
                None => attributes.push((item.key, self.value(item.value.unwrap_or_default())?)),
                Some(flat) => self.flat(&item.key, &flat, &mut attributes)?,
            }
        }
        Ok(attributes)
    }

    fn flat(&mut self, prefix: &str, flat: &format::Flat, attributes: &mut Vec<Attribute>) -> Result<()> {
        for (position, content) in self.list(flat.list)?.into_iter().enumerate() {
            let index = flat.indexes.get(position).copied().unwrap_or(position as u32);
            let group = format::Group::decode(&*content).map_err(|_| Error::Damaged("list element"))?;
            for item in group.items {
                let value = self.value(item.value.unwrap_or_default())?;
                attributes.push((flat::join(prefix, index, &item.key), value));
            }
        }
        Ok(())
    }

    fn value(&mut self, value: format::Value) -> Result<Value> {
        use format::Kind;
        Ok(match value.kind {
            None => Value::Empty,
            Some(Kind::Text(text)) => Value::Text(text),
            Some(Kind::Bool(bool)) => Value::Bool(bool),
            Some(Kind::Int(int)) => Value::Int(int),
            Some(Kind::Double(double)) => Value::Double(double),
            Some(Kind::Bytes(bytes)) => Value::Bytes(bytes),
            Some(Kind::Array(array)) => {
                Value::Array(array.values.into_iter().map(|value| self.value(value)).collect::<Result<_>>()?)
            }
            Some(Kind::Map(map)) => Value::Map(self.attributes(map.items)?),
            Some(Kind::Doubles(doubles)) => {
                Value::Array(doubles.values.into_iter().map(Value::Double).collect())
            }
            Some(Kind::TextBody(reference)) => Value::Text(text(&self.body(reference)?)?.to_owned()),
            Some(Kind::ValueBody(reference)) => {
                let content = self.body(reference)?;
                self.value(nested(&content)?)?
            }
            Some(Kind::Cut(cut)) => Value::Text(self.cut(&cut)?),
            Some(Kind::ArrayList(reference)) => {
                let contents = self.list(reference)?;
                let values =
                    contents.iter().map(|content| self.value(nested(content)?)).collect::<Result<_>>()?;
                Value::Array(values)
            }
        })
    }

    fn cut(&mut self, cut: &format::Cut) -> Result<String> {
        let mut joined = self.text(cut.open.as_ref())?;
        for (position, content) in self.list(cut.list)?.iter().enumerate() {
            if position > 0 {
                joined.push_str(&cut.separator);
            }
            joined.push_str(text(content)?);
        }
        joined.push_str(&self.text(cut.close.as_ref())?);
        Ok(joined)
    }

    fn text(&mut self, stored: Option<&format::Text>) -> Result<String> {
        match stored {
            None => Ok(String::new()),
            Some(format::Text { body: Some(reference), .. }) => Ok(text(&self.body(*reference)?)?.to_owned()),
            Some(format::Text { text, .. }) => Ok(text.clone()),
        }
    }

    fn origin(&mut self, resource: u32, scope: u32) -> Result<Arc<Origin>> {
        let id = |reference: u32| match self.refs.get(reference as usize) {
            Some(Ref::Body(id)) => Ok(*id),
            _ => Err(Error::Damaged("reference to an origin")),
        };
        let (resource, scope) = (id(resource)?, id(scope)?);
        self.contents.origin(resource, scope)
    }
}

/// Reads an origin's resource from its body.
pub(crate) fn decode_resource(content: &[u8], contents: &mut dyn Contents) -> Result<Resource> {
    let resource = format::Resource::decode(content).map_err(|_| Error::Damaged("resource"))?;
    Ok(Resource {
        attributes: Decoder { refs: &[], contents }.attributes(resource.attributes)?,
        dropped_attributes: resource.dropped_attributes,
        schema_url: resource.schema_url,
    })
}

/// Reads the rest of an origin from its scope's body.
pub(crate) fn decode_origin(
    resource: Arc<Resource>,
    scope: &[u8],
    contents: &mut dyn Contents,
) -> Result<Origin> {
    let scope = format::Scope::decode(scope).map_err(|_| Error::Damaged("scope"))?;
    Ok(Origin {
        resource,
        scope_name: scope.name,
        scope_version: scope.version,
        scope_attributes: Decoder { refs: &[], contents }.attributes(scope.attributes)?,
        scope_dropped: scope.dropped_attributes,
        scope_schema_url: scope.schema_url,
    })
}

fn text(content: &[u8]) -> Result<&str> {
    std::str::from_utf8(content).map_err(|_| Error::Damaged("text"))
}

fn nested(content: &[u8]) -> Result<format::Value> {
    format::Value::decode(content).map_err(|_| Error::Damaged("value"))
}
