//! The shop's pages, and the headers that go with them.

use axum::http::{HeaderValue, StatusCode};
use axum::response::{Html, IntoResponse as _, Response};

pub(crate) const CSS: &str = "body{font-family:sans-serif;max-width:40rem;margin:4rem auto;padding:0 1rem}";

pub(crate) const ORDER: &str = r#"<form method="post" action="/order">
<p>One last step: we would like to see that a live person uses this mailbox.</p>
<label>E-mail address <input name="email" type="email" required></label> <button>Order</button>
<button name="way" value="here">Order without leaving the shop</button>
</form>"#;

/// A page with this HTML in it.
pub(crate) fn page(status: StatusCode, content: &str) -> Response {
    let body = format!(
        r#"<!doctype html><html lang="en"><meta charset="utf-8"><title>The Shop</title>
<link rel="stylesheet" href="/shop.css"><h1>The Shop</h1><main>{content}</main></html>"#
    );
    (status, Html(body)).into_response()
}

/// The check in the page, in a form that will send its signed result as `blink-token`.
pub(crate) fn element(base: &str, site: &str, token: &str) -> String {
    let (site, token) = (escaped(site), escaped(token));
    format!(
        r#"<script type="module" src="{base}/embed/v1/blink-check.js"></script>
<form method="post" action="/done">
<blink-check site="{site}" token="{token}" name="blink-token" autostart required></blink-check>
<p><button>Place the order</button></p>
</form>"#
    )
}

/// Text as HTML.
pub(crate) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// As strict as a site can be: no script of its own. The element is one script and one frame, both Blinkgate's. The order's
/// form leads to Blinkgate, and `form-action` also applies to where a form is redirected. `base`: an origin.
pub(crate) fn policy(base: &str) -> HeaderValue {
    let policy = format!(
        "default-src 'none'; style-src 'self'; img-src 'self'; script-src {base}; frame-src {base}; form-action 'self' {base}; \
         base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'"
    );
    HeaderValue::try_from(policy).expect("an origin has only printable characters")
}
