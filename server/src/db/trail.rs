//! The trail: a hash chain over the rows of events and audit, in the order in which they were added. Entries never
//! change.

use serde::Deserialize;

use super::events::Event;
use super::row::row;
use super::statement::locking;
use super::{Connection, Sql, audit};

row! {
    /// The end of the trail.
    #[derive(Clone, Debug, Default, PartialEq, Eq)]
    pub struct TrailHead {
        /// Number of the last entry; 0 if there is none.
        pub number: i64,
        /// Its hash; empty if there is none.
        pub hash: String,
        /// Whether rows older than the trail were added to it: 0 or 1.
        pub begun: i64,
    }
}

row! {
    /// An entry of the trail.
    #[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
    pub struct TrailEntry {
        /// Its number, from 1.
        pub number: i64,
        /// `event` or `audit`.
        pub kind: String,
        /// Id of the row.
        pub entry_id: String,
        /// SHA-256 of the row's content, hexadecimal.
        pub digest: String,
        /// SHA-256 over the previous entry's hash and all fields above, hexadecimal.
        pub hash: String,
    }
}

/// An entry with its row, if that exists.
#[derive(Clone, Debug, Deserialize)]
pub struct EntryWithRow {
    /// The entry.
    pub entry: TrailEntry,
    /// The event, if the entry is for one.
    pub event: Option<Event>,
    /// The audit's entry, if the entry is for one.
    pub audit: Option<audit::AuditEntry>,
}

/// Entries with their rows, as JSON from the database.
#[derive(Debug)]
pub struct UnparsedEntries(String);

impl UnparsedEntries {
    /// Parses and sorts them. Takes some time.
    ///
    /// # Errors
    /// A value in a row does not have its column's type.
    pub fn read(&self) -> sqlx::Result<Vec<EntryWithRow>> {
        let mut named: Vec<EntryWithRow> =
            serde_json::from_str(&self.0).map_err(|error| sqlx::Error::Decode(error.into()))?;
        named.sort_by_key(|named| named.entry.number);
        Ok(named)
    }
}

row! {
    /// A row without an entry in the trail.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct UnlistedRow {
        /// `event` or `audit`.
        pub kind: String,
        /// Its id.
        pub id: String,
    }
}

/// Returns the end of the trail.
pub async fn head(db: &mut Connection) -> sqlx::Result<TrailHead> {
    db.query("select number, hash, begun from trail_head where id = 1").fetch_one().await
}

/// Returns the end of the trail and locks it until the transaction ends.
pub async fn lock_head(db: &mut Connection) -> sqlx::Result<TrailHead> {
    const LOCKED: Sql = locking!("select number, hash, begun from trail_head where id = 1", "for update", "");
    db.query(LOCKED).fetch_one().await
}

/// Records that all rows older than the trail have entries.
pub async fn mark_begun(db: &mut Connection) -> sqlx::Result<()> {
    db.query("update trail_head set begun = 1 where id = 1").execute().await?;
    Ok(())
}

/// Returns the number of the last entry according to the head, and of the last entry stored; 0 if there is none.
pub async fn ends(db: &mut Connection) -> sqlx::Result<(i64, i64)> {
    db.query("select number, coalesce((select max(number) from trail_entries), 0) as last from trail_head where id = 1")
        .fetch_one()
        .await
}

/// Adds an entry and moves the head to it. The caller must have locked the head.
pub async fn insert(db: &mut Connection, entry: &TrailEntry) -> sqlx::Result<()> {
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

/// Returns the entries numbered `first` to `last`, in order.
pub async fn entries(db: &mut Connection, first: i64, last: i64) -> sqlx::Result<Vec<TrailEntry>> {
    db.query(
        "select number, kind, entry_id, digest, hash from trail_entries where number between $1 and $2 order by number",
    )
    .bind(first)
    .bind(last)
    .fetch_all()
    .await
}

/// Returns the entries numbered `first` to `last`, each with its row, as one JSON text. Reading rows and columns one by
/// one takes four times as long, which matters to an operator who verifies a million entries.
pub async fn entries_with_rows(db: &mut Connection, first: i64, last: i64) -> sqlx::Result<UnparsedEntries> {
    const NAMED: Sql = Sql {
        sqlite: "select json_group_array(json_object(
                'entry', json_object('number', t.number, 'kind', t.kind, 'entry_id', t.entry_id, 'digest', t.digest, 'hash', t.hash),
                'event', case when e.id is not null then json_object(
                    'id', e.id, 'email', e.email, 'status', e.status, 'reason', e.reason,
                    'open_capture_ref', e.open_capture_ref, 'closed_capture_ref', e.closed_capture_ref,
                    'created_at', e.created_at, 'challenge_id', e.challenge_id, 'attempt', e.attempt,
                    'thresholds', e.thresholds, 'engine', e.engine, 'details', e.details, 'policy', e.policy,
                    'strip_ref', e.strip_ref, 'transcript', e.transcript, 'issued', e.issued, 'review', e.review,
                    'open_captured', e.open_captured, 'captures_removed_at', e.captures_removed_at,
                    'record_removed_at', e.record_removed_at,
                    'trail_salt', e.trail_salt, 'trail_personal', e.trail_personal) end,
                'audit', case when a.id is not null then json_object(
                    'id', a.id, 'created_at', a.created_at, 'action', a.action, 'actor', a.actor, 'details', a.details) end
            )) as named
            from trail_entries t
            left join verification_events e on t.kind = 'event' and e.id = t.entry_id
            left join audit_entries a on t.kind = 'audit' and a.id = t.entry_id
            where t.number between $1 and $2",
        postgres: "select coalesce(json_agg(json_build_object(
                'entry', json_build_object('number', t.number, 'kind', t.kind, 'entry_id', t.entry_id, 'digest', t.digest, 'hash', t.hash),
                'event', case when e.id is not null then json_build_object(
                    'id', e.id, 'email', e.email, 'status', e.status, 'reason', e.reason,
                    'open_capture_ref', e.open_capture_ref, 'closed_capture_ref', e.closed_capture_ref,
                    'created_at', e.created_at, 'challenge_id', e.challenge_id, 'attempt', e.attempt,
                    'thresholds', e.thresholds, 'engine', e.engine, 'details', e.details, 'policy', e.policy,
                    'strip_ref', e.strip_ref, 'transcript', e.transcript, 'issued', e.issued, 'review', e.review,
                    'open_captured', e.open_captured, 'captures_removed_at', e.captures_removed_at,
                    'record_removed_at', e.record_removed_at,
                    'trail_salt', e.trail_salt, 'trail_personal', e.trail_personal) end,
                'audit', case when a.id is not null then json_build_object(
                    'id', a.id, 'created_at', a.created_at, 'action', a.action, 'actor', a.actor, 'details', a.details) end
            ))::text, '[]') as named
            from trail_entries t
            left join verification_events e on t.kind = 'event' and e.id = t.entry_id
            left join audit_entries a on t.kind = 'audit' and a.id = t.entry_id
            where t.number between $1 and $2",
    };
    let (text,) = db.query(NAMED).bind(first).bind(last).fetch_one().await?;
    Ok(UnparsedEntries(text))
}

/// Counts the rows that should have entries.
pub async fn rows(db: &mut Connection) -> sqlx::Result<i64> {
    let (count,): (i64,) = db
        .query("select (select count(*) from verification_events) + (select count(*) from audit_entries) as rows")
        .fetch_one()
        .await?;
    Ok(count)
}

/// Returns up to `limit` rows without an entry, oldest first.
pub async fn rows_without_entry(db: &mut Connection, limit: u32) -> sqlx::Result<Vec<UnlistedRow>> {
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

/// The hash of the entry with this number.
pub async fn hash_of(db: &mut Connection, number: i64) -> sqlx::Result<Option<String>> {
    let found: Option<(String,)> =
        db.query("select hash from trail_entries where number = $1").bind(number).fetch_optional().await?;
    Ok(found.map(|(hash,)| hash))
}

/// Whether this address has events beyond this entry.
pub async fn has_events_after(db: &mut Connection, email: &str, number: i64) -> sqlx::Result<bool> {
    let (found,): (i64,) = db
        .query(
            "select count(*) as found from verification_events e
             join trail_entries t on t.kind = 'event' and t.entry_id = e.id
             where e.email = $1 and t.number > $2",
        )
        .bind(email)
        .bind(number)
        .fetch_one()
        .await?;
    Ok(found > 0)
}

/// Whether users were reviewed or erased beyond this entry.
pub async fn has_entries_about_users_after(db: &mut Connection, number: i64) -> sqlx::Result<bool> {
    let (found,): (i64,) = db
        .query(
            "select count(*) as found from trail_entries t join audit_entries a on a.id = t.entry_id
             where t.number > $1 and t.kind = 'audit' and a.action in ('event_reviewed', 'user_erased')",
        )
        .bind(number)
        .fetch_one()
        .await?;
    Ok(found > 0)
}
