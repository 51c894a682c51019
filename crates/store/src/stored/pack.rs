//! Compression of bodies and records: zstd with a fixed dictionary of what LLM telemetry always says.
//!
//! Layout: one byte of codec, then for zstd the raw length as a varint, then the data. The dictionary of a codec never changes;
//! a better one becomes a new codec. What is long is its own dictionary: without ours a block of 32 KiB takes 4 % more and 40 % less
//! time (0.291 of its size instead of 0.280, 374 MB/s instead of 223).

use std::{cell::RefCell, sync::LazyLock, thread::LocalKey};

use zstd::{
    bulk::{Compressor, Decompressor},
    dict::{DecoderDictionary, EncoderDictionary},
};

use crate::{Error, Result};

const RAW: u8 = 0;
const ZSTD_V1: u8 = 1;
const ZSTD_PLAIN: u8 = 2;
/// The fastest that shrinks text well.
const LEVEL: i32 = 1;
/// A record is names, which the dictionary has, and references: level 1 would save 0.3 % of a file and take twice the time.
const RECORD_LEVEL: i32 = -1;
/// Shorter content does not win back the frame's header.
const MIN_BYTES: usize = 48;
/// Content of this size does without the dictionary.
const PLAIN_BYTES: usize = 16 << 10;
/// Guards against a damaged length; larger than the largest request body.
pub(super) const MAX_BYTES: u64 = 1 << 30;

static DICTIONARY: &[u8] = include_bytes!("dictionary.v1.txt");
static ENCODER: LazyLock<EncoderDictionary<'static>> =
    LazyLock::new(|| EncoderDictionary::copy(DICTIONARY, LEVEL));
static RECORD_ENCODER: LazyLock<EncoderDictionary<'static>> =
    LazyLock::new(|| EncoderDictionary::copy(DICTIONARY, RECORD_LEVEL));
static DECODER: LazyLock<DecoderDictionary<'static>> = LazyLock::new(|| DecoderDictionary::copy(DICTIONARY));

type Slot = RefCell<Option<Compressor<'static>>>;

thread_local! {
    // Contexts are costly to make and cheap to reuse.
    static COMPRESSOR: Slot = const { RefCell::new(None) };
    static RECORD_COMPRESSOR: Slot = const { RefCell::new(None) };
    static PLAIN_COMPRESSOR: Slot = const { RefCell::new(None) };
    static DECOMPRESSOR: RefCell<Option<Decompressor<'static>>> = const { RefCell::new(None) };
    static PLAIN_DECOMPRESSOR: RefCell<Option<Decompressor<'static>>> = const { RefCell::new(None) };
}

/// Packs content; falls back to the raw bytes when they do not shrink.
pub(crate) fn pack(raw: &[u8]) -> Vec<u8> {
    pack_with(raw, &COMPRESSOR, &ENCODER)
}

/// Packs a record.
pub(crate) fn pack_record(raw: &[u8]) -> Vec<u8> {
    pack_with(raw, &RECORD_COMPRESSOR, &RECORD_ENCODER)
}

fn pack_with(
    raw: &[u8],
    short: &'static LocalKey<Slot>,
    dictionary: &'static EncoderDictionary<'static>,
) -> Vec<u8> {
    let packed = match raw.len() {
        ..MIN_BYTES => None,
        MIN_BYTES..PLAIN_BYTES => {
            compress(raw, ZSTD_V1, short, || Compressor::with_prepared_dictionary(dictionary))
        }
        _ => compress(raw, ZSTD_PLAIN, &PLAIN_COMPRESSOR, || Compressor::new(LEVEL)),
    };
    packed.filter(|packed| packed.len() <= raw.len()).unwrap_or_else(|| [&[RAW], raw].concat())
}

fn compress(
    raw: &[u8],
    codec: u8,
    slot: &'static LocalKey<Slot>,
    make: impl FnOnce() -> std::io::Result<Compressor<'static>>,
) -> Option<Vec<u8>> {
    slot.with_borrow_mut(|slot| {
        if slot.is_none() {
            *slot = make().ok();
        }
        let data = slot.as_mut()?.compress(raw).ok()?;
        let mut packed = Vec::with_capacity(data.len() + 4);
        packed.push(codec);
        prost::encoding::encode_varint(raw.len() as u64, &mut packed);
        packed.extend_from_slice(&data);
        Some(packed)
    })
}

/// The inverse of [`pack`] and [`pack_record`].
pub(crate) fn unpack(packed: &[u8]) -> Result<Vec<u8>> {
    const DAMAGED: Error = Error::Damaged("compressed content");
    match packed.split_first() {
        Some((&RAW, raw)) => Ok(raw.to_vec()),
        Some((&codec @ (ZSTD_V1 | ZSTD_PLAIN), mut data)) => {
            let length = prost::encoding::decode_varint(&mut data).map_err(|_| DAMAGED)?;
            if length > MAX_BYTES {
                return Err(DAMAGED);
            }
            let plain = codec == ZSTD_PLAIN;
            let decompressor = if plain { &PLAIN_DECOMPRESSOR } else { &DECOMPRESSOR };
            decompressor.with_borrow_mut(|slot| {
                if slot.is_none() {
                    let made = if plain {
                        Decompressor::new()
                    } else {
                        Decompressor::with_prepared_dictionary(&DECODER)
                    };
                    *slot = made.ok();
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
        let long = pack("openinference.span.kind LLM ".repeat(2_000).as_bytes());
        assert_eq!((packed[0], long[0]), (ZSTD_V1, ZSTD_PLAIN));
        assert!(unpack(&long[..long.len() - 3]).is_err());
    }

    proptest! {
        #[test]
        fn what_is_packed_comes_back(raw in prop::collection::vec(any::<u8>(), 0..2000), times in 1..20_usize) {
            let raw = raw.repeat(times);
            prop_assert_eq!(&unpack(&pack(&raw)).unwrap(), &raw);
            prop_assert_eq!(unpack(&pack_record(&raw)).unwrap(), raw);
        }
    }
}
