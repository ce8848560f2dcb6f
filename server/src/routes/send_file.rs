//! How a file of the site is sent: compressed or not, anew or not at all.

use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

use crate::embedded::SiteFile;

/// Other content would have another address: kept for a year without a question, the longest that caches understand.
const IMMUTABLE: &str = "public, max-age=31536000, immutable";

/// Kept, but asked about before each use.
const ASKED_ABOUT: &str = "no-cache";

/// Sends the file in the form that the browser takes, or only word that it has not changed.
pub(super) fn send(file: &'static SiteFile, headers: &HeaderMap) -> Response {
    let brotli = file.brotli.filter(|_| takes_brotli(headers));
    // Two forms are two representations, so each has its tag.
    let tag = format!("\"{}{}\"", file.tag, if brotli.is_some() { "-br" } else { "" });
    let is_known = is_known(headers, &tag);
    let caching = if file.immutable { IMMUTABLE } else { ASKED_ABOUT };
    let etag = HeaderValue::from_str(&tag).expect("a tag is made of letters and digits");
    let mut answer = [(header::ETAG, etag), (header::CACHE_CONTROL, HeaderValue::from_static(caching))].into_response();
    if file.brotli.is_some() {
        answer.headers_mut().insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    }
    if is_known {
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

/// Whether the browser says that it has the file with this tag.
fn is_known(headers: &HeaderMap, tag: &str) -> bool {
    items(headers, header::IF_NONE_MATCH).any(|known| known == "*" || known.strip_prefix("W/").unwrap_or(known) == tag)
}

/// Whether the browser asks for Brotli by name. Those that do not are sent plain bytes, which everything understands.
fn takes_brotli(headers: &HeaderMap) -> bool {
    items(headers, header::ACCEPT_ENCODING).any(|item| {
        let mut parts = item.split(';').map(str::trim);
        let is_brotli = parts.next().is_some_and(|coding| coding.eq_ignore_ascii_case("br"));
        let weight = parts.find_map(|part| part.strip_prefix("q=").or_else(|| part.strip_prefix("Q=")));
        is_brotli && weight.is_none_or(|weight| weight.trim().parse::<f32>().is_ok_and(|weight| weight > 0.0))
    })
}

/// What stands between the commas of a header.
fn items(headers: &HeaderMap, name: header::HeaderName) -> impl Iterator<Item = &str> {
    let lists = headers.get_all(name).into_iter().filter_map(|value| value.to_str().ok());
    lists.flat_map(|list| list.split(',')).map(str::trim)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brotli_is_sent_to_whom_asks_for_it() {
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
            assert_eq!(takes_brotli(&headers), expected, "{value}");
        }
        assert!(!takes_brotli(&HeaderMap::new()));
    }
}
