//! Protects the pages and their sessions: which requests may change something, and the security headers of every
//! response.

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::middleware::Next;
use axum::response::Response;

use super::audience::Audience;
use super::error::ApiError;
use crate::app::App;
use crate::config::is_loopback_host;

/// A header that our pages send with every unsafe request. Other sites' pages cannot send it without a CORS preflight.
const OWN_PAGE: &str = "x-blinkgate";

const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; \
     img-src 'self' blob: data:; connect-src 'self'; media-src 'self' blob:; worker-src 'self'; font-src 'self'; \
     manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

/// Who may load a response: no other site.
const RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");

/// The end of the policy above, which [`allow_frames`] replaces.
const NO_FRAMES: &str = "frame-ancestors 'none'";

const HEADERS: [(HeaderName, &str); 7] = [
    (header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY),
    (HeaderName::from_static("permissions-policy"), "camera=(self), microphone=(), geolocation=()"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (RESOURCE_POLICY, "same-origin"),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::REFERRER_POLICY, "no-referrer"),
];

/// Middleware: rejects unsafe requests that a cookie could authorise, unless they come from our own pages.
pub(super) async fn check_origin(
    State((app, audience)): State<(App, Audience)>,
    request: Request,
    next: Next,
) -> Result<Response, ApiError> {
    // Sites send a key, which no browser adds by itself.
    let is_of_sites = request.uri().path().starts_with("/v1/");
    let is_own = match audience {
        // Their address is not the one of the pages. No cookie is worth anything here: each request carries a key.
        Audience::Operators => comes_from(request.headers(), is_at_host),
        Audience::Everybody | Audience::People => comes_from_own_page(request.headers(), app.base_url.as_str()),
    };
    let is_allowed = request.method().is_safe() || is_of_sites || is_own;
    if is_allowed { Ok(next.run(request).await) } else { Err(ApiError::OriginRefused) }
}

/// Which pages of other sites may use a response. Handlers put it into the response's extensions; nobody may without.
#[derive(Clone)]
pub(super) enum OtherSites {
    /// Pages of these origins may show it in a frame.
    MayFrame(Vec<String>),
    /// Every page may load it.
    MayLoad,
}

/// Middleware: adds the security headers to every response. Responses without caching headers are not cached.
pub(super) async fn add_security_headers(State(app): State<App>, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let others = response.extensions_mut().remove::<OtherSites>();
    let headers = response.headers_mut();
    for (name, value) in HEADERS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    match others {
        Some(OtherSites::MayFrame(origins)) if !origins.is_empty() => allow_frames(headers, &origins),
        Some(OtherSites::MayLoad) => {
            headers.insert(RESOURCE_POLICY, HeaderValue::from_static("cross-origin"));
            headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
        }
        Some(OtherSites::MayFrame(_)) | None => {}
    }
    if app.base_url.is_https() {
        let two_years = HeaderValue::from_static("max-age=63072000");
        headers.insert(header::STRICT_TRANSPORT_SECURITY, two_years);
    }
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

/// Pages of these origins, and no others, may show the response in a frame.
fn allow_frames(headers: &mut HeaderMap, origins: &[String]) {
    let policy = CONTENT_SECURITY_POLICY.replace(NO_FRAMES, &format!("frame-ancestors {}", origins.join(" ")));
    // What is no header value cannot be an origin either: then nobody may.
    if let Ok(policy) = HeaderValue::from_str(&policy) {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
        headers.insert(RESOURCE_POLICY, HeaderValue::from_static("cross-origin"));
        // It knows no list of origins, and browsers that know `frame-ancestors` ignore it.
        headers.remove(header::X_FRAME_OPTIONS);
    }
}

fn comes_from_own_page(headers: &HeaderMap, base_url: &str) -> bool {
    comes_from(headers, |origin, host| origin == base_url || is_own_loopback(origin, host))
}

/// Whether one of our pages sent these headers. `is_ours` judges its origin and the host that it asked.
fn comes_from(headers: &HeaderMap, is_ours: impl Fn(&str, &str) -> bool) -> bool {
    let text = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or("(not text)"));
    let is_marked = text(OWN_PAGE) == Some("1");
    let is_same_site = matches!(text("sec-fetch-site"), None | Some("same-origin" | "none"));
    let is_same_origin = match text("origin") {
        None => true,
        Some(origin) => is_ours(origin, text("host").unwrap_or_default()),
    };
    is_marked && is_same_site && is_same_origin
}

/// Whether `origin` is the host that the request was sent to, and that host is this machine. Somebody trying out
/// Blinkgate may use `127.0.0.1` where the setting says `localhost`.
fn is_own_loopback(origin: &str, host: &str) -> bool {
    let name = host.rsplit_once(':').filter(|(_, port)| port.bytes().all(|b| b.is_ascii_digit())).map_or(host, |h| h.0);
    is_at_host(origin, host) && is_loopback_host(name)
}

fn is_at_host(origin: &str, host: &str) -> bool {
    origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://")) == Some(host)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_requests_of_our_own_pages_pass() {
        let base = "https://blink.example.com";
        let cases: [(&[(&'static str, &str)], bool); 14] = [
            (&[("x-blinkgate", "1")], true),
            (&[("x-blinkgate", "1"), ("origin", base)], true),
            (&[("x-blinkgate", "1"), ("origin", base), ("sec-fetch-site", "same-origin")], true),
            (&[("x-blinkgate", "1"), ("sec-fetch-site", "none")], true),
            (&[("x-blinkgate", "1"), ("origin", "http://127.0.0.1:8080"), ("host", "127.0.0.1:8080")], true),
            (&[("x-blinkgate", "1"), ("origin", "http://[::1]:8080"), ("host", "[::1]:8080")], true),
            (&[("x-blinkgate", "1"), ("origin", "http://localhost:9"), ("host", "localhost:8080")], false),
            (&[("x-blinkgate", "1"), ("origin", "http://evil.example"), ("host", "evil.example")], false),
            (&[("x-blinkgate", "1"), ("origin", "http://blink.example.com")], false),
            (&[("x-blinkgate", "1"), ("origin", "null")], false),
            (&[("x-blinkgate", "1"), ("sec-fetch-site", "same-site")], false),
            (&[("x-blinkgate", "1"), ("sec-fetch-site", "cross-site")], false),
            (&[("x-blinkgate", "0"), ("origin", base)], false),
            (&[("origin", base)], false),
        ];
        for (pairs, expected) in cases {
            let mut headers = HeaderMap::new();
            for (name, value) in pairs {
                headers.insert(*name, HeaderValue::from_str(value).unwrap());
            }
            assert_eq!(comes_from_own_page(&headers, base), expected, "{pairs:?}");
        }
    }
}
