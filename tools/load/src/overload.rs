//! Four times as many submissions as can be decided: what becomes of those that are taken, of those that are turned away,
//! and of `/health`.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{anyhow, ensure};
use serde::Serialize;
use test_client::{Decided, Sent, Site};

use test_client::{ReadyUser as Ready, UserPool as Crowd};
use crate::submissions::Submissions;
use crate::times::Times;

/// How many times the capacity is offered.
const TIMES: f64 = 4.0;
/// How often `/health` is asked for.
const HEALTH_EVERY: Duration = Duration::from_millis(100);
/// Who was turned away comes again for so long.
const PATIENCE: Duration = Duration::from_secs(140);
/// Failed attempts that a session has.
const ATTEMPTS: u64 = 5;

/// What became of them.
#[derive(Clone, Debug, Serialize)]
pub struct Overload {
    /// Submissions offered a second.
    pub offered_per_s: f64,
    /// How many were offered.
    pub offered: usize,
    /// Those that were decided at the first try, from the first chunk to the verdict.
    pub accepted: Times,
    /// Those that were turned away: the request alone that was, the first chunk or the question for the decision.
    pub turned_away: Times,
    /// From when no more were offered until everybody had a decision, in seconds.
    pub cleared_s: f64,
    /// 99 % of the accepted ones, in those of one alone.
    pub slowdown: f64,
    /// `/health` meanwhile.
    pub health: Times,
    /// People who were not verified in the end, or whose session has fewer attempts than before.
    pub lost: usize,
}

/// Sends them for so many seconds.
pub(crate) fn measure(crowd: &Crowd, usual: &Submissions, seconds: u64) -> anyhow::Result<Overload> {
    let offered_per_s = TIMES * usual.capacity_per_s;
    let people = crowd.gather((offered_per_s * seconds as f64) as usize)?;
    let over = AtomicBool::new(false);
    let (firsts, health) = std::thread::scope(|scope| {
        let health = scope.spawn(|| watch_health(crowd.site().clone(), &over));
        let start = Instant::now();
        let sent: Vec<_> = people
            .iter()
            .enumerate()
            .map(|(number, ready)| {
                let due = start + Duration::from_secs_f64(number as f64 / offered_per_s);
                std::thread::sleep(due.saturating_duration_since(Instant::now()));
                scope.spawn(|| send_once(ready))
            })
            .collect();
        let firsts: Vec<_> = sent.into_iter().map(|sent| sent.join().expect("a thread's panic is a defect")).collect();
        over.store(true, Ordering::Relaxed);
        (firsts, health.join().expect("a thread's panic is a defect"))
    });
    let firsts: Vec<First> = firsts.into_iter().collect::<anyhow::Result<_>>()?;
    let offered_until = Instant::now();
    let lost = std::thread::scope(|scope| {
        let again: Vec<_> =
            people.iter().zip(&firsts).map(|(ready, first)| scope.spawn(|| is_lost(ready, first))).collect();
        again.into_iter().map(|again| again.join().expect("a thread's panic is a defect")).filter(|&lost| lost).count()
    });
    let cleared_s = (offered_until.elapsed().as_secs_f64() * 10.0).round() / 10.0;
    let times = |decided: bool| {
        let times = firsts.iter().filter(|first| matches!(first.sent, Sent::Decided(_)) == decided);
        Times::of(times.map(|first| first.took).collect())
    };
    let accepted = times(true);
    let slowdown = (accepted.p99_ms / usual.alone.p99_ms * 100.0).round() / 100.0;
    let offered = people.len();
    Ok(Overload {
        offered_per_s,
        offered,
        accepted,
        turned_away: times(false),
        cleared_s,
        slowdown,
        health: Times::of(health?),
        lost,
    })
}

/// What came of the first try.
struct First {
    sent: Sent,
    took: Duration,
}

fn send_once(ready: &Ready) -> anyhow::Result<First> {
    let start = Instant::now();
    let uploaded = ready.visitor.upload("load", &ready.parcel)?;
    let uploaded_at = Instant::now();
    let (sent, since) = match uploaded {
        // Refused at once, with the first chunk.
        Some(refused) => (refused, start),
        None => match ready.visitor.decide("load", &ready.parcel)? {
            decided @ Sent::Decided(_) => (decided, start),
            refused => (refused, uploaded_at),
        },
    };
    Ok(First { sent, took: since.elapsed() })
}

/// Goes on until there is a decision. Nobody is to have lost anything by then.
fn is_lost(ready: &Ready, first: &First) -> bool {
    let decided = match &first.sent {
        Sent::Decided(decided) => Ok(decided.clone()),
        Sent::Refused(answer) => Err(anyhow!("refused: {}", answer.text)),
        Sent::Later { pause, .. } => {
            // Each was told at another moment, so that part of it is over.
            std::thread::sleep(pause.mul_f64(fastrand::f64()));
            ready.visitor.resume_until_decided("load", &ready.parcel, PATIENCE)
        }
    };
    match decided {
        Ok(Decided { verified: true, attempts_left: ATTEMPTS, .. }) => false,
        other => {
            eprintln!("lost: {other:?}");
            true
        }
    }
}

fn watch_health(site: Site, over: &AtomicBool) -> anyhow::Result<Vec<Duration>> {
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
