//! Rate limits per client, in memory: token buckets that are told the time and forget clients that were quiet.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// So many clients are remembered at most. Those whose buckets are full again are forgotten; if none is, strangers share one
/// bucket.
const MAX_CLIENTS: usize = 100_000;
/// Of one that was taken for nothing.
const REFUND: f64 = 0.9;
/// Who was quiet is looked for so often, and where no room is left, so often: that looks at every bucket.
const FORGET_EVERY: Duration = Duration::from_secs(60);
const FORGET_EVERY_WITHOUT_ROOM: Duration = Duration::from_secs(1);

/// What is limited.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Limit {
    /// Registrations from one client. An office behind one address registers more than a household.
    Register,
    /// Links that one client opened, good or not. An office behind one address opens many.
    Redeem,
    /// Links from one client that were not good.
    BadToken,
    /// Wrong admin keys from one client.
    BadAdminKey,
    /// Questions where one session stands.
    Session,
    /// Challenges of one session.
    Challenge,
    /// Cues of one session. An attempt has up to a dozen rounds.
    Cue,
    /// Challenges of all sessions of one client.
    ChallengeClient,
    /// Chunks of submissions of one session, and questions how far they are. Five attempts in the smallest chunks that the
    /// page sends, with a loss at each, need 200.
    Chunk,
    /// Submissions of one session, also those that come to nothing through a fault of ours; those that are turned away count a
    /// tenth ([`RateLimits::refund`]).
    Submission,
    /// Challenges of one session that were given up.
    GiveUp,
}

impl Limit {
    /// How many at once, and within which time as many again.
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
    /// Seconds after which one more is free, at least 1.
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
    /// When those were last forgotten that are full.
    tidied_at: Option<Instant>,
}

#[derive(Clone, Copy, Debug)]
struct Bucket {
    left: f64,
    at: Instant,
}

impl RateLimits {
    /// No client is known yet.
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

    /// Gives most of what was taken back, where there was no room for what was asked for. With a tenth each, who comes again every
    /// second for as long as the page does meets no limit of thirty in ten minutes; who hammers does.
    pub fn refund(&self, limit: Limit, client: &str, now: Instant) {
        self.with_bucket(limit, client, now, |bucket| bucket.left = (bucket.left + REFUND).min(limit.rule().0));
    }

    /// Looks whether there is one left in the client's bucket, without taking it.
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
    fn who_is_turned_away_and_comes_again_as_told_meets_no_limit_and_who_hammers_does() {
        for (pause_ms, limited) in [(2000, false), (100, true)] {
            let limits = RateLimits::new();
            let start = Instant::now();
            let turned_away_for_ten_minutes = (0..600_000 / pause_ms).try_for_each(|time| {
                let now = start + Duration::from_millis(time * pause_ms);
                limits.take(Limit::Submission, "a", now)?;
                limits.refund(Limit::Submission, "a", now);
                Ok::<_, Exceeded>(())
            });
            assert_eq!(turned_away_for_ten_minutes.is_err(), limited, "every {pause_ms} ms");
        }
        let limits = RateLimits::new();
        let now = Instant::now();
        limits.refund(Limit::Submission, "a", now);
        let taken = (0..).take_while(|_| limits.take(Limit::Submission, "a", now).is_ok()).count();
        assert_eq!(taken, 30, "nobody has more than a full bucket");
    }

    #[test]
    fn who_has_all_their_requests_again_is_forgotten() {
        let limits = RateLimits::new();
        let start = Instant::now();
        // One more registration is free every 180 s.
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
