//! What a worker may use. It sets its own limits before it sees anything from outside; the system enforces them, however
//! it spins.

use std::io;
use std::time::Duration;

/// What a worker may use.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Seconds of processor time for one submission, which a machine full of other work does not use up. The system counts
    /// whole seconds, so a worker gets up to one more.
    pub cpu_s: u64,
    /// Bytes of address space.
    pub address_space: u64,
    /// The last resort against one that waits for ever without using the processor.
    pub wall: Duration,
}

impl Limits {
    /// An honest submission takes 0.4 s of processor time with tract on the slowest machine measured. Its pictures are
    /// small, so what takes ten times as long is not one. A worker with tract takes 60 MB.
    pub const USUAL: Limits = Limits { cpu_s: 5, address_space: 512 << 20, wall: Duration::from_secs(25) };
}

/// Limits this process for good: its memory, and no dump of it, which would hold pictures, is written.
///
/// # Errors
/// What the system says.
#[cfg(unix)]
pub fn confine(address_space: u64) -> io::Result<()> {
    use rustix::process::Resource;
    dump_no_memory()?;
    // Elsewhere the system does not enforce it, and may refuse to set it.
    if cfg!(target_os = "linux") {
        set(Resource::As, address_space)?;
    }
    Ok(())
}

/// Has no dump of this process written for good.
///
/// # Errors
/// What the system says.
#[cfg(unix)]
pub fn dump_no_memory() -> io::Result<()> {
    set(rustix::process::Resource::Core, 0)
}

/// Takes from this process what it needs no more once its models are loaded: files of any kind.
///
/// # Errors
/// What the system says.
#[cfg(unix)]
pub(super) fn close_files() -> io::Result<()> {
    use rustix::process::Resource;
    set(Resource::Fsize, 0)?;
    set(Resource::Nofile, 0)
}

/// Gives this process so many seconds of processor time from now on. After that the system ends it with SIGXCPU.
///
/// # Errors
/// What the system says.
#[cfg(unix)]
pub(super) fn grant_cpu(seconds: u64) -> io::Result<()> {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    use rustix::time::{ClockId, clock_gettime};
    let used = clock_gettime(ClockId::ProcessCPUTime);
    let until = u64::try_from(used.tv_sec).unwrap_or_default() + 1 + seconds;
    let Rlimit { maximum, .. } = getrlimit(Resource::Cpu);
    Ok(setrlimit(Resource::Cpu, Rlimit { current: Some(maximum.map_or(until, |most| most.min(until))), maximum })?)
}

#[cfg(unix)]
fn set(resource: rustix::process::Resource, most: u64) -> io::Result<()> {
    use rustix::process::{Rlimit, getrlimit, setrlimit};
    let most = getrlimit(resource).maximum.map_or(most, |allowed| allowed.min(most));
    Ok(setrlimit(resource, Rlimit { current: Some(most), maximum: Some(most) })?)
}

/// Whether a process ended because its processor time was used up.
pub(super) fn was_spinning(status: std::process::ExitStatus) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::process::ExitStatusExt;
        status.signal() == Some(rustix::process::Signal::XCPU.as_raw())
    }
    #[cfg(not(unix))]
    {
        let _ = status;
        false
    }
}

#[cfg(not(unix))]
mod elsewhere {
    //! There are no such limits here; the time on the clock is the only one.
    use std::io;

    pub fn confine(_: u64) -> io::Result<()> {
        Ok(())
    }

    pub fn dump_no_memory() -> io::Result<()> {
        Ok(())
    }

    pub(in super::super) fn close_files() -> io::Result<()> {
        Ok(())
    }

    pub(in super::super) fn grant_cpu(_: u64) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(not(unix))]
pub(super) use elsewhere::{close_files, grant_cpu};
#[cfg(not(unix))]
pub use elsewhere::{confine, dump_no_memory};
