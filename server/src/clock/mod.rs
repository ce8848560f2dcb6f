//! Reads the clock, and converts its milliseconds to text and back. Nothing else reads the time of day; code below the
//! handlers gets the time as an argument.

mod steps;

pub use steps::ClockSteps;

use std::time::{SystemTime, UNIX_EPOCH};

use chrono::{DateTime, Datelike as _, SecondsFormat, Utc};

/// Milliseconds in a minute.
pub const MINUTE_MS: i64 = 60_000;
/// Milliseconds in a day.
pub const DAY_MS: i64 = 86_400_000;

/// How far the clocks of several servers may differ. A time further in the future was written by a clock that has been
/// set back since. Its age is unknown, so it counts as expired.
pub const MAY_BE_AHEAD_MS: i64 = 5 * MINUTE_MS;

/// Returns the time now, in milliseconds since 1970 (UTC).
pub fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

/// Formats a time as RFC 3339 with milliseconds: `2026-11-24T05:39:00.123Z`.
pub fn rfc3339(ms: i64) -> String {
    date_time(ms).to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// Parses what [`rfc3339`] formats, with any UTC offset.
pub fn parse_rfc3339(text: &str) -> Option<i64> {
    DateTime::parse_from_rfc3339(text).ok().map(|at| at.timestamp_millis())
}

/// Returns the start of a UTC day that is written `2026-11-24`.
pub fn parse_day(text: &str) -> Option<i64> {
    parse_rfc3339(&format!("{text}T00:00:00Z"))
}

/// Returns the UTC year of a time.
pub fn year(ms: i64) -> i64 {
    date_time(ms).year().into()
}

fn date_time(ms: i64) -> DateTime<Utc> {
    // Outside this range, years have six digits.
    DateTime::from_timestamp_millis(ms).unwrap_or(if ms < 0 {
        DateTime::<Utc>::MIN_UTC
    } else {
        DateTime::<Utc>::MAX_UTC
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_formatted_and_parsed_as_rfc_3339() {
        // Checked with `date -u -d @…`.
        let cases = [
            (0, "1970-01-01T00:00:00.000Z"),
            (951_782_399_999, "2000-02-28T23:59:59.999Z"),
            (951_782_400_000, "2000-02-29T00:00:00.000Z"),
            (1_709_251_199_000, "2024-02-29T23:59:59.000Z"),
            (1_798_761_599_001, "2026-12-31T23:59:59.001Z"),
            (4_107_542_400_000, "2100-03-01T00:00:00.000Z"),
        ];
        for (ms, text) in cases {
            assert_eq!(rfc3339(ms), text);
            assert_eq!(parse_rfc3339(text), Some(ms));
        }
        assert_eq!(parse_rfc3339("2000-02-29T02:00:00+02:00"), Some(951_782_400_000));
        assert_eq!(parse_day("2000-02-29"), Some(951_782_400_000));
        for other in ["", "2000-02-30", "2000-2-9", "20000-02-29", "2000-02-29T00:00:00", "2000-02-29 ", "yesterday"] {
            assert_eq!((parse_rfc3339(other), parse_day(other)), (None, None), "{other}");
        }
        assert_eq!(year(1_798_761_599_999), 2026);
        assert_eq!(year(1_798_761_600_000), 2027);
    }
}
