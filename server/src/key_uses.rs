//! Uses of operators' and sites' keys in the trail: the first one in a day, and how many requests with keys that are not
//! valid were refused. Whoever guesses keys makes one entry in ten minutes and server, however often they try. Network
//! addresses are counted, not recorded.

use std::collections::{HashMap, HashSet};
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::{Value, json};

use crate::audit::{self, Action};
use crate::clock::{self, DAY_MS};
use crate::db::{Db, LockScope};
use crate::domain::{AddressBlock, AdminKeyId};

/// Time between two entries about refused keys.
const EVERY: Duration = Duration::from_secs(600);
/// Most networks that are told apart between two entries.
const MAX_NETWORKS: usize = 1000;
/// Most lines of an entry. There are no more than keys in the database, and one.
const MAX_LINES: usize = 20;

/// What was refused: a stored key, or one that does not exist, and why.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Refusal {
    /// The stored key whose id was presented.
    pub key: Option<AdminKeyId>,
    /// `unknown`, `wrong secret`, `revoked` or `expired`.
    pub why: &'static str,
}

/// What is not in the trail yet.
#[derive(Debug, Default)]
pub struct KeyUses(Mutex<Seen>);

#[derive(Debug, Default)]
struct Seen {
    refused: HashMap<Refusal, Refused>,
    /// When the first of them was refused.
    since: Option<i64>,
    /// The UTC days in which the key in the settings was last recorded as used, and as sent in a URL.
    used_on: Option<i64>,
    exposed_on: Option<i64>,
}

#[derive(Debug, Default)]
struct Refused {
    count: u64,
    networks: HashSet<AddressBlock>,
}

impl KeyUses {
    /// Counts a refused key.
    pub fn refused(&self, refusal: Refusal, from: IpAddr, now_ms: i64) {
        let mut seen = self.lock();
        seen.since.get_or_insert(now_ms);
        let networks: usize = seen.refused.values().map(|refused| refused.networks.len()).sum();
        let refused = seen.refused.entry(refusal).or_default();
        refused.count += 1;
        if networks < MAX_NETWORKS {
            refused.networks.insert(AddressBlock::client(from));
        }
    }

    /// Whether this use of the key in the settings is the first one today, at this server.
    pub fn is_first_use(&self, now_ms: i64) -> bool {
        self.lock().used_on.replace(day(now_ms)) != Some(day(now_ms))
    }

    /// Whether the key in the settings was sent in a URL for the first time today, at this server.
    pub fn is_first_exposure(&self, now_ms: i64) -> bool {
        self.lock().exposed_on.replace(day(now_ms)) != Some(day(now_ms))
    }

    /// Records what was refused since the last time, if anything.
    ///
    /// # Errors
    /// The database failed; the next call records it then.
    pub async fn record(&self, db: &Db, now_ms: i64) -> sqlx::Result<()> {
        let (refused, since) = {
            let mut seen = self.lock();
            (std::mem::take(&mut seen.refused), seen.since.take())
        };
        let Some(since) = since else { return Ok(()) };
        let figures = json!({ "since": clock::rfc3339(since), "refused": lines(&refused) });
        let recorded = note(db, Action::KeysRefused, audit::STRANGER, &figures, now_ms).await;
        if recorded.is_err() {
            self.put_back(refused, since);
        }
        recorded
    }

    fn put_back(&self, refused: HashMap<Refusal, Refused>, since: i64) {
        let mut seen = self.lock();
        seen.since = Some(since);
        for (refusal, Refused { count, networks }) in refused {
            let entry = seen.refused.entry(refusal).or_default();
            entry.count += count;
            entry.networks.extend(networks);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Seen> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether two times fall on the same UTC day.
pub fn is_same_day(a_ms: i64, b_ms: i64) -> bool {
    day(a_ms) == day(b_ms)
}

/// Adds one entry to the trail.
///
/// # Errors
/// The database failed.
pub async fn note(db: &Db, action: Action, actor: &str, figures: &Value, now_ms: i64) -> sqlx::Result<()> {
    let mut tx = db.write(LockScope::Nothing).await?;
    audit::note(&mut tx, action, actor, figures, now_ms).await?;
    tx.commit().await
}

/// Records refused keys at regular intervals. Never returns.
pub async fn run(uses: &KeyUses, db: &Db) {
    let mut ticks = tokio::time::interval(EVERY);
    loop {
        ticks.tick().await;
        if let Err(error) = uses.record(db, clock::now_ms()).await {
            tracing::warn!(%error, "refused keys could not be recorded in the trail; trying again later");
        }
    }
}

fn day(ms: i64) -> i64 {
    ms.div_euclid(DAY_MS)
}

/// The most frequent refusals, stored keys first.
fn lines(refused: &HashMap<Refusal, Refused>) -> Vec<Value> {
    let mut sorted: Vec<(&Refusal, &Refused)> = refused.iter().collect();
    sorted.sort_by_key(|(refusal, refused)| (refusal.key.is_none(), std::cmp::Reverse(refused.count)));
    let line = |(refusal, refused): (&Refusal, &Refused)| json!({ "key": refusal.key, "why": refusal.why, "count": refused.count, "networks": refused.networks.len() });
    sorted.into_iter().take(MAX_LINES).map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_are_counted_by_key_and_reason_in_bounded_memory() {
        let uses = KeyUses::default();
        let unknown = || Refusal { key: None, why: "unknown" };
        let known = Refusal { key: Some(AdminKeyId::new(5)), why: "revoked" };
        for n in 0..5000_u32 {
            uses.refused(unknown(), std::net::Ipv4Addr::from_bits(n).into(), 7);
        }
        uses.refused(known.clone(), "203.0.113.9".parse().unwrap(), 8);
        let seen = uses.lock();
        assert_eq!((seen.since, seen.refused.len()), (Some(7), 2));
        let lines = lines(&seen.refused);
        assert_eq!(lines[0], json!({ "key": known.key, "why": "revoked", "count": 1, "networks": 0 }));
        assert_eq!(lines[1], json!({ "key": null, "why": "unknown", "count": 5000, "networks": MAX_NETWORKS }));
    }

    #[test]
    fn the_key_in_the_settings_is_used_for_the_first_time_once_a_day() {
        let uses = KeyUses::default();
        let firsts = [1, 2, DAY_MS, DAY_MS + 1].map(|now| uses.is_first_use(now));
        assert_eq!(firsts, [true, false, true, false]);
    }
}
