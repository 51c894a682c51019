//! Compression of bodies and records: zstd with a fixed dictionary of what LLM telemetry always says.
//!
//! Layout: one byte of codec, then for zstd the raw length as a varint, then the data. The dictionary of a codec never changes;
//! a better one becomes a new codec.

use std::{cell::RefCell, sync::LazyLock};

use zstd::{
    bulk::{Compressor, Decompressor},
    dict::{DecoderDictionary, EncoderDictionary},
};

use crate::{Error, Result};

const RAW: u8 = 0;
const ZSTD_V1: u8 = 1;
/// The fastest: contents are small, and for those the dictionary does most of the work.
const LEVEL: i32 = 1;
/// Shorter content does not win back the frame's header.
const MIN_BYTES: usize = 48;
/// Guards against a damaged length; larger than the largest request body.
pub(super) const MAX_BYTES: u64 = 1 << 30;

static DICTIONARY: &[u8] = include_bytes!("dictionary.v1.txt");
static ENCODER: LazyLock<EncoderDictionary<'static>> =
    LazyLock::new(|| EncoderDictionary::copy(DICTIONARY, LEVEL));
static DECODER: LazyLock<DecoderDictionary<'static>> = LazyLock::new(|| DecoderDictionary::copy(DICTIONARY));

thread_local! {
    // Contexts are costly to make and cheap to reuse.
    static COMPRESSOR: RefCell<Option<Compressor<'static>>> = const { RefCell::new(None) };
    static DECOMPRESSOR: RefCell<Option<Decompressor<'static>>> = const { RefCell::new(None) };
}

/// Packs; falls back to the raw bytes when they do not shrink.
pub(crate) fn pack(raw: &[u8]) -> Vec<u8> {
    compress(raw).filter(|packed| packed.len() <= raw.len()).unwrap_or_else(|| [&[RAW], raw].concat())
}

fn compress(raw: &[u8]) -> Option<Vec<u8>> {
    if raw.len() < MIN_BYTES {
        return None;
    }
    COMPRESSOR.with_borrow_mut(|slot| {
        if slot.is_none() {
            *slot = Compressor::with_prepared_dictionary(&ENCODER).ok();
        }
        let data = slot.as_mut()?.compress(raw).ok()?;
        let mut packed = Vec::with_capacity(data.len() + 4);
        packed.push(ZSTD_V1);
        prost::encoding::encode_varint(raw.len() as u64, &mut packed);
        packed.extend_from_slice(&data);
        Some(packed)
    })
}

/// The inverse of [`pack`].
pub(crate) fn unpack(packed: &[u8]) -> Result<Vec<u8>> {
    const DAMAGED: Error = Error::Damaged("compressed content");
    match packed.split_first() {
        Some((&RAW, raw)) => Ok(raw.to_vec()),
        Some((&ZSTD_V1, mut data)) => {
            let length = prost::encoding::decode_varint(&mut data).map_err(|_| DAMAGED)?;
            if length > MAX_BYTES {
                return Err(DAMAGED);
            }
            DECOMPRESSOR.with_borrow_mut(|slot| {
                if slot.is_none() {
                    *slot = Decompressor::with_prepared_dictionary(&DECODER).ok();
                }
                slot.as_mut().ok_or(DAMAGED)?.decompress(data, length as usize).map_err(|_| DAMAGED)
            })
        }
        _ => Err(DAMAGED),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn damage_is_an_error() {
        let packed = pack("openinference.span.kind LLM ".repeat(20).as_bytes());
        assert!(packed.len() < 80);
        assert!(unpack(&[]).is_err());
        assert!(unpack(&[9, 1, 2]).is_err());
        assert!(unpack(&packed[..packed.len() - 3]).is_err());
    }

    proptest! {
        #[test]
        fn what_is_packed_comes_back(raw in prop::collection::vec(any::<u8>(), 0..2000)) {
            prop_assert_eq!(unpack(&pack(&raw)).unwrap(), raw);
        }
    }
}
