//! How checks move from state to state. Each statement says from which states it leads, and returns whether it led
//! anywhere: nothing leads out of `verified`.

use super::Connection;
use crate::domain::{ChallengeId, CheckId, CheckStatus, EventId, SessionId};

/// How an attempt ended a check.
#[derive(Clone, Debug, Default)]
pub struct Finish<'a> {
    /// How the person was recognised as live.
    pub method: Option<&'a str>,
    /// Name of the thresholds.
    pub thresholds: Option<&'a str>,
    /// Digest of the evidence.
    pub evidence_sha256: Option<&'a str>,
    /// How the person came to the device, if they changed devices.
    pub handoff: Option<&'a str>,
    /// The attempt's event.
    pub event: Option<&'a EventId>,
}

/// Records that the check has this session at the camera. Returns whether the person can begin only now.
pub async fn open(db: &mut Connection, id: &CheckId, session: &SessionId, now_ms: i64) -> sqlx::Result<bool> {
    db.query("update checks set session_id = $2 where id = $1").bind(id).bind(session).execute().await?;
    let opened = db
        .query("update checks set status = 'open', opened_at = $2 where id = $1 and status = 'waiting'")
        .bind(id)
        .bind(now_ms)
        .execute()
        .await?;
    Ok(opened == 1)
}

/// Records that an attempt of this session is being decided, or no longer.
pub async fn set_checking(db: &mut Connection, session: &SessionId, is_checking: bool) -> sqlx::Result<()> {
    let (from, to) = if is_checking {
        (CheckStatus::Open, CheckStatus::Checking)
    } else {
        (CheckStatus::Checking, CheckStatus::Open)
    };
    db.query(
        "update checks set status = $3
         where id = (select check_id from capture_sessions where id = $1) and status = $2",
    )
    .bind(session)
    .bind(from)
    .bind(to)
    .execute()
    .await?;
    Ok(())
}

/// Records an attempt that failed and counted; the check stays open.
pub async fn count_failure(db: &mut Connection, id: &CheckId, reason: &str) -> sqlx::Result<bool> {
    let counted = db
        .query(
            "update checks set attempts = attempts + 1, last_failure = $2, status = 'open'
             where id = $1 and status in ('waiting', 'open', 'checking')",
        )
        .bind(id)
        .bind(reason)
        .execute()
        .await?;
    Ok(counted == 1)
}

/// Ends a check that is going on.
pub async fn end(
    db: &mut Connection,
    id: &CheckId,
    status: CheckStatus,
    finish: &Finish<'_>,
    now_ms: i64,
) -> sqlx::Result<bool> {
    let ended = db
        .query(
            "update checks set status = $2, ended_at = $3, decide_at = null, method = $4, thresholds = $5,
             evidence_sha256 = $6, handoff = $7, event_id = $8
         where id = $1 and status in ('waiting', 'open', 'checking')",
        )
        .bind(id)
        .bind(status)
        .bind(now_ms)
        .bind(finish.method)
        .bind(finish.thresholds)
        .bind(finish.evidence_sha256)
        .bind(finish.handoff)
        .bind(finish.event)
        .execute()
        .await?;
    Ok(ended == 1)
}

/// Ends a check whose attempt an operator has looked at.
pub async fn end_review(db: &mut Connection, id: &CheckId, status: CheckStatus, now_ms: i64) -> sqlx::Result<bool> {
    let ended = db
        .query("update checks set status = $2, ended_at = $3, method = 'reviewed' where id = $1 and status = 'review'")
        .bind(id)
        .bind(status)
        .bind(now_ms)
        .execute()
        .await?;
    Ok(ended == 1)
}

/// Records that an operator took the verification back. The check stays verified.
pub async fn revoke(db: &mut Connection, id: &CheckId, now_ms: i64) -> sqlx::Result<bool> {
    let revoked = db
        .query("update checks set revoked_at = $2 where id = $1 and status = 'verified' and revoked_at is null")
        .bind(id)
        .bind(now_ms)
        .execute()
        .await?;
    Ok(revoked == 1)
}

/// Records which attempt was the check's.
pub async fn add_attempt(db: &mut Connection, id: &CheckId, challenge: &ChallengeId, now_ms: i64) -> sqlx::Result<()> {
    db.query(
        "insert into check_attempts (challenge_id, check_id, ended_at) values ($1, $2, $3)
         on conflict (challenge_id) do nothing",
    )
    .bind(challenge)
    .bind(id)
    .bind(now_ms)
    .execute()
    .await?;
    Ok(())
}

/// Returns up to `limit` checks that nobody finished in time.
pub async fn overdue(db: &mut Connection, now_ms: i64, limit: u32) -> sqlx::Result<Vec<CheckId>> {
    let rows: Vec<(CheckId,)> = db
        .query(
            "select id from checks where status in ('waiting', 'open', 'checking') and expires_at <= $1
             order by expires_at limit $2",
        )
        .bind(now_ms)
        .bind(i64::from(limit))
        .fetch_all()
        .await?;
    Ok(rows.into_iter().map(|(id,)| id).collect())
}

/// Returns up to `limit` slow checks of test mode whose time has come.
pub async fn to_decide(db: &mut Connection, now_ms: i64, limit: u32) -> sqlx::Result<Vec<CheckId>> {
    let rows: Vec<(CheckId,)> = db
        .query("select id from checks where decide_at is not null and decide_at <= $1 order by decide_at limit $2")
        .bind(now_ms)
        .bind(i64::from(limit))
        .fetch_all()
        .await?;
    Ok(rows.into_iter().map(|(id,)| id).collect())
}
