//! What can go wrong at the door to disk, in words for the person who runs the program.

/// A result of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why the store refused or failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Another process has the directory open.
    #[error("{0} is in use by another bennu; stop that one or choose another --data-dir")]
    InUse(String),
    /// The file was written by a newer program.
    #[error(
        "{path} has schema version {found}, this program knows up to {known}; use a newer bennu (the file was not touched)"
    )]
    NewerSchema {
        /// The database file.
        path: String,
        /// The version found.
        found: i64,
        /// The newest version this program knows.
        known: i64,
    },
    /// The file is not ours.
    #[error("{0} is not a bennu database (the file was not touched)")]
    NotOurs(String),
    /// The disk or its quota is full.
    #[error("the disk is full; free some space, nothing that was acknowledged is lost")]
    DiskFull,
    /// The question took longer than its limit.
    #[error("the question took longer than {0} ms and was cut off; narrow the time range or the filter")]
    TimedOut(u64),
    /// The answer would take too much memory.
    #[error("the answer is larger than {0} bytes; ask for single spans")]
    TooLarge(usize),
    /// More was asked for at once than a question allows.
    #[error("more than {0} spans were asked for at once; ask for fewer")]
    TooMany(usize),
    /// The writer has stopped; the program must be restarted.
    #[error("the writer has stopped")]
    Closed,
    /// A stored record does not read back.
    #[error("a stored record is damaged: {0}")]
    Damaged(&'static str),
    /// The file system said no.
    #[error("{path}: {source}")]
    Io {
        /// What was touched.
        path: String,
        /// Why.
        source: std::io::Error,
    },
    /// SQLite said no.
    #[error("database: {0}")]
    Sqlite(rusqlite::Error),
}

impl Error {
    /// Whether the same call may succeed later without anybody changing it.
    pub fn is_retryable(&self) -> bool {
        match self {
            Error::DiskFull | Error::TimedOut(_) => true,
            Error::InUse(_)
            | Error::NewerSchema { .. }
            | Error::NotOurs(_)
            | Error::Closed
            | Error::TooLarge(_)
            | Error::TooMany(_)
            | Error::Damaged(_)
            | Error::Io { .. }
            | Error::Sqlite(_) => false,
        }
    }
}

impl From<rusqlite::Error> for Error {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(rusqlite::ErrorCode::DiskFull) => Error::DiskFull,
            _ => Error::Sqlite(error),
        }
    }
}
