//! What one item may hold, and what was mended in it.
//!
//! A value of two bytes on the wire takes up to a hundred in memory, and several times that while it is normalised and stored.
//! So values are counted: what a sender can make of 64 MiB of empty attributes is decided here.

use bennu_model::Attribute;

use crate::decode::Counted;

/// The room of a span, a log record, a resource or a scope: so many numbers in arrays, or a tenth of that in attributes. A
/// batch of three hundred embeddings of 3,072 numbers fits.
const UNITS: u32 = 1_000_000;
/// What an element of an array takes.
pub(super) const ELEMENT: u32 = 1;
/// What an attribute, an entry of a map, an event or a link takes.
pub(super) const ENTRY: u32 = 10;

/// Values within values are read to this depth. A stored record is a prost message: they end at a hundred levels, of which a map
/// takes three.
pub(super) const MAX_DEPTH: u32 = 32;

/// What was done to keep an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mended {
    /// Text that is not text.
    Text,
    /// More values than there is room for.
    Full,
    /// Deeper than values are read.
    Deep,
    /// An attribute, a value, an event or a link that does not decode.
    Lost,
    /// An id of a parent that is none.
    Parent,
    /// A log record's id of a span that is none.
    SpanId,
    /// The resource or the scope itself does not decode.
    Whole,
    /// A time that is none.
    Time,
}

const MENDED: [(Mended, &str); 8] = [
    (Mended::Text, "text that is not valid Unicode was mended"),
    (Mended::Full, "it holds more values than are kept; the rest was dropped and counted as dropped"),
    (Mended::Deep, "values nested deeper than 32 levels are kept as they were encoded"),
    (Mended::Lost, "what does not decode in it was dropped and counted as dropped"),
    (Mended::Parent, "parent_span_id is not 8 bytes; it is kept as a root"),
    (Mended::SpanId, "span_id is not 8 bytes; it is kept without"),
    (Mended::Time, "a time is not a whole number of nanoseconds since 1970; it is kept as 0"),
    (Mended::Whole, "it does not decode, and what could not be read of it was dropped"),
];

/// Given along while an item is read.
#[derive(Debug)]
pub(super) struct Room {
    left: u32,
    /// A bit for each of [`MENDED`].
    mended: u8,
    /// Whether the value that is read now lost a part.
    short: bool,
}

impl Room {
    pub(super) fn new() -> Self {
        Room { left: UNITS, mended: 0, short: false }
    }

    /// Takes room for a value, if there is some.
    pub(super) fn take(&mut self, units: u32) -> bool {
        let fits = units <= self.left;
        if fits {
            self.left -= units;
        } else {
            self.mend(Mended::Full);
            self.short = true;
        }
        fits
    }

    pub(super) fn mend(&mut self, mended: Mended) {
        self.mended |= 1 << mended as u8;
    }

    /// Text that should be UTF-8; SDKs that cut at bytes break it. Mended, and remembered.
    pub(super) fn text(&mut self, bytes: &[u8]) -> String {
        match std::str::from_utf8(bytes) {
            Ok(text) => text.to_owned(),
            Err(_) => {
                self.mend(Mended::Text);
                String::from_utf8_lossy(bytes).into_owned()
            }
        }
    }

    /// Adds an attribute to a list that has room for it; `read` reads it. Whatever is lost is counted as dropped.
    pub(super) fn attribute<E>(
        &mut self,
        list: &mut Vec<Attribute>,
        dropped: &mut u32,
        read: impl FnOnce(&mut Self) -> Result<Attribute, E>,
    ) {
        if !self.take(ENTRY) {
            *dropped = dropped.saturating_add(1);
            return;
        }
        self.short = false;
        match read(self) {
            Ok(attribute) => list.push(attribute),
            Err(_) => {
                self.mend(Mended::Lost);
                self.short = true;
            }
        }
        *dropped = dropped.saturating_add(self.short.into());
    }

    /// Whether text had to be mended.
    pub(super) fn repaired(&self) -> bool {
        self.mended & (1 << Mended::Text as u8) != 0
    }

    /// Tells the sender.
    pub(super) fn warn(&self, what: &'static str, warnings: &mut Counted) {
        if self.mended == 0 {
            return;
        }
        for (mended, said) in MENDED {
            if self.mended & (1 << mended as u8) != 0 {
                warnings.add(what, said);
            }
        }
    }
}
