//! Where sites want to be told. No secret is stored: they are derived from the id and the generation.

use super::Connection;
use super::row::row;
use crate::domain::{EndpointId, SiteId};

row! {
    /// An endpoint.
    #[derive(Clone, Debug)]
    pub struct Endpoint {
        /// Its id.
        pub id: EndpointId,
        /// The site that it belongs to.
        pub site_id: SiteId,
        /// Its address.
        pub url: String,
        /// What it is told, with commas around each type; empty for everything.
        pub types: String,
        /// Whether it is told of checks in test mode, and of no others: 0 or 1.
        pub test: i64,
        /// How often its secrets were replaced.
        pub generation: i64,
        /// When they were last replaced.
        pub rotated_at: Option<i64>,
        /// When it was added.
        pub created_at: i64,
        /// Since when it is told nothing.
        pub disabled_at: Option<i64>,
        /// Why.
        pub disabled_why: Option<String>,
    }
}

/// Adds an endpoint.
pub async fn insert(db: &mut Connection, endpoint: &Endpoint) -> sqlx::Result<()> {
    db.query(
        "insert into endpoints (id, site_id, url, types, test, generation, created_at)
         values ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(&endpoint.id)
    .bind(&endpoint.site_id)
    .bind(&endpoint.url)
    .bind(&endpoint.types)
    .bind(endpoint.test)
    .bind(endpoint.generation)
    .bind(endpoint.created_at)
    .execute()
    .await?;
    Ok(())
}

/// Returns the endpoints of a site, in the order in which they were added.
pub async fn of_site(db: &mut Connection, site: &SiteId, test: bool) -> sqlx::Result<Vec<Endpoint>> {
    db.query(
        "select id, site_id, url, types, test, generation, rotated_at, created_at, disabled_at, disabled_why
         from endpoints where site_id = $1 and test = $2 order by id",
    )
    .bind(site)
    .bind(i64::from(test))
    .fetch_all()
    .await
}

/// Returns the endpoints of a site in both modes, in the order in which they were added.
pub async fn list_all(db: &mut Connection, site: &SiteId) -> sqlx::Result<Vec<Endpoint>> {
    db.query(
        "select id, site_id, url, types, test, generation, rotated_at, created_at, disabled_at, disabled_why
         from endpoints where site_id = $1 order by id",
    )
    .bind(site)
    .fetch_all()
    .await
}

/// Returns the endpoint with this id, whatever its site.
pub async fn get(db: &mut Connection, id: &EndpointId) -> sqlx::Result<Option<Endpoint>> {
    db.query(
        "select id, site_id, url, types, test, generation, rotated_at, created_at, disabled_at, disabled_why
         from endpoints where id = $1",
    )
    .bind(id)
    .fetch_optional()
    .await
}

/// Replaces the secrets.
pub async fn rotate(db: &mut Connection, id: &EndpointId, now_ms: i64) -> sqlx::Result<()> {
    db.query("update endpoints set generation = generation + 1, rotated_at = $2 where id = $1")
        .bind(id)
        .bind(now_ms)
        .execute()
        .await?;
    Ok(())
}

/// Tells the endpoint nothing more, and gives up what is on its way.
pub async fn disable(db: &mut Connection, id: &EndpointId, why: &str, now_ms: i64) -> sqlx::Result<()> {
    db.query("update endpoints set disabled_at = $2, disabled_why = $3 where id = $1 and disabled_at is null")
        .bind(id)
        .bind(now_ms)
        .bind(why.to_owned())
        .execute()
        .await?;
    db.query(
        "update deliveries set given_up_at = $2 where endpoint_id = $1 and delivered_at is null and given_up_at is null",
    )
    .bind(id)
    .bind(now_ms)
    .execute()
    .await?;
    Ok(())
}

/// Removes the endpoint, with what is on its way.
pub async fn remove(db: &mut Connection, id: &EndpointId) -> sqlx::Result<()> {
    for statement in ["delete from deliveries where endpoint_id = $1", "delete from endpoints where id = $1"] {
        db.query(statement).bind(id).execute().await?;
    }
    Ok(())
}
