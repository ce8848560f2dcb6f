//! The client of a request, for rate limits: the peer address, or the one that a trusted proxy reports.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use axum::extract::{ConnectInfo, FromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::middleware::Next;
use axum::response::Response;

use super::error::ApiError;
use crate::app::App;

/// The client's key for rate limits: an IPv4 address, or the first 64 bits of an IPv6 address, which identify a
/// household. Never logged.
#[derive(Clone)]
pub(super) struct Client(String);

impl Client {
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

/// Middleware: identifies the client.
pub(super) async fn find(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|peer| peer.0.ip());
    let forwarded_for: Vec<&str> =
        request.headers().get_all("x-forwarded-for").iter().filter_map(|value| value.to_str().ok()).collect();
    // In tests there is no connection; the peer is this machine.
    let address = app.trusted_proxies.client(peer.unwrap_or(Ipv4Addr::LOCALHOST.into()), &forwarded_for.join(","));
    request.extensions_mut().insert(Client(key(address)));
    next.run(request).await
}

fn key(address: IpAddr) -> String {
    match address {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() >> 64 << 64).to_string(),
    }
}

impl<S: Sync> FromRequestParts<S> for Client {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        parts.extensions.get::<Client>().cloned().ok_or_else(|| ApiError::Internal("no client found".to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_one_ipv6_household_share_one_key() {
        let key_of = |text: &str| key(text.parse().unwrap());
        assert_eq!(key_of("2001:db8:1:2:3:4:5:6"), key_of("2001:db8:1:2::9"));
        assert_ne!(key_of("2001:db8:1:2::9"), key_of("2001:db8:1:3::9"));
        assert_eq!(key_of("203.0.113.9"), "203.0.113.9");
    }
}
