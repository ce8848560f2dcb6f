//! The pause after repeated failures. If too many attempts for one mailbox fail within a time, over all its sessions
//! and links, none can be started for a while. This slows down people who try out forgeries; a new link does not help
//! them.

use crate::config::CoolDown;
use crate::db::{Connection, failures};
use crate::domain::{ChallengeId, EmailAddress};

/// Milliseconds until this mailbox may start an attempt; 0 if it may now.
pub async fn rest_ms(db: &mut Connection, settings: CoolDown, email: &EmailAddress, now_ms: i64) -> sqlx::Result<i64> {
    let newest_first = failures::newest(db, &email.folded_key(), now_ms, settings.failures).await?;
    Ok(ends_at(settings, &newest_first).map_or(0, |end| (end - now_ms).max(0)))
}

/// Records a failed attempt that counts, and deletes those that are too old to matter.
pub async fn note_failure(
    db: &mut Connection,
    settings: CoolDown,
    email: &EmailAddress,
    challenge: &ChallengeId,
    now_ms: i64,
) -> sqlx::Result<()> {
    failures::discard_before(db, now_ms - settings.window_ms - settings.pause_ms).await?;
    failures::insert(db, challenge, &email.folded_key(), now_ms).await
}

/// When the pause ends, if the newest failures start one.
fn ends_at(settings: CoolDown, newest_first: &[i64]) -> Option<i64> {
    let count = usize::try_from(settings.failures).ok().filter(|&count| count > 0)?;
    let (newest, oldest) = (newest_first.first()?, newest_first.get(count - 1)?);
    (newest - oldest <= settings.window_ms).then_some(newest + settings.pause_ms)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pause_starts_with_the_last_of_enough_failures_within_the_window() {
        let rule = CoolDown { failures: 3, window_ms: 100, pause_ms: 1000 };
        let cases: [(&[i64], Option<i64>); 6] = [
            (&[], None),
            (&[50, 20], None),
            (&[100, 50, 0], Some(1100)),
            (&[101, 50, 0], None),
            (&[150, 120, 110, 0], Some(1150)),
            (&[500, 120, 110], None),
        ];
        for (newest_first, end) in cases {
            assert_eq!(ends_at(rule, newest_first), end, "{newest_first:?}");
        }
    }

    #[test]
    fn zero_failures_turn_pauses_off() {
        let off = CoolDown { failures: 0, window_ms: 100, pause_ms: 1000 };
        assert_eq!(ends_at(off, &[]), None);
        assert_eq!(ends_at(off, &[1, 1, 1]), None);
    }
}
