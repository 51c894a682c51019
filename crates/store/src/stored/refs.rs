//! The `refs` column: which rows a span's references mean. Not compressed, so that the sweep can read it fast.

use crate::{Error, Result};

/// A reference to a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Ref {
    /// Of table `body`.
    Body(i64),
    /// Of table `node`: the list that ends there.
    List(i64),
    /// The empty list.
    Empty,
}

/// Writes references as varints: twice the id, plus one for a list; 0 is the empty list.
pub(crate) fn encode(refs: &[Ref]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(refs.len() * 4);
    for reference in refs {
        prost::encoding::encode_varint(
            match reference {
                Ref::Body(id) => (*id as u64) << 1,
                Ref::List(id) => (*id as u64) << 1 | 1,
                Ref::Empty => 0,
            },
            &mut bytes,
        );
    }
    bytes
}

/// Reads them back.
pub(crate) fn decode(mut bytes: &[u8]) -> Result<Vec<Ref>> {
    let mut refs = Vec::new();
    while !bytes.is_empty() {
        let word = prost::encoding::decode_varint(&mut bytes).map_err(|_| Error::Damaged("references"))?;
        refs.push(match (word, word & 1) {
            (0, _) => Ref::Empty,
            (_, 0) => Ref::Body((word >> 1) as i64),
            _ => Ref::List((word >> 1) as i64),
        });
    }
    Ok(refs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_come_back() {
        let refs = [Ref::Body(1), Ref::List(1), Ref::Empty, Ref::Body(i64::MAX), Ref::List(300)];
        assert_eq!(decode(&encode(&refs)).unwrap(), refs);
        assert!(decode(&[0x80]).is_err());
    }
}
