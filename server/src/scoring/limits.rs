//! Resource limits of a worker. It sets them on itself before it reads untrusted input; the operating system enforces
//! them.

use std::io;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Resource limits of a worker.
#[derive(Clone, Copy, Debug)]
pub struct WorkerLimits {
    /// Seconds of CPU time for one submission; other load on the machine does not use it up. The system counts whole
    /// seconds, so a worker gets up to one more.
    pub cpu_s: u64,
    /// Bytes of address space.
    pub address_space: u64,
    /// Time on the clock: the last resort against a worker that hangs without using the CPU.
    pub wall: Duration,
}

impl WorkerLimits {
    /// An honest submission takes 0.4 s of CPU time with tract on the slowest machine measured. Its pictures are small,
    /// so one that takes ten times as long is not honest. A worker with tract takes 60 MB.
    pub const USUAL: WorkerLimits = WorkerLimits { cpu_s: 5, address_space: 512 << 20, wall: Duration::from_secs(25) };
}

/// What keeps a worker that pictures have taken over from doing harm, as far as the system provides it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Confinement {
    /// No program that it starts has more rights than itself.
    pub no_new_privileges: bool,
    /// No other process of this user can read its memory or trace it, and it leaves no core dump.
    pub not_dumpable: bool,
}

/// Limits this process's memory, bars it from gaining privileges, and hides its memory, which contains pictures. None of
/// this can be undone.
#[cfg(unix)]
pub fn confine(address_space: u64) -> io::Result<()> {
    use rustix::process::Resource;
    hide_memory()?;
    #[cfg(target_os = "linux")]
    rustix::thread::set_no_new_privs(true)?;
    // Other systems do not enforce it, and may refuse to set it.
    if cfg!(target_os = "linux") {
        set(Resource::As, address_space)?;
    }
    Ok(())
}

/// Disables core dumps of this process, and on Linux keeps other processes of the same user from reading its memory:
/// a worker that was taken over must not read the server's. Cannot be undone.
#[cfg(unix)]
pub fn hide_memory() -> io::Result<()> {
    #[cfg(target_os = "linux")]
    rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable)?;
    set(rustix::process::Resource::Core, 0)
}

/// How this process is confined.
pub(super) fn confinement() -> Confinement {
    #[cfg(target_os = "linux")]
    {
        use rustix::process::{DumpableBehavior, dumpable_behavior};
        Confinement {
            no_new_privileges: rustix::thread::no_new_privs().unwrap_or(false),
            not_dumpable: dumpable_behavior().is_ok_and(|behavior| behavior == DumpableBehavior::NotDumpable),
        }
    }
    #[cfg(not(target_os = "linux"))]
    Confinement { no_new_privileges: false, not_dumpable: false }
}

/// Bars this process from opening and writing files, which it does not need once its models are loaded.
#[cfg(unix)]
pub(super) fn close_files() -> io::Result<()> {
    use rustix::process::Resource;
    set(Resource::Fsize, 0)?;
    set(Resource::Nofile, 0)
}

/// Grants this process `seconds` of CPU time from now on. After that the system kills it with SIGXCPU.
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

/// Whether a process was killed for using up its CPU time.
pub(super) fn ran_out_of_cpu_time(status: std::process::ExitStatus) -> bool {
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
    //! Without Unix resource limits, only the time on the clock is limited.
    use std::io;

    pub fn confine(_: u64) -> io::Result<()> {
        Ok(())
    }

    pub fn hide_memory() -> io::Result<()> {
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
pub use elsewhere::{confine, hide_memory};
