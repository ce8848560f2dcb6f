//! What happened to checks, for the sites that asked for them.

use super::Connection;
use super::row::row;
use crate::domain::{CheckId, SiteEventId, SiteEventType, SiteId};

row! {
    /// Something that happened.
    #[derive(Clone, Debug)]
    pub struct SiteEvent {
        /// Its id.
        pub id: SiteEventId,
        /// Whom it concerns.
        pub site_id: SiteId,
        /// The check.
        pub check_id: Option<CheckId>,
        /// What happened.
        pub kind: SiteEventType,
        /// More about it, JSON. Names nobody.
        pub data: String,
        /// Whether the check is decided without a camera: 0 or 1.
        pub test: i64,
        /// When.
        pub created_at: i64,
    }
}

/// Adds an event.
pub async fn insert(db: &mut Connection, event: &SiteEvent) -> sqlx::Result<()> {
    db.query(
        "insert into site_events (id, site_id, check_id, type, data, test, created_at)
         values ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(&event.id)
    .bind(&event.site_id)
    .bind(&event.check_id)
    .bind(event.kind)
    .bind(&event.data)
    .bind(event.test)
    .bind(event.created_at)
    .execute()
    .await?;
    Ok(())
}

/// Returns the event with this id, whatever its site.
pub async fn get(db: &mut Connection, id: &SiteEventId) -> sqlx::Result<Option<SiteEvent>> {
    db.query("select id, site_id, check_id, type as kind, data, test, created_at from site_events where id = $1")
        .bind(id)
        .fetch_optional()
        .await
}

/// Returns up to `limit` events of a site and mode, oldest first, from after this id and until this time.
pub async fn after(
    db: &mut Connection,
    site: &SiteId,
    test: bool,
    (after, until_ms): (&str, i64),
    limit: u32,
) -> sqlx::Result<Vec<SiteEvent>> {
    db.query(
        "select id, site_id, check_id, type as kind, data, test, created_at from site_events
         where site_id = $1 and id > $2 and created_at <= $3 and test = $4 order by id limit $5",
    )
    .bind(site)
    .bind(after.to_owned())
    .bind(until_ms)
    .bind(i64::from(test))
    .bind(i64::from(limit))
    .fetch_all()
    .await
}

/// Returns the last event of a check, if there is one.
pub async fn last_of(db: &mut Connection, check: &CheckId) -> sqlx::Result<Option<SiteEventId>> {
    let (last,): (Option<SiteEventId>,) =
        db.query("select max(id) as id from site_events where check_id = $1").bind(check).fetch_one().await?;
    Ok(last)
}
