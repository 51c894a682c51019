//! A span's and a log record's stored form: exactly what came, large values by reference.
//!
//! - `format`: the protobuf messages of `data` columns and of bodies.
//! - `cut`: where to cut a large JSON text so that what repeats can be shared.
//! - `flat`: flattened lists (`llm.input_messages.0.…`) gathered into elements.
//! - `pack`: zstd with a fixed dictionary.
//! - `block`: bodies compressed together, a row for many.
//! - `lists`: which lists a record holds, for comparing records without reading their content.
//! - `encode`, `decode`: from `model::Span` and `model::LogRecord` and back. `decode(encode(span)) == span`, apart from the order of flattened
//!   lists, which come back in the order of their indexes.

pub(crate) mod format;
pub(crate) mod cut;
pub(crate) mod flat;
pub(crate) mod pack;
pub(crate) mod block;
pub(crate) mod encode;
pub(crate) mod decode;
pub(crate) mod refs;
pub(crate) mod lists;
