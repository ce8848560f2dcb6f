//! Sites: who relies on this server.

use super::row::row;
use super::{Connection, violates};
use crate::domain::SiteId;

row! {
    /// A site.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct Site {
        /// Its id.
        pub id: SiteId,
        /// Its name, as people are shown it.
        pub name: String,
        /// Its logo, as [`Logo`](crate::domain::Logo) stores it.
        pub logo: Option<String>,
        /// Its colour, `#rrggbb`.
        pub accent: Option<String>,
        /// The origins of its pages, JSON.
        pub origins: String,
        /// Where people may be sent afterwards, JSON.
        pub return_urls: String,
        /// Hosts that its webhooks may reach at private addresses, JSON.
        pub private_hosts: String,
        /// The language of its mails.
        pub locale: Option<String>,
        /// The kind of challenge; `None` for the server's.
        pub policy: Option<String>,
        /// When it was added.
        pub created_at: i64,
        /// When it was last changed.
        pub updated_at: i64,
    }
}

impl Site {
    /// Where people may be sent afterwards.
    pub fn return_urls(&self) -> Vec<String> {
        list(&self.return_urls)
    }

    /// The origins of its pages.
    pub fn origins(&self) -> Vec<String> {
        list(&self.origins)
    }

    /// Hosts that its webhooks may reach at private addresses.
    pub fn private_hosts(&self) -> Vec<String> {
        list(&self.private_hosts)
    }
}

fn list(json: &str) -> Vec<String> {
    serde_json::from_str(json).unwrap_or_default()
}

/// Adds a site. Returns whether its id was free.
pub async fn insert(db: &mut Connection, site: &Site) -> sqlx::Result<bool> {
    let inserted = db
        .query(
            "insert into sites (id, name, logo, accent, origins, return_urls, private_hosts, locale, policy, created_at,
             updated_at) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        )
        .bind(&site.id)
        .bind(&site.name)
        .bind(&site.logo)
        .bind(&site.accent)
        .bind(&site.origins)
        .bind(&site.return_urls)
        .bind(&site.private_hosts)
        .bind(&site.locale)
        .bind(&site.policy)
        .bind(site.created_at)
        .bind(site.updated_at)
        .execute()
        .await;
    match inserted {
        Err(error) if violates(&error, "sites_pk", "sites.id") => Ok(false),
        inserted => inserted.map(|_| true),
    }
}

/// Replaces everything about a site but its id and its beginning.
pub async fn update(db: &mut Connection, site: &Site) -> sqlx::Result<()> {
    db.query(
        "update sites set name = $2, logo = $3, accent = $4, origins = $5, return_urls = $6, private_hosts = $7,
             locale = $8, policy = $9, updated_at = $10 where id = $1",
    )
    .bind(&site.id)
    .bind(&site.name)
    .bind(&site.logo)
    .bind(&site.accent)
    .bind(&site.origins)
    .bind(&site.return_urls)
    .bind(&site.private_hosts)
    .bind(&site.locale)
    .bind(&site.policy)
    .bind(site.updated_at)
    .execute()
    .await?;
    Ok(())
}

/// Returns the site with this id, if there is one.
pub async fn find(db: &mut Connection, id: &SiteId) -> sqlx::Result<Option<Site>> {
    db.query(
        "select id, name, logo, accent, origins, return_urls, private_hosts, locale, policy, created_at, updated_at
         from sites where id = $1",
    )
    .bind(id)
    .fetch_optional()
    .await
}

/// Returns every site.
pub async fn list_all(db: &mut Connection) -> sqlx::Result<Vec<Site>> {
    db.query(
        "select id, name, logo, accent, origins, return_urls, private_hosts, locale, policy, created_at, updated_at
         from sites order by id",
    )
    .fetch_all()
    .await
}
