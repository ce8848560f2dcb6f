//! What operators did, and what was removed when its time was over. Rows are added, never changed.

use serde::Deserialize;

use super::Connection;
use super::listing::Place;
use crate::domain::AuditId;

/// A row.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, sqlx::FromRow)]
pub struct Entry {
    /// The row's id.
    pub id: AuditId,
    /// When it happened.
    pub created_at: i64,
    /// What happened: a stable word.
    pub action: String,
    /// Who did it.
    pub actor: String,
    /// Figures, JSON. No address.
    pub details: String,
}

/// Adds a row.
pub async fn insert(db: &mut Connection, entry: &Entry) -> sqlx::Result<()> {
    db.query("insert into audit_entries (id, created_at, action, actor, details) values ($1, $2, $3, $4, $5)")
        .bind(&entry.id)
        .bind(entry.created_at)
        .bind(&entry.action)
        .bind(&entry.actor)
        .bind(&entry.details)
        .execute()
        .await?;
    Ok(())
}

/// Returns the row of this id.
pub async fn find(db: &mut Connection, id: &AuditId) -> sqlx::Result<Option<Entry>> {
    db.query("select id, created_at, action, actor, details from audit_entries where id = $1")
        .bind(id)
        .fetch_optional()
        .await
}

/// Returns up to `limit` rows, newest first, from the newest or from behind a place on.
pub async fn list(db: &mut Connection, behind: Option<&Place>, limit: u32) -> sqlx::Result<Vec<Entry>> {
    let Some(Place { at, id }) = behind else {
        let newest = db.query(
            "select id, created_at, action, actor, details from audit_entries
             order by created_at desc, id desc limit $1",
        );
        return newest.bind(i64::from(limit)).fetch_all().await;
    };
    let rows = db.query(
        "select id, created_at, action, actor, details from audit_entries where (created_at, id) < ($1, $2)
         order by created_at desc, id desc limit $3",
    );
    rows.bind(*at).bind(id).bind(i64::from(limit)).fetch_all().await
}
