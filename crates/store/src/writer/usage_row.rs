//! How a row of table `usage` keeps its counts.

use bennu_model::{TOKEN_TYPES, Usage};

use crate::{Error, Result};

/// A subtree's sum is held here.
pub(super) const MAX_BELOW: i64 = 1 << 60;

/// Varints, each one more than the count; 0 is unknown.
pub(super) fn encode_usage(usage: &Usage) -> Vec<u8> {
    varints(usage.parts().map(|count| count.map_or(0, |count| count.saturating_add(1))))
}

pub(super) fn decode_usage(bytes: &[u8]) -> Result<Usage> {
    let words: [u64; TOKEN_TYPES] = read_varints(bytes)?;
    Ok(Usage::from_parts(words.map(|count| count.checked_sub(1))))
}

/// The sums, then the number of children that tell of usage.
pub(super) fn encode_below(sums: &[i64; TOKEN_TYPES], telling: i64) -> Vec<u8> {
    let mut words = [0; TOKEN_TYPES + 1];
    words[..TOKEN_TYPES].copy_from_slice(&sums.map(|sum| sum.max(0).unsigned_abs()));
    words[TOKEN_TYPES] = telling.max(0).unsigned_abs();
    varints(words)
}

pub(super) fn decode_below(bytes: &[u8]) -> Result<([i64; TOKEN_TYPES], i64)> {
    let words: [u64; TOKEN_TYPES + 1] = read_varints(bytes)?;
    let sum = |word: u64| i64::try_from(word).unwrap_or(MAX_BELOW);
    Ok((std::array::from_fn(|at| sum(words[at])), sum(words[TOKEN_TYPES])))
}

fn varints<const N: usize>(words: [u64; N]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(2 * N);
    words.iter().for_each(|word| prost::encoding::encode_varint(*word, &mut bytes));
    bytes
}

fn read_varints<const N: usize>(mut bytes: &[u8]) -> Result<[u64; N]> {
    let mut words = [0; N];
    for word in &mut words {
        *word = prost::encoding::decode_varint(&mut bytes).map_err(|_| Error::Damaged("usage"))?;
    }
    Ok(words)
}
