//! Content to row id, in memory.
//!
//! A unique index on the hash would cost the writer most of its speed once it outgrows the page cache. So the map is bounded
//! and lives here; a miss stores the content again, which is harmless. It is warmed from the newest rows at start.

use std::sync::{Arc, Mutex, PoisonError};

use foldhash::fast::RandomState;

use crate::recent::Recent;

/// A content address: the first 128 bits of blake3.
pub(crate) type Key = u128;

/// Entries kept: about 48 MB when full.
const CAPACITY: usize = 1_000_000;

/// The address of a body.
pub(crate) fn body_key(content: &[u8]) -> Key {
    truncate(blake3::hash(content))
}

/// The address of a list: its parent's address and its last element's.
pub(crate) fn node_key(parent: Option<Key>, body: Key) -> Key {
    let mut bytes = [0; 32];
    bytes[..16].copy_from_slice(&parent.unwrap_or(0).to_be_bytes());
    bytes[16..].copy_from_slice(&body.to_be_bytes());
    truncate(blake3::keyed_hash(b"bennu: a node of the prefix tree", &bytes))
}

fn truncate(hash: blake3::Hash) -> Key {
    let mut key = [0; 16];
    key.copy_from_slice(&hash.as_bytes()[..16]);
    Key::from_be_bytes(key)
}

/// The map, shared by those who prepare spans and the writer. Locks are held for single look-ups only.
#[derive(Debug)]
pub(crate) struct Dedup {
    ids: Mutex<Recent<Key, i64, RandomState>>,
    ticket: Mutex<Arc<Ticket>>,
}

/// Held by whoever may use ids read from the map; the sweep waits for the tickets of before its evictions.
#[derive(Debug, Default)]
pub(crate) struct Ticket;

impl Dedup {
    pub(crate) fn new() -> Self {
        Dedup { ids: Mutex::new(Recent::new(CAPACITY)), ticket: Mutex::default() }
    }

    /// The row that holds this content, if it is remembered. Bodies and nodes share the map: their addresses differ.
    pub(crate) fn get(&self, key: Key) -> Option<i64> {
        self.ids.lock().unwrap_or_else(PoisonError::into_inner).get(&key).copied()
    }

    /// Remembers rows that are committed.
    pub(crate) fn publish(&self, entries: impl IntoIterator<Item = (Key, i64)>) {
        let mut ids = self.ids.lock().unwrap_or_else(PoisonError::into_inner);
        entries.into_iter().for_each(|(key, id)| ids.insert(key, id));
    }

    /// Forgets every entry the test holds for.
    pub(crate) fn evict(&self, mut test: impl FnMut(Key, i64) -> bool) {
        self.ids.lock().unwrap_or_else(PoisonError::into_inner).remove_if(|key, id| test(*key, *id));
    }

    /// Take one before the first look-up, keep it until the ids are committed.
    pub(crate) fn ticket(&self) -> Arc<Ticket> {
        self.ticket.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Starts a new age of tickets and returns the old one; its count falls to one when its holders are done.
    pub(crate) fn next_age(&self) -> Arc<Ticket> {
        std::mem::take(&mut *self.ticket.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
