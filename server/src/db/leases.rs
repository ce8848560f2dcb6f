//! Leases: whose turn it is to do what one server does for all.

use super::Connection;
use crate::clock::MAY_BE_AHEAD_MS;

/// Takes the lease on a task until `until_ms`, unless another server holds it or the task was done after
/// `done_before_ms`. Returns whether it was taken. Ignores times written by a clock that ran far ahead.
pub async fn take(
    db: &mut Connection,
    (name, holder): (&str, &str),
    now_ms: i64,
    until_ms: i64,
    done_before_ms: i64,
) -> sqlx::Result<bool> {
    let taken = db
        .query(
            "insert into leases (name, holder, lease_until) values ($1, $2, $4)
             on conflict (name) do update set holder = excluded.holder, lease_until = excluded.lease_until
             where (leases.lease_until <= $3 or leases.lease_until > $4 + $6)
                 and (leases.done_at is null or leases.done_at <= $5 or leases.done_at > $3 + $6)",
        )
        .bind(name)
        .bind(holder)
        .bind(now_ms)
        .bind(until_ms)
        .bind(done_before_ms)
        .bind(MAY_BE_AHEAD_MS)
        .execute()
        .await?;
    Ok(taken == 1)
}

/// Prolongs a lease. Returns whether this server still held it.
pub async fn renew(db: &mut Connection, (name, holder): (&str, &str), until_ms: i64) -> sqlx::Result<bool> {
    let renewed = db
        .query("update leases set lease_until = $3 where name = $1 and holder = $2")
        .bind(name)
        .bind(holder)
        .bind(until_ms)
        .execute()
        .await?;
    Ok(renewed == 1)
}

/// Ends a lease; `done_at_ms` says when the task was done, if it was.
pub async fn end(
    db: &mut Connection,
    (name, holder): (&str, &str),
    now_ms: i64,
    done_at_ms: Option<i64>,
) -> sqlx::Result<()> {
    db.query("update leases set lease_until = $3, done_at = coalesce($4, done_at) where name = $1 and holder = $2")
        .bind(name)
        .bind(holder)
        .bind(now_ms)
        .bind(done_at_ms)
        .execute()
        .await?;
    Ok(())
}
