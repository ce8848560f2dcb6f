//! Settings of the pause after repeated failures.

use super::error::ConfigError;
use super::source::Source;

/// When a mailbox has to wait, and for how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CoolDown {
    /// `COOL_DOWN_FAILURES`: this many failures start a pause; 0 turns pauses off.
    pub failures: u32,
    /// `COOL_DOWN_WINDOW_MINUTES`: the time within which they must fall.
    pub window_ms: i64,
    /// `COOL_DOWN_MINUTES`: how long the pause lasts, counted from the last failure.
    pub pause_ms: i64,
}

impl CoolDown {
    pub(super) fn from_source(source: &Source) -> Result<Self, ConfigError> {
        // Five failures within half an hour and a pause of the same length: at most ten tries an hour, however spread.
        Ok(Self {
            failures: source.number("COOL_DOWN_FAILURES", 0..=1000, 5)?,
            window_ms: source.minutes_ms("COOL_DOWN_WINDOW_MINUTES", 30)?,
            pause_ms: source.minutes_ms("COOL_DOWN_MINUTES", 30)?,
        })
    }
}
