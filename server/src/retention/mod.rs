//! How long captures are kept, and the sweep that removes what is over.

mod sweep;

pub use sweep::{SweepError, Swept, run, sweep};

use crate::clock::DAY_MS;
use crate::domain::AttemptStatus;

/// Days for which captures are kept after an attempt, by how it ended. 0: they are not kept at all.
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

    /// Whether captures of such an attempt are kept.
    pub fn keeps(self, outcome: AttemptStatus) -> bool {
        self.days(outcome) > 0
    }

    /// What ended at this time or before has been kept long enough.
    fn until_ms(self, outcome: AttemptStatus, now_ms: i64) -> i64 {
        now_ms - i64::from(self.days(outcome)) * DAY_MS
    }

    fn days(self, outcome: AttemptStatus) -> u32 {
        match outcome {
            AttemptStatus::Verified => self.verified_days,
            AttemptStatus::Failed => self.failed_days,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_counted_by_outcome() {
        let retention = Retention { verified_days: 30, failed_days: 0 };
        assert!(retention.keeps(AttemptStatus::Verified) && !retention.keeps(AttemptStatus::Failed));
        assert_eq!(retention.until_ms(AttemptStatus::Verified, 31 * DAY_MS), DAY_MS);
        assert_eq!(retention.until_ms(AttemptStatus::Failed, 31 * DAY_MS), 31 * DAY_MS);
        assert!(!Retention::NONE.keeps(AttemptStatus::Verified) && !Retention::NONE.keeps(AttemptStatus::Failed));
    }
}
