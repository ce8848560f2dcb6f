//! `GET /admin/sites`: who relies on this server, and whether their webhooks arrive.

use axum::Json;
use axum::extract::State;
use serde::Serialize;

use crate::app::App;
use crate::clock;
use crate::db::sites::{self, Site};
use crate::db::{deliveries, endpoints};
use crate::routes::error::ApiError;
use crate::routes::v1::webhooks::EndpointDetail;

/// Deliveries that are shown of each webhook.
const LATEST: u32 = 10;

#[derive(Serialize)]
pub(in crate::routes) struct Listing {
    sites: Vec<SiteView>,
}

#[derive(Serialize)]
struct SiteView {
    id: String,
    name: String,
    origins: Vec<String>,
    return_urls: Vec<String>,
    private_hosts: Vec<String>,
    locale: Option<String>,
    policy: Option<String>,
    created_at: String,
    webhooks: Vec<EndpointDetail>,
}

pub(in crate::routes) async fn sites(State(app): State<App>) -> Result<Json<Listing>, ApiError> {
    let mut db = app.db.read().await?;
    let mut listing = Vec::new();
    for site in sites::list_all(&mut db).await? {
        let mut webhooks = Vec::new();
        for endpoint in endpoints::list_all(&mut db, &site.id).await? {
            let latest = deliveries::of_endpoint(&mut db, &endpoint.id, LATEST).await?;
            webhooks.push(EndpointDetail::of(&app, endpoint, latest));
        }
        listing.push(SiteView::of(site, webhooks));
    }
    Ok(Json(Listing { sites: listing }))
}

impl SiteView {
    fn of(site: Site, webhooks: Vec<EndpointDetail>) -> Self {
        Self {
            id: site.id.to_string(),
            origins: site.origins(),
            return_urls: site.return_urls(),
            private_hosts: site.private_hosts(),
            name: site.name,
            locale: site.locale,
            policy: site.policy,
            created_at: clock::rfc3339(site.created_at),
            webhooks,
        }
    }
}
