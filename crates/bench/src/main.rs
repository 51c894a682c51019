//! `bennu-bench`: sends LLM-shaped traces to OTLP servers, says how fast they were acknowledged, and compares servers by that
//! and by how fast they answer. `bennu-bench --help` and the library's first page show the commands.
//!
//! `measure` gives each server its turn: `send` writes, `watch` looks at its process and its files, `read` asks the questions of
//! `servers`, and `report` shows the `figures`. What they mean:
//!
//! - Requests are made before the clock starts, at most 256 MB of them; then it stands while the next are made. What a
//!   server does in such a pause is not counted, so a run that compares servers that acknowledge before they store should be
//!   smaller than that.
//! - *acknowledged*: from when a request is sent until its answer is read; with `--rate` from when it was due, so that a
//!   server that falls behind cannot hide it. A server that says it is full is asked again, and the wait counts.
//! - *until queryable*: from the last acknowledgement until the last spans can be read (Bennu: the last span of each of the
//!   last 64 requests; Phoenix: its count of spans). The question that finds it is in it.
//! - *CPU*, *RSS peak*: of the one process named, from the first request until the server settled.
//! - *disk*: how much the files of the directory grew, logs included, once the server settled.
//! - Reads are whole answers over one connection, one after the other, checked to be answers. Bennu and Phoenix are
//!   asked what their pages ask, 50 traces a list.
#![expect(clippy::print_stdout, reason = "a command-line tool's answer")]

mod cli;
mod servers;
mod measure;
mod send;
mod watch;
mod read;
mod figures;
mod report;
mod worst;
mod limits;

use std::{fs, time::SystemTime};

use anyhow::Context;
use clap::Parser;

use cli::{Command, Flags};
use figures::Figures;

fn main() -> anyhow::Result<()> {
    let flags = Flags::parse();
    match &flags.command {
        Some(Command::Worst(worst)) => worst::run(worst, &flags.url),
        Some(Command::Limits(limits)) => limits::run(limits),
        None => compare(&flags),
    }
}

/// One server after the other, with the same traffic.
fn compare(flags: &Flags) -> anyhow::Result<()> {
    let end_ns =
        SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_nanos() as u64;
    let mut done = Vec::new();
    let mut result = Ok(());
    for server in flags.servers() {
        let mut figures = Figures::default();
        result = measure::measure(flags, &server, end_ns, &mut figures).with_context(|| server.name.clone());
        // What was measured before a failure took long enough to be shown.
        if !figures.0.is_empty() {
            done.push((server.name, figures));
        }
        // Now, since a run of hours may be cut off while the next server has its turn.
        if let Some(path) = &flags.json {
            let json = serde_json::to_string_pretty(&report::json(flags, &done))?;
            fs::write(path, json + "\n").with_context(|| format!("{} cannot be written", path.display()))?;
        }
        if result.is_err() {
            break;
        }
    }
    if !done.is_empty() {
        print!("{}", report::table(&done));
    }
    result
}
