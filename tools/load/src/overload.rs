//! Overload: submissions at four times the capacity. Measures those that are accepted, those that are rejected at first,
//! and `/health` meanwhile.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{anyhow, ensure};
use serde::Serialize;
use test_client::{Decision, HttpClient, ReadyUser, SubmitOutcome, UserPool};

use crate::submissions::Submissions;
use crate::times::Times;

/// Offered submissions per second as a multiple of the capacity.
const FACTOR: f64 = 4.0;
/// How often `/health` is requested.
const HEALTH_EVERY: Duration = Duration::from_millis(100);
/// How long rejected users keep retrying.
const RETRY_TIMEOUT: Duration = Duration::from_secs(140);
/// Number of attempts of a session that may fail.
const ATTEMPTS: u64 = 5;
/// Idempotency key of every submission.
const KEY: &str = "load";

/// The results.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Overload {
    /// Submissions offered per second.
    pub(crate) offered_per_s: f64,
    /// Submissions offered in total.
    pub(crate) offered: usize,
    /// Submissions decided at the first try, from the first chunk to the verdict.
    pub(crate) accepted: Times,
    /// Submissions rejected at the first try: duration of the rejected request, which is the first chunk or the request for
    /// the decision.
    #[serde(rename = "turned_away")]
    pub(crate) rejected: Times,
    /// From the last offered submission until everybody had a decision, in seconds.
    pub(crate) cleared_s: f64,
    /// 99th percentile of the accepted ones as a multiple of that of submissions sent one by one.
    pub(crate) slowdown: f64,
    /// `/health` meanwhile.
    pub(crate) health: Times,
    /// People who were not verified in the end, or whose session has fewer attempts left than before.
    pub(crate) lost: usize,
}

/// Offers submissions for some seconds.
pub(crate) fn measure(pool: &UserPool, usual: &Submissions, seconds: u64) -> anyhow::Result<Overload> {
    let offered_per_s = FACTOR * usual.capacity_per_s;
    let users = pool.ready_users((offered_per_s * seconds as f64) as usize)?;
    let over = AtomicBool::new(false);
    let (firsts, health) = std::thread::scope(|scope| {
        let health = scope.spawn(|| watch_health(pool.http().clone(), &over));
        let start = Instant::now();
        let sent: Vec<_> = users
            .iter()
            .enumerate()
            .map(|(number, user)| {
                let due = start + Duration::from_secs_f64(number as f64 / offered_per_s);
                std::thread::sleep(due.saturating_duration_since(Instant::now()));
                scope.spawn(|| send_once(user))
            })
            .collect();
        let firsts: Vec<_> = sent.into_iter().map(|sent| sent.join().expect("the thread does not panic")).collect();
        over.store(true, Ordering::Relaxed);
        (firsts, health.join().expect("the thread does not panic"))
    });
    let firsts: Vec<FirstTry> = firsts.into_iter().collect::<anyhow::Result<_>>()?;
    let offered_until = Instant::now();
    let lost = std::thread::scope(|scope| {
        let retries: Vec<_> =
            users.iter().zip(&firsts).map(|(user, first)| scope.spawn(|| is_lost(user, first))).collect();
        retries.into_iter().map(|retry| retry.join().expect("the thread does not panic")).filter(|&lost| lost).count()
    });
    let cleared_s = (offered_until.elapsed().as_secs_f64() * 10.0).round() / 10.0;
    let times = |decided: bool| {
        let tries = firsts.iter().filter(|first| matches!(first.outcome, SubmitOutcome::Decided(_)) == decided);
        Times::of(tries.map(|first| first.duration).collect())
    };
    let accepted = times(true);
    let slowdown = (accepted.p99_ms / usual.alone.p99_ms * 100.0).round() / 100.0;
    let offered = users.len();
    Ok(Overload {
        offered_per_s,
        offered,
        accepted,
        rejected: times(false),
        cleared_s,
        slowdown,
        health: Times::of(health?),
        lost,
    })
}

/// The result of the first try.
struct FirstTry {
    outcome: SubmitOutcome,
    duration: Duration,
}

fn send_once(user: &ReadyUser) -> anyhow::Result<FirstTry> {
    let start = Instant::now();
    let uploaded = user.client.upload(KEY, &user.submission)?;
    let uploaded_at = Instant::now();
    let (outcome, since) = match uploaded {
        // Rejected with the first chunk.
        Some(rejected) => (rejected, start),
        None => match user.client.decide(KEY, &user.submission)? {
            decided @ SubmitOutcome::Decided(_) => (decided, start),
            rejected => (rejected, uploaded_at),
        },
    };
    Ok(FirstTry { outcome, duration: since.elapsed() })
}

/// Retries until there is a decision, and returns whether the user has lost anything by then.
fn is_lost(user: &ReadyUser, first: &FirstTry) -> bool {
    let decision = match &first.outcome {
        SubmitOutcome::Decided(decision) => Ok(decision.clone()),
        SubmitOutcome::Refused(response) => Err(anyhow!("refused: {}", response.text)),
        SubmitOutcome::Later { pause, .. } => {
            // The pauses began at different times, so a random part of each has already passed.
            std::thread::sleep(pause.mul_f64(fastrand::f64()));
            user.client.resume_until_decided(KEY, &user.submission, RETRY_TIMEOUT)
        }
    };
    match decision {
        Ok(Decision { verified: true, attempts_left: ATTEMPTS, .. }) => false,
        other => {
            eprintln!("lost: {other:?}");
            true
        }
    }
}

fn watch_health(site: HttpClient, over: &AtomicBool) -> anyhow::Result<Vec<Duration>> {
    let mut times = Vec::new();
    while !over.load(Ordering::Relaxed) {
        let start = Instant::now();
        let status = site.get("/health")?.status;
        ensure!(status == 200, "/health: {status}");
        times.push(start.elapsed());
        std::thread::sleep(HEALTH_EVERY);
    }
    Ok(times)
}
