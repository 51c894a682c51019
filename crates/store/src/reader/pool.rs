//! Read-only connections, each used by one question at a time.

use std::{
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use rusqlite::{Connection, ErrorCode, OpenFlags};
use tokio::sync::Semaphore;

use crate::{Error, Result};

/// Instructions of SQLite's machine between two looks at the clock: some tens of microseconds.
const STEPS_PER_LOOK: i32 = 4_000;

#[derive(Debug)]
pub(crate) struct Pool {
    path: PathBuf,
    idle: Mutex<Vec<Connection>>,
    /// As many questions at once as there are connections; the others wait in order.
    places: Semaphore,
    timeout: Duration,
}

/// When a question has taken as long as it may.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Deadline {
    start: Instant,
    timeout: Duration,
}

impl Deadline {
    /// # Errors
    /// [`Error::TimedOut`] once the time is over.
    pub(crate) fn check(&self) -> Result<()> {
        if self.start.elapsed() > self.timeout {
            return Err(Error::TimedOut(self.timeout.as_millis() as u64));
        }
        Ok(())
    }
}

impl Pool {
    pub(crate) fn new(path: PathBuf, size: usize, timeout: Duration) -> Arc<Self> {
        Arc::new(Pool { path, idle: Mutex::default(), places: Semaphore::new(size), timeout })
    }

    /// Runs a question off the async threads.
    ///
    /// # Errors
    /// [`Error::TimedOut`] when it takes longer than the pool allows.
    pub(crate) async fn ask<T: Send + 'static>(
        self: &Arc<Self>,
        question: impl FnOnce(&Connection) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let _place = self.places.acquire().await.map_err(|_| Error::Closed)?;
        let pool = self.clone();
        let asked = tokio::task::spawn_blocking(move || pool.run(Some(pool.timeout), question));
        asked.await.map_err(|_| Error::Closed)?
    }

    /// As [`Pool::ask`], for a question that computes for long between its statements: it has to look at the clock itself.
    pub(crate) async fn ask_until<T: Send + 'static>(
        self: &Arc<Self>,
        question: impl FnOnce(&Connection, Deadline) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let timeout = self.timeout;
        self.ask(move |connection| question(connection, Deadline { start: Instant::now(), timeout })).await
    }

    /// Runs a question on this thread; without a timeout it may take as long as it needs.
    pub(crate) fn run<T>(
        &self,
        timeout: Option<Duration>,
        question: impl FnOnce(&Connection) -> Result<T>,
    ) -> Result<T> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let mut connection = match idle {
            Some(connection) => connection,
            None => self.open()?,
        };
        let deadline = timeout.map(|timeout| Instant::now() + timeout);
        connection
            .progress_handler(STEPS_PER_LOOK, deadline.map(|deadline| move || Instant::now() > deadline))?;
        let answer = question(&connection);
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(connection);
        answer.map_err(|error| match error {
            Error::Sqlite(error) if error.sqlite_error_code() == Some(ErrorCode::OperationInterrupted) => {
                Error::TimedOut(timeout.unwrap_or_default().as_millis() as u64)
            }
            other => other,
        })
    }

    fn open(&self) -> Result<Connection> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(&self.path, flags)?;
        connection.busy_timeout(Duration::from_secs(5))?;
        connection.execute_batch(
            "PRAGMA query_only = ON; PRAGMA cache_size = -4096; PRAGMA temp_store = MEMORY;",
        )?;
        connection.set_prepared_statement_cache_capacity(64);
        Ok(connection)
    }
}
