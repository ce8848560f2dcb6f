//! Users: one row per address that was ever registered.

use super::Connection;
use crate::domain::{EmailAddress, UserId, UserStatus};

/// A user as far as the flow needs to know.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct User {
    /// The row's id.
    pub id: UserId,
    /// The address.
    pub email: EmailAddress,
    /// The standing.
    pub status: UserStatus,
}

/// Makes the user with this address, if there is none. One that exists is left as it is, whatever its status.
///
/// Runs the same statements in either case, and changes the same pages, so that the time this takes does not tell whether
/// the address is known: a row that is nobody's comes and goes beside the real one.
pub async fn insert(db: &mut Connection, email: &EmailAddress, now_ms: i64) -> sqlx::Result<()> {
    let nobody = UserId::new(now_ms);
    db.query(
        "insert into users (id, email, status, created_at, updated_at)
         values ($1, $2, 'PENDING', $5, $5), ($3, $4, 'PENDING', $5, $5) on conflict (email) do nothing",
    )
    .bind(UserId::new(now_ms))
    .bind(email)
    .bind(&nobody)
    // No address ends with a space, and in the index this one's neighbour does.
    .bind(format!("{} ", email.expose()))
    .bind(now_ms)
    .execute()
    .await?;
    db.query("delete from users where id = $1").bind(&nobody).execute().await?;
    Ok(())
}

/// Returns the user with this id.
pub async fn get(db: &mut Connection, id: &UserId) -> sqlx::Result<User> {
    db.query("select id, email, status from users where id = $1").bind(id).fetch_one().await
}

/// Returns the user with this very address, if there is one.
pub async fn find(db: &mut Connection, email: &str) -> sqlx::Result<Option<User>> {
    db.query("select id, email, status from users where email = $1").bind(email).fetch_optional().await
}

/// Marks the user verified, for good.
pub async fn set_verified(db: &mut Connection, id: &UserId, now_ms: i64) -> sqlx::Result<()> {
    db.query(
        "update users set status = 'VERIFIED', updated_at = $2, verified_at = coalesce(verified_at, $2) where id = $1",
    )
    .bind(id)
    .bind(now_ms)
    .execute()
    .await?;
    Ok(())
}

/// Marks the user failed, unless verified before.
pub async fn set_failed(db: &mut Connection, id: &UserId, now_ms: i64) -> sqlx::Result<()> {
    db.query("update users set status = 'FAILED', updated_at = $2 where id = $1 and status <> 'VERIFIED'")
        .bind(id)
        .bind(now_ms)
        .execute()
        .await?;
    Ok(())
}

/// Marks the user failed, even if verified before: what an operator's decline does, and nothing else. The next attempt decides
/// anew.
pub async fn take_back(db: &mut Connection, id: &UserId, now_ms: i64) -> sqlx::Result<()> {
    db.query("update users set status = 'FAILED', updated_at = $2, verified_at = null where id = $1")
        .bind(id)
        .bind(now_ms)
        .execute()
        .await?;
    Ok(())
}
