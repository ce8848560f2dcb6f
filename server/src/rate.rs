//! Rate limits per client, in memory: token buckets that get the time from the caller and forget idle clients.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Most buckets in memory. Full ones are forgotten; if there are none, all further clients share one bucket.
const MAX_CLIENTS: usize = 100_000;
/// Share of a token that is refunded when the request was rejected for lack of capacity.
const REFUND: f64 = 0.9;
/// How often full buckets are looked for, which visits every bucket; more often when there is no room left.
const FORGET_EVERY: Duration = Duration::from_secs(60);
const FORGET_EVERY_WITHOUT_ROOM: Duration = Duration::from_secs(1);

/// What is limited, and per what.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Limit {
    /// Registrations from one client. An office behind one address registers more than a household.
    Register,
    /// Links opened by one client, valid or not. An office behind one address opens many.
    Redeem,
    /// Invalid links from one client.
    BadToken,
    /// Wrong admin keys from one client.
    BadAdminKey,
    /// Status queries of one session.
    Session,
    /// Challenges of one session.
    Challenge,
    /// Cues of one session. An attempt has up to a dozen rounds.
    Cue,
    /// Challenges of all sessions of one client.
    ChallengeClient,
    /// Chunks of submissions of one session, and progress queries. Five attempts in the smallest chunks that the page
    /// sends, each chunk lost once, need 200.
    Chunk,
    /// Submissions of one session, including those that fail through our fault. A submission rejected for lack of
    /// capacity counts a tenth ([`RateLimits::refund`]).
    Submission,
    /// Challenges of one session that were given up.
    GiveUp,
}

impl Limit {
    /// The bucket's size, and the time in which it refills.
    fn rule(self) -> (f64, Duration) {
        match self {
            Limit::Register => (20.0, Duration::from_secs(3600)),
            Limit::BadToken | Limit::BadAdminKey => (10.0, Duration::from_secs(60)),
            Limit::Cue => (120.0, Duration::from_secs(600)),
            Limit::Chunk => (400.0, Duration::from_secs(600)),
            Limit::Session => (600.0, Duration::from_secs(600)),
            Limit::Redeem => (100.0, Duration::from_secs(600)),
            Limit::ChallengeClient => (150.0, Duration::from_secs(600)),
            Limit::Challenge | Limit::Submission | Limit::GiveUp => (30.0, Duration::from_secs(600)),
        }
    }
}

/// The limit is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exceeded {
    /// Seconds until one more is allowed, at least 1.
    pub retry_after_s: u32,
}

/// All buckets of this process.
#[derive(Debug, Default)]
pub struct RateLimits {
    buckets: Mutex<Buckets>,
}

#[derive(Debug, Default)]
struct Buckets {
    by_client: HashMap<(Limit, String), Bucket>,
    /// When full buckets were last forgotten.
    tidied_at: Option<Instant>,
}

#[derive(Clone, Copy, Debug)]
struct Bucket {
    left: f64,
    at: Instant,
}

impl RateLimits {
    /// Starts with full buckets.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes one from the client's bucket.
    ///
    /// # Errors
    /// [`Exceeded`] if it is empty.
    pub fn take(&self, limit: Limit, client: &str, now: Instant) -> Result<(), Exceeded> {
        self.with_bucket(limit, client, now, |bucket| {
            check(limit, bucket)?;
            bucket.left -= 1.0;
            Ok(())
        })
    }

    /// Refunds most of a token after a request was rejected for lack of capacity. At a tenth each, a client that
    /// retries every second for as long as the page does stays below thirty in ten minutes; one that hammers does not.
    pub fn refund(&self, limit: Limit, client: &str, now: Instant) {
        self.with_bucket(limit, client, now, |bucket| bucket.left = (bucket.left + REFUND).min(limit.rule().0));
    }

    /// Checks whether the client's bucket has one left, without taking it.
    ///
    /// # Errors
    /// [`Exceeded`] if it is empty.
    pub fn peek(&self, limit: Limit, client: &str, now: Instant) -> Result<(), Exceeded> {
        self.with_bucket(limit, client, now, |bucket| check(limit, bucket))
    }

    fn with_bucket<T>(&self, limit: Limit, client: &str, now: Instant, act: impl FnOnce(&mut Bucket) -> T) -> T {
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        buckets.tidy(now);
        let buckets = &mut buckets.by_client;
        let is_known = buckets.contains_key(&(limit, client.to_owned()));
        let client = if is_known || buckets.len() < MAX_CLIENTS { client } else { "" };
        let full = Bucket { left: limit.rule().0, at: now };
        let bucket = buckets.entry((limit, client.to_owned())).or_insert(full);
        *bucket = refill(limit, *bucket, now);
        act(bucket)
    }
}

impl Buckets {
    fn tidy(&mut self, now: Instant) {
        let has_room = self.by_client.len() < MAX_CLIENTS;
        let every = if has_room { FORGET_EVERY } else { FORGET_EVERY_WITHOUT_ROOM };
        if self.tidied_at.is_none_or(|at| now.saturating_duration_since(at) >= every) {
            self.by_client.retain(|(limit, _), bucket| refill(*limit, *bucket, now).left < limit.rule().0);
            self.tidied_at = Some(now);
        }
    }
}

fn check(limit: Limit, bucket: &Bucket) -> Result<(), Exceeded> {
    if bucket.left >= 1.0 {
        return Ok(());
    }
    let (size, period) = limit.rule();
    let seconds = (1.0 - bucket.left) / size * period.as_secs_f64();
    Err(Exceeded { retry_after_s: (seconds.ceil() as u32).max(1) })
}

fn refill(limit: Limit, bucket: Bucket, now: Instant) -> Bucket {
    let (size, period) = limit.rule();
    let passed = now.saturating_duration_since(bucket.at).as_secs_f64();
    Bucket { left: (bucket.left + passed / period.as_secs_f64() * size).min(size), at: now }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_empties_and_fills_again_with_time() {
        let limits = RateLimits::new();
        let start = Instant::now();
        for _ in 0..10 {
            assert_eq!(limits.take(Limit::BadToken, "a", start), Ok(()));
        }
        assert_eq!(limits.take(Limit::BadToken, "a", start), Err(Exceeded { retry_after_s: 6 }));
        assert_eq!(limits.peek(Limit::BadToken, "a", start), Err(Exceeded { retry_after_s: 6 }));
        assert_eq!(limits.take(Limit::BadToken, "b", start), Ok(()), "another client has its own");
        assert_eq!(limits.take(Limit::Register, "a", start), Ok(()), "another limit has its own");
        let later = start + Duration::from_secs(6);
        assert_eq!(limits.take(Limit::BadToken, "a", later), Ok(()));
        assert!(limits.take(Limit::BadToken, "a", later).is_err());
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
        // One more registration is allowed every 180 s.
        for (client, at_s, known) in [("a", 0, 1), ("b", 100, 2), ("c", 190, 2), ("d", 200, 3), ("d", 400, 1)] {
            limits.take(Limit::Register, client, start + Duration::from_secs(at_s)).unwrap();
            assert_eq!(limits.buckets.lock().unwrap().by_client.len(), known, "{client} after {at_s} s");
        }
    }

    #[test]
    fn memory_stays_bounded_under_many_clients() {
        let limits = RateLimits::new();
        let start = Instant::now();
        for client in 0..MAX_CLIENTS + 100 {
            let _ = limits.take(Limit::Register, &client.to_string(), start);
        }
        assert!(limits.buckets.lock().unwrap().by_client.len() <= MAX_CLIENTS + 1);
        let much_later = start + Duration::from_secs(7200);
        limits.take(Limit::Register, "new", much_later).unwrap();
        assert_eq!(limits.buckets.lock().unwrap().by_client.len(), 1, "quiet clients are forgotten");
    }
}
