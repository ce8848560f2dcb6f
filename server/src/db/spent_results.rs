//! Results that `/v1/siteverify` has accepted: each counts once.

use super::Connection;
use super::statement::locking;

/// Records that this result was accepted, for the request of this name. Returns whether it had not been before, or only
/// for the same request.
pub async fn spend(db: &mut Connection, jti: &str, request: Option<&str>, now_ms: i64) -> sqlx::Result<bool> {
    let spent = db
        .query(
            "insert into spent_results (jti, request, spent_at) values ($1, $2, $3)
         on conflict (jti) do update set spent_at = spent_results.spent_at
         where spent_results.request is not null and spent_results.request = excluded.request",
        )
        .bind(jti)
        .bind(request)
        .bind(now_ms)
        .execute()
        .await?;
    Ok(spent == 1)
}

/// Forgets results that were accepted before `before_ms`, when they are no longer accepted anyway.
pub async fn discard_before(db: &mut Connection, before_ms: i64) -> sqlx::Result<()> {
    db.query(locking!(
        "delete from spent_results where jti in (select jti from spent_results where spent_at < $1",
        "for update skip locked",
        ")"
    ))
    .bind(before_ms)
    .execute()
    .await?;
    Ok(())
}
