//! Rate limits, in memory: token buckets that get the time from the caller and forget idle clients.
//!
//! Clients are counted at their network address and in the blocks around it, so that somebody who holds a whole block
//! has no more than a few clients together. The buckets lie in many small shards by a secret hash. In a full shard the
//! fullest bucket makes way, which belongs to whoever asked least: so nobody is locked out by what strangers do, and
//! nobody can tell whose bucket makes way.

mod limit;

use std::hash::{BuildHasher, Hash, RandomState};
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::domain::AddressBlock;
pub use limit::{Exceeded, Limit};

/// Shards, and most buckets in each: 131,072 buckets, which take 7 MB.
const SHARDS: usize = 16 * 1024;
const BUCKETS_PER_SHARD: usize = 8;
/// Share of a token that is refunded when the request was rejected for lack of capacity.
const REFUND: f64 = 0.9;
/// How often full buckets are forgotten, which visits every bucket.
const FORGET_EVERY: Duration = Duration::from_secs(60);

/// All buckets of this process.
#[derive(Debug)]
pub struct RateLimits {
    hasher: RandomState,
    buckets: Mutex<Buckets>,
}

#[derive(Debug)]
struct Buckets {
    shards: Vec<Vec<Bucket>>,
    /// When full buckets were last forgotten.
    tidied_at: Option<Instant>,
}

#[derive(Clone, Copy, Debug)]
struct Bucket {
    /// Hash of the limit and of who is limited.
    key: u64,
    size: f64,
    refills_in: Duration,
    left: f64,
    at: Instant,
}

impl RateLimits {
    /// Starts with full buckets.
    pub fn new() -> Self {
        let buckets = Buckets { shards: vec![Vec::new(); SHARDS], tidied_at: None };
        Self { hasher: RandomState::new(), buckets: Mutex::new(buckets) }
    }

    /// Fills all buckets.
    pub fn clear(&self) {
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        buckets.shards.iter_mut().for_each(Vec::clear);
    }

    /// Takes one from the bucket of a session or a link.
    ///
    /// # Errors
    /// [`Exceeded`] if it is empty.
    pub fn take(&self, limit: Limit, id: &str, now: Instant) -> Result<(), Exceeded> {
        self.with_bucket(limit, id, 1.0, now, |bucket| {
            bucket.check()?;
            bucket.left -= 1.0;
            Ok(())
        })
    }

    /// Refunds most of a token after a request was rejected for lack of capacity. At a tenth each, a client that
    /// retries every second for as long as the page does stays below thirty in ten minutes; one that hammers does not.
    pub fn refund(&self, limit: Limit, id: &str, now: Instant) {
        self.with_bucket(limit, id, 1.0, now, |bucket| bucket.left = (bucket.left + REFUND).min(bucket.size));
    }

    /// Takes one from the client's bucket and from those of the blocks around it.
    ///
    /// # Errors
    /// [`Exceeded`] if one of them is empty; then none is taken.
    pub fn take_around(&self, limit: Limit, client: IpAddr, now: Instant) -> Result<(), Exceeded> {
        for block in AddressBlock::nested(client) {
            self.with_bucket(limit, block, clients_in(block), now, |bucket| bucket.check())?;
        }
        for block in AddressBlock::nested(client) {
            self.with_bucket(limit, block, clients_in(block), now, |bucket| bucket.left -= 1.0);
        }
        Ok(())
    }

    fn with_bucket<T>(
        &self,
        limit: Limit,
        whose: impl Hash,
        clients: f64,
        now: Instant,
        act: impl FnOnce(&mut Bucket) -> T,
    ) -> T {
        let key = self.hasher.hash_one((limit, whose));
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        buckets.tidy(now);
        let shard = &mut buckets.shards[key as usize % SHARDS];
        let found = shard.iter().position(|bucket| bucket.key == key);
        let index = found.unwrap_or_else(|| {
            if shard.len() >= BUCKETS_PER_SHARD {
                shard.iter_mut().for_each(|bucket| bucket.refill(now));
                let fullest = (0..shard.len()).max_by(|&a, &b| shard[a].fill().total_cmp(&shard[b].fill()));
                shard.swap_remove(fullest.unwrap_or_default());
            }
            let (size, refills_in) = limit.rule();
            let size = size * clients;
            shard.push(Bucket { key, size, refills_in, left: size, at: now });
            shard.len() - 1
        });
        shard[index].refill(now);
        act(&mut shard[index])
    }
}

impl Default for RateLimits {
    fn default() -> Self {
        Self::new()
    }
}

/// How many clients' worth a block gets. A household rarely has more than a few /64; larger blocks may be one
/// customer's or hold many people.
fn clients_in(block: AddressBlock) -> f64 {
    match (block.is_ipv4(), block.bits()) {
        (true, 32) | (false, 64) => 1.0,
        (false, 56) => 3.0,
        _ => 10.0,
    }
}

impl Buckets {
    fn tidy(&mut self, now: Instant) {
        if self.tidied_at.is_none_or(|at| now.saturating_duration_since(at) >= FORGET_EVERY) {
            for shard in &mut self.shards {
                shard.iter_mut().for_each(|bucket| bucket.refill(now));
                shard.retain(|bucket| bucket.fill() < 1.0);
            }
            self.tidied_at = Some(now);
        }
    }
}

impl Bucket {
    fn check(&self) -> Result<(), Exceeded> {
        if self.left >= 1.0 {
            return Ok(());
        }
        let seconds = (1.0 - self.left) / self.size * self.refills_in.as_secs_f64();
        Err(Exceeded { retry_after_s: (seconds.ceil() as u32).max(1) })
    }

    fn refill(&mut self, now: Instant) {
        let passed = now.saturating_duration_since(self.at).as_secs_f64();
        self.left = (self.left + passed / self.refills_in.as_secs_f64() * self.size).min(self.size);
        self.at = now;
    }

    fn fill(&self) -> f64 {
        self.left / self.size
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    fn known(limits: &RateLimits) -> usize {
        limits.buckets.lock().unwrap().shards.iter().map(Vec::len).sum()
    }

    #[test]
    fn a_bucket_empties_and_fills_again_with_time() {
        let limits = RateLimits::new();
        let start = Instant::now();
        let (a, b) = (address("203.0.113.1"), address("198.51.100.1"));
        for _ in 0..10 {
            assert_eq!(limits.take_around(Limit::BadToken, a, start), Ok(()));
        }
        assert_eq!(limits.take_around(Limit::BadToken, a, start), Err(Exceeded { retry_after_s: 6 }));
        assert_eq!(limits.take_around(Limit::BadToken, b, start), Ok(()), "another client has its own");
        assert_eq!(limits.take_around(Limit::Register, a, start), Ok(()), "another limit has its own");
        let later = start + Duration::from_secs(6);
        assert_eq!(limits.take_around(Limit::BadToken, a, later), Ok(()));
        assert!(limits.take_around(Limit::BadToken, a, later).is_err());
    }

    #[test]
    fn the_clients_of_one_block_have_a_few_clients_worth_together() {
        let limits = RateLimits::new();
        let now = Instant::now();
        let taken = |of: &dyn Fn(u32) -> String| {
            (0..10_000).filter(|&n| limits.take_around(Limit::Register, address(&of(n)), now).is_ok()).count()
        };
        assert_eq!(taken(&|n| format!("2001:db8:1:1{:02x}::1", n % 256)), 60, "a /56");
        assert_eq!(taken(&|n| format!("2001:db8:2:{:x}::1", n % 65_536)), 200, "a /48");
        assert_eq!(taken(&|n| format!("203.0.113.{}", n % 256)), 200, "a /24");
        assert_eq!(taken(&|n| format!("192.0.2.{}", n % 3)), 60, "three addresses");
    }

    #[test]
    fn clients_that_retry_as_told_meet_no_limit_and_those_that_hammer_do() {
        for (pause_ms, limited) in [(2000, false), (100, true)] {
            let limits = RateLimits::new();
            let start = Instant::now();
            let rejected_for_ten_minutes = (0..600_000 / pause_ms).try_for_each(|time| {
                let now = start + Duration::from_millis(time * pause_ms);
                limits.take(Limit::Submission, "a", now)?;
                limits.refund(Limit::Submission, "a", now);
                Ok::<_, Exceeded>(())
            });
            assert_eq!(rejected_for_ten_minutes.is_err(), limited, "every {pause_ms} ms");
        }
        let limits = RateLimits::new();
        let now = Instant::now();
        limits.refund(Limit::Submission, "a", now);
        let taken = (0..).take_while(|_| limits.take(Limit::Submission, "a", now).is_ok()).count();
        assert_eq!(taken, 30, "nobody has more than a full bucket");
    }

    #[test]
    fn clients_with_full_buckets_are_forgotten() {
        let limits = RateLimits::new();
        let start = Instant::now();
        // One more submission is allowed every 20 s.
        for (client, at_s, count) in [("a", 0, 1), ("b", 10, 2), ("c", 65, 1), ("d", 70, 2), ("d", 200, 1)] {
            limits.take(Limit::Submission, client, start + Duration::from_secs(at_s)).unwrap();
            assert_eq!(known(&limits), count, "{client} after {at_s} s");
        }
    }

    #[test]
    fn a_flood_of_strangers_takes_bounded_memory_and_locks_nobody_out() {
        let limits = RateLimits::new();
        let start = Instant::now();
        let attacker = address("198.51.100.7");
        while limits.take_around(Limit::BadToken, attacker, start).is_ok() {}
        // Each from a /48 of its own.
        for n in 0..400_000_u32 {
            let stranger = address(&format!("2001:{:x}:{:x}::1", n >> 16, n & 0xffff));
            let _ = limits.take_around(Limit::BadToken, stranger, start);
        }
        assert!(known(&limits) <= SHARDS * BUCKETS_PER_SHARD);
        for n in 0..1000_u32 {
            let newcomer = address(&format!("2a02:{n:x}::1"));
            assert_eq!(limits.take_around(Limit::BadToken, newcomer, start), Ok(()));
        }
        let still = limits.take_around(Limit::BadToken, attacker, start);
        assert!(still.is_err(), "an empty bucket does not make way for full ones");
        limits.take(Limit::Redeem, "new", start + Duration::from_secs(7200)).unwrap();
        assert_eq!(known(&limits), 1, "quiet clients are forgotten");
    }
}
