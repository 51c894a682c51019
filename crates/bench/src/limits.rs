//! What this machine can do at most, to stand beside the figures of a server: no server that syncs, compresses, hashes and
//! inserts can be faster than these let it.

use std::{
    fs::{self, File},
    io::Write,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use anyhow::Context;
use bennu_bench::{Generator, Shape};

use crate::report::aligned;

/// Where and how long.
#[derive(Debug, clap::Args)]
pub(crate) struct LimitsFlags {
    /// A directory on the disk that is measured; what is written there is removed.
    #[arg(long)]
    dir: PathBuf,
    /// Seconds for each figure.
    #[arg(long, default_value_t = 3.0)]
    seconds: f64,
}

/// What a commit of a small request appends to a log.
const SYNC_BYTES: usize = 8 << 10;
/// Rows of a transaction, and the bytes of one: a stored span without its texts.
const ROWS: u64 = 4_000;
const ROW_BYTES: usize = 600;

pub(crate) fn run(flags: &LimitsFlags) -> anyhow::Result<()> {
    let dir = flags.dir.join(format!("bennu-bench-limits-{}", std::process::id()));
    fs::create_dir_all(&dir).with_context(|| format!("{} cannot be made", dir.display()))?;
    let result = measure(&dir, Duration::from_secs_f64(flags.seconds.clamp(0.1, 600.0)));
    fs::remove_dir_all(&dir)?;
    let rows: Vec<Vec<String>> =
        result?.into_iter().map(|(label, value)| vec![label.to_owned(), format!("{value:.0}")]).collect();
    print!("{}", aligned(&rows));
    Ok(())
}

fn measure(dir: &Path, time: Duration) -> anyhow::Result<Vec<(&'static str, f64)>> {
    let text = chat();
    Ok(vec![
        ("fdatasync of 8 KB appends, 1/s", syncs(dir, time)?),
        ("zstd level 1, blocks of 1 KB, MB/s", zstd(&text, 1 << 10, time)?),
        ("zstd level 1, blocks of 32 KB, MB/s", zstd(&text, 32 << 10, time)?),
        ("blake3, blocks of 1 KB, MB/s", blake3(&text, 1 << 10, time)),
        ("blake3, blocks of 32 KB, MB/s", blake3(&text, 32 << 10, time)),
        ("SQLite, rows of 600 bytes, 4,000 a commit, 1/s", sqlite(dir, &text, time)?),
    ])
}

/// Requests of chat: texts and the keys around them.
fn chat() -> Vec<u8> {
    let mut generator = Generator::ending(1, Shape::Chat, 1_800_000_000_000_000_000);
    (0..20).flat_map(|_| generator.request(500).body).collect()
}

fn syncs(dir: &Path, time: Duration) -> anyhow::Result<f64> {
    let mut file = File::create(dir.join("appends"))?;
    let (begun, mut count) = (Instant::now(), 0);
    while begun.elapsed() < time {
        file.write_all(&[7; SYNC_BYTES])?;
        file.sync_data()?;
        count += 1;
    }
    Ok(f64::from(count) / begun.elapsed().as_secs_f64())
}

fn zstd(text: &[u8], block_bytes: usize, time: Duration) -> anyhow::Result<f64> {
    let mut compressor = zstd::bulk::Compressor::new(1)?;
    let mut room = vec![0; zstd::zstd_safe::compress_bound(block_bytes)];
    let (begun, mut bytes) = (Instant::now(), 0);
    for block in text.chunks_exact(block_bytes).cycle() {
        bytes += block.len();
        compressor.compress_to_buffer(block, &mut room)?;
        if begun.elapsed() > time {
            break;
        }
    }
    Ok(bytes as f64 / begun.elapsed().as_secs_f64() / 1e6)
}

fn blake3(text: &[u8], block_bytes: usize, time: Duration) -> f64 {
    let (begun, mut bytes) = (Instant::now(), 0);
    for block in text.chunks_exact(block_bytes).cycle() {
        bytes += block.len();
        std::hint::black_box(blake3::hash(std::hint::black_box(block)));
        if begun.elapsed() > time {
            break;
        }
    }
    bytes as f64 / begun.elapsed().as_secs_f64() / 1e6
}

/// Rows with a key and one index, as synced as a store's.
fn sqlite(dir: &Path, text: &[u8], time: Duration) -> anyhow::Result<f64> {
    let mut connection = rusqlite::Connection::open(dir.join("rows.db"))?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.execute_batch(
        "CREATE TABLE row (id INTEGER PRIMARY KEY, start_ns INTEGER NOT NULL, name TEXT NOT NULL, data BLOB NOT NULL);
         CREATE INDEX row_start ON row (start_ns);",
    )?;
    let mut blocks = text.chunks_exact(ROW_BYTES).cycle();
    let (begun, mut rows) = (Instant::now(), 0_u64);
    while begun.elapsed() < time {
        let transaction = connection.transaction()?;
        {
            let mut insert =
                transaction.prepare("INSERT INTO row (start_ns, name, data) VALUES (?, ?, ?)")?;
            for _ in 0..ROWS {
                rows += 1;
                let start_ns = 1_800_000_000_000_000_000 + rows as i64 * 1_000;
                insert.execute((start_ns, "llm.chat", blocks.next().unwrap_or_default()))?;
            }
        }
        transaction.commit()?;
    }
    Ok(rows as f64 / begun.elapsed().as_secs_f64())
}
