//! The newest content and its addresses, so that content goes on being shared over a restart.

use rusqlite::Connection;

use crate::{
    Error, Result,
    dedup::{Key, body_key},
    stored::block::Bodies,
};

/// Nodes that are looked at, and blocks: some 100,000 bodies, unpacked in a second beside everything else.
const NODES: i64 = 100_000;
const BLOCKS: i64 = 2_000;

/// The newest bodies with their ids, oldest first: what is used longest ago is forgotten first. The addresses are not stored: they
/// would take as much as the content does once it is compressed.
pub(crate) fn newest_bodies(connection: &Connection) -> Result<Vec<(Key, i64)>> {
    let mut select = connection.prepare(
        "SELECT id, lengths, data FROM (SELECT * FROM block ORDER BY id DESC LIMIT ?) ORDER BY id",
    )?;
    let mut rows = select.query([BLOCKS])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let blob = |at| row.get_ref(at)?.as_blob().map_err(|_| Error::Damaged("block of content"));
        let bodies = Bodies::read(blob(1)?, blob(2)?)?;
        let id = row.get(0)?;
        found.extend(bodies.contents(id).map(|(body, content)| (body_key(content), body)));
    }
    Ok(found)
}

/// The newest nodes, likewise.
pub(crate) fn newest_nodes(connection: &Connection) -> Result<Vec<(Key, i64)>> {
    let sql = "SELECT hash, id FROM (SELECT * FROM node ORDER BY id DESC LIMIT ?) ORDER BY id";
    let mut select = connection.prepare(sql)?;
    let rows = select.query_map([NODES], |row| Ok((Key::from_be_bytes(row.get(0)?), row.get(1)?)))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}
