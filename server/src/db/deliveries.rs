//! Events on their way to endpoints. A row waits until the endpoint has taken the event, or is given up after the last
//! try.

use super::Connection;
use super::row::row;
use super::site_events::SiteEvent;
use super::statement::locking;
use crate::domain::{EndpointId, SiteEventId};

row! {
    /// A delivery that is due.
    #[derive(Clone, Debug)]
    pub struct Due {
        /// The event.
        pub event_id: SiteEventId,
        /// The endpoint.
        pub endpoint_id: EndpointId,
        /// Number of tries, including this one.
        pub tries: u32 as i64,
    }
}

row! {
    /// A delivery as its site sees it.
    #[derive(Clone, Debug)]
    pub struct Delivery {
        /// The event.
        pub event_id: SiteEventId,
        /// When the event happened.
        pub created_at: i64,
        /// When the next try is due.
        pub next_try_at: i64,
        /// Number of tries.
        pub tries: u32 as i64,
        /// When the endpoint took it.
        pub delivered_at: Option<i64>,
        /// When it was given up.
        pub given_up_at: Option<i64>,
        /// The status of the last answer.
        pub last_status: Option<i64>,
        /// Why the last try failed.
        pub last_error: Option<String>,
    }
}

/// Sends an event to every endpoint of its site that wants it.
pub async fn fan_out(db: &mut Connection, event: &SiteEvent) -> sqlx::Result<()> {
    db.query(
        "insert into deliveries (event_id, endpoint_id, created_at, next_try_at)
         select cast($1 as text), id, cast($2 as bigint), cast($2 as bigint) from endpoints
         where site_id = $3 and test = $4 and disabled_at is null and (types = '' or types like $5)",
    )
    .bind(&event.id)
    .bind(event.created_at)
    .bind(&event.site_id)
    .bind(event.test)
    .bind(format!("%,{},%", event.kind.name()))
    .execute()
    .await?;
    Ok(())
}

/// Sends an event to one endpoint, whether it wants it or not, or once more.
pub async fn send(db: &mut Connection, event: &SiteEventId, endpoint: &EndpointId, now_ms: i64) -> sqlx::Result<()> {
    db.query(
        "insert into deliveries (event_id, endpoint_id, created_at, next_try_at) values ($1, $2, $3, $3)
         on conflict (event_id, endpoint_id) do update
         set next_try_at = excluded.next_try_at, tries = 0, delivered_at = null, given_up_at = null",
    )
    .bind(event)
    .bind(endpoint)
    .bind(now_ms)
    .execute()
    .await?;
    Ok(())
}

/// Whether anything is due.
pub async fn is_any_due(db: &mut Connection, now_ms: i64) -> sqlx::Result<bool> {
    let (next,): (Option<i64>,) = db
        .query("select min(next_try_at) from deliveries where delivered_at is null and given_up_at is null")
        .fetch_one()
        .await?;
    Ok(next.is_some_and(|at| at <= now_ms))
}

/// Claims up to `limit` deliveries that have been due longest, until `lease_until`, but none to the `busy` endpoints (a
/// JSON list of ids). Concurrent processes claim different ones.
pub async fn claim_due(
    db: &mut Connection,
    busy: &str,
    now_ms: i64,
    lease_until: i64,
    limit: u32,
) -> sqlx::Result<Vec<Due>> {
    db.query(locking!(
        "update deliveries set tries = tries + 1, next_try_at = $2
         where (event_id, endpoint_id) in (
             select event_id, endpoint_id from deliveries
             where delivered_at is null and given_up_at is null and next_try_at <= $1
               and $3 not like '%' || endpoint_id || '%'
             order by next_try_at limit $4",
        "for update skip locked",
        ") returning event_id, endpoint_id, tries"
    ))
    .bind(now_ms)
    .bind(lease_until)
    .bind(busy.to_owned())
    .bind(i64::from(limit))
    .fetch_all()
    .await
}

/// Records that the endpoint took the event.
pub async fn mark_delivered(db: &mut Connection, due: &Due, status: u16, now_ms: i64) -> sqlx::Result<()> {
    db.query(
        "update deliveries set delivered_at = $3, last_status = $4, last_error = null
         where event_id = $1 and endpoint_id = $2",
    )
    .bind(&due.event_id)
    .bind(&due.endpoint_id)
    .bind(now_ms)
    .bind(i64::from(status))
    .execute()
    .await?;
    Ok(())
}

/// Why a try failed, and what follows.
#[derive(Clone, Debug)]
pub struct Failed {
    /// The status of the answer, if there was one.
    pub status: Option<u16>,
    /// In words.
    pub error: String,
    /// When the next try is due; `None` if there is none.
    pub next_try_at: Option<i64>,
}

/// Records why the endpoint did not take the event.
pub async fn mark_failed(db: &mut Connection, due: &Due, failed: &Failed, now_ms: i64) -> sqlx::Result<()> {
    db.query(
        "update deliveries set last_status = $3, last_error = $4, next_try_at = $5, given_up_at = $6
         where event_id = $1 and endpoint_id = $2 and delivered_at is null",
    )
    .bind(&due.event_id)
    .bind(&due.endpoint_id)
    .bind(failed.status.map(i64::from))
    .bind(failed.error.replace('\0', "\u{fffd}"))
    .bind(failed.next_try_at.unwrap_or(now_ms))
    .bind(failed.next_try_at.is_none().then_some(now_ms))
    .execute()
    .await?;
    Ok(())
}

/// Returns up to `limit` deliveries to an endpoint, newest first.
pub async fn of_endpoint(db: &mut Connection, endpoint: &EndpointId, limit: u32) -> sqlx::Result<Vec<Delivery>> {
    db.query(
        "select event_id, created_at, next_try_at, tries, delivered_at, given_up_at, last_status, last_error
         from deliveries where endpoint_id = $1 order by event_id desc limit $2",
    )
    .bind(endpoint)
    .bind(i64::from(limit))
    .fetch_all()
    .await
}

/// Deletes deliveries that ended and began before `before_ms`.
pub async fn discard_before(db: &mut Connection, before_ms: i64) -> sqlx::Result<()> {
    db.query(locking!(
        "delete from deliveries where (event_id, endpoint_id) in (
             select event_id, endpoint_id from deliveries
             where created_at < $1 and (delivered_at is not null or given_up_at is not null)",
        "for update skip locked",
        ")"
    ))
    .bind(before_ms)
    .execute()
    .await?;
    Ok(())
}
