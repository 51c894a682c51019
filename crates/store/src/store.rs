//! The store: opened once, shared by every handler. What can be asked of it is in `questions`.

use std::{
    fs::{File, TryLockError},
    hash::{BuildHasher, RandomState},
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
    thread::JoinHandle,
    time::Duration,
};

use bennu_model::{LogRecord, Span, Summary, TraceId};
use rusqlite::Connection;
use tokio::sync::{oneshot, watch};

use crate::{
    Batch, Error, Preparer, Result,
    dedup::Dedup,
    reader::{Pool, newest_bodies, newest_nodes},
    schema,
    writer::{self, Append, Held, Job, Long, Writer},
};

const DATABASE: &str = "bennu.db";
const LOCK: &str = "bennu.lock";

/// How the store is opened.
#[derive(Debug, Clone)]
pub struct Options {
    /// Questions answered at the same time.
    pub readers: usize,
    /// How long a question may take.
    pub query_timeout: Duration,
    /// Pages the database may have, for tests of a full disk; `None` is no limit.
    pub max_pages: Option<u32>,
    /// What a span means together with its log records; `None`: what it means alone.
    pub derive: Option<Derive>,
}

/// What a span means together with those of its log records that change it: at least one, in the order of their time, at most
/// the last 1,000 or 16 MiB. A function of these alone. Runs on the writer's thread.
pub type Derive = fn(&Span, &[LogRecord]) -> Summary;

impl Default for Options {
    fn default() -> Self {
        Options { readers: 4, query_timeout: Duration::from_secs(10), max_pages: None, derive: None }
    }
}

/// The door to disk. Cheap to share behind an `Arc`.
#[derive(Debug)]
pub struct Store {
    dedup: Arc<Dedup>,
    queue: mpsc::Sender<Job>,
    writer: Writer,
    changes: watch::Receiver<u64>,
    /// Answers what `questions` asks.
    pub(crate) readers: Arc<Pool>,
    /// Asks for a sweep.
    sweeper: mpsc::Sender<()>,
    checkpointer: mpsc::Sender<()>,
    background: Vec<JoinHandle<()>>,
    stop: Arc<AtomicBool>,
    /// Held for as long as the store is open: one program a directory.
    _lock: File,
}

impl Store {
    /// Opens the database in a directory, creating both as needed.
    ///
    /// # Errors
    /// [`Error::InUse`], [`Error::NewerSchema`] and [`Error::NotOurs`] before anything is changed; [`Error::Io`] when the
    /// directory cannot be used.
    pub fn open(directory: &Path, options: Options) -> Result<Store> {
        let io = |path: &Path| {
            let path = path.display().to_string();
            move |source| Error::Io { path, source }
        };
        std::fs::create_dir_all(directory).map_err(io(directory))?;
        let lock_path = directory.join(LOCK);
        let lock = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&lock_path)
            .map_err(io(&lock_path))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(Error::InUse(directory.display().to_string())),
            Err(TryLockError::Error(source)) => return Err(io(&lock_path)(source)),
        }

        let path = directory.join(DATABASE);
        let mut connection = Connection::open(&path)?;
        schema::migrate(&mut connection, &path.display().to_string())?;
        // FULL: the log is synced at every commit. Checkpoints run elsewhere, so that no commit pays for one.
        connection.execute_batch(
            "PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 0; PRAGMA cache_size = -32768; \
             PRAGMA temp_store = MEMORY;",
        )?;
        if let Some(pages) = options.max_pages {
            connection.pragma_update(None, "max_page_count", pages)?;
        }
        connection.set_prepared_statement_cache_capacity(64);

        let dedup = Arc::new(Dedup::new());
        let wal = directory.join(format!("{DATABASE}-wal"));
        // From anywhere: a reader that knows the count of an earlier run must not take it for this one's.
        let (tell, changes) = watch::channel(RandomState::new().hash_one(path.as_path()) >> 1);
        let derive = options.derive;
        let writer =
            Writer::start(connection, dedup.clone(), wal.clone(), tell, derive).map_err(io(directory))?;
        let readers = Pool::new(path.clone(), options.readers, options.query_timeout);
        let stop = Arc::new(AtomicBool::new(false));
        let (sweeper, sweeping) = sweeper(readers.clone(), dedup.clone(), writer.queue(), stop.clone());
        let (checkpointer, checkpointing) = checkpointer(path, wal);
        let background = vec![sweeping, checkpointing];
        let queue = writer.queue();
        Ok(Store {
            dedup,
            queue,
            writer,
            changes,
            readers,
            sweeper,
            checkpointer,
            background,
            stop,
            _lock: lock,
        })
    }

    /// Begins to prepare the spans and log records of a request.
    pub fn preparer(&self) -> Preparer<'_> {
        Preparer::new(&self.dedup)
    }

    /// Stores spans of a project, and log records, together or not at all. When this returns `Ok`, they are on disk and can be
    /// asked for; it returns the number of spans. `held` is dropped when they are stored or refused, even if the caller has gone
    /// away by then.
    ///
    /// # Errors
    /// [`Error::DiskFull`] and others; then nothing of the batch is stored.
    pub async fn append(
        &self,
        project: &str,
        batch: impl Into<Batch>,
        held: impl Send + 'static,
    ) -> Result<usize> {
        let batch = batch.into();
        if batch.is_empty() {
            return Ok(0);
        }
        let (project, held) = (Arc::from(project), Held(Box::new(held)));
        self.work(|done| Job::Append(Append { project, batch, done, held })).await
    }

    /// Whether the writer lives.
    ///
    /// # Errors
    /// [`Error::Closed`].
    pub async fn check(&self) -> Result<()> {
        self.work(|done| Job::Ping { done }).await
    }

    /// Deletes a trace of a project, or the project with everything in it. Returns how many traces there were. Content that
    /// nobody refers to any more is removed from the file afterwards.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn delete(&self, project: &str, trace: Option<TraceId>) -> Result<usize> {
        let project = Arc::from(project);
        let deleted = self.work(|done| Job::Long(Long::Delete { project, trace, deleted: 0, done })).await?;
        if deleted > 0 {
            let _ = self.sweeper.send(());
        }
        Ok(deleted)
    }

    /// A counter that moves after every commit that changed something: spans or log records that were new, or a deletion. What it says was
    /// changed can be asked for already. It begins at 0 when the store is opened; a receiver has seen what came before it was
    /// made, and is told by an error when the store closes.
    pub fn changes(&self) -> watch::Receiver<u64> {
        let mut changes = self.changes.clone();
        changes.mark_unchanged();
        changes
    }

    async fn work<T>(&self, job: impl FnOnce(oneshot::Sender<Result<T>>) -> Job) -> Result<T> {
        let (done, answer) = oneshot::channel();
        self.queue.send(job(done)).map_err(|_| Error::Closed)?;
        answer.await.map_err(|_| Error::Closed)?
    }

    /// Waits until everything on the queue is written and closes the database, which leaves one file behind.
    pub fn close(self) {
        let Store { queue, writer, sweeper, checkpointer, background, readers, stop, .. } = self;
        stop.store(true, Ordering::Relaxed);
        drop((queue, sweeper, checkpointer));
        for thread in background {
            let _ = thread.join();
        }
        // The writer's connection goes last: one that only reads could not empty the log.
        drop(readers);
        writer.stop();
    }
}

/// One thread for what reads much: first the newest content addresses, then a sweep whenever one is asked for. One thread, so
/// that sweeps never overlap each other or the warming.
fn sweeper(
    readers: Arc<Pool>,
    dedup: Arc<Dedup>,
    queue: mpsc::Sender<Job>,
    stop: Arc<AtomicBool>,
) -> (mpsc::Sender<()>, JoinHandle<()>) {
    let (ask, asked) = mpsc::channel::<()>();
    let thread = std::thread::spawn(move || {
        warm(&readers, &dedup);
        while asked.recv().is_ok() && !stop.load(Ordering::Relaxed) {
            // However many asked meanwhile, one sweep serves them all.
            while asked.try_recv().is_ok() {}
            if let Err(error) =
                readers.run(None, |connection| writer::sweep(connection, &dedup, &queue, &stop))
            {
                tracing::warn!(%error, "content without references was not removed; the next deletion tries again");
            }
        }
    });
    (ask, thread)
}

/// Finds the newest content again; until then some may be stored twice.
fn warm(readers: &Pool, dedup: &Dedup) {
    let found = readers.run(None, |connection| {
        dedup.publish(newest_bodies(connection)?);
        dedup.publish(newest_nodes(connection)?);
        Ok(())
    });
    if let Err(error) = found {
        tracing::warn!(%error, "content addresses could not be read");
    }
}
/// Moves the log into the database while nobody waits for it. Ends when the returned sender is dropped.
fn checkpointer(path: PathBuf, wal: PathBuf) -> (mpsc::Sender<()>, JoinHandle<()>) {
    const PERIOD: Duration = Duration::from_millis(500);
    const WORTH_BYTES: u64 = 4 << 20;
    let (open, closed) = mpsc::channel::<()>();
    let thread = std::thread::spawn(move || {
        let Ok(connection) = Connection::open(&path) else { return };
        let _ = connection.execute_batch("PRAGMA cache_size = -1024;");
        let _ = connection.busy_timeout(Duration::ZERO);
        let state = || std::fs::metadata(&wal).and_then(|wal| Ok((wal.len(), wal.modified()?))).ok();
        let mut last = None;
        while closed.recv_timeout(PERIOD) == Err(mpsc::RecvTimeoutError::Timeout) {
            let now = state();
            let bytes = now.map_or(0, |(bytes, _)| bytes);
            if bytes > 0 && now == last {
                // Nothing was written for a while: the log can be emptied, so that the disk holds everything once.
                let _ = connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
            } else if bytes > WORTH_BYTES {
                let _ = connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()));
            }
            last = state();
        }
    });
    (open, thread)
}
