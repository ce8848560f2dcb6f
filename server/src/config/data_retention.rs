//! Settings of how long everything but captures is kept.

use super::error::ConfigError;
use super::source::Source;

const DAY_MS: i64 = 86_400_000;
/// A hundred years, which amounts to forever.
const FOREVER_DAYS: u32 = 36_500;

/// How many days data is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DataRetention {
    /// `RETENTION_DAYS_SESSIONS`: links, sessions, challenges and mails, after their end.
    pub sessions_days: u32,
    /// `RETENTION_DAYS_UNVERIFIED`: addresses that were never verified, since they were last used.
    pub unverified_days: u32,
    /// `RETENTION_DAYS_RECORDS`: the signed transcripts of attempts, and what was asked.
    pub records_days: u32,
    /// `RETENTION_DAYS_HASHES`: perceptual hashes of pictures. If unset, as long as the pictures.
    pub hashes_days: Option<u32>,
}

impl DataRetention {
    /// Links, sessions and mails that ended by this time have been kept long enough.
    pub fn traces_until_ms(self, now_ms: i64) -> i64 {
        now_ms - days_ms(self.sessions_days)
    }

    /// Addresses last used by this time have been kept long enough, unless they were verified.
    pub fn unverified_until_ms(self, now_ms: i64) -> i64 {
        now_ms - days_ms(self.unverified_days)
    }

    /// Transcripts of attempts that ended by this time have been kept long enough.
    pub fn records_until_ms(self, now_ms: i64) -> i64 {
        now_ms - days_ms(self.records_days)
    }

    /// Hashes of pictures that were scored by this time have been kept long enough; `None` if they go with the
    /// pictures.
    pub fn hashes_until_ms(self, now_ms: i64) -> Option<i64> {
        self.hashes_days.map(|days| now_ms - days_ms(days))
    }

    /// Whether hashes are kept although their pictures are not: only if the operator says for how long.
    pub fn keeps_hashes(self) -> bool {
        self.hashes_days.is_some_and(|days| days > 0)
    }

    pub(super) fn from_source(source: &Source) -> Result<Self, ConfigError> {
        let hashes = "RETENTION_DAYS_HASHES";
        Ok(Self {
            // Long enough to report an old link as expired.
            sessions_days: source.number("RETENTION_DAYS_SESSIONS", 1..=FOREVER_DAYS, 7)?,
            // Long enough for people who come back after a holiday, or after a complaint.
            unverified_days: source.number("RETENTION_DAYS_UNVERIFIED", 1..=FOREVER_DAYS, 90)?,
            // As long as decisions are disputed, usually.
            records_days: source.number("RETENTION_DAYS_RECORDS", 0..=FOREVER_DAYS, 365)?,
            hashes_days: match source.text(hashes) {
                Some(_) => Some(source.number(hashes, 0..=FOREVER_DAYS, 0)?),
                None => None,
            },
        })
    }
}

fn days_ms(days: u32) -> i64 {
    i64::from(days) * DAY_MS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_is_kept_for_days_by_its_kind() {
        let kept = |pairs: &[(&str, &str)]| DataRetention::from_source(&Source::from_pairs(pairs.iter().copied()));
        let usual = kept(&[]).unwrap();
        assert_eq!((usual.sessions_days, usual.unverified_days, usual.records_days), (7, 90, 365));
        assert_eq!(usual.hashes_until_ms(0), None);
        let short = kept(&[("RETENTION_DAYS_HASHES", "2"), ("RETENTION_DAYS_RECORDS", "0")]).unwrap();
        assert_eq!((short.hashes_until_ms(3 * DAY_MS), short.records_until_ms(5)), (Some(DAY_MS), 5));
        for name in ["RETENTION_DAYS_SESSIONS", "RETENTION_DAYS_UNVERIFIED", "RETENTION_DAYS_HASHES"] {
            assert!(kept(&[(name, "a month")]).unwrap_err().to_string().starts_with(name));
        }
    }
}
