//! How many attempts a mailbox has, over all its users, sessions and links, and when it has to wait. A new link does
//! not help: this slows down people who try out forgeries.
//!
//! - A number of failures within a time start a pause. Each further one within a day lasts four times as long, up to a
//!   day.
//! - No mailbox has more than so many attempts within any 24 hours, however they end.
//! - A few that the person left are free: they start no pause, but the daily limit counts them.

use crate::clock::{DAY_MS, MINUTE_MS};
use crate::config::CoolDown;
use crate::db::Connection;
use crate::db::attempts::{self, Attempt, Ending};
use crate::domain::EmailAddress;

/// Attempts that may be left within an hour without being counted: somebody rang the bell, or the browser crashed.
const FREE_PER_HOUR: usize = 2;
/// The time over which free attempts are counted.
const HOUR_MS: i64 = 60 * MINUTE_MS;
/// How much longer each pause is than the one before.
const GROWTH: i64 = 4;

/// What a mailbox may do now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Milliseconds until it may begin an attempt; 0 if it may now.
    pub rest_ms: i64,
    /// How many more attempts it has before it must wait.
    pub attempts_left: u32,
    /// Whether the next attempt that the person leaves is free.
    pub may_leave: bool,
}

impl Standing {
    /// The same time in whole seconds, rounded up.
    pub fn rest_s(&self) -> u32 {
        u32::try_from((self.rest_ms + 999) / 1000).unwrap_or(u32::MAX)
    }
}

/// Returns what this mailbox may do at `now_ms`.
pub async fn standing(
    db: &mut Connection,
    settings: CoolDown,
    email: &EmailAddress,
    now_ms: i64,
) -> sqlx::Result<Standing> {
    let mut past = attempts::since(db, &email.folded_key(), now_ms - kept_ms(settings), now_ms).await?;
    past.reverse();
    Ok(standing_after(settings, &past, now_ms))
}

/// How long attempts matter, in milliseconds: a pause lasts up to a day, and is longer for those of the day before it.
pub fn kept_ms(settings: CoolDown) -> i64 {
    longest_pause_ms(settings) + DAY_MS + settings.window_ms
}

/// What a mailbox may do at `now_ms` with these attempts in its past, oldest first.
fn standing_after(settings: CoolDown, past: &[Attempt], now_ms: i64) -> Standing {
    let left_freely = |attempt: &&Attempt| {
        attempt.ended_as == Some(Ending::Free) && attempt.ended_at.is_some_and(|at| now_ms - at < HOUR_MS)
    };
    let free = past.iter().filter(left_freely).count();
    let may_leave = free < FREE_PER_HOUR;
    if settings.failures == 0 {
        return Standing { rest_ms: 0, attempts_left: u32::MAX, may_leave };
    }
    let failures = failures(past, FREE_PER_HOUR.saturating_sub(free));
    let (pause_end, until_pause) = pauses(settings, &failures, now_ms);
    let (day_end, in_day) = day(settings, past, now_ms);
    let rest_ms = (pause_end.max(day_end) - now_ms).max(0);
    let attempts_left = if rest_ms > 0 { 0 } else { until_pause.min(in_day) };
    Standing { rest_ms, attempts_left, may_leave }
}

/// When attempts failed, oldest first. Those that go on count as if they were left now, and `free` of them were free.
fn failures(past: &[Attempt], free: usize) -> Vec<i64> {
    let counted = past.iter().filter(|attempt| attempt.ended_as == Some(Ending::Counted));
    let going_on = past.iter().filter(|attempt| attempt.ended_as.is_none()).skip(free);
    let mut failures: Vec<i64> = counted.chain(going_on).map(|at| at.ended_at.unwrap_or(at.began_at)).collect();
    failures.sort_unstable();
    failures
}

/// When the last pause ends, and how many further failures start the next one.
fn pauses(settings: CoolDown, failures: &[i64], now_ms: i64) -> (i64, u32) {
    let (mut since_pause, mut begun, mut end) = (Vec::new(), Vec::<i64>::new(), i64::MIN / 2);
    for &failure in failures {
        since_pause.push(failure);
        since_pause.retain(|at| failure - at <= settings.window_ms);
        if since_pause.len() >= settings.failures as usize {
            let before = begun.iter().filter(|&&at| failure - at < DAY_MS).count();
            begun.push(failure);
            end = end.max(failure + pause_ms(settings, before));
            since_pause.clear();
        }
    }
    since_pause.retain(|at| now_ms - at <= settings.window_ms);
    (end, settings.failures.saturating_sub(u32::try_from(since_pause.len()).unwrap_or(u32::MAX)))
}

/// How long a pause lasts after `before` others within a day, in milliseconds.
fn pause_ms(settings: CoolDown, before: usize) -> i64 {
    let growth = GROWTH.saturating_pow(u32::try_from(before).unwrap_or(u32::MAX));
    settings.pause_ms.saturating_mul(growth).min(longest_pause_ms(settings))
}

fn longest_pause_ms(settings: CoolDown) -> i64 {
    settings.pause_ms.max(DAY_MS)
}

/// Until when the daily limit forbids another attempt, and how many more it allows now.
fn day(settings: CoolDown, past: &[Attempt], now_ms: i64) -> (i64, u32) {
    let of_day: Vec<i64> = past.iter().map(|attempt| attempt.began_at).filter(|at| now_ms - at < DAY_MS).collect();
    let limit = settings.per_day as usize;
    let left = limit.saturating_sub(of_day.len());
    // The attempt whose day must be over before there are fewer than `limit`.
    let blocking = of_day.len().checked_sub(limit).map(|index| of_day[index]);
    (blocking.map_or(i64::MIN / 2, |at| at + DAY_MS), u32::try_from(left).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests;
