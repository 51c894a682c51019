//! Mark and sweep: deletes bodies and list nodes that no span refers to any more.
//!
//! The mark reads a snapshot on a reader's connection while writing goes on. What it calls garbage is garbage as of the
//! snapshot; since then a new span may have found such a body through the map. So the garbage is first made unfindable, then
//! everybody who may have found it before is waited for, and last the writer looks at the spans that came since.

use std::{
    collections::HashSet,
    sync::{Arc, mpsc},
    time::{Duration, Instant},
};

use rusqlite::{Connection, OptionalExtension, TransactionBehavior};
use tokio::sync::oneshot;

use super::Job;
use crate::{
    Error, Result,
    dedup::Dedup,
    stored::refs::{self, Ref},
};

/// How long those who may have found garbage are waited for; past it the sweep is put off to the next deletion.
const PATIENCE: Duration = Duration::from_secs(60);

/// Rows nobody referred to when `newest_span` was the newest.
#[derive(Debug, Default)]
pub(crate) struct Garbage {
    newest_span: i64,
    bodies: HashSet<i64>,
    nodes: HashSet<i64>,
}

/// Marks on `reader`, then has the writer collect. Returns the number of rows deleted. Blocks; call it off the async threads.
pub(crate) fn sweep(reader: &Connection, dedup: &Dedup, queue: &mpsc::Sender<Job>) -> Result<usize> {
    let garbage = mark(reader)?;
    if garbage.bodies.is_empty() && garbage.nodes.is_empty() {
        return Ok(0);
    }
    evict(dedup, &garbage);
    let age = dedup.next_age();
    let begun = Instant::now();
    while Arc::strong_count(&age) > 1 {
        if begun.elapsed() > PATIENCE {
            return Ok(0);
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    let (done, answer) = oneshot::channel();
    queue.send(Job::Collect { garbage, done }).map_err(|_| Error::Closed)?;
    answer.blocking_recv().map_err(|_| Error::Closed)?
}

fn evict(dedup: &Dedup, garbage: &Garbage) {
    // Ids of bodies and nodes overlap; forgetting one too many costs a copy, no more.
    dedup.evict(|_, id| garbage.bodies.contains(&id) || garbage.nodes.contains(&id));
}

fn mark(reader: &Connection) -> Result<Garbage> {
    let snapshot = reader.unchecked_transaction()?;
    let newest_span = snapshot.query_row("SELECT coalesce(max(id), 0) FROM span", [], |row| row.get(0))?;
    let mut garbage = Garbage {
        newest_span,
        bodies: all(&snapshot, "SELECT id FROM body")?,
        nodes: all(&snapshot, "SELECT id FROM node")?,
    };
    garbage.spare(&snapshot, 0)?;
    Ok(garbage)
}

fn all(connection: &Connection, sql: &str) -> Result<HashSet<i64>> {
    let mut select = connection.prepare(sql)?;
    let ids = select.query_map([], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
    Ok(ids)
}

impl Garbage {
    /// Takes out what spans newer than `after` refer to, with the bodies of their lists.
    fn spare(&mut self, connection: &Connection, after: i64) -> Result<()> {
        let mut node = connection.prepare_cached("SELECT parent, body FROM node WHERE id = ?")?;
        let mut spans = connection.prepare("SELECT refs FROM span WHERE id > ?")?;
        let mut rows = spans.query([after])?;
        while let Some(row) = rows.next()? {
            let bytes = row.get_ref(0)?.as_blob().map_err(|_| Error::Damaged("references"))?;
            for reference in refs::decode(bytes)? {
                let mut list = match reference {
                    Ref::Body(id) => {
                        self.bodies.remove(&id);
                        None
                    }
                    Ref::List(id) => Some(id),
                    Ref::Empty => None,
                };
                // A node that is spared already has spared its ancestors.
                while let Some(id) = list.filter(|id| self.nodes.remove(id)) {
                    let (parent, body): (Option<i64>, i64) =
                        node.query_row([id], |row| Ok((row.get(0)?, row.get(1)?)))?;
                    self.bodies.remove(&body);
                    list = parent;
                }
            }
        }
        Ok(())
    }
}

/// Deletes garbage that is still garbage, and gives the freed pages back to the file system.
pub(crate) fn collect(connection: &mut Connection, dedup: &Dedup, mut garbage: Garbage) -> Result<usize> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    garbage.spare(&transaction, garbage.newest_span)?;
    let mut deleted = 0;
    {
        let mut body = transaction.prepare("DELETE FROM body WHERE id = ?")?;
        for id in &garbage.bodies {
            deleted += body.execute([id])?;
        }
        let mut node = transaction.prepare("DELETE FROM node WHERE id = ?")?;
        for id in &garbage.nodes {
            deleted += node.execute([id])?;
        }
    }
    transaction.commit()?;
    evict(dedup, &garbage);
    // Each step of this pragma frees a page; the rows it yields are empty.
    let mut vacuum = connection.prepare("PRAGMA incremental_vacuum")?;
    let mut rows = vacuum.query([])?;
    while rows.next()?.is_some() {}
    drop(rows);
    drop(vacuum);
    let _ = connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).optional();
    Ok(deleted)
}
