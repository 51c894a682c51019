//! What spans say for their trace's row for the time being.
//!
//! What finished spans say is *settled*: the row joins it and never has to take it back. What a pending span says goes when
//! the finished one comes, and what log records make of a span changes with every further record. Such a span has an *offer*, at
//! most one, in a table; the row shows what is settled joined with the offers there are. So the row is a function of what was
//! sent, whatever came first. A trace without offers, as most are, knows nothing of this and pays nothing.
//!
//! A new offer is joined to what is shown. Only where an offer goes that is shown, and nothing better came in its place, is the
//! row put together again from all offers of the trace, once at the end of the group.

use bennu_model::SpanId;
use rusqlite::{Connection, OptionalExtension};

use super::shown::Shown;
use crate::Result;

/// The key of what is settled: no span's id.
const SETTLED: &[u8] = &[];

/// What a row shows, and what it is made of.
#[derive(Debug, Clone)]
pub(crate) struct Offers {
    trace: i64,
    shown: Shown,
    /// What is settled, as long as there are offers; without them it is what is shown.
    settled: Option<Box<Shown>>,
    count: i64,
    /// What is shown may hold something that nobody says any more.
    stale: bool,
}

impl Offers {
    /// Of a trace's row as it was read; `count` is how many offers it has.
    pub(crate) fn read(connection: &Connection, trace: i64, shown: Shown, count: i64) -> Result<Self> {
        let settled = match count {
            0 => None,
            _ => read(connection, trace, SETTLED)?.map(Box::new),
        };
        Ok(Offers { trace, shown, settled, count, stale: false })
    }

    pub(crate) fn shown(&self) -> &Shown {
        &self.shown
    }

    pub(crate) fn count(&self) -> i64 {
        self.count
    }

    /// A finished version of a span says this, and will always have said it.
    pub(crate) fn settle(&mut self, said: Shown) {
        if let Some(settled) = &mut self.settled {
            settled.join(said.clone(), false);
        }
        // Over the version itself goes what its records make of it.
        self.shown.join(said, false);
    }

    /// The present version of a span says this for the time being; `None`: nothing but what is settled.
    pub(crate) fn offer(
        &mut self,
        connection: &Connection,
        span_id: SpanId,
        new: Option<Shown>,
    ) -> Result<()> {
        let old = if self.count > 0 { read(connection, self.trace, &span_id.0)? } else { None };
        if old.is_none() && new.is_none() {
            return Ok(());
        }
        let settled = self.settled.get_or_insert_with(|| Box::new(self.shown.clone()));
        self.count += i64::from(new.is_some()) - i64::from(old.is_some());
        match &new {
            Some(new) => write(connection, self.trace, &span_id.0, new)?,
            None => remove(connection, self.trace, &span_id.0)?,
        }
        if self.count == 0 {
            remove(connection, self.trace, SETTLED)?;
            self.shown = settled.as_ref().clone();
            self.settled = None;
            self.stale = false;
            return Ok(());
        }
        let new = new.unwrap_or_else(Shown::nothing);
        self.shown.join(new.clone(), true);
        self.stale = self.stale || old.is_some_and(|old| self.shown.holds(&old, settled, &new));
        Ok(())
    }

    /// At the end of a group, before the row is written: makes what is shown true again, and writes what is settled where that is
    /// not the row itself.
    pub(crate) fn flush(&mut self, connection: &Connection) -> Result<()> {
        let Some(settled) = &self.settled else { return Ok(()) };
        if std::mem::take(&mut self.stale) {
            self.shown = settled.as_ref().clone();
            for offer in all(connection, self.trace)? {
                self.shown.join(offer, true);
            }
        }
        write(connection, self.trace, SETTLED, settled)
    }
}

fn read(connection: &Connection, trace: i64, span_id: &[u8]) -> Result<Option<Shown>> {
    let mut select = connection.prepare_cached("SELECT data FROM offer WHERE trace = ? AND span_id = ?")?;
    let data: Option<Vec<u8>> = select.query_row((trace, span_id), |row| row.get(0)).optional()?;
    data.map(|data| Shown::decode(&data)).transpose()
}

fn write(connection: &Connection, trace: i64, span_id: &[u8], shown: &Shown) -> Result<()> {
    let mut upsert =
        connection.prepare_cached("INSERT OR REPLACE INTO offer (trace, span_id, data) VALUES (?, ?, ?)")?;
    upsert.execute((trace, span_id, shown.encode()))?;
    Ok(())
}

fn remove(connection: &Connection, trace: i64, span_id: &[u8]) -> Result<()> {
    let mut delete = connection.prepare_cached("DELETE FROM offer WHERE trace = ? AND span_id = ?")?;
    delete.execute((trace, span_id))?;
    Ok(())
}

fn all(connection: &Connection, trace: i64) -> Result<Vec<Shown>> {
    let mut select = connection.prepare_cached("SELECT data FROM offer WHERE trace = ? AND span_id != ?")?;
    let offers = select.query_map((trace, SETTLED), |row| row.get::<_, Vec<u8>>(0))?;
    offers.map(|data| Shown::decode(&data?)).collect()
}
