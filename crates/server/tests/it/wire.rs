//! OTLP messages byte by byte, also those that no library writes.

/// A field of bytes: a text, an id, a message.
pub(crate) fn field(number: u32, content: impl AsRef<[u8]>) -> Vec<u8> {
    let content = content.as_ref();
    let mut field = varint(u64::from(number << 3 | 2));
    field.extend(varint(content.len() as u64));
    field.extend(content);
    field
}

/// A field of a number.
pub(crate) fn number(field: u32, number: u64) -> Vec<u8> {
    [varint(u64::from(field << 3)), varint(number)].concat()
}

/// A field of eight bytes: a time, a float.
pub(crate) fn fixed64(field: u32, number: u64) -> Vec<u8> {
    [varint(u64::from(field << 3 | 1)), number.to_le_bytes().to_vec()].concat()
}

fn varint(mut number: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    while number >= 0x80 {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
    bytes
}

/// A request around items: spans or log records, which have the same numbers.
pub(crate) fn request(items: &[Vec<u8>]) -> Vec<u8> {
    field(1, field(2, items.iter().flat_map(|item| field(2, item)).collect::<Vec<u8>>()))
}

/// A span of the trace `aaaa…`, with whatever else it is to have.
pub(crate) fn span(id: u8, fields: &[Vec<u8>]) -> Vec<u8> {
    let fixed = [
        field(1, [0xaa; 16]),
        field(2, [id; 8]),
        field(5, "n"),
        fixed64(7, 1 << 60),
        fixed64(8, (1 << 60) + 7),
    ];
    [fixed.concat(), fields.concat()].concat()
}

/// An attribute (field 9 of a span).
pub(crate) fn attribute(key: impl AsRef<[u8]>, value: Vec<u8>) -> Vec<u8> {
    field(9, [field(1, key), field(2, value)].concat())
}

/// An `AnyValue` of text.
pub(crate) fn text(text: impl AsRef<[u8]>) -> Vec<u8> {
    field(1, text)
}
