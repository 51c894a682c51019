//! From a span to its record and the bodies it refers to.
//!
//! Runs before the writer, on many threads: hashing and compression are the costly part of storing.

use std::{collections::HashMap, sync::Arc};

use bennu_model::{Attribute, Event, Link, LogRecord, Origin, Resource, Span, StatusCode, Value};
use foldhash::fast::RandomState;
use prost::Message;

use super::{
    block::{self, Block},
    cut::{Cut, cut},
    flat::{Piece, gather},
    format, pack,
};
use crate::{
    Error, Result,
    dedup::{Dedup, Key, body_key, node_key},
};

/// Values of fewer bytes stay in the record.
const MIN_BODY_BYTES: usize = 64;

/// Content that was known when the span was prepared, or has to be stored.
#[derive(Debug)]
pub(crate) enum Body {
    Known(i64),
    /// In a block, which the spans of a request share.
    New {
        key: Key,
        block: Arc<Block>,
    },
}

/// What a reference of a record means, before the writer has given out ids.
#[derive(Debug)]
pub(crate) enum Pending {
    Body(Body),
    /// The list: `base` is the longest part of it that was known, `rest` the elements after it with their nodes' addresses.
    List {
        base: Option<i64>,
        rest: Vec<(Key, Body)>,
    },
}

impl Pending {
    /// Bytes held in memory, about; content is shared and counted apart.
    pub(crate) fn size_bytes(&self) -> usize {
        match self {
            Pending::Body(_) => 48,
            Pending::List { rest, .. } => 48 + rest.len() * 64,
        }
    }
}

/// A span's packed record, what it refers to, and a hash over the whole span.
pub(crate) struct Encoded {
    pub(crate) data: Vec<u8>,
    pub(crate) pending: Vec<Pending>,
    pub(crate) version: [u8; 8],
}

/// A log record's, likewise.
pub(crate) struct EncodedLog {
    pub(crate) data: Vec<u8>,
    pub(crate) pending: Vec<Pending>,
    pub(crate) version: [u8; 16],
}

/// What the spans of one request share: content that is new is kept once, and an origin is encoded once.
#[derive(Debug, Default)]
pub(crate) struct Shared {
    /// Where content went that was new.
    blocks: HashMap<Key, Arc<Block>, RandomState>,
    /// The block that content goes to.
    open: Arc<Block>,
    open_bytes: usize,
    /// Bytes held by blocks that are sealed.
    sealed_bytes: usize,
    /// The last origin: the spans of a scope come one after another.
    origin: Option<EncodedOrigin>,
}

impl Shared {
    /// The block of new content.
    fn block(&mut self, key: Key, content: &[u8]) -> Arc<Block> {
        if let Some(block) = self.blocks.get(&key) {
            return block.clone();
        }
        let block = if content.len() >= block::FULL_BYTES {
            let block = Block::alone(key, content);
            self.sealed_bytes += block.seal();
            Arc::new(block)
        } else {
            if self.open.is_full() {
                self.seal();
            }
            self.open.push(key, content);
            self.open_bytes += content.len();
            self.open.clone()
        };
        self.blocks.insert(key, block.clone());
        block
    }

    /// Compresses the open block; content that is new from here on goes to another.
    pub(crate) fn seal(&mut self) {
        self.sealed_bytes += std::mem::take(&mut self.open).seal();
        self.open_bytes = 0;
    }

    /// Bytes held by content, about.
    pub(crate) fn size_bytes(&self) -> usize {
        self.sealed_bytes + self.open_bytes
    }
}

/// An origin with the bodies it becomes.
#[derive(Debug)]
struct EncodedOrigin {
    origin: Arc<Origin>,
    resource: (Key, Vec<u8>),
    scope: (Key, Vec<u8>),
}

fn addressed(content: Vec<u8>) -> (Key, Vec<u8>) {
    (body_key(&content), content)
}

pub(crate) struct Encoder<'a> {
    dedup: &'a Dedup,
    shared: &'a mut Shared,
    pending: Vec<Pending>,
    /// Takes in the addresses of what is referred to; the record's bytes follow.
    version: blake3::Hasher,
}

impl<'a> Encoder<'a> {
    /// Encodes a span whose columns say this name and this status.
    pub(crate) fn encode(
        dedup: &'a Dedup,
        shared: &'a mut Shared,
        span: Span,
        column_name: &str,
        column_status: StatusCode,
    ) -> Encoded {
        let mut encoder = Encoder { dedup, shared, pending: Vec::new(), version: blake3::Hasher::new() };
        let columns = (span.parent_id, span.start_ns, span.end_ns, span.status.code, &span.name);
        encoder.version.update(format!("{columns:?}").as_bytes());
        let (resource, scope) = encoder.origin(&span.origin);
        let mut record = format::Record {
            trace_state: span.trace_state,
            flags: span.flags,
            otel_kind: span.otel_kind as i32,
            status_message: span.status.message,
            attributes: encoder.attributes(span.attributes),
            dropped_attributes: span.dropped_attributes,
            events: span.events.into_iter().map(|event| encoder.event(event)).collect(),
            dropped_events: span.dropped_events,
            links: span.links.into_iter().map(|link| encoder.link(link)).collect(),
            dropped_links: span.dropped_links,
            repaired: span.repaired,
            resource,
            scope,
            name: if span.name == column_name { String::new() } else { span.name },
            start_ns: if i64::try_from(span.start_ns).is_err() { span.start_ns } else { 0 },
            end_ns: if i64::try_from(span.end_ns).is_err() { span.end_ns } else { 0 },
            status: None,
        };
        let mut raw = record.encode_to_vec();
        let mut version = [0; 8];
        version.copy_from_slice(&encoder.version.update(&raw).finalize().as_bytes()[..8]);
        // After the hash: a span is the same however its status is understood.
        if span.status.code != column_status {
            record.status = Some(span.status.code as i32);
            raw = record.encode_to_vec();
        }
        Encoded { data: pack::pack_record(&raw), pending: encoder.pending, version }
    }

    /// Encodes a log record. Its hash takes in what it says, of which span and by which service; not who sent it on or when that one
    /// saw it, which change where a collector between sends a request again, or two of them the same record.
    pub(crate) fn encode_log(dedup: &'a Dedup, shared: &'a mut Shared, log: LogRecord) -> EncodedLog {
        let mut encoder = Encoder { dedup, shared, pending: Vec::new(), version: blake3::Hasher::new() };
        let service = log.origin.resource.attribute("service.name").and_then(Value::as_text);
        let whose = (log.trace_id, log.span_id, log.at_ns(), &log.origin.scope_name, service);
        encoder.version.update(format!("{whose:?}").as_bytes());
        let told = format::Log {
            severity: log.severity,
            severity_text: log.severity_text,
            event_name: log.event_name,
            body: Some(encoder.value(log.body)),
            attributes: encoder.attributes(log.attributes),
            dropped_attributes: log.dropped_attributes,
            flags: log.flags,
            repaired: log.repaired,
            ..format::Log::default()
        };
        let mut version = [0; 16];
        let mut raw = told.encode_to_vec();
        version.copy_from_slice(&encoder.version.update(&raw).finalize().as_bytes()[..16]);
        // Fields of a message may stand in any order: what does not count follows what was hashed.
        let (resource, scope) = encoder.origin(&log.origin);
        let (time_ns, observed_ns) = (log.time_ns, log.observed_ns);
        let rest = format::Log { time_ns, observed_ns, resource, scope, ..format::Log::default() };
        raw.extend(rest.encode_to_vec());
        EncodedLog { data: pack::pack_record(&raw), pending: encoder.pending, version }
    }

    fn attributes(&mut self, attributes: Vec<Attribute>) -> Vec<format::Item> {
        gather(attributes).into_iter().map(|piece| self.piece(piece)).collect()
    }

    fn piece(&mut self, piece: Piece) -> format::Item {
        match piece {
            Piece::One((key, value)) => format::Item { key, value: Some(self.value(value)), flat: None },
            Piece::List { prefix, elements } => {
                let counting = elements.keys().copied().eq(0..elements.len() as u32);
                let indexes = if counting { Vec::new() } else { elements.keys().copied().collect() };
                let groups = elements
                    .into_values()
                    .map(|attributes| format::Group { items: items(attributes) }.encode_to_vec())
                    .collect::<Vec<_>>();
                let list = self.list(groups.iter().map(Vec::as_slice));
                format::Item { key: prefix, value: None, flat: Some(format::Flat { list, indexes }) }
            }
        }
    }

    fn event(&mut self, event: Event) -> format::Event {
        format::Event {
            time_ns: event.time_ns,
            name: event.name,
            attributes: self.attributes(event.attributes),
            dropped_attributes: event.dropped_attributes,
        }
    }

    fn link(&mut self, link: Link) -> format::Link {
        format::Link {
            trace_id: link.trace_id.0.to_vec(),
            span_id: link.span_id.0.to_vec(),
            trace_state: link.trace_state,
            flags: link.flags,
            attributes: self.attributes(link.attributes),
            dropped_attributes: link.dropped_attributes,
        }
    }

    /// A value, with what is large in it by reference.
    fn value(&mut self, value: Value) -> format::Value {
        let kind = match value {
            Value::Text(text) if text.len() >= MIN_BODY_BYTES => match cut(&text) {
                Some(cut) => self.cut(&text, cut),
                None => format::Kind::TextBody(self.body(text.into_bytes())),
            },
            Value::Array(values) if is_list_of_objects(&values) => {
                let elements: Vec<Vec<u8>> =
                    values.into_iter().map(|value| plain(value).encode_to_vec()).collect();
                format::Kind::ArrayList(self.list(elements.iter().map(Vec::as_slice)))
            }
            value if value.size_bytes() >= MIN_BODY_BYTES => {
                format::Kind::ValueBody(self.body(plain(value).encode_to_vec()))
            }
            value => return plain(value),
        };
        format::Value { kind: Some(kind) }
    }

    fn cut(&mut self, text: &str, cut: Cut) -> format::Kind {
        let list = self.list(cut.elements.iter().map(|range| text[range.clone()].as_bytes()));
        format::Kind::Cut(format::Cut {
            open: self.text(&text[..cut.open]),
            separator: text[cut.separator].to_owned(),
            close: self.text(&text[cut.close..]),
            list,
        })
    }

    fn text(&mut self, text: &str) -> Option<format::Text> {
        Some(if text.len() >= MIN_BODY_BYTES {
            format::Text { text: String::new(), body: Some(self.body(text.as_bytes().to_vec())) }
        } else {
            format::Text { text: text.to_owned(), body: None }
        })
    }

    fn body(&mut self, content: Vec<u8>) -> u32 {
        self.refer(body_key(&content), &content)
    }

    /// A reference to content whose address is known already.
    fn refer(&mut self, key: Key, content: &[u8]) -> u32 {
        self.version.update(&key.to_be_bytes());
        let body = self.resolve(key, content);
        self.push(Pending::Body(body))
    }

    fn resolve(&mut self, key: Key, content: &[u8]) -> Body {
        match self.dedup.get(key) {
            Some(id) => Body::Known(id),
            None => Body::New { key, block: self.shared.block(key, content) },
        }
    }

    /// References to the resource and the scope, each encoded and hashed once for the spans that share it.
    fn origin(&mut self, origin: &Arc<Origin>) -> (u32, u32) {
        let last = self.shared.origin.take();
        let encoded = match last {
            Some(last) if Arc::ptr_eq(&last.origin, origin) => last,
            last => {
                let same = last.filter(|last| Arc::ptr_eq(&last.origin.resource, &origin.resource));
                EncodedOrigin {
                    resource: match same {
                        Some(last) => last.resource,
                        None => addressed(resource(&origin.resource).encode_to_vec()),
                    },
                    scope: addressed(scope(origin).encode_to_vec()),
                    origin: origin.clone(),
                }
            }
        };
        let references = (
            self.refer(encoded.resource.0, &encoded.resource.1),
            self.refer(encoded.scope.0, &encoded.scope.1),
        );
        self.shared.origin = Some(encoded);
        references
    }

    /// A list. Looks for the longest known prefix from its end: in a conversation that is all but the last turn.
    fn list<'b>(&mut self, elements: impl Iterator<Item = &'b [u8]>) -> u32 {
        let elements: Vec<(&[u8], Key)> = elements.map(|content| (content, body_key(content))).collect();
        let mut nodes: Vec<Key> = Vec::with_capacity(elements.len());
        for (_, key) in &elements {
            nodes.push(node_key(nodes.last().copied(), *key));
        }
        self.version.update(&nodes.last().copied().unwrap_or(0).to_be_bytes());
        let mut base = None;
        let mut known = elements.len();
        while known > 0 && base.is_none() {
            base = self.dedup.get(nodes[known - 1]);
            known -= usize::from(base.is_none());
        }
        let mut rest = Vec::with_capacity(elements.len() - known);
        for at in known..elements.len() {
            rest.push((nodes[at], self.resolve(elements[at].1, elements[at].0)));
        }
        self.push(Pending::List { base, rest })
    }

    fn push(&mut self, pending: Pending) -> u32 {
        self.pending.push(pending);
        (self.pending.len() - 1) as u32
    }
}

/// Structured messages or documents: worth a body each.
fn is_list_of_objects(values: &[Value]) -> bool {
    !values.is_empty()
        && values.iter().all(|value| matches!(value, Value::Map(_)))
        && values.iter().map(Value::size_bytes).sum::<usize>() >= MIN_BODY_BYTES
}

/// A packed record whose column is to say another status: what was sent stays known.
pub(crate) fn with_status(data: &[u8], sent: StatusCode, column: StatusCode) -> Result<Vec<u8>> {
    let raw = pack::unpack(data)?;
    let mut record = format::Record::decode(raw.as_slice()).map_err(|_| Error::Damaged("record"))?;
    record.status = (sent != column).then_some(sent as i32);
    Ok(pack::pack_record(&record.encode_to_vec()))
}

fn items(attributes: Vec<Attribute>) -> Vec<format::Item> {
    attributes
        .into_iter()
        .map(|(key, value)| format::Item { key, value: Some(plain(value)), flat: None })
        .collect()
}

/// A value with everything in place.
fn plain(value: Value) -> format::Value {
    use format::Kind;
    let kind = match value {
        Value::Empty => None,
        Value::Text(text) => Some(Kind::Text(text)),
        Value::Bool(bool) => Some(Kind::Bool(bool)),
        Value::Int(int) => Some(Kind::Int(int)),
        Value::Double(double) => Some(Kind::Double(double)),
        Value::Bytes(bytes) => Some(Kind::Bytes(bytes)),
        Value::Array(values) => Some(array(values)),
        Value::Map(entries) => Some(Kind::Map(format::Map { items: items(entries) })),
    };
    format::Value { kind }
}

fn array(values: Vec<Value>) -> format::Kind {
    let doubles: Option<Vec<f64>> = values
        .iter()
        .map(|value| if let Value::Double(double) = value { Some(*double) } else { None })
        .collect();
    match doubles {
        Some(values) if !values.is_empty() => format::Kind::Doubles(format::Doubles { values }),
        _ => format::Kind::Array(format::Array { values: values.into_iter().map(plain).collect() }),
    }
}

fn resource(resource: &Resource) -> format::Resource {
    format::Resource {
        attributes: items(resource.attributes.clone()),
        dropped_attributes: resource.dropped_attributes,
        schema_url: resource.schema_url.clone(),
    }
}

fn scope(origin: &Origin) -> format::Scope {
    format::Scope {
        name: origin.scope_name.clone(),
        version: origin.scope_version.clone(),
        attributes: items(origin.scope_attributes.clone()),
        dropped_attributes: origin.scope_dropped,
        schema_url: origin.scope_schema_url.clone(),
    }
}
