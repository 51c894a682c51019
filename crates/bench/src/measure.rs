//! One server's turn: written to, waited for, weighed, read.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, ensure};
use bennu_bench::{Generator, Sample};

use crate::{
    cli::Flags,
    figures::{Figures, Unit, tenths},
    read::{Client, reads},
    send::{Load, Sent, send},
    servers::{Adapter, Against},
    watch::{Usage, Watch, disk_bytes},
};

/// A span that cannot be read after so long is lost.
const QUERYABLE_WITHIN: Duration = Duration::from_secs(1_800);

/// Everything about one server, into `figures`. `end_ns`: the time of all servers' traffic, so that it is the same.
///
/// # Errors
/// What was not taken or not answered; what was measured before it is in `figures`.
pub(crate) fn measure(
    flags: &Flags,
    server: &Against,
    end_ns: u64,
    figures: &mut Figures,
) -> anyhow::Result<()> {
    let client = Client::new();
    let adapter = server.adapter(&client)?;
    let mut generator = Generator::ending(flags.seed, flags.shape, end_ns)
        .over_days(flags.days, flags.spans)
        .with_turns(flags.turns)
        .in_project(server.project.clone());
    let load = Load {
        target: server.target(),
        connections: flags.connections(),
        batch: flags.batch(),
        spans: flags.spans,
        rate: flags.rate,
    };
    let disk_before = server.dir.as_deref().map(disk_bytes).transpose()?;
    let watch = server.pid.map(Watch::start).transpose()?;

    let sent = send(&load, &mut generator, &AtomicBool::new(false))?;
    ensure!(!sent.acks.is_empty(), "nothing was sent: --spans is 0");
    written(figures, &sent);
    // To the standard error: what follows may take minutes, and the table is for the end.
    eprintln!("{}: {} spans acknowledged in {:.1} s", server.name, sent.spans(), sent.took.as_secs_f64());
    if let Some(adapter) = &adapter {
        let waited = wait(adapter.as_ref(), &client, &sent)?;
        eprintln!("{}: queryable {:.1} s later", server.name, waited.as_secs_f64());
        figures.one(
            "until queryable, ms",
            Unit::Short,
            "write/until_queryable_ms",
            waited.as_secs_f64() * 1e3,
        );
        let seconds = (sent.took + waited).as_secs_f64();
        let rate = sent.spans() as f64 / seconds;
        figures.one("spans/s until queryable", Unit::Count, "write/queryable_spans_per_s", rate);
    }
    if watch.is_some() || disk_before.is_some() {
        thread::sleep(Duration::from_secs_f64(flags.settle.clamp(0.0, 3_600.0)));
    }
    if let Some(usage) = watch.map(Watch::finish).transpose()? {
        weighed(figures, usage, sent.spans());
    }
    if let (Some(dir), Some(before)) = (&server.dir, disk_before) {
        let grown = disk_bytes(dir)?.saturating_sub(before) as f64;
        figures.one("disk, MB", Unit::Megabytes, "write/disk_bytes", grown);
        let each = grown / sent.spans() as f64;
        figures.one("disk, bytes a span", Unit::Count, "write/disk_bytes_per_span", each);
    }
    if let Some(adapter) = &adapter
        && flags.reads > 0
    {
        let sample = generator.sample();
        let whole = sample.traces.len() + sample.wide.len();
        ensure!(whole > 0, "there is nothing to read: no trace was sent whole; more --spans are needed");
        reads(adapter.as_ref(), generator.sample(), flags.reads, "idle", figures)?;
        if flags.under > 0.0 {
            let load = Load { rate: Some(flags.under), spans: usize::MAX, ..load };
            reads_under(adapter.as_ref(), generator.sample(), flags, server, load, figures)?;
        }
    }
    Ok(())
}

/// What the acknowledgements say.
fn written(figures: &mut Figures, sent: &Sent) {
    let (spans, bytes, seconds) = (sent.spans() as f64, sent.bytes() as f64, sent.took.as_secs_f64());
    figures.one("spans", Unit::Count, "write/spans", spans);
    figures.one("raw bytes a span", Unit::Count, "write/raw_bytes_per_span", bytes / spans);
    figures.one("raw, MB", Unit::Megabytes, "write/raw_bytes", bytes);
    figures.one("acknowledged, spans/s", Unit::Count, "write/spans_per_s", spans / seconds);
    figures.one("acknowledged, MB/s", Unit::Short, "write/mb_per_s", bytes / seconds / 1e6);
    let mut latencies: Vec<Duration> = sent.acks.iter().map(|ack| ack.took).collect();
    figures.percentiles("acknowledged", "write/ack_", &mut latencies);
    if sent.retries > 0 {
        figures.one("sent again, being full", Unit::Count, "write/retries", sent.retries as f64);
    }
    if let Some(tenths) = tenths(sent) {
        for (at, rate) in tenths.iter().enumerate() {
            let label = format!("tenth {}, spans/s", at + 1);
            figures.one(&label, Unit::Count, &format!("write/tenths_spans_per_s/{}", at + 1), *rate);
        }
        figures.one("last tenth / first", Unit::Short, "write/last_tenth_to_first", tenths[9] / tenths[0]);
    }
}

fn weighed(figures: &mut Figures, usage: Usage, spans: usize) {
    let each = usage.cpu_s / spans as f64 * 1e3;
    figures.one("CPU, s per 1,000 spans", Unit::Short, "write/cpu_s_per_1000_spans", each);
    figures.one("CPU, s", Unit::Short, "write/cpu_s", usage.cpu_s);
    figures.one("RSS peak, MB", Unit::Megabytes, "write/rss_peak_bytes", usage.rss_peak_bytes as f64);
}

/// How long after the last acknowledgement everything could be read.
fn wait(adapter: &dyn Adapter, client: &Client, sent: &Sent) -> anyhow::Result<Duration> {
    let begun = Instant::now();
    let mut last = sent.last.clone();
    loop {
        adapter.missing(client, sent.spans(), &mut last)?;
        let waited = begun.elapsed();
        if last.is_empty() {
            return Ok(waited);
        }
        ensure!(waited < QUERYABLE_WITHIN, "some of the spans cannot be read after {QUERYABLE_WITHIN:?}");
        // Asking costs the server something, so the longer it takes the rarer it is asked.
        thread::sleep((waited / 20).clamp(Duration::from_millis(5), Duration::from_secs(1)));
    }
}

/// The questions again while traffic of another seed comes in.
fn reads_under(
    adapter: &dyn Adapter,
    sample: &Sample,
    flags: &Flags,
    server: &Against,
    load: Load,
    figures: &mut Figures,
) -> anyhow::Result<()> {
    let stop = AtomicBool::new(false);
    let mut generator = Generator::new(flags.seed ^ 0xfeed, flags.shape)
        .with_turns(flags.turns)
        .in_project(server.project.clone());
    // A request in five seconds would be ingest only now and then.
    let batch = load.batch.min((flags.under / 10.0).ceil() as usize).max(1);
    let load = Load { batch, ..load };
    let (read, sent) = thread::scope(|scope| {
        let sending = scope.spawn(|| send(&load, &mut generator, &stop));
        // The first requests are under way.
        thread::sleep(Duration::from_secs(1));
        let read = reads(adapter, sample, flags.reads, "under_ingest", figures);
        stop.store(true, Ordering::Relaxed);
        (read, sending.join())
    });
    let sent = sent.map_err(|_| anyhow::anyhow!("a sender panicked"))?.context("while it was read")?;
    read?;
    let rate = sent.spans() as f64 / sent.took.as_secs_f64();
    figures.one("under ingest, spans/s taken", Unit::Count, "under_ingest/spans_per_s", rate);
    let mut latencies: Vec<Duration> = sent.acks.iter().map(|ack| ack.took).collect();
    figures.percentiles("under ingest, acknowledged", "under_ingest/ack_", &mut latencies);
    Ok(())
}
