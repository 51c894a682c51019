//! Bodies are kept in blocks: many of one request, compressed together.
//!
//! A body of a few hundred bytes compresses badly alone, and a row costs the writer more than its bytes. In a block the texts of
//! a request are each other's dictionary: what a span repeats in another form (a message in a flattened attribute and in the
//! request's JSON) costs nearly nothing.

use std::{
    ops::{Deref, Range},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use super::pack;
use crate::{Error, Result, dedup::Key};

/// A block takes no more bodies once its content has this size. Reading a body unpacks its whole block: 32 KiB take about 60 µs.
pub(crate) const FULL_BYTES: usize = 32 << 10;
/// The places that an id has room for.
const PLACES: i64 = 256;

/// The id of the body at a place of a block.
pub(crate) fn body_id(block: i64, place: usize) -> i64 {
    block * PLACES + place as i64
}

/// The block of a body.
pub(crate) fn block_of(body: i64) -> i64 {
    body / PLACES
}

fn place_of(body: i64) -> usize {
    (body % PLACES) as usize
}

/// A block that is being made: open for more bodies, then sealed. Shared by the spans that refer to it.
#[derive(Debug, Default)]
pub(crate) struct Block(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    keys: Vec<Key>,
    lengths: Vec<usize>,
    content: Vec<u8>,
    sealed: Option<Arc<Sealed>>,
}

/// The columns of a block's row.
#[derive(Debug)]
pub(crate) struct Sealed {
    pub(crate) lengths: Vec<u8>,
    pub(crate) data: Vec<u8>,
}

impl Block {
    /// Adds a body. Not for a block that is sealed.
    pub(crate) fn push(&self, key: Key, content: &[u8]) {
        let mut state = self.state();
        debug_assert!(state.sealed.is_none(), "what is sealed is on its way to the disk");
        state.keys.push(key);
        state.lengths.push(content.len());
        state.content.extend_from_slice(content);
    }

    /// A sealed block of one large body, which would make others be read with it.
    pub(crate) fn alone(key: Key, content: &[u8]) -> Self {
        let sealed =
            Sealed { lengths: write_lengths([Some(content.len())].into_iter()), data: pack::pack(content) };
        let (keys, lengths, sealed) = (vec![key], vec![content.len()], Some(Arc::new(sealed)));
        Block(Mutex::new(State { keys, lengths, content: Vec::new(), sealed }))
    }

    /// Whether the next body is to go to another block.
    pub(crate) fn is_full(&self) -> bool {
        let state = self.state();
        state.content.len() >= FULL_BYTES || state.keys.len() >= PLACES as usize
    }

    /// Compresses the content; returns what it takes now. The writer does it if nobody did before.
    pub(crate) fn seal(&self) -> usize {
        self.state().sealed().data.len()
    }

    /// The row to store, and the address of every body in it. Of a block of which more than half is known elsewhere by now, because
    /// another request had the same to say at the same moment, only the rest.
    pub(crate) fn row(&self, is_known: impl Fn(Key) -> bool) -> Result<(Arc<Sealed>, Vec<Key>)> {
        let mut state = self.state();
        let new: Vec<bool> = state.keys.iter().map(|key| !is_known(*key)).collect();
        let new_bytes: usize =
            new.iter().zip(&state.lengths).map(|(new, length)| usize::from(*new) * length).sum();
        if new_bytes * 2 >= state.lengths.iter().sum() {
            return Ok((state.sealed().clone(), state.keys.clone()));
        }
        let sealed = state.sealed().clone();
        let bodies = Bodies::read(&sealed.lengths, &sealed.data)?;
        let rest = Block::default();
        for (place, key) in state.keys.iter().enumerate().filter(|(place, _)| new[*place]) {
            rest.push(*key, &bodies.content[bodies.ranges[place].clone().unwrap_or_default()]);
        }
        let mut rest = rest.state();
        Ok((rest.sealed().clone(), std::mem::take(&mut rest.keys)))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn sealed(&mut self) -> &Arc<Sealed> {
        let content = &mut self.content;
        let lengths = &self.lengths;
        self.sealed.get_or_insert_with(|| {
            let content = std::mem::take(content);
            let lengths = write_lengths(lengths.iter().copied().map(Some));
            Arc::new(Sealed { lengths, data: pack::pack(&content) })
        })
    }
}

/// A stored block, unpacked.
#[derive(Debug)]
pub(crate) struct Bodies {
    content: Vec<u8>,
    /// `None`: swept.
    ranges: Vec<Option<Range<usize>>>,
}

impl Bodies {
    /// Reads a row.
    pub(crate) fn read(lengths: &[u8], data: &[u8]) -> Result<Self> {
        let content = pack::unpack(data)?;
        let mut at = 0;
        let ranges = read_lengths(lengths)?.into_iter().map(|length| {
            let range = at..at + length?;
            at = range.end;
            Some(range)
        });
        let ranges = ranges.collect();
        if at > content.len() {
            return Err(DAMAGED);
        }
        Ok(Bodies { content, ranges })
    }

    /// A body that is stored alone, as older versions did.
    pub(crate) fn alone(packed: &[u8]) -> Result<Self> {
        let content = pack::unpack(packed)?;
        Ok(Bodies { ranges: vec![Some(0..content.len())], content })
    }

    /// The bodies with their ids, if this is the block of that id.
    pub(crate) fn contents(&self, block: i64) -> impl Iterator<Item = (i64, &[u8])> {
        let ranges = self.ranges.iter().enumerate();
        ranges.filter_map(move |(place, range)| Some((body_id(block, place), &self.content[range.clone()?])))
    }

    /// Bytes held in memory, about.
    pub(crate) fn size_bytes(&self) -> usize {
        self.content.len() + self.ranges.len() * size_of::<Option<Range<usize>>>()
    }

    /// The row without some of its bodies; the others keep their places. `None` if none is left.
    pub(crate) fn without(&self, is_garbage: impl Fn(usize) -> bool) -> Option<Sealed> {
        let kept =
            |(place, range): (usize, &Option<Range<usize>>)| range.clone().filter(|_| !is_garbage(place));
        let ranges: Vec<_> = self.ranges.iter().enumerate().map(kept).collect();
        let content: Vec<u8> =
            ranges.iter().flatten().flat_map(|range| &self.content[range.clone()]).copied().collect();
        let lengths = write_lengths(ranges.iter().map(|range| range.as_ref().map(Range::len)));
        ranges.iter().any(Option::is_some).then(|| Sealed { lengths, data: pack::pack(&content) })
    }
}

/// The content of a body, within its block.
#[derive(Debug, Clone)]
pub(crate) struct Content {
    bodies: Arc<Bodies>,
    range: Range<usize>,
}

impl Content {
    /// The content of a body from its block, or of a body that is stored alone.
    ///
    /// # Errors
    /// [`Error::Damaged`] if the block has no such body.
    pub(crate) fn of(bodies: Arc<Bodies>, body: i64) -> Result<Self> {
        let place = if bodies.ranges.len() == 1 { 0 } else { place_of(body) };
        let range = bodies.ranges.get(place).cloned().flatten().ok_or(DAMAGED)?;
        Ok(Content { bodies, range })
    }
}

impl Deref for Content {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.bodies.content[self.range.clone()]
    }
}

/// How long the body at a place is, `None` if it was swept or never was.
pub(crate) fn length(lengths: &[u8], body: i64) -> Result<Option<usize>> {
    Ok(read_lengths(lengths)?.get(place_of(body)).copied().flatten())
}

/// The places of a block that hold a body.
pub(crate) fn places(lengths: &[u8]) -> Result<impl Iterator<Item = usize>> {
    let lengths = read_lengths(lengths)?;
    Ok(lengths.into_iter().enumerate().filter_map(|(place, length)| length.map(|_| place)))
}

const DAMAGED: Error = Error::Damaged("block of content");

fn write_lengths(lengths: impl Iterator<Item = Option<usize>>) -> Vec<u8> {
    let mut bytes = Vec::new();
    for length in lengths {
        prost::encoding::encode_varint(length.map_or(0, |length| length as u64 + 1), &mut bytes);
    }
    bytes
}

fn read_lengths(mut bytes: &[u8]) -> Result<Vec<Option<usize>>> {
    let mut lengths = Vec::new();
    while !bytes.is_empty() {
        let word = prost::encoding::decode_varint(&mut bytes).map_err(|_| DAMAGED)?;
        let length = word.checked_sub(1).map(usize::try_from).transpose().map_err(|_| DAMAGED)?;
        if length.is_some_and(|length| length > pack::MAX_BYTES as usize) {
            return Err(DAMAGED);
        }
        lengths.push(length);
    }
    Ok(lengths)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn texts(sealed: &Sealed) -> Vec<Option<Vec<u8>>> {
        let bodies = Arc::new(Bodies::read(&sealed.lengths, &sealed.data).unwrap());
        (0..bodies.ranges.len())
            .map(|place| Content::of(bodies.clone(), body_id(7, place)).ok().map(|content| content.to_vec()))
            .collect()
    }

    #[test]
    fn a_block_is_full_by_bytes_or_by_places() {
        let (large, many) = (Block::default(), Block::default());
        large.push(1, &[b'a'; FULL_BYTES - 1]);
        assert!(!large.is_full());
        large.push(2, b"a");
        assert!(large.is_full());
        (1..=255).for_each(|key| many.push(key, b""));
        assert!(!many.is_full());
        many.push(256, b"");
        assert!(many.is_full());
    }

    #[test]
    fn a_large_body_has_a_block_of_its_own() {
        let content = "many words ".repeat(10_000);
        let (sealed, keys) = Block::alone(9, content.as_bytes()).row(|_| false).unwrap();
        assert_eq!((keys, texts(&sealed)), (vec![9], vec![Some(content.into_bytes())]));
    }

    #[test]
    fn damage_is_an_error() {
        let sealed =
            Sealed { lengths: write_lengths([Some(3), Some(900)].into_iter()), data: pack::pack(b"abcd") };
        assert!(Bodies::read(&sealed.lengths, &sealed.data).is_err());
        assert!(Bodies::read(&[0xff], &sealed.data).is_err());
        assert!(length(&write_lengths([Some(1 << 40)].into_iter()), 0).is_err());
    }

    proptest! {
        #[test]
        fn bodies_come_back_also_when_some_are_known_or_swept(
            contents in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..300), 1..40),
            few in any::<u64>(),
        ) {
            let block = Block::default();
            for (key, content) in contents.iter().enumerate() {
                block.push(key as Key, content);
            }
            let is_few = |place: usize| few >> (place % 64) & 1 == 1;
            let (sealed, keys) = block.row(|_| false).unwrap();
            prop_assert_eq!(keys.len(), contents.len());
            let all: Vec<_> = contents.iter().cloned().map(Some).collect();
            prop_assert_eq!(texts(&sealed), all.clone());

            // Whether or not the known ones are left out, every key that is returned stands where its content is.
            let (some, keys) = block.row(|key| is_few(key as usize)).unwrap();
            let expected: Vec<_> = keys.iter().map(|key| all[*key as usize].clone()).collect();
            prop_assert_eq!(texts(&some), expected);
            let new = (0..contents.len()).filter(|place| !is_few(*place));
            prop_assert!(new.into_iter().all(|place| keys.contains(&(place as Key))));

            let bodies = Bodies::read(&sealed.lengths, &sealed.data).unwrap();
            let left: Vec<_> = (0..contents.len()).map(|place| all[place].clone().filter(|_| !is_few(place))).collect();
            match bodies.without(is_few) {
                None => prop_assert!(left.iter().all(Option::is_none)),
                // A block of one that was swept is gone, so a single place is always a body's.
                Some(rest) => {
                    prop_assert_eq!(places(&rest.lengths).unwrap().collect::<Vec<_>>(), (0..left.len()).filter(|place| left[*place].is_some()).collect::<Vec<_>>());
                    prop_assert_eq!(texts(&rest), left);
                }
            }
        }
    }
}
