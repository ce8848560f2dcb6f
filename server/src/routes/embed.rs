//! `/embed/…`: what pages of sites load: the element `<blink-check>`, and our pages inside the frame that it holds.

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;

use super::assets::{named, uncached};
use super::error::ApiError;
use super::guard::OtherSites;
use crate::app::App;
use crate::db::sites;
use crate::domain::SiteId;

/// A file of the element. The same for every site.
pub(super) async fn element(
    path: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let Path(file) = path.map_err(|_| ApiError::NotFound)?;
    let mut response = named(&format!("embed/v1/{file}"), &headers);
    if response.status().is_success() || response.status() == StatusCode::NOT_MODIFIED {
        response.extensions_mut().insert(OtherSites::MayLoad);
    }
    Ok(response)
}

/// The page `/c` in a frame of this site. The client token comes from the page around it, in a message.
pub(super) async fn check_page(
    State(app): State<App>,
    site: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    framed(&app, site, "check.html", headers).await
}

/// The page `/camera` in a frame of this site.
pub(super) async fn camera_page(
    State(app): State<App>,
    site: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    framed(&app, site, "camera.html", headers).await
}

/// A page that only pages of this site may frame. Not cached: a site's origins can change.
async fn framed(
    app: &App,
    site: Result<Path<String>, PathRejection>,
    page: &str,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let id = site.ok().and_then(|Path(id)| SiteId::parse(&id)).ok_or(ApiError::NotFound)?;
    let site = sites::find(&mut app.db.read().await?, &id).await?.ok_or(ApiError::NotFound)?;
    let mut response = uncached(page, headers);
    response.extensions_mut().insert(OtherSites::MayFrame(site.origins()));
    Ok(response)
}
