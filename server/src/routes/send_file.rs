//! Sends a file of the site: compressed or plain, or only `304 Not Modified`.

use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

use crate::embedded::SiteFile;

/// Other content would have another path: cached for a year without revalidation, the longest that caches support.
const IMMUTABLE: &str = "public, max-age=31536000, immutable";

/// Cached, but revalidated before each use.
const REVALIDATED: &str = "no-cache";

/// Sends the file in a form that the browser accepts, or `304` if the browser has it.
pub(super) fn send(file: &'static SiteFile, headers: &HeaderMap) -> Response {
    let brotli = file.brotli.filter(|_| accepts_brotli(headers));
    // Two forms are two representations, so each has its own tag.
    let tag = format!("\"{}{}\"", file.tag, if brotli.is_some() { "-br" } else { "" });
    let is_cached = is_cached(headers, &tag);
    let caching = if file.immutable { IMMUTABLE } else { REVALIDATED };
    let etag = HeaderValue::from_str(&tag).expect("a tag consists of letters and digits");
    let mut answer = [(header::ETAG, etag), (header::CACHE_CONTROL, HeaderValue::from_static(caching))].into_response();
    if file.brotli.is_some() {
        answer.headers_mut().insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    }
    if is_cached {
        *answer.status_mut() = StatusCode::NOT_MODIFIED;
        return answer;
    }
    answer.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(file.content_type));
    if brotli.is_some() {
        answer.headers_mut().insert(header::CONTENT_ENCODING, HeaderValue::from_static("br"));
    }
    *answer.body_mut() = brotli.unwrap_or(file.plain).into();
    answer
}

/// Whether the browser has the file with this tag.
fn is_cached(headers: &HeaderMap, tag: &str) -> bool {
    items(headers, header::IF_NONE_MATCH).any(|known| known == "*" || known.strip_prefix("W/").unwrap_or(known) == tag)
}

/// Whether the browser accepts Brotli by name. All others get plain bytes.
fn accepts_brotli(headers: &HeaderMap) -> bool {
    items(headers, header::ACCEPT_ENCODING).any(|item| {
        let mut parts = item.split(';').map(str::trim);
        let is_brotli = parts.next().is_some_and(|coding| coding.eq_ignore_ascii_case("br"));
        let weight = parts.find_map(|part| part.strip_prefix("q=").or_else(|| part.strip_prefix("Q=")));
        is_brotli && weight.is_none_or(|weight| weight.trim().parse::<f32>().is_ok_and(|weight| weight > 0.0))
    })
}

/// The comma-separated items of a header.
fn items(headers: &HeaderMap, name: header::HeaderName) -> impl Iterator<Item = &str> {
    let lists = headers.get_all(name).into_iter().filter_map(|value| value.to_str().ok());
    lists.flat_map(|list| list.split(',')).map(str::trim)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brotli_is_sent_only_to_clients_that_accept_it() {
        for (value, expected) in [
            ("gzip, deflate, br, zstd", true),
            ("br", true),
            ("BR;q=0.1", true),
            ("gzip;q=1.0, br;q=0.5", true),
            ("br; q=1", true),
            ("gzip, deflate", false),
            ("br;q=0", false),
            ("br;q=0.000, gzip", false),
            ("br;q=much", false),
            ("*", false),
            ("brotli", false),
            ("", false),
        ] {
            let headers = HeaderMap::from_iter([(header::ACCEPT_ENCODING, HeaderValue::from_static(value))]);
            assert_eq!(accepts_brotli(&headers), expected, "{value}");
        }
        assert!(!accepts_brotli(&HeaderMap::new()));
    }
}
