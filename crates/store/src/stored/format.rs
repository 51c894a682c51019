//! The stored messages. Protobuf: a field may be added, none may change its number or meaning.

use prost::{Message, Oneof};

/// The `data` column of a span, once unpacked.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct Record {
    #[prost(string, tag = "1")]
    pub(crate) trace_state: String,
    #[prost(uint32, tag = "2")]
    pub(crate) flags: u32,
    #[prost(int32, tag = "3")]
    pub(crate) otel_kind: i32,
    #[prost(string, tag = "4")]
    pub(crate) status_message: String,
    #[prost(message, repeated, tag = "5")]
    pub(crate) attributes: Vec<Item>,
    #[prost(uint32, tag = "6")]
    pub(crate) dropped_attributes: u32,
    #[prost(message, repeated, tag = "7")]
    pub(crate) events: Vec<Event>,
    #[prost(uint32, tag = "8")]
    pub(crate) dropped_events: u32,
    #[prost(message, repeated, tag = "9")]
    pub(crate) links: Vec<Link>,
    #[prost(uint32, tag = "10")]
    pub(crate) dropped_links: u32,
    #[prost(bool, tag = "11")]
    pub(crate) repaired: bool,
    /// Which reference holds the [`Resource`].
    #[prost(uint32, tag = "12")]
    pub(crate) resource: u32,
    /// Which reference holds the [`Scope`].
    #[prost(uint32, tag = "15")]
    pub(crate) scope: u32,
    /// Set only where the column holds a cut name.
    #[prost(string, tag = "16")]
    pub(crate) name: String,
    /// Set only where the column, a signed integer, cannot hold the time.
    #[prost(fixed64, tag = "13")]
    pub(crate) start_ns: u64,
    #[prost(fixed64, tag = "14")]
    pub(crate) end_ns: u64,
    /// The status's code as sent; set only where the column says another.
    #[prost(int32, optional, tag = "17")]
    pub(crate) status: Option<i32>,
}

/// The `data` column of a log record, once unpacked. Its ids are columns.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct Log {
    #[prost(fixed64, tag = "1")]
    pub(crate) time_ns: u64,
    #[prost(fixed64, tag = "2")]
    pub(crate) observed_ns: u64,
    #[prost(int32, tag = "3")]
    pub(crate) severity: i32,
    #[prost(string, tag = "4")]
    pub(crate) severity_text: String,
    #[prost(string, tag = "5")]
    pub(crate) event_name: String,
    #[prost(message, optional, tag = "6")]
    pub(crate) body: Option<Value>,
    #[prost(message, repeated, tag = "7")]
    pub(crate) attributes: Vec<Item>,
    #[prost(uint32, tag = "8")]
    pub(crate) dropped_attributes: u32,
    #[prost(uint32, tag = "9")]
    pub(crate) flags: u32,
    #[prost(bool, tag = "10")]
    pub(crate) repaired: bool,
    /// Which reference holds the [`Resource`].
    #[prost(uint32, tag = "11")]
    pub(crate) resource: u32,
    /// Which reference holds the [`Scope`].
    #[prost(uint32, tag = "12")]
    pub(crate) scope: u32,
}

/// A body: the resource, which whole batches share.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct Resource {
    #[prost(message, repeated, tag = "1")]
    pub(crate) attributes: Vec<Item>,
    #[prost(uint32, tag = "2")]
    pub(crate) dropped_attributes: u32,
    #[prost(string, tag = "3")]
    pub(crate) schema_url: String,
}

/// A body: the instrumentation scope.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct Scope {
    #[prost(string, tag = "1")]
    pub(crate) name: String,
    #[prost(string, tag = "2")]
    pub(crate) version: String,
    #[prost(message, repeated, tag = "3")]
    pub(crate) attributes: Vec<Item>,
    #[prost(uint32, tag = "4")]
    pub(crate) dropped_attributes: u32,
    #[prost(string, tag = "5")]
    pub(crate) schema_url: String,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct Event {
    #[prost(fixed64, tag = "1")]
    pub(crate) time_ns: u64,
    #[prost(string, tag = "2")]
    pub(crate) name: String,
    #[prost(message, repeated, tag = "3")]
    pub(crate) attributes: Vec<Item>,
    #[prost(uint32, tag = "4")]
    pub(crate) dropped_attributes: u32,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct Link {
    #[prost(bytes = "vec", tag = "1")]
    pub(crate) trace_id: Vec<u8>,
    #[prost(bytes = "vec", tag = "2")]
    pub(crate) span_id: Vec<u8>,
    #[prost(string, tag = "3")]
    pub(crate) trace_state: String,
    #[prost(uint32, tag = "4")]
    pub(crate) flags: u32,
    #[prost(message, repeated, tag = "5")]
    pub(crate) attributes: Vec<Item>,
    #[prost(uint32, tag = "6")]
    pub(crate) dropped_attributes: u32,
}

/// An attribute, or a flattened list under its common prefix.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct Item {
    #[prost(string, tag = "1")]
    pub(crate) key: String,
    #[prost(message, optional, tag = "2")]
    pub(crate) value: Option<Value>,
    #[prost(message, optional, tag = "3")]
    pub(crate) flat: Option<Flat>,
}

/// A flattened list: each element's attributes are a body (a [`Group`]), the elements a list.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct Flat {
    #[prost(uint32, tag = "1")]
    pub(crate) list: u32,
    /// The elements' indexes, unless they are 0, 1, 2, ….
    #[prost(uint32, repeated, tag = "2")]
    pub(crate) indexes: Vec<u32>,
}

/// A body: the attributes of one element of a flattened list, keys without the prefix and index.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct Group {
    #[prost(message, repeated, tag = "1")]
    pub(crate) items: Vec<Item>,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct Value {
    #[prost(oneof = "Kind", tags = "1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12")]
    pub(crate) kind: Option<Kind>,
}

#[derive(Clone, PartialEq, Oneof)]
pub(crate) enum Kind {
    #[prost(string, tag = "1")]
    Text(String),
    #[prost(bool, tag = "2")]
    Bool(bool),
    #[prost(sint64, tag = "3")]
    Int(i64),
    #[prost(double, tag = "4")]
    Double(f64),
    #[prost(bytes, tag = "5")]
    Bytes(Vec<u8>),
    #[prost(message, tag = "6")]
    Array(Array),
    #[prost(message, tag = "7")]
    Map(Map),
    /// An array of floats only: embedding vectors.
    #[prost(message, tag = "8")]
    Doubles(Doubles),
    /// A reference to a body that is this text.
    #[prost(uint32, tag = "9")]
    TextBody(u32),
    /// A reference to a body that is an encoded [`Value`].
    #[prost(uint32, tag = "10")]
    ValueBody(u32),
    /// A JSON text cut into elements.
    #[prost(message, tag = "11")]
    Cut(Cut),
    /// A reference to a list whose bodies are the encoded values of an array.
    #[prost(uint32, tag = "12")]
    ArrayList(u32),
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct Array {
    #[prost(message, repeated, tag = "1")]
    pub(crate) values: Vec<Value>,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct Map {
    #[prost(message, repeated, tag = "1")]
    pub(crate) items: Vec<Item>,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct Doubles {
    #[prost(double, repeated, tag = "1")]
    pub(crate) values: Vec<f64>,
}

/// A text as `open`, the list's bodies joined by `separator`, `close`.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct Cut {
    #[prost(message, optional, tag = "1")]
    pub(crate) open: Option<Text>,
    #[prost(string, tag = "2")]
    pub(crate) separator: String,
    #[prost(message, optional, tag = "3")]
    pub(crate) close: Option<Text>,
    #[prost(uint32, tag = "4")]
    pub(crate) list: u32,
}

/// A text in place, or a reference to a body that is the text.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct Text {
    #[prost(string, tag = "1")]
    pub(crate) text: String,
    #[prost(uint32, optional, tag = "2")]
    pub(crate) body: Option<u32>,
}

/// The `data` column of table `offer`, not packed: what a span says for its trace's row as long as that may change.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct Offer {
    #[prost(sint64, tag = "1")]
    pub(crate) start_ns: i64,
    #[prost(sint64, tag = "2")]
    pub(crate) end_ns: i64,
    #[prost(int64, tag = "3")]
    pub(crate) kinds: i64,
    #[prost(message, optional, tag = "4")]
    pub(crate) root: Option<Offered>,
    #[prost(int64, tag = "5")]
    pub(crate) root_kind: i64,
    #[prost(message, optional, tag = "6")]
    pub(crate) input: Option<Offered>,
    #[prost(message, optional, tag = "7")]
    pub(crate) output: Option<Offered>,
    #[prost(message, optional, tag = "8")]
    pub(crate) session: Option<Offered>,
    #[prost(message, optional, tag = "9")]
    pub(crate) user: Option<Offered>,
    #[prost(message, optional, tag = "10")]
    pub(crate) service: Option<Offered>,
}

/// A value with the key of the version of a span that it comes from.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct Offered {
    #[prost(bytes = "vec", tag = "1")]
    pub(crate) key: Vec<u8>,
    #[prost(string, tag = "2")]
    pub(crate) text: String,
}
