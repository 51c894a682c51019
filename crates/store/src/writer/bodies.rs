//! Gives ids to bodies and list nodes, storing those that are new.

use std::collections::HashMap;

use rusqlite::Connection;

use crate::{
    Result,
    dedup::{Dedup, Key},
    stored::{
        encode::{Body, Pending},
        refs::Ref,
    },
};

/// Rows stored in the present transaction; published to everybody once it is committed.
#[derive(Debug, Default)]
pub(crate) struct Staged(HashMap<Key, i64>);

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
            Body::New { key, packed } => self.find_or(*key, dedup, || {
                let mut insert = connection.prepare_cached("INSERT INTO body (hash, data) VALUES (?, ?)")?;
                Ok(insert.insert((key.to_be_bytes(), &**packed))?)
            }),
        }
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

    fn find_or(&mut self, key: Key, dedup: &Dedup, store: impl FnOnce() -> Result<i64>) -> Result<i64> {
        match self.find(key, dedup) {
            Some(id) => Ok(id),
            None => {
                let id = store()?;
                self.0.insert(key, id);
                Ok(id)
            }
        }
    }
}
