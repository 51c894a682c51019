//! What a process takes, from /proc: CPU time, memory, files.

use std::{
    fs,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use anyhow::Context;

/// Ticks of /proc/PID/stat a second: USER_HZ, which Linux has kept at 100 on every machine it offers.
const TICKS_PER_S: f64 = 100.0;
const EVERY: Duration = Duration::from_millis(50);

/// Watches a process until it is told to finish.
#[derive(Debug)]
pub(crate) struct Watch {
    pid: u32,
    cpu_before_s: f64,
    stop: Arc<AtomicBool>,
    sampler: JoinHandle<u64>,
}

/// What the process took meanwhile.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Usage {
    /// Of all its threads, in its own code and in the kernel.
    pub(crate) cpu_s: f64,
    pub(crate) rss_peak_bytes: u64,
}

impl Watch {
    /// # Errors
    /// There is no such process.
    pub(crate) fn start(pid: u32) -> anyhow::Result<Self> {
        // The kernel's own mark of the highest is of this run only if it can be reset; what was sampled is so anyway.
        let reset = fs::write(format!("/proc/{pid}/clear_refs"), "5").is_ok();
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = stop.clone();
        let first = memory(pid, "VmRSS:")?;
        let sampler = thread::spawn(move || {
            let mut peak = first;
            while !stopped.load(Ordering::Relaxed) {
                thread::sleep(EVERY);
                peak = peak.max(memory(pid, "VmRSS:").unwrap_or(0));
            }
            if reset { peak.max(memory(pid, "VmHWM:").unwrap_or(0)) } else { peak }
        });
        Ok(Watch { pid, cpu_before_s: cpu_s(pid)?, stop, sampler })
    }

    /// # Errors
    /// The process has ended.
    pub(crate) fn finish(self) -> anyhow::Result<Usage> {
        let cpu_s = cpu_s(self.pid)? - self.cpu_before_s;
        self.stop.store(true, Ordering::Relaxed);
        let rss_peak_bytes = self.sampler.join().map_err(|_| anyhow::anyhow!("the watch panicked"))?;
        Ok(Usage { cpu_s, rss_peak_bytes })
    }
}

/// A line of the process's status, in bytes.
pub(crate) fn memory(pid: u32, line: &str) -> anyhow::Result<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).context("there is no such process")?;
    let found = status.lines().find_map(|text| text.strip_prefix(line)).context("its memory is not known")?;
    let kibibytes: u64 = found.trim().trim_end_matches("kB").trim().parse()?;
    Ok(kibibytes * 1024)
}

fn cpu_s(pid: u32) -> anyhow::Result<f64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).context("there is no such process")?;
    ticks(&stat).map(|ticks| ticks as f64 / TICKS_PER_S).context("its CPU time is not known")
}

/// `utime` and `stime`, the 14th and 15th field. The 2nd, its name, may hold anything.
fn ticks(stat: &str) -> Option<u64> {
    let (_, after_name) = stat.rsplit_once(')')?;
    let mut fields = after_name.split_whitespace().skip(11);
    Some(fields.next()?.parse::<u64>().ok()? + fields.next()?.parse::<u64>().ok()?)
}

/// The sizes of all files in a directory and below.
///
/// # Errors
/// The directory cannot be read. Files that vanish meanwhile are left out.
pub(crate) fn disk_bytes(dir: &Path) -> anyhow::Result<u64> {
    let entries = fs::read_dir(dir).with_context(|| format!("{} cannot be read", dir.display()))?;
    let mut bytes = 0;
    for entry in entries {
        let entry = entry?;
        // Links are not followed.
        match entry.metadata() {
            Ok(metadata) if metadata.is_dir() => bytes += disk_bytes(&entry.path()).unwrap_or(0),
            Ok(metadata) => bytes += metadata.len(),
            Err(_) => {}
        }
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cpu_time_is_read_behind_any_name() {
        let stat = "42 (a) b) S 1 1 1 0 -1 4194560 900 0 0 0 123 45 0 0 20 0 9 0 100 1 1";
        assert_eq!(ticks(stat), Some(168));
        assert_eq!(ticks("42"), None);
    }

    #[test]
    fn this_process_can_be_watched() {
        let watch = Watch::start(std::process::id()).unwrap();
        let usage = watch.finish().unwrap();
        assert!(usage.rss_peak_bytes > 100_000 && usage.cpu_s >= 0.0);
        assert!(Watch::start(u32::MAX).unwrap_err().to_string().contains("no such process"));
    }
}
