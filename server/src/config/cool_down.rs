//! Settings of the pauses after repeated failures.

use super::error::ConfigError;
use super::source::Source;

/// When a mailbox has to wait, and for how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CoolDown {
    /// `COOL_DOWN_FAILURES`: this many failures start a pause; 0 turns pauses and the daily limit off.
    pub failures: u32,
    /// `COOL_DOWN_WINDOW_MINUTES`: the time within which they must fall.
    pub window_ms: i64,
    /// `COOL_DOWN_MINUTES`: how long the first pause of a day lasts, counted from the last failure.
    pub pause_ms: i64,
    /// `MAX_ATTEMPTS_PER_DAY`: attempts of a mailbox within 24 hours, however they end.
    pub per_day: u32,
}

impl CoolDown {
    pub(super) fn from_source(source: &Source) -> Result<Self, ConfigError> {
        // Five failures, then pauses of half an hour, two hours, eight hours and a day: 20 tries in the first day. The
        // daily limit holds those to the same number who spread their tries so that no pause begins.
        Ok(Self {
            failures: source.number("COOL_DOWN_FAILURES", 0..=1000, 5)?,
            window_ms: source.minutes_ms("COOL_DOWN_WINDOW_MINUTES", 30)?,
            pause_ms: source.minutes_ms("COOL_DOWN_MINUTES", 30)?,
            per_day: source.number("MAX_ATTEMPTS_PER_DAY", 1..=1000, 12)?,
        })
    }
}
