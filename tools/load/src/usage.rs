//! What a server and its workers use, as the system counts it (Linux).

use std::time::Duration;

use anyhow::{Context as _, ensure};
use serde::Serialize;

/// The most memory that was resident at any time.
#[derive(Clone, Debug, Serialize)]
pub struct Memory {
    /// The server's, in megabytes.
    pub server_mb: f64,
    /// Each worker's.
    pub workers_mb: Vec<f64>,
}

/// The most memory that the server and each of its workers had.
pub(crate) fn memory(pid: u32) -> anyhow::Result<Memory> {
    let peak_mb = |pid| memory_mb(pid, "VmHWM:");
    let workers_mb = children(pid)?.into_iter().map(peak_mb).collect::<Result<_, _>>()?;
    Ok(Memory { server_mb: peak_mb(pid)?, workers_mb })
}

/// Memory at a moment, in megabytes.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Resident {
    /// The server's.
    pub server: f64,
    /// Of that, what it has laid down itself. The rest is the program's file, which comes in as it is used.
    pub servers_own: f64,
    /// That of all workers together.
    pub workers: f64,
}

/// The memory that a server and its workers have now.
pub(crate) fn resident(pid: u32) -> anyhow::Result<Resident> {
    let all_mb = |pid| memory_mb(pid, "VmRSS:");
    // A worker may end while we look, and is followed by another.
    let workers: f64 = children(pid)?.into_iter().filter_map(|child| all_mb(child).ok()).sum();
    Ok(Resident {
        server: all_mb(pid)?,
        servers_own: memory_mb(pid, "RssAnon:")?,
        workers: (workers * 10.0).round() / 10.0,
    })
}

/// Processor time.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cpu {
    /// Of the server.
    pub(crate) server: Duration,
    /// Of its workers, those included that have ended.
    pub(crate) workers: Duration,
}

/// What a server has used so far.
pub(crate) fn cpu(pid: u32) -> anyhow::Result<Cpu> {
    let Stat { own, ended, .. } = stat(pid)?;
    let workers = children(pid)?.into_iter().try_fold(ended, |sum, child| anyhow::Ok(sum + stat(child)?.own))?;
    Ok(Cpu { server: own, workers })
}

struct Stat {
    parent: u32,
    /// User and system time of the process.
    own: Duration,
    /// That of children that it has waited for.
    ended: Duration,
}

fn stat(pid: u32) -> anyhow::Result<Stat> {
    let text =
        std::fs::read_to_string(format!("/proc/{pid}/stat")).context("processor time is counted on Linux only")?;
    // The name in parentheses may hold anything.
    let (_, rest) = text.rsplit_once(')').context("no process")?;
    let fields: Vec<&str> = rest.split_whitespace().collect();
    ensure!(fields.len() > 14, "no process");
    // Fields 14 to 17 of proc(5), two of each.
    let time = |first: usize| {
        let ticks = fields[first..first + 2].iter().map(|field| field.parse::<f64>()).sum::<Result<f64, _>>();
        ticks.map(|ticks| Duration::from_secs_f64(ticks / rustix::param::clock_ticks_per_second() as f64))
    };
    Ok(Stat { parent: fields[1].parse()?, own: time(11)?, ended: time(13)? })
}

fn children(pid: u32) -> anyhow::Result<Vec<u32>> {
    let numbers = std::fs::read_dir("/proc")?.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    // Others may end while we look.
    Ok(numbers.filter(|&other| stat(other).is_ok_and(|stat| stat.parent == pid)).collect())
}

fn memory_mb(pid: u32, kind: &str) -> anyhow::Result<f64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find(|line| line.starts_with(kind)).context("no memory")?;
    let kb: f64 = line.split_whitespace().nth(1).context("no memory")?.parse()?;
    Ok((kb / 102.4).round() / 10.0)
}
