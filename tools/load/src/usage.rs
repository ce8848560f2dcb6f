//! Memory and processor time of a server and its workers, as counted by Linux.

use std::time::Duration;

use anyhow::{Context as _, ensure};
use serde::Serialize;

/// Peak resident memory.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Memory {
    /// The server's, in megabytes.
    pub(crate) server_mb: f64,
    /// Each worker's, in megabytes.
    pub(crate) workers_mb: Vec<f64>,
}

/// Peak memory of the server and of each of its workers.
pub(crate) fn memory(pid: u32) -> anyhow::Result<Memory> {
    let peak_mb = |pid| memory_mb(pid, "VmHWM:");
    let workers_mb = children(pid)?.into_iter().map(peak_mb).collect::<Result<_, _>>()?;
    Ok(Memory { server_mb: peak_mb(pid)?, workers_mb })
}

/// Current resident memory, in megabytes.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Resident {
    /// The server's.
    pub(crate) server: f64,
    /// The part of it that the server allocated (anonymous memory). The rest are pages of the program file, which are loaded
    /// as they are used.
    pub(crate) servers_own: f64,
    /// All workers' together.
    pub(crate) workers: f64,
}

/// The current memory of a server and its workers.
pub(crate) fn resident(pid: u32) -> anyhow::Result<Resident> {
    let all_mb = |pid| memory_mb(pid, "VmRSS:");
    // A worker may end meanwhile and be replaced.
    let workers: f64 = children(pid)?.into_iter().filter_map(|child| all_mb(child).ok()).sum();
    Ok(Resident {
        server: all_mb(pid)?,
        servers_own: memory_mb(pid, "RssAnon:")?,
        workers: (workers * 10.0).round() / 10.0,
    })
}

/// Processor time used.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cpu {
    /// The server's.
    pub(crate) server: Duration,
    /// Its workers', including those that have ended.
    pub(crate) workers: Duration,
}

/// The processor time that a server has used so far.
pub(crate) fn cpu(pid: u32) -> anyhow::Result<Cpu> {
    let Stat { own, ended, .. } = stat(pid)?;
    let workers = children(pid)?.into_iter().try_fold(ended, |sum, child| anyhow::Ok(sum + stat(child)?.own))?;
    Ok(Cpu { server: own, workers })
}

struct Stat {
    parent: u32,
    /// User and system time of the process.
    own: Duration,
    /// The same of ended child processes that it has waited for.
    ended: Duration,
}

fn stat(pid: u32) -> anyhow::Result<Stat> {
    let text =
        std::fs::read_to_string(format!("/proc/{pid}/stat")).context("processor time is measured on Linux only")?;
    // The name in parentheses may contain any character.
    let (_, rest) = text.rsplit_once(')').context("the process is gone")?;
    let fields: Vec<&str> = rest.split_whitespace().collect();
    ensure!(fields.len() > 14, "the process is gone");
    // Fields 14 to 17 in proc(5): user and system time of the process, then of its children.
    let time = |first: usize| {
        let ticks = fields[first..first + 2].iter().map(|field| field.parse::<f64>()).sum::<Result<f64, _>>();
        ticks.map(|ticks| Duration::from_secs_f64(ticks / rustix::param::clock_ticks_per_second() as f64))
    };
    Ok(Stat { parent: fields[1].parse()?, own: time(11)?, ended: time(13)? })
}

fn children(pid: u32) -> anyhow::Result<Vec<u32>> {
    let numbers = std::fs::read_dir("/proc")?.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    // Processes may end meanwhile.
    Ok(numbers.filter(|&other| stat(other).is_ok_and(|stat| stat.parent == pid)).collect())
}

fn memory_mb(pid: u32, kind: &str) -> anyhow::Result<f64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find(|line| line.starts_with(kind)).context("the process is gone")?;
    let kb: f64 = line.split_whitespace().nth(1).context("the process is gone")?.parse()?;
    Ok((kb / 102.4).round() / 10.0)
}
