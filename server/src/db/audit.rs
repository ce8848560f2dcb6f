//! The audit's entries: what operators did and what was removed. Rows are added, never changed.

use serde::Deserialize;

use super::Connection;
use super::listing::Cursor;
use super::row::row;
use crate::domain::AuditId;

row! {
    /// An entry of the audit.
    #[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
    pub struct AuditEntry {
        /// The row's id.
        pub id: AuditId,
        /// When it happened.
        pub created_at: i64,
        /// What happened: a stable word.
        pub action: String,
        /// Who did it.
        pub actor: String,
        /// Figures, JSON, without addresses.
        pub details: String,
    }
}

/// Adds a row.
pub async fn insert(db: &mut Connection, entry: &AuditEntry) -> sqlx::Result<()> {
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
pub async fn find(db: &mut Connection, id: &AuditId) -> sqlx::Result<Option<AuditEntry>> {
    db.query("select id, created_at, action, actor, details from audit_entries where id = $1")
        .bind(id)
        .fetch_optional()
        .await
}

/// Returns the row of the latest start of a server.
pub async fn latest_start(db: &mut Connection) -> sqlx::Result<Option<AuditEntry>> {
    db.query(
        "select id, created_at, action, actor, details from audit_entries where action = 'server_started'
         order by created_at desc, id desc limit 1",
    )
    .fetch_optional()
    .await
}

/// Returns up to `limit` rows, newest first, starting with the newest or after `behind`.
pub async fn list(db: &mut Connection, behind: Option<&Cursor>, limit: u32) -> sqlx::Result<Vec<AuditEntry>> {
    let Some(Cursor { at, id }) = behind else {
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
