//! Settings of how long captures are kept.

use super::{ConfigError, Source};
use crate::retention::Retention;

/// `RETENTION`, `RETENTION_DAYS`, `RETENTION_DAYS_FAILED`.
pub(super) fn from_source(source: &Source) -> Result<Retention, ConfigError> {
    let are_days_set = source.text("RETENTION_DAYS").or(source.text("RETENTION_DAYS_FAILED")).is_some();
    match source.text("RETENTION") {
        None | Some("days") => {}
        Some("none") if !are_days_set => return Ok(Retention::NONE),
        Some("none") => {
            let problem = "is none, which leaves no days to keep anything; remove it, or RETENTION_DAYS and \
                           RETENTION_DAYS_FAILED";
            return Err(ConfigError::Unusable { name: "RETENTION", problem });
        }
        Some(got) => {
            let expected = "days or none";
            return Err(ConfigError::Unparsable { name: "RETENTION", got: got.to_owned(), expected });
        }
    }
    // A hundred years are for ever.
    let verified_days = source.number("RETENTION_DAYS", 0..=36_500, 30)?;
    let failed_days = source.number("RETENTION_DAYS_FAILED", 0..=36_500, verified_days)?;
    Ok(Retention { verified_days, failed_days })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn captures_are_kept_for_days_by_their_outcome_or_not_at_all() {
        let kept = |pairs: &[(&str, &str)]| {
            let read = from_source(&Source::from_pairs(pairs.iter().copied()));
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
}
