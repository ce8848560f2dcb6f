//! Limits on connections, and how many files this process may open for them.

use std::time::Duration;

/// Limits on connections.
#[derive(Clone, Copy, Debug)]
pub struct ConnectionLimits {
    /// Most connections at a time. Beyond them, one that keeps the server waiting makes way for a new one.
    pub most: usize,
    /// Most connections of one peer: an IPv4 address or the /64 of an IPv6 address. Trusted proxies have no such limit.
    pub per_peer: usize,
    /// Further connections that are only told how the server is. Half of them are for this machine and for proxies.
    pub reserve: usize,
    /// Longest time for a request's headers to arrive, counted from the end of the request before; also limits idle
    /// time.
    pub headers: Duration,
    /// Longest time in which the client takes nothing of what is sent.
    pub stalled: Duration,
    /// Bytes buffered per connection in each direction; headers must fit.
    pub buffer: usize,
}

/// Open files beside the connections, for database, captures, mails and workers.
const OTHER_FILES: u64 = 256;

impl ConnectionLimits {
    /// A page opens at most six connections, so twenty people behind one address use a share; a reverse proxy opens
    /// some dozens in total.
    pub const USUAL: ConnectionLimits = ConnectionLimits {
        most: 1024,
        per_peer: 128,
        reserve: 32,
        headers: Duration::from_secs(20),
        stalled: Duration::from_secs(20),
        buffer: 64 * 1024,
    };

    /// [`USUAL`](Self::USUAL), or fewer connections if this process may not open that many files. Raises its limit on
    /// open files as far as needed and allowed.
    pub fn of_this_process() -> ConnectionLimits {
        let mut limits = Self::USUAL;
        let needed = (limits.most + limits.reserve) as u64 + OTHER_FILES;
        let allowed = allow_open_files(needed);
        if allowed < needed {
            let most = allowed.saturating_sub(OTHER_FILES + limits.reserve as u64).max(64);
            limits.most = usize::try_from(most).unwrap_or(limits.most);
            limits.per_peer = (limits.most / 8).max(16);
            tracing::warn!(allowed, most, "the limit on open files (ulimit -n) allows only this many connections");
        }
        limits
    }
}

/// Raises the soft limit on open files to `needed` if the hard limit allows. Returns how many this process may open.
#[cfg(unix)]
fn allow_open_files(needed: u64) -> u64 {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let wanted = maximum.map_or(needed, |most| most.min(needed));
    match current {
        Some(current) if current < wanted => {
            let raised = setrlimit(Resource::Nofile, Rlimit { current: Some(wanted), maximum });
            if raised.is_ok() { wanted } else { current }
        }
        current => current.unwrap_or(needed),
    }
}

#[cfg(not(unix))]
fn allow_open_files(needed: u64) -> u64 {
    needed
}
