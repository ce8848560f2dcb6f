//! Users: one row per address that was ever registered.

use serde_json::{Value, json};

use super::{Connection, Text};
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

/// Makes users with these addresses, where there are none. Those that exist are left as they are, whatever their status.
///
/// Runs the same statements in either case, and changes the same pages, so that the time this takes does not tell whether an
/// address is known: for each, a row that is nobody's comes and goes beside the real one.
pub async fn insert<'a>(
    db: &mut Connection,
    emails: impl IntoIterator<Item = &'a EmailAddress>,
    now_ms: i64,
) -> sqlx::Result<()> {
    const INSERT: Text = Text {
        sqlite: "insert into users (id, email, status, created_at, updated_at)
            select new.value ->> 'id', new.value ->> 'email', 'PENDING', $2, $2 from json_each($1) new where true
            on conflict (email) do nothing",
        postgres: "insert into users (id, email, status, created_at, updated_at)
            select new.id, new.email, 'PENDING', $2::bigint, $2::bigint from jsonb_to_recordset($1::jsonb) new (id text, email text)
            on conflict (email) do nothing",
    };
    const DELETE: Text = Text {
        sqlite: "delete from users where id in (select new.value from json_each($1) new)",
        postgres: "delete from users where id = any (array(select jsonb_array_elements_text($1::jsonb)))",
    };
    let (mut rows, mut nobodies) = (Vec::new(), Vec::new());
    for email in emails {
        let (somebody, nobody) = (UserId::new(now_ms), UserId::new(now_ms));
        rows.push(json!({ "id": somebody.as_str(), "email": email.expose() }));
        // No address ends with a space, and in the index this one's neighbour does.
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
