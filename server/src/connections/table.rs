//! The table of open connections: who has how many, and which one makes way for another.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::activity::Activity;
use super::limits::ConnectionLimits;
use crate::config::TrustedProxies;
use crate::domain::AddressBlock;

/// A connection that has waited less long for its client does not make way: it may just have been opened.
const GRACE_MS: u64 = 1000;

/// All open connections.
#[derive(Debug)]
pub(super) struct Table {
    limits: ConnectionLimits,
    proxies: TrustedProxies,
    entries: Mutex<Entries>,
}

#[derive(Debug, Default)]
struct Entries {
    by_id: HashMap<u64, Entry>,
    last_id: u64,
}

#[derive(Debug)]
struct Entry {
    peer: AddressBlock,
    /// Whether it is in the reserve, which only answers health checks.
    is_reserved: bool,
    activity: Arc<Activity>,
}

/// A connection's place in the table, until it is dropped.
#[derive(Debug)]
pub(super) struct Place {
    id: u64,
    table: Arc<Table>,
    /// Whether it may only ask for the server's health.
    pub(super) is_reserved: bool,
    pub(super) activity: Arc<Activity>,
}

impl Table {
    pub(super) fn new(limits: ConnectionLimits, proxies: TrustedProxies) -> Self {
        Self { limits, proxies, entries: Mutex::default() }
    }

    /// Finds a place for a connection from this address. Where its peer, or all together, have as many as they may, the
    /// one that has kept the server waiting makes way. `None` if none does.
    pub(super) fn admit(self: &Arc<Self>, address: IpAddr) -> Option<Place> {
        let address = address.to_canonical();
        let peer = AddressBlock::client(address);
        let is_proxy = self.proxies.contains(address);
        let mut entries = self.entries();
        let has_share = is_proxy || entries.count(|entry| entry.peer == peer) < self.limits.per_peer;
        if !has_share && !entries.make_way(|entry| entry.peer == peer) {
            return None;
        }
        let has_room = entries.count(|entry| !entry.is_reserved) < self.limits.most;
        let is_reserved = !has_room && !entries.make_way(|entry| !entry.is_reserved);
        if is_reserved {
            // Strangers must not fill the whole reserve: this machine and the proxies ask how the server is.
            let (most, is_known) = (self.limits.reserve, is_proxy || address.is_loopback());
            let most = if is_known { most } else { most / 2 };
            if entries.count(|entry| entry.is_reserved) >= most {
                return None;
            }
        }
        let activity = Arc::new(Activity::new());
        entries.last_id += 1;
        let id = entries.last_id;
        entries.by_id.insert(id, Entry { peer, is_reserved, activity: Arc::clone(&activity) });
        Some(Place { id, table: Arc::clone(self), is_reserved, activity })
    }

    /// Closes a connection that has kept the server waiting, if there is one.
    pub(super) fn make_way(&self) {
        self.entries().make_way(|_| true);
    }

    fn entries(&self) -> MutexGuard<'_, Entries> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Entries {
    fn count(&self, which: impl Fn(&Entry) -> bool) -> usize {
        self.by_id.values().filter(|entry| which(entry)).count()
    }

    /// Closes the connection that has kept the server waiting longest; the more connections its peer has, the more
    /// its time counts. Returns whether there is one.
    fn make_way(&mut self, which: impl Fn(&Entry) -> bool) -> bool {
        let mut counts: HashMap<AddressBlock, u64> = HashMap::new();
        for entry in self.by_id.values() {
            *counts.entry(entry.peer).or_default() += 1;
        }
        let waiting = self.by_id.iter().filter(|(_, entry)| which(entry)).filter_map(|(id, entry)| {
            let waiting_ms = entry.activity.waiting_ms().filter(|ms| *ms >= GRACE_MS)?;
            Some((waiting_ms.saturating_mul(counts[&entry.peer]), *id))
        });
        let Some(entry) = waiting.max().and_then(|(_, id)| self.by_id.remove(&id)) else { return false };
        entry.activity.close();
        true
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        // It may have made way already.
        self.table.entries().by_id.remove(&self.id);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn table(most: usize, per_peer: usize, reserve: usize) -> Arc<Table> {
        let limits = ConnectionLimits { most, per_peer, reserve, ..ConnectionLimits::USUAL };
        Arc::new(Table::new(limits, "10.0.0.1".parse().unwrap()))
    }

    fn admit(table: &Arc<Table>, address: &str) -> Option<Place> {
        table.admit(address.parse().unwrap())
    }

    fn wait() {
        std::thread::sleep(Duration::from_millis(GRACE_MS + 50));
    }

    #[test]
    fn a_peer_has_its_share_and_a_proxy_has_no_limit_of_its_own() {
        let table = table(100, 2, 0);
        let held = [admit(&table, "2001:db8::1"), admit(&table, "2001:db8::2")];
        assert!(held.iter().all(Option::is_some) && admit(&table, "2001:db8::3").is_none(), "one household");
        assert!(admit(&table, "2001:db8:0:1::1").is_some(), "another has its own share");
        let proxied: Vec<_> = (0..50).map(|_| admit(&table, "10.0.0.1")).collect();
        assert!(proxied.iter().all(Option::is_some));
        drop(held);
        assert!(admit(&table, "2001:db8::3").is_some());
    }

    #[test]
    fn whoever_keeps_the_server_waiting_makes_way_and_requests_in_progress_do_not() {
        let table = table(3, 3, 0);
        let [idle, busy, other] =
            ["203.0.113.1", "203.0.113.1", "203.0.113.2"].map(|peer| admit(&table, peer).unwrap());
        let request = busy.activity.begin();
        assert!(admit(&table, "203.0.113.3").is_none(), "all of them were only just opened");
        wait();
        let late = admit(&table, "203.0.113.3").unwrap();
        assert!(idle.table.entries().by_id.contains_key(&busy.id), "its request is in progress");
        assert!(!idle.table.entries().by_id.contains_key(&idle.id), "its peer has more of them than the other");
        busy.activity.set_blocked(true);
        wait();
        let _new = ["203.0.113.4", "203.0.113.5", "203.0.113.6"].map(|peer| admit(&table, peer).unwrap());
        assert!(!table.entries().by_id.contains_key(&busy.id), "nobody takes its response");
        drop((request, late, other));
    }

    #[test]
    fn the_reserve_is_left_for_health_checks() {
        let table = table(1, 9, 2);
        let first = admit(&table, "203.0.113.1").unwrap();
        assert!(!first.is_reserved);
        let stranger = admit(&table, "203.0.113.2").unwrap();
        assert!(stranger.is_reserved && admit(&table, "203.0.113.3").is_none());
        let own = admit(&table, "127.0.0.1").unwrap();
        assert!(own.is_reserved && admit(&table, "127.0.0.1").is_none());
    }
}
