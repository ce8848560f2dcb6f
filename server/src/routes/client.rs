//! The client of a request, for limits: the peer address, or the one that a trusted proxy reports.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use axum::extract::{ConnectInfo, FromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::middleware::Next;
use axum::response::Response;

use super::error::ApiError;
use crate::app::App;
use crate::domain::AddressBlock;
use crate::shares;

/// When to try again if too many requests of a client are in progress.
const RETRY_S: u32 = 1;

/// The client's address. Never logged.
#[derive(Clone, Copy)]
pub(super) struct Client(IpAddr);

impl Client {
    pub(super) fn address(self) -> IpAddr {
        self.0
    }
}

/// Middleware: identifies the client, and rejects the request if the client has too many in progress.
pub(super) async fn find(State(app): State<App>, mut request: Request, next: Next) -> Result<Response, ApiError> {
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|peer| peer.0.ip());
    let forwarded_for: Vec<&str> =
        request.headers().get_all("x-forwarded-for").iter().filter_map(|value| value.to_str().ok()).collect();
    // In tests there is no connection; the peer is this machine.
    let address = app.trusted_proxies.client(peer.unwrap_or(Ipv4Addr::LOCALHOST.into()), &forwarded_for.join(","));
    request.extensions_mut().insert(Client(address));
    if app.trusted_proxies.contains(address) {
        // A proxy that asks for itself, or does not say for whom.
        return Ok(next.run(request).await);
    }
    let share = app.in_progress.take(AddressBlock::client(address));
    let share = share.ok_or(ApiError::TooManyRequests { retry_after_s: RETRY_S })?;
    Ok(next.run(request).await.map(|body| shares::hold(body, share)))
}

impl<S: Sync> FromRequestParts<S> for Client {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        parts.extensions.get::<Client>().copied().ok_or_else(|| ApiError::Internal("no client found".to_owned()))
    }
}
