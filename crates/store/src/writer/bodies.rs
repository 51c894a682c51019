//! Gives ids to bodies and list nodes, storing the blocks and nodes that are new.

use std::collections::HashMap;

use foldhash::fast::RandomState;
use rusqlite::Connection;

use crate::{
    Error, Result,
    dedup::{Dedup, Key},
    stored::{
        block::{Block, body_id},
        encode::{Body, Pending},
        refs::Ref,
    },
};

/// Rows stored in the present transaction; published to everybody once it is committed.
#[derive(Debug, Default)]
pub(crate) struct Staged(HashMap<Key, i64, RandomState>);

impl Staged {
    /// The references of a span.
    pub(crate) fn resolve(
        &mut self,
        connection: &Connection,
        dedup: &Dedup,
        pending: &[Pending],
    ) -> Result<Vec<Ref>> {
        pending
            .iter()
            .map(|pending| match pending {
                Pending::Body(body) => Ok(Ref::Body(self.body(connection, dedup, body)?)),
                Pending::List { base, rest } => self.list(connection, dedup, *base, rest),
            })
            .collect()
    }

    /// What the commit made true.
    pub(crate) fn into_entries(self) -> impl Iterator<Item = (Key, i64)> {
        self.0.into_iter()
    }

    fn body(&mut self, connection: &Connection, dedup: &Dedup, body: &Body) -> Result<i64> {
        match body {
            Body::Known(id) => Ok(*id),
            Body::New { key, block } => match self.find(*key, dedup) {
                Some(id) => Ok(id),
                None => {
                    self.store(connection, dedup, block)?;
                    self.find(*key, dedup).ok_or(Error::Damaged("block of content"))
                }
            },
        }
    }

    fn store(&mut self, connection: &Connection, dedup: &Dedup, block: &Block) -> Result<()> {
        let (sealed, keys) = block.row(|key| self.find(key, dedup).is_some())?;
        let mut insert = connection.prepare_cached("INSERT INTO block (lengths, data) VALUES (?, ?)")?;
        let id = insert.insert((&sealed.lengths, &sealed.data))?;
        for (place, key) in keys.into_iter().enumerate() {
            self.0.entry(key).or_insert(body_id(id, place));
        }
        Ok(())
    }

    fn list(
        &mut self,
        connection: &Connection,
        dedup: &Dedup,
        base: Option<i64>,
        rest: &[(Key, Body)],
    ) -> Result<Ref> {
        let mut node = base;
        for (key, body) in rest {
            // Another request of this moment may have stored it since this one was prepared.
            let found = self.find(*key, dedup);
            let id = match found {
                Some(id) => id,
                None => {
                    let body = self.body(connection, dedup, body)?;
                    let mut insert = connection
                        .prepare_cached("INSERT INTO node (parent, body, hash) VALUES (?, ?, ?)")?;
                    let id = insert.insert((node, body, key.to_be_bytes()))?;
                    self.0.insert(*key, id);
                    id
                }
            };
            node = Some(id);
        }
        Ok(node.map_or(Ref::Empty, Ref::List))
    }

    fn find(&self, key: Key, dedup: &Dedup) -> Option<i64> {
        self.0.get(&key).copied().or_else(|| dedup.get(key))
    }
}
