//! Mark and sweep: deletes bodies and list nodes that no span and no log record refers to any more.
//!
//! The mark reads a snapshot on a reader's connection while writing goes on. What it calls garbage is garbage as of the
//! snapshot; since then a new span or record may have found such a body through the map. So the garbage is first made
//! unfindable, then everybody who may have found it before is waited for, and last the writer looks at the rows that came since.

use std::{
    collections::HashSet,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
    time::Duration,
};

use rusqlite::{Connection, OptionalExtension, TransactionBehavior};
use tokio::sync::oneshot;

use super::{Job, Long};
use crate::{
    Error, Result,
    bits::Bits,
    dedup::Dedup,
    stored::{
        block::{self, Bodies},
        refs::{self, Ref},
    },
};

/// Rows deleted and pages given back in one turn of the writer; callers with spans have theirs in between.
const SLICE: usize = 5_000;
/// Blocks in one turn; one that keeps some of its bodies is compressed again, which takes about 0.2 ms.
const BLOCKS_A_SLICE: usize = 100;

/// The tables whose rows refer to bodies and nodes.
const REFERRING: [&str; 2] = ["span", "log"];

/// Rows nobody referred to when these were the newest.
#[derive(Debug, Default)]
pub(crate) struct Garbage {
    /// Of each of [`REFERRING`].
    newest: [i64; REFERRING.len()],
    newest_node: i64,
    bodies: Bits,
    nodes: Bits,
}

/// Marks on `reader`, then has the writer collect. Blocks, and must not run twice at once. Gives up when told to stop.
pub(crate) fn sweep(
    reader: &Connection,
    dedup: &Dedup,
    queue: &mpsc::Sender<Job>,
    stop: &AtomicBool,
) -> Result<()> {
    let garbage = mark(reader, stop)?;
    if garbage.is_empty() {
        return Ok(());
    }
    // Ids of bodies and nodes overlap; forgetting one too many costs a copy, no more.
    dedup.evict(|_, id| garbage.bodies.contains(id) || garbage.nodes.contains(id));
    // Whoever took a ticket before may have found some of it. Every ticket is given up: requests end.
    let age = dedup.next_age();
    while Arc::strong_count(&age) > 1 {
        if stop.load(Ordering::Relaxed) {
            return Ok(());
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    let (done, answer) = oneshot::channel();
    queue.send(Job::Long(Long::Collect { garbage, done })).map_err(|_| Error::Closed)?;
    answer.blocking_recv().map_err(|_| Error::Closed)?
}

fn mark(reader: &Connection, stop: &AtomicBool) -> Result<Garbage> {
    let snapshot = reader.unchecked_transaction()?;
    let newest = |table: &str| -> Result<i64> {
        let sql = format!("SELECT coalesce(max(id), 0) FROM {table}");
        Ok(snapshot.query_row(&sql, [], |row| row.get(0))?)
    };
    let mut garbage = Garbage {
        newest: Default::default(),
        newest_node: newest("node")?,
        bodies: bodies(&snapshot)?,
        nodes: ids(&snapshot, "SELECT id FROM node")?,
    };
    garbage.spare(&snapshot, stop)?;
    Ok(garbage)
}

fn ids(connection: &Connection, sql: &str) -> Result<Bits> {
    let mut ids = Bits::default();
    let mut select = connection.prepare(sql)?;
    let mut rows = select.query([])?;
    while let Some(row) = rows.next()? {
        ids.insert(row.get(0)?);
    }
    Ok(ids)
}

/// Every body in a block, and those that older versions stored alone.
fn bodies(connection: &Connection) -> Result<Bits> {
    let mut bodies = ids(connection, "SELECT id FROM body")?;
    let mut select = connection.prepare("SELECT id, lengths FROM block")?;
    let mut rows = select.query([])?;
    while let Some(row) = rows.next()? {
        let (id, lengths) = (row.get(0)?, row.get_ref(1)?.as_blob().map_err(|_| Error::Damaged("block"))?);
        block::places(lengths)?.for_each(|place| bodies.insert(block::body_id(id, place)));
    }
    Ok(bodies)
}

impl Garbage {
    fn is_empty(&self) -> bool {
        self.bodies.is_empty() && self.nodes.is_empty()
    }

    /// Takes out what rows newer than `newest` refer to, with the bodies of their lists.
    fn spare(&mut self, connection: &Connection, stop: &AtomicBool) -> Result<()> {
        // Nodes newer than the mark, already walked.
        let mut walked = HashSet::new();
        (0..REFERRING.len()).try_for_each(|table| self.spare_table(connection, table, &mut walked, stop))
    }

    fn spare_table(
        &mut self,
        connection: &Connection,
        table: usize,
        walked: &mut HashSet<i64>,
        stop: &AtomicBool,
    ) -> Result<()> {
        let mut node = connection.prepare_cached("SELECT parent, body FROM node WHERE id = ?")?;
        let sql = format!("SELECT id, refs FROM {} WHERE id > ? ORDER BY id", REFERRING[table]);
        let mut referring = connection.prepare_cached(&sql)?;
        let mut rows = referring.query([self.newest[table]])?;
        while let Some(row) = rows.next()? {
            if stop.load(Ordering::Relaxed) {
                *self = Garbage::default();
                return Ok(());
            }
            self.newest[table] = row.get(0)?;
            let bytes = row.get_ref(1)?.as_blob().map_err(|_| Error::Damaged("references"))?;
            for reference in refs::decode(bytes)? {
                let mut list = match reference {
                    Ref::Body(id) => {
                        self.bodies.remove(id);
                        None
                    }
                    Ref::List(id) => Some(id),
                    Ref::Empty => None,
                };
                while let Some(id) = list {
                    // An old node that is not garbage has spared its ancestors; a new one may stand on garbage.
                    let fresh = id > self.newest_node && walked.insert(id);
                    if !self.nodes.remove(id) && !fresh {
                        break;
                    }
                    let (parent, body): (Option<i64>, i64) =
                        node.query_row([id], |row| Ok((row.get(0)?, row.get(1)?)))?;
                    self.bodies.remove(body);
                    list = parent;
                }
            }
        }
        Ok(())
    }

    /// The bodies of a block that are garbage.
    fn take_block(&mut self) -> Option<(i64, Vec<i64>)> {
        let block = block::block_of(self.bodies.first()?);
        let mut bodies = Vec::new();
        while self.bodies.first().is_some_and(|body| block::block_of(body) == block) {
            bodies.extend(self.bodies.pop());
        }
        Some((block, bodies))
    }
}

/// Takes bodies out of their block; a block of which nothing is left is deleted.
fn remove_bodies(connection: &Connection, block: i64, bodies: &[i64]) -> Result<()> {
    let mut select = connection.prepare_cached("SELECT lengths, data FROM block WHERE id = ?")?;
    let row: Option<(Vec<u8>, Vec<u8>)> =
        select.query_row([block], |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
    let Some((lengths, data)) = row else {
        let mut delete = connection.prepare_cached("DELETE FROM body WHERE id = ?")?;
        return bodies.iter().try_for_each(|body| Ok(delete.execute([body]).map(drop)?));
    };
    let is_garbage = |place| bodies.contains(&block::body_id(block, place));
    let rest = if block::places(&lengths)?.all(is_garbage) {
        None
    } else {
        Bodies::read(&lengths, &data)?.without(is_garbage)
    };
    match rest {
        None => connection.prepare_cached("DELETE FROM block WHERE id = ?")?.execute([block])?,
        Some(rest) => connection
            .prepare_cached("UPDATE block SET lengths = ?, data = ? WHERE id = ?")?
            .execute((&rest.lengths, &rest.data, block))?,
    };
    Ok(())
}

/// Deletes a slice of garbage that is still garbage; tells whether there is more to do. At the end gives the freed pages back to
/// the file system.
pub(crate) fn collect(connection: &mut Connection, garbage: &mut Garbage) -> Result<bool> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    garbage.spare(&transaction, &AtomicBool::new(false))?;
    for (block, bodies) in (0..BLOCKS_A_SLICE).map_while(|_| garbage.take_block()).collect::<Vec<_>>() {
        remove_bodies(&transaction, block, &bodies)?;
    }
    let mut delete = transaction.prepare_cached("DELETE FROM node WHERE id = ?")?;
    for node in (0..SLICE).map_while(|_| garbage.nodes.pop()) {
        delete.execute([node])?;
    }
    drop(delete);
    transaction.commit()?;
    if !garbage.is_empty() {
        return Ok(true);
    }
    // Each step of this pragma frees a page; the rows it yields are empty.
    let mut vacuum = connection.prepare(&format!("PRAGMA incremental_vacuum({SLICE})"))?;
    let mut rows = vacuum.query([])?;
    while rows.next()?.is_some() {}
    drop(rows);
    drop(vacuum);
    let free: Option<i64> = connection.query_row("PRAGMA freelist_count", [], |row| row.get(0)).optional()?;
    Ok(free.unwrap_or(0) > 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stored::{block::Block, decode::Contents};

    fn insert_span(connection: &Connection, id: i64, references: &[Ref]) {
        let sql = "INSERT INTO span (id, trace, project, span_id, name, kind, status, start_ns, end_ns, scope, messages, version, \
                   refs, data) VALUES (?1, 1, 1, ?1, '', 0, 0, 0, 0, 0, 0, x'00', ?2, x'00')";
        connection.execute(sql, (id, refs::encode(references))).unwrap();
    }

    fn count(connection: &Connection, table: &str) -> i64 {
        connection.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0)).unwrap()
    }

    #[test]
    fn what_a_span_or_a_record_found_while_the_mark_ran_is_spared() {
        let mut connection = Connection::open_in_memory().unwrap();
        crate::schema::migrate(&mut connection, "test").unwrap();
        connection
            .execute_batch(
                // As older versions stored bodies.
                "INSERT INTO body (id, hash, data) VALUES (1, x'01', x''), (2, x'02', x''), (3, x'03', x''), (4, x'04', x'');
                 INSERT INTO node (id, parent, body, hash) VALUES (1, NULL, 1, x'01'), (2, 1, 2, x'02'), (3, NULL, 3, x'03');",
            )
            .unwrap();
        let mut garbage = mark(&connection, &AtomicBool::new(false)).unwrap();
        assert_eq!((garbage.bodies.len(), garbage.nodes.len()), (4, 3), "nobody refers to anything");
        // The next call of the conversation that was deleted: a new node on garbage.
        connection.execute_batch("INSERT INTO body (id, hash, data) VALUES (5, x'05', x''); INSERT INTO node VALUES (4, 2, 5, x'04');").unwrap();
        insert_span(&connection, 1, &[Ref::List(4), Ref::Empty]);
        let log = "INSERT INTO log (trace_id, at_ns, severity, event_name, meaningful, version, refs, data) \
                   VALUES (x'01', 0, 0, '', 0, x'00', ?1, x'00')";
        connection.execute(log, [refs::encode(&[Ref::List(4), Ref::Body(4)])]).unwrap();
        while collect(&mut connection, &mut garbage).unwrap() {}
        let bodies = bodies(&connection).unwrap();
        assert_eq!((bodies.contains(3), bodies.len(), count(&connection, "node")), (false, 4, 3));
    }

    #[test]
    fn a_block_loses_what_is_garbage_and_goes_with_its_last_body() {
        let mut connection = Connection::open_in_memory().unwrap();
        crate::schema::migrate(&mut connection, "test").unwrap();
        let made = Block::default();
        (0..4).for_each(|key| made.push(key, format!("content {key}").as_bytes()));
        let (sealed, _) = made.row(|_| false).unwrap();
        for _ in 0..2 {
            let insert = "INSERT INTO block (lengths, data) VALUES (?, ?)";
            connection.execute(insert, (&sealed.lengths, &sealed.data)).unwrap();
        }
        insert_span(&connection, 1, &[Ref::Body(block::body_id(1, 2))]);
        for _ in 0..2 {
            let mut garbage = mark(&connection, &AtomicBool::new(false)).unwrap();
            while collect(&mut connection, &mut garbage).unwrap() {}
            let mut fetch = crate::reader::Fetch::new(&connection);
            let mut read = |place| fetch.body(block::body_id(1, place)).map(|content| content.to_vec());
            assert_eq!(read(2).unwrap(), b"content 2");
            assert!(read(1).is_err());
            assert_eq!((count(&connection, "block"), bodies(&connection).unwrap().len()), (1, 1));
        }
        connection.execute("DELETE FROM span", []).unwrap();
        let mut garbage = mark(&connection, &AtomicBool::new(false)).unwrap();
        while collect(&mut connection, &mut garbage).unwrap() {}
        assert_eq!(count(&connection, "block"), 0);
    }
}
