//! The trail: which rows there are, in the order in which they came, chained by hashes. Entries are added, never changed.

use super::events::Event;
use super::statement::locking;
use super::{Connection, Text, audit};

/// Where the trail ends.
#[derive(Clone, Debug, Default, PartialEq, Eq, sqlx::FromRow)]
pub struct Head {
    /// Number of the last entry; 0 if there is none.
    pub number: i64,
    /// Its hash; empty if there is none.
    pub hash: String,
    /// Whether the rows from before the trail are in it: 0 or 1.
    pub begun: i64,
}

/// An entry.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Entry {
    /// From 1.
    pub number: i64,
    /// `event` or `audit`.
    pub kind: String,
    /// The row's id.
    pub entry_id: String,
    /// SHA-256 of the row's content, hexadecimal.
    pub digest: String,
    /// SHA-256 over the hash before and all of the above, hexadecimal.
    pub hash: String,
}

/// A row that no entry names.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Stray {
    /// `event` or `audit`.
    pub kind: String,
    /// Its id.
    pub id: String,
}

/// Returns where the trail ends.
pub async fn head(db: &mut Connection) -> sqlx::Result<Head> {
    db.query("select number, hash, begun from trail_head where id = 1").fetch_one().await
}

/// The same, kept from all others until the transaction ends.
pub async fn lock_head(db: &mut Connection) -> sqlx::Result<Head> {
    const LOCKED: Text = locking!("select number, hash, begun from trail_head where id = 1", "for update", "");
    db.query(LOCKED).fetch_one().await
}

/// The rows from before the trail are in it.
pub async fn mark_begun(db: &mut Connection) -> sqlx::Result<()> {
    db.query("update trail_head set begun = 1 where id = 1").execute().await?;
    Ok(())
}

/// Number of the last entry that the head names, and of the last there is; 0 if there is none.
pub async fn ends(db: &mut Connection) -> sqlx::Result<(i64, i64)> {
    db.query("select number, coalesce((select max(number) from trail_entries), 0) as last from trail_head where id = 1")
        .fetch_one()
        .await
}

/// Adds an entry, which the head then names. The caller holds the head.
pub async fn insert(db: &mut Connection, entry: &Entry) -> sqlx::Result<()> {
    db.query("insert into trail_entries (number, kind, entry_id, digest, hash) values ($1, $2, $3, $4, $5)")
        .bind(entry.number)
        .bind(&entry.kind)
        .bind(&entry.entry_id)
        .bind(&entry.digest)
        .bind(&entry.hash)
        .execute()
        .await?;
    db.query("update trail_head set number = $1, hash = $2 where id = 1")
        .bind(entry.number)
        .bind(&entry.hash)
        .execute()
        .await?;
    Ok(())
}

/// Returns the entries with numbers from `first` to `last`, in their order.
pub async fn entries(db: &mut Connection, first: i64, last: i64) -> sqlx::Result<Vec<Entry>> {
    db.query(
        "select number, kind, entry_id, digest, hash from trail_entries where number between $1 and $2 order by number",
    )
    .bind(first)
    .bind(last)
    .fetch_all()
    .await
}

/// Returns the events that these entries name. (`|| ''` keeps SQLite from going by the kind, which most entries share.)
pub async fn events(db: &mut Connection, first: i64, last: i64) -> sqlx::Result<Vec<Event>> {
    db.query(
        "select e.id, e.email, e.status, e.reason, e.open_capture_ref, e.closed_capture_ref, e.created_at, e.challenge_id,
             e.attempt, e.thresholds, e.engine, e.details, e.policy, e.strip_ref, e.transcript, e.issued, e.review,
             e.open_captured, e.captures_removed_at, e.trail_salt, e.trail_personal
         from trail_entries t join verification_events e on e.id = t.entry_id
         where t.number between $1 and $2 and t.kind || '' = 'event'",
    )
    .bind(first)
    .bind(last)
    .fetch_all()
    .await
}

/// Returns the rows of the audit that these entries name.
pub async fn audits(db: &mut Connection, first: i64, last: i64) -> sqlx::Result<Vec<audit::Entry>> {
    db.query(
        "select a.id, a.created_at, a.action, a.actor, a.details from trail_entries t join audit_entries a on a.id = t.entry_id
         where t.number between $1 and $2 and t.kind || '' = 'audit'",
    )
    .bind(first)
    .bind(last)
    .fetch_all()
    .await
}

/// Returns up to `limit` rows that no entry names, oldest first.
pub async fn strays(db: &mut Connection, limit: u32) -> sqlx::Result<Vec<Stray>> {
    db.query(
        "select 'event' as kind, e.id as id, e.created_at as created_at from verification_events e
             where not exists (select 1 from trail_entries t where t.kind = 'event' and t.entry_id = e.id)
         union all
         select 'audit' as kind, a.id as id, a.created_at as created_at from audit_entries a
             where not exists (select 1 from trail_entries t where t.kind = 'audit' and t.entry_id = a.id)
         order by created_at, id limit $1",
    )
    .bind(i64::from(limit))
    .fetch_all()
    .await
}
