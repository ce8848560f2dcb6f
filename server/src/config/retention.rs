//! Settings of how long captures are kept.

use super::error::ConfigError;
use super::source::Source;
use crate::domain::AttemptStatus;

const DAY_MS: i64 = 86_400_000;

/// How many days captures are kept after an attempt, by how it ended. 0: they are never kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    /// After attempts that verified.
    pub verified_days: u32,
    /// After attempts that failed.
    pub failed_days: u32,
}

impl Retention {
    /// Captures are scored in memory and never written.
    pub const NONE: Retention = Retention { verified_days: 0, failed_days: 0 };

    /// Whether captures of an attempt with this status are kept.
    pub fn keeps(self, status: AttemptStatus) -> bool {
        self.days(status) > 0
    }

    /// Captures of attempts that ended at this time or earlier have been kept long enough.
    pub fn until_ms(self, status: AttemptStatus, now_ms: i64) -> i64 {
        now_ms - i64::from(self.days(status)) * DAY_MS
    }

    fn days(self, status: AttemptStatus) -> u32 {
        match status {
            AttemptStatus::Verified => self.verified_days,
            AttemptStatus::Failed => self.failed_days,
        }
    }

    /// `RETENTION`, `RETENTION_DAYS`, `RETENTION_DAYS_FAILED`.
    pub(super) fn from_source(source: &Source) -> Result<Self, ConfigError> {
        let are_days_set = source.text("RETENTION_DAYS").or(source.text("RETENTION_DAYS_FAILED")).is_some();
        match source.text("RETENTION") {
            None | Some("days") => {}
            Some("none") if !are_days_set => return Ok(Retention::NONE),
            Some("none") => {
                let problem = "is none, so no number of days applies; remove it, or remove RETENTION_DAYS and \
                               RETENTION_DAYS_FAILED";
                return Err(ConfigError::Unusable { name: "RETENTION", problem });
            }
            Some(got) => {
                let expected = "days or none";
                return Err(ConfigError::Unparsable { name: "RETENTION", got: got.to_owned(), expected });
            }
        }
        // At most a hundred years, which amounts to forever.
        let verified_days = source.number("RETENTION_DAYS", 0..=36_500, 30)?;
        let failed_days = source.number("RETENTION_DAYS_FAILED", 0..=36_500, verified_days)?;
        Ok(Retention { verified_days, failed_days })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn captures_are_kept_for_days_by_status_or_not_at_all() {
        let kept = |pairs: &[(&str, &str)]| {
            let read = Retention::from_source(&Source::from_pairs(pairs.iter().copied()));
            read.map(|kept| (kept.verified_days, kept.failed_days)).map_err(|error| error.to_string())
        };
        assert_eq!(kept(&[]), Ok((30, 30)));
        assert_eq!(kept(&[("RETENTION_DAYS", "7")]), Ok((7, 7)));
        assert_eq!(kept(&[("RETENTION_DAYS_FAILED", "0")]), Ok((30, 0)));
        assert_eq!(
            kept(&[("RETENTION", "days"), ("RETENTION_DAYS", "1"), ("RETENTION_DAYS_FAILED", "90")]),
            Ok((1, 90))
        );
        assert_eq!(kept(&[("RETENTION", "none")]), Ok((0, 0)));
        assert!(kept(&[("RETENTION", "none"), ("RETENTION_DAYS", "7")]).unwrap_err().starts_with("RETENTION is none"));
        assert!(kept(&[("RETENTION", "some")]).unwrap_err().starts_with("RETENTION"));
        assert!(kept(&[("RETENTION_DAYS", "a month")]).unwrap_err().starts_with("RETENTION_DAYS"));
    }

    #[test]
    fn days_are_counted_by_status() {
        let retention = Retention { verified_days: 30, failed_days: 0 };
        assert!(retention.keeps(AttemptStatus::Verified) && !retention.keeps(AttemptStatus::Failed));
        assert_eq!(retention.until_ms(AttemptStatus::Verified, 31 * DAY_MS), DAY_MS);
        assert_eq!(retention.until_ms(AttemptStatus::Failed, 31 * DAY_MS), 31 * DAY_MS);
        assert!(!Retention::NONE.keeps(AttemptStatus::Verified) && !Retention::NONE.keeps(AttemptStatus::Failed));
    }
}
