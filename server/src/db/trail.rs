//! The trail: which rows there are, in the order in which they came, chained by hashes. Entries are added, never changed.

use serde::Deserialize;

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
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, sqlx::FromRow)]
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

/// An entry with the row that it names, where there is one.
#[derive(Clone, Debug, Deserialize)]
pub struct Named {
    /// The entry.
    pub entry: Entry,
    /// Its event, if it names one.
    pub event: Option<Event>,
    /// Its row of the audit, if it names one.
    pub audit: Option<audit::Entry>,
}

/// Entries with their rows as the database writes them.
#[derive(Debug)]
pub struct Unread(String);

impl Unread {
    /// Reads them, which takes some time; in their order.
    ///
    /// # Errors
    /// Something in a row is not of its column's kind.
    pub fn read(&self) -> sqlx::Result<Vec<Named>> {
        let mut named: Vec<Named> = serde_json::from_str(&self.0).map_err(|error| sqlx::Error::Decode(error.into()))?;
        named.sort_by_key(|named| named.entry.number);
        Ok(named)
    }
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

/// Returns the entries with numbers from `first` to `last`, each with its row. All come as one JSON text: row by
/// row and column by column takes four times as long, and operators wait for a million of them.
pub async fn named(db: &mut Connection, first: i64, last: i64) -> sqlx::Result<Unread> {
    const NAMED: Text = Text {
        sqlite: "select json_group_array(json_object(
                'entry', json_object('number', t.number, 'kind', t.kind, 'entry_id', t.entry_id, 'digest', t.digest, 'hash', t.hash),
                'event', case when e.id is not null then json_object(
                    'id', e.id, 'email', e.email, 'status', e.status, 'reason', e.reason,
                    'open_capture_ref', e.open_capture_ref, 'closed_capture_ref', e.closed_capture_ref,
                    'created_at', e.created_at, 'challenge_id', e.challenge_id, 'attempt', e.attempt,
                    'thresholds', e.thresholds, 'engine', e.engine, 'details', e.details, 'policy', e.policy,
                    'strip_ref', e.strip_ref, 'transcript', e.transcript, 'issued', e.issued, 'review', e.review,
                    'open_captured', e.open_captured, 'captures_removed_at', e.captures_removed_at,
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
    Ok(Unread(text))
}

/// Counts the rows that entries should name.
pub async fn rows(db: &mut Connection) -> sqlx::Result<i64> {
    let (count,): (i64,) = db
        .query("select (select count(*) from verification_events) + (select count(*) from audit_entries) as rows")
        .fetch_one()
        .await?;
    Ok(count)
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
