//! Access for sites: a key as bearer, with the scope that the route requires.

use axum::extract::{FromRequestParts, Request, State};
use axum::http::header;
use axum::http::request::Parts;
use axum::middleware::Next;
use axum::response::Response;

use crate::app::App;
use crate::clock;
use crate::domain::{Scope, SiteId};
use crate::routes::admin::{find_holder, refuse};
use crate::routes::client::Client;
use crate::routes::error::ApiError;
use crate::sealing::SealingKey;

/// The holder of the request's key.
#[derive(Clone, Debug)]
pub(in crate::routes) struct Caller {
    /// The site that the key belongs to.
    pub(super) site: SiteId,
    /// Whether its checks are decided without a camera.
    pub(super) test: bool,
    /// Their name in the audit trail.
    pub(super) actor: String,
    /// The key's id.
    pub(super) key_id: String,
    /// Seals what only this caller may read again.
    pub(super) seal: SealingKey,
}

impl<S: Sync> FromRequestParts<S> for Caller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        let caller = parts.extensions.get::<Caller>().cloned();
        caller.ok_or_else(|| ApiError::Internal("a site's route lacks its access check".to_owned()))
    }
}

/// Middleware of each route for sites: requires a key with this scope.
pub(in crate::routes) async fn admit(
    State((app, scope)): State<(App, Scope)>,
    request: Request,
    next: Next,
) -> Result<Response, ApiError> {
    let (mut parts, body) = request.into_parts();
    let client = Client::from_request_parts(&mut parts, &app).await?;
    let header = parts.headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let presented = header.and_then(|value| value.strip_prefix("Bearer ")).ok_or(ApiError::KeyMissing)?.trim();
    let holder = match find_holder(&app, presented, clock::now_ms()).await? {
        Ok(holder) => holder,
        Err(refusal) => {
            refuse(&app, client, refusal)?;
            return Err(ApiError::KeyWrong);
        }
    };
    if !holder.scopes.has(scope) {
        return Err(ApiError::ScopeMissing);
    }
    let caller = Caller {
        // The key in the settings opens everything; here it stands for the site that is there from the start.
        site: holder.site.unwrap_or_else(SiteId::of_front_door),
        test: holder.test,
        actor: holder.actor,
        key_id: holder.key_id,
        seal: SealingKey::derive(presented, "blinkgate: answers to a key"),
    };
    parts.extensions.insert(caller);
    Ok(next.run(Request::from_parts(parts, body)).await)
}
