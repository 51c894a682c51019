//! The writer thread: the only one that changes the database.
//!
//! Callers put work on a queue and wait. The thread takes whatever has gathered, writes it in one transaction and commits,
//! which syncs the log to disk; only then are the callers answered. While it syncs, the next group gathers: group commit
//! without a timer.

mod best;
mod bodies;
mod claims;
mod complete;
mod delete;
mod group;
mod links;
mod logs;
mod offers;
mod rows;
mod shapes;
mod shown;
mod sweep;
mod traces;
mod usage;
mod usage_row;

use std::{
    collections::VecDeque,
    path::PathBuf,
    sync::{Arc, mpsc},
    thread::JoinHandle,
    time::{Duration, Instant},
};

use bennu_model::TraceId;
use rusqlite::Connection;
use tokio::sync::{oneshot, watch};

use crate::{Batch, Derive, Error, Result, dedup::Dedup};
pub(crate) use best::span_of;
use group::Group;
pub(crate) use links::MAX_LINKS;
pub(crate) use shapes::{NO_SHAPE, duration_class};
pub(crate) use sweep::sweep;
pub(crate) use usage::read_row as read_usage;

/// A group is closed at this many spans and log records, so that the first caller in it does not wait for too many others.
const MAX_GROUP_ITEMS: usize = 8_000;

/// Work for the writer.
#[derive(Debug)]
pub(crate) enum Job {
    /// Store spans of one project, and log records.
    Append(Append),
    /// Do what takes several turns.
    Long(Long),
    /// Answer, to show that the thread lives.
    Ping { done: oneshot::Sender<Result<()>> },
}

/// Long work, done a slice at a time.
#[derive(Debug)]
pub(crate) enum Long {
    /// Delete one trace of a project, or everything of it. Answers with the number of traces deleted.
    Delete { project: Arc<str>, trace: Option<TraceId>, deleted: usize, done: oneshot::Sender<Result<usize>> },
    /// Delete rows nobody refers to (see `sweep`).
    Collect { garbage: sweep::Garbage, done: oneshot::Sender<Result<()>> },
}

/// One caller's spans and log records, until they are answered.
#[derive(Debug)]
pub(crate) struct Append {
    pub(crate) project: Arc<str>,
    pub(crate) batch: Batch,
    pub(crate) done: oneshot::Sender<Result<usize>>,
    /// What the caller holds as long as they are in memory.
    pub(crate) held: Held,
}

impl Append {
    fn parts(&self) -> (&str, &Batch) {
        (&self.project, &self.batch)
    }

    /// Gives back what they took up, then answers with the number of spans.
    fn answer(self, outcome: Result<()>) {
        let Append { batch, done, held, .. } = self;
        let stored = batch.spans.len();
        drop((batch, held));
        let _ = done.send(outcome.map(|()| stored));
    }
}

/// Something that is dropped when the spans it stands for are stored or refused.
pub(crate) struct Held(
    #[expect(dead_code, reason = "held, then dropped")] pub(crate) Box<dyn std::any::Any + Send>,
);

impl std::fmt::Debug for Held {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Held")
    }
}

/// The queue's end that callers hold, and the thread.
#[derive(Debug)]
pub(crate) struct Writer {
    queue: mpsc::Sender<Job>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    /// Starts the thread on a connection that has been set up for writing.
    /// `changes` moves after every commit that changed something.
    pub(crate) fn start(
        connection: Connection,
        dedup: Arc<Dedup>,
        wal: PathBuf,
        changes: watch::Sender<u64>,
        derive: Option<Derive>,
    ) -> std::io::Result<Self> {
        let (queue, jobs) = mpsc::channel();
        let thread = std::thread::Builder::new().name("bennu-writer".into()).spawn(move || {
            let (later, log_bounded) = (VecDeque::new(), Instant::now());
            let state = State::new(dedup, derive);
            Thread { connection, state, wal, changes, jobs, next: None, later, log_bounded }.run();
        })?;
        Ok(Writer { queue, thread: Some(thread) })
    }

    /// A handle for putting work on the queue.
    pub(crate) fn queue(&self) -> mpsc::Sender<Job> {
        self.queue.clone()
    }

    /// Ends the thread once the work already queued is done, provided that every other handle is gone.
    pub(crate) fn stop(mut self) {
        drop(self.queue);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// What the writer remembers between transactions. Everything here can be read again from the database; after a failed
/// transaction it is forgotten.
#[derive(Debug)]
struct State {
    dedup: Arc<Dedup>,
    traces: traces::Cache,
    claims: claims::Claims,
    shapes: shapes::Shapes,
    /// What a span means together with its log records.
    derive: Option<Derive>,
    /// Whether the store may hold log records that change what a span means. Once it does, it is not asked again: a look into
    /// an index for every trace of a group is cheap.
    meaning: bool,
}

impl State {
    fn new(dedup: Arc<Dedup>, derive: Option<Derive>) -> Self {
        let (traces, claims, shapes) = Default::default();
        State { dedup, traces, claims, shapes, derive, meaning: true }
    }
}

struct Thread {
    connection: Connection,
    state: State,
    wal: PathBuf,
    changes: watch::Sender<u64>,
    jobs: mpsc::Receiver<Job>,
    /// A job that was taken from the queue but belongs to the next group.
    next: Option<Job>,
    /// Long work for when nothing else waits.
    later: VecDeque<Long>,
    log_bounded: Instant,
}

impl Thread {
    fn run(mut self) {
        if let Err(error) = self.state.claims.warm(&self.connection) {
            tracing::warn!(%error, "recent response ids could not be read");
        }
        match logs::any_meaning(&self.connection) {
            Ok(any) => self.state.meaning = any,
            Err(error) => tracing::warn!(%error, "log records could not be looked for"),
        }
        while let Some(job) = self.take() {
            match job {
                Job::Append(append) => {
                    let appends = self.gather(append);
                    self.append(appends);
                    // Long work has its turn under load, too.
                    if let Some(long) = self.later.pop_front() {
                        self.slice(long);
                    }
                }
                Job::Ping { done } => drop(done.send(Ok(()))),
                Job::Long(long) => self.slice(long),
            }
            self.bound_log();
        }
    }

    /// The next job: what waits on the queue before long work; without either, waits. `None` when every handle is gone and
    /// nothing is left to do.
    fn take(&mut self) -> Option<Job> {
        if let Some(job) = self.next.take().or_else(|| self.jobs.try_recv().ok()) {
            return Some(job);
        }
        self.later.pop_front().map(Job::Long).or_else(|| self.jobs.recv().ok())
    }

    /// Does a slice of long work; what is left goes to the end of the line.
    fn slice(&mut self, long: Long) {
        match long {
            Long::Delete { project, trace, deleted, done } => {
                let before = self.connection.total_changes();
                let outcome = delete::delete(&mut self.connection, &mut self.state, &project, trace);
                if outcome.is_ok() && self.connection.total_changes() != before {
                    self.tell();
                }
                match outcome {
                    Ok((more, true)) => drop(done.send(Ok(deleted + more))),
                    Ok((more, false)) => {
                        self.later.push_back(Long::Delete { project, trace, deleted: deleted + more, done });
                    }
                    Err(error) => {
                        self.forget();
                        let _ = done.send(Err(error));
                    }
                }
            }
            Long::Collect { mut garbage, done } => match sweep::collect(&mut self.connection, &mut garbage) {
                Ok(true) => self.later.push_back(Long::Collect { garbage, done }),
                outcome => drop(done.send(outcome.map(drop))),
            },
        }
    }

    /// Everything that is waiting to be appended, up to the size of a group.
    fn gather(&mut self, first: Append) -> Vec<Append> {
        let mut items = first.batch.len();
        let mut appends = vec![first];
        while items < MAX_GROUP_ITEMS {
            match self.jobs.try_recv() {
                Ok(Job::Append(append)) => {
                    items += append.batch.len();
                    appends.push(append);
                }
                Ok(other) => {
                    self.next = Some(other);
                    break;
                }
                Err(_) => break,
            }
        }
        appends
    }

    /// Writes a group. If it fails with several callers in it, each is tried alone: one's trouble is not the others'. A full disk
    /// is everybody's.
    fn append(&mut self, appends: Vec<Append>) {
        let several = appends.len() > 1;
        let mut outcome = self.write(appends.iter().map(Append::parts));
        for append in appends {
            let answer = match &outcome {
                Ok(()) => Ok(()),
                Err(Error::DiskFull) => Err(Error::DiskFull),
                Err(_) if several => self.write(std::iter::once(append.parts())),
                Err(_) => std::mem::replace(&mut outcome, Ok(())),
            };
            append.answer(answer);
        }
    }

    fn write<'a>(&mut self, appends: impl Iterator<Item = (&'a str, &'a Batch)>) -> Result<()> {
        match Group::write(&mut self.connection, &mut self.state, appends) {
            Ok(changed) => {
                if changed {
                    self.tell();
                }
                Ok(())
            }
            Err(error) => {
                self.forget();
                Err(error)
            }
        }
    }

    /// After a commit: whoever looks on may ask again.
    fn tell(&self) {
        self.changes.send_modify(|changes| *changes = changes.wrapping_add(1));
    }

    /// After a failed transaction: the rows that memory speaks of may not exist.
    fn forget(&mut self) {
        self.state.traces.clear();
        self.state.shapes.clear();
        self.state.claims.clear();
        let _ = self.state.claims.warm(&self.connection);
    }

    /// The log is emptied from another connection while nobody writes (`store::checkpoint`). Under an unbroken stream of
    /// commits that never finds an end, so past this size the writer itself stops for it. The file is written over from its
    /// beginning then, not cut off: its pages are in memory and on the disk already, and to make them anew took a tenth of the
    /// time of an ingest.
    fn bound_log(&mut self) {
        const MAX_LOG_BYTES: u64 = 64 << 20;
        const PERIOD: Duration = Duration::from_secs(1);
        if self.log_bounded.elapsed() > PERIOD
            && std::fs::metadata(&self.wal).is_ok_and(|wal| wal.len() > MAX_LOG_BYTES)
        {
            // A reader in a long answer holds the log; then this does what it can and does not wait.
            let _ = self.connection.busy_timeout(Duration::ZERO);
            let _ = self.connection.query_row("PRAGMA wal_checkpoint(RESTART)", [], |_| Ok(()));
            let _ = self.connection.busy_timeout(Duration::from_secs(5));
            self.log_bounded = Instant::now();
        }
    }
}
