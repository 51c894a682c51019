//! How much memory a running server takes for one bad body.

use std::{io::Write, time::Instant};

use anyhow::Context;
use bennu_bench::{WORST, WORST_LOGS};

/// Bodies of one size, each all of one thing, one after another.
#[derive(Debug, clap::Args)]
pub(crate) struct WorstFlags {
    /// Process id of the server, whose memory is read from /proc.
    #[arg(long)]
    pid: u32,
    /// Bytes of each body, decompressed: the server's --max-body-bytes.
    #[arg(long, default_value_t = 64 << 20)]
    bytes: usize,
    /// Only kinds whose name contains this.
    #[arg(long, default_value = "")]
    only: String,
}

/// Sends each kind in each encoding, plain and compressed, and prints the highest resident memory of each.
pub(crate) fn run(flags: &WorstFlags, url: &str) -> anyhow::Result<()> {
    // Room for what is around the content.
    let bytes = flags.bytes.saturating_sub(1_000);
    let idle = memory(flags.pid, "VmRSS:")?;
    println!(
        "idle: {idle} MB; highest resident memory of one body, MB above that (before it was sent, seconds, status)"
    );
    println!("| body | protobuf | protobuf, gzip | JSON | JSON, gzip |\n|---|---|---|---|---|");
    let logs_url = url.replace("/v1/traces", "/v1/logs");
    let spans = WORST.iter().map(|worst| (worst, url));
    let all = spans.chain(WORST_LOGS.iter().map(|worst| (worst, logs_url.as_str())));
    for (worst, url) in all.filter(|(worst, _)| worst.name.contains(&flags.only)) {
        print!("| {} |", worst.name);
        for (content_type, make) in
            [("application/x-protobuf", worst.protobuf), ("application/json", worst.json)]
        {
            let body = make(bytes);
            for encoding in ["identity", "gzip"] {
                let sent = if encoding == "gzip" { gzip(&body)? } else { body.clone() };
                std::fs::write(format!("/proc/{}/clear_refs", flags.pid), "5")
                    .context("the highest resident memory cannot be reset; is the server this user's?")?;
                let before = memory(flags.pid, "VmRSS:")?.saturating_sub(idle);
                let begun = Instant::now();
                let agent: ureq::Agent =
                    ureq::Agent::config_builder().http_status_as_error(false).build().into();
                let answer = agent
                    .post(url)
                    .header("content-type", content_type)
                    .header("content-encoding", encoding)
                    .send(&sent)?;
                let took = begun.elapsed().as_secs_f64();
                let above = memory(flags.pid, "VmHWM:")?.saturating_sub(idle);
                print!(" {above} (from {before}, {took:.1} s, {}) |", answer.status().as_u16());
                std::io::stdout().flush()?;
            }
        }
        println!();
    }
    Ok(())
}

fn gzip(body: &[u8]) -> anyhow::Result<Vec<u8>> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(body)?;
    Ok(encoder.finish()?)
}

/// A line of the process's status, in MB.
fn memory(pid: u32, line: &str) -> anyhow::Result<u64> {
    let status =
        std::fs::read_to_string(format!("/proc/{pid}/status")).context("there is no such process")?;
    let found = status.lines().find_map(|text| text.strip_prefix(line)).context("its memory is not known")?;
    let kibibytes: u64 = found.trim().trim_end_matches("kB").trim().parse()?;
    Ok(kibibytes * 1024 / 1_000_000)
}
