//! Users: one row per registered address.

use std::collections::HashSet;

use serde_json::{Value, json};

use super::row::row;
use super::{Connection, Sql};
use crate::domain::{EmailAddress, UserId, UserStatus};

row! {
    /// The fields of a user that verification needs.
    #[derive(Clone, Debug)]
    pub struct User {
        /// The row's id.
        pub id: UserId,
        /// The address.
        pub email: EmailAddress,
        /// The status.
        pub status: UserStatus,
    }
}

/// Creates users with these addresses. Existing users do not change, whatever their status.
///
/// The time this takes must not reveal whether an address is known. So both cases run the same statements and change
/// the same pages: for each address, a dummy row is inserted next to the real one and deleted again.
pub async fn insert<'a>(
    db: &mut Connection,
    emails: impl IntoIterator<Item = &'a EmailAddress>,
    now_ms: i64,
) -> sqlx::Result<()> {
    const INSERT: Sql = Sql {
        sqlite: "insert into users (id, email, status, created_at, updated_at)
            select new.value ->> 'id', new.value ->> 'email', 'PENDING', $2, $2 from json_each($1) new where true
            on conflict (email) do nothing",
        postgres: "insert into users (id, email, status, created_at, updated_at)
            select new.id, new.email, 'PENDING', $2::bigint, $2::bigint from jsonb_to_recordset($1::jsonb) new (id text, email text)
            on conflict (email) do nothing",
    };
    const DELETE: Sql = Sql {
        sqlite: "delete from users where id in (select new.value from json_each($1) new)",
        postgres: "delete from users where id = any (array(select jsonb_array_elements_text($1::jsonb)))",
    };
    let (mut rows, mut nobodies) = (Vec::new(), Vec::new());
    for email in emails {
        let (somebody, nobody) = (UserId::new(now_ms), UserId::new(now_ms));
        rows.push(json!({ "id": somebody.as_str(), "email": email.expose() }));
        // No address ends with a space, and this one is next to the real one in the index.
        rows.push(json!({ "id": nobody.as_str(), "email": format!("{} ", email.expose()) }));
        nobodies.push(json!(nobody.as_str()));
    }
    db.query(INSERT).bind(Value::from(rows).to_string()).bind(now_ms).execute().await?;
    db.query(DELETE).bind(Value::from(nobodies).to_string()).execute().await?;
    Ok(())
}

/// Returns the user with this id.
pub async fn get(db: &mut Connection, id: &UserId) -> sqlx::Result<User> {
    db.query("select id, email, status from users where id = $1").bind(id).fetch_one().await
}

/// Returns the user with exactly this address, if there is one.
pub async fn find(db: &mut Connection, email: &str) -> sqlx::Result<Option<User>> {
    db.query("select id, email, status from users where email = $1").bind(email).fetch_optional().await
}

/// Returns up to `limit` users whose ids sort after this one.
pub async fn after(db: &mut Connection, after: Option<&UserId>, limit: u32) -> sqlx::Result<Vec<User>> {
    db.query("select id, email, status from users where id > $1 order by id limit $2")
        .bind(after.map_or("", UserId::as_str))
        .bind(i64::from(limit))
        .fetch_all()
        .await
}

/// Returns those of these addresses whose owner has ended an attempt, and so has read a mail of ours before.
pub async fn known<'a>(
    db: &mut Connection,
    emails: impl IntoIterator<Item = &'a EmailAddress>,
) -> sqlx::Result<HashSet<EmailAddress>> {
    const KNOWN: Sql = Sql {
        sqlite: "select email from users where status <> 'PENDING' and email in (select new.value from json_each($1) new)",
        postgres: "select email from users
            where status <> 'PENDING' and email = any (array(select jsonb_array_elements_text($1::jsonb)))",
    };
    let emails: Vec<Value> = emails.into_iter().map(|email| json!(email.expose())).collect();
    let rows: Vec<(EmailAddress,)> = db.query(KNOWN).bind(Value::from(emails).to_string()).fetch_all().await?;
    Ok(rows.into_iter().map(|(email,)| email).collect())
}

/// Marks the user verified.
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

/// Marks the user failed, unless already verified.
pub async fn set_failed(db: &mut Connection, id: &UserId, now_ms: i64) -> sqlx::Result<()> {
    db.query("update users set status = 'FAILED', updated_at = $2 where id = $1 and status <> 'VERIFIED'")
        .bind(id)
        .bind(now_ms)
        .execute()
        .await?;
    Ok(())
}

/// Marks the user failed, even if already verified. Only an operator's decline does this. The next attempt decides
/// again.
pub async fn take_back(db: &mut Connection, id: &UserId, now_ms: i64) -> sqlx::Result<()> {
    db.query("update users set status = 'FAILED', updated_at = $2, verified_at = null where id = $1")
        .bind(id)
        .bind(now_ms)
        .execute()
        .await?;
    Ok(())
}
