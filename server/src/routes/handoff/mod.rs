//! `/api/handoff…`: a check moves to a phone. The first screen offers a code (`first.rs`), a phone opens it and
//! chooses the number that the first screen shows (`phone.rs`), and the first screen may take the check back
//! (`take_back.rs`). Where no camera reads the code, the link is mailed (`mail.rs`).

mod first;
mod mail;
mod phone;
mod take_back;

pub(super) use first::{make, show};
pub(super) use mail::mail;
pub(super) use phone::{answer, open};
pub(super) use take_back::take_back;

use super::error::ApiError;
use crate::db::checks::Check;
use crate::domain::{CheckStatus, UserStatus};

/// Whether there is anything left to do on whatever device at `now_ms`.
fn goes_on(check: Option<&Check>, user: UserStatus, now_ms: i64) -> Result<(), ApiError> {
    match check {
        Some(check) if check.status == CheckStatus::Expired || check.is_overdue(now_ms) => Err(ApiError::CheckExpired),
        Some(check) if check.status.is_going_on() => Ok(()),
        Some(check) if check.status.of_person(false) == UserStatus::Verified => Err(ApiError::AlreadyVerified),
        Some(_) => Err(ApiError::CheckFinal),
        None if user == UserStatus::Verified => Err(ApiError::AlreadyVerified),
        None => Ok(()),
    }
}
