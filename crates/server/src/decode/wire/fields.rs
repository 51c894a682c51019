//! Length-delimited fields of a protobuf message, one after another and without a list of them: a body of nothing but empty
//! messages must not cost sixteen times its size.

use bytes::{Buf, Bytes};
use prost::encoding::{DecodeContext, WireType, decode_key, decode_varint, skip_field};

/// The message is cut off or is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("it is cut off or not a protobuf message")]
pub(super) struct Broken;

/// The contents of every field with this number. Ends at the first mistake, which is its last item.
pub(super) fn fields(mut message: Bytes, number: u32) -> impl Iterator<Item = Result<Bytes, Broken>> {
    std::iter::from_fn(move || {
        let field = next(&mut message, number);
        if matches!(field, Some(Err(_))) {
            message.clear();
        }
        field
    })
}

/// The content of the field with this number, empty if there is none; of several the last, as protobuf has it.
pub(super) fn field(message: &Bytes, number: u32) -> Bytes {
    fields(message.clone(), number).map_while(Result::ok).last().unwrap_or_default()
}

fn next(message: &mut Bytes, wanted: u32) -> Option<Result<Bytes, Broken>> {
    while message.has_remaining() {
        match step(message, wanted) {
            Ok(None) => {}
            Ok(Some(content)) => return Some(Ok(content)),
            Err(error) => return Some(Err(error)),
        }
    }
    None
}

/// Reads one field; gives its content if it is the one that is wanted.
fn step(message: &mut Bytes, wanted: u32) -> Result<Option<Bytes>, Broken> {
    let (number, wire_type) = decode_key(message).map_err(|_| Broken)?;
    if number != wanted || wire_type != WireType::LengthDelimited {
        skip_field(wire_type, number, message, DecodeContext::default()).map_err(|_| Broken)?;
        return Ok(None);
    }
    let length = usize::try_from(decode_varint(message).map_err(|_| Broken)?).unwrap_or(usize::MAX);
    if length > message.remaining() {
        return Err(Broken);
    }
    Ok(Some(message.split_to(length)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_of_one_number_come_one_after_another() {
        // 1: "a", 2: 7, 1: "", 3: "z", 1: "bc"
        let message =
            Bytes::from_static(&[0x0a, 1, b'a', 0x10, 7, 0x0a, 0, 0x1a, 1, b'z', 0x0a, 2, b'b', b'c']);
        let found: Vec<Bytes> = fields(message.clone(), 1).map(Result::unwrap).collect();
        assert_eq!(found, ["a", "", "bc"]);
        assert_eq!(
            (field(&message, 3), field(&message, 1), field(&message, 9)),
            ("z".into(), "bc".into(), Bytes::new())
        );
    }

    #[test]
    fn the_first_mistake_is_the_end() {
        for broken in [&[0x0a, 1, b'a', 0x0a, 9][..], &[0x0a, 1, b'a', 0xff], &[0x0a, 1, b'a', 0x07, 0x0a, 0]]
        {
            let found: Vec<_> = fields(Bytes::copy_from_slice(broken), 1).collect();
            assert_eq!(found, [Ok(Bytes::from_static(b"a")), Err(Broken)]);
        }
    }
}
