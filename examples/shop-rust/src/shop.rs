//! The shop's routes: an order, the check in between, and what the shop does when it learns how the check ended.

use std::collections::HashSet;
use std::sync::{Arc, Mutex};
use std::time::{SystemTime, UNIX_EPOCH};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Form, Query, State};
use axum::http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, SET_COOKIE};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::middleware::map_response_with_state;
use axum::response::{AppendHeaders, IntoResponse as _, Redirect, Response};
use axum::routing::{get, post};
use serde::Deserialize;

use crate::blinkgate::{self, Blinkgate, Wanted};
use crate::pages::{self, escaped, page};
use crate::random::random;
use crate::result::{Expected, Refused, Used, accept};
use crate::settings::Settings;
use crate::visits::{Visit, Visits, cookie};
use crate::webhook::event_of;

/// Largest body that is read, in bytes. The longest are results, with less than 2 kB.
const MAX_BODY: usize = 20_000;
/// The shop takes every kind of challenge, and what an operator has approved.
const METHODS: &[&str] = &["prompted", "tone_guided", "natural", "reviewed"];
/// Blinkgate must have seen that the person controls the mailbox: the shop itself has not.
const MAILBOXES: &[&str] = &["proven_by_us"];

/// The shop, ready to be served.
///
/// # Errors
/// The HTTP client cannot be made.
pub(crate) fn shop(settings: Settings) -> reqwest::Result<Router> {
    let policy = pages::policy(&settings.base);
    let shop = Shop {
        blinkgate: Blinkgate::new(&settings.base, &settings.key)?,
        settings,
        visits: Visits::default(),
        used: Mutex::default(),
        seen: Mutex::default(),
    };
    Ok(Router::new()
        .route("/", get(home))
        .route("/order", post(order))
        .route("/back", get(back))
        .route("/done", post(done))
        .route("/hook", post(hook))
        // Browsers ask for it by themselves.
        .route("/favicon.ico", get(async || StatusCode::NO_CONTENT))
        .route("/shop.css", get(async || ([(CONTENT_TYPE, "text/css")], pages::CSS)))
        .fallback(async || page(StatusCode::NOT_FOUND, "Nothing here."))
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .layer(map_response_with_state(policy, protect))
        .with_state(Arc::new(shop)))
}

struct Shop {
    settings: Settings,
    blinkgate: Blinkgate,
    visits: Visits,
    /// Results that were accepted before.
    used: Mutex<Used>,
    /// Events that arrived before, by their ids.
    seen: Mutex<HashSet<String>>,
}

type Here = State<Arc<Shop>>;

/// Every answer has the policy; nobody is told which page of the shop a person comes from.
async fn protect(State(policy): State<HeaderValue>, mut response: Response) -> Response {
    response.headers_mut().insert(CONTENT_SECURITY_POLICY, policy);
    response.headers_mut().insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    response
}

async fn home(State(shop): Here, headers: HeaderMap) -> Response {
    match shop.visits.of(&headers) {
        Some((_, visit)) if visit.verified => {
            let thanks = format!("Thank you, {}. Your order is placed.", escaped(&visit.reference));
            page(StatusCode::OK, &thanks)
        }
        _ => page(StatusCode::OK, pages::ORDER),
    }
}

#[derive(Deserialize)]
struct Order {
    email: String,
    /// `here` if the person does not want to leave the shop.
    way: Option<String>,
}

async fn order(State(shop): Here, headers: HeaderMap, Form(order): Form<Order>) -> Response {
    let settings = &shop.settings;
    let stays = order.way.as_deref() == Some("here");
    // New for each order and bound to this visit, so that nobody can bring another visitor's result.
    let (nonce, state) = (random(), random());
    let reference = format!("customer-{}", &random()[..6]);
    let wanted = Wanted {
        email: &order.email,
        // Who stays types a code; who goes opens the mailed link.
        gate: if stays { "code" } else { "link" },
        reference: &reference,
        nonce: &nonce,
        state: &state,
        return_url: &format!("{}/back", settings.address),
    };
    let check = match shop.blinkgate.make_check(&wanted).await {
        Ok(check) => check,
        Err(error) => {
            eprintln!("{error}");
            let sorry = r#"This did not work. Check the address and try again. <a href="/">Back</a>"#;
            return page(StatusCode::BAD_GATEWAY, sorry);
        }
    };
    let visit = Visit { check: check.id, nonce, state, reference, verified: false };
    let id = shop.visits.begin(&headers, visit);
    let cookie = AppendHeaders([(SET_COOKIE, cookie(&id, settings.address.starts_with("https:")))]);
    if stays {
        let element = pages::element(&settings.base, &settings.site, &check.client_token);
        (cookie, page(StatusCode::OK, &element)).into_response()
    } else {
        (cookie, Redirect::to(&check.url)).into_response()
    }
}

#[derive(Deserialize)]
struct Back {
    /// Empty if the address has none; no visit has such a state.
    #[serde(default)]
    state: String,
}

/// The person is back. The status in the address is a hint, which anybody can type; the result decides.
async fn back(State(shop): Here, headers: HeaderMap, Query(back): Query<Back>) -> Response {
    let Some((id, visit)) = shop.visits.of(&headers).filter(|(_, visit)| visit.state == back.state) else {
        return page(StatusCode::FORBIDDEN, "This is not your order.");
    };
    let result = shop.blinkgate.result(&visit.check).await;
    decide(&shop, &id, &visit, result).await
}

#[derive(Deserialize)]
struct Done {
    /// The signed result. Empty if the form was sent before there was one.
    #[serde(rename = "blink-token", default)]
    token: String,
}

/// The form around the element.
async fn done(State(shop): Here, headers: HeaderMap, Form(done): Form<Done>) -> Response {
    let Some((id, visit)) = shop.visits.of(&headers) else {
        return page(StatusCode::FORBIDDEN, "This is not your order.");
    };
    decide(&shop, &id, &visit, Ok(done.token)).await
}

/// Places the order if the result allows it. No answer means not verified, too.
async fn decide(shop: &Shop, id: &str, visit: &Visit, result: Result<String, blinkgate::Error>) -> Response {
    // Who presses the button twice, or loads the page again, need not hear that the result was used before.
    if visit.verified {
        return Redirect::to("/").into_response();
    }
    match verify(shop, visit, result).await {
        Ok(()) => {
            shop.visits.verify(id);
            Redirect::to("/").into_response()
        }
        Err(why) => {
            if let NotVerified::NoResult(error) = &why {
                eprintln!("{error}");
            }
            let sorry = format!(r#"Not verified: {}. <a href="/">Start again</a>"#, escaped(&why.to_string()));
            page(StatusCode::FORBIDDEN, &sorry)
        }
    }
}

#[derive(Debug, thiserror::Error)]
enum NotVerified {
    #[error("{0}")]
    Refused(#[from] Refused),
    /// What happened is for the log; the person cannot do anything about it.
    #[error("there is no result")]
    NoResult(#[from] blinkgate::Error),
}

async fn verify(shop: &Shop, visit: &Visit, result: Result<String, blinkgate::Error>) -> Result<(), NotVerified> {
    let expected = Expected {
        issuer: &shop.settings.base,
        site: &shop.settings.site,
        tests: shop.settings.tests,
        check: &visit.check,
        nonce: &visit.nonce,
        reference: &visit.reference,
        methods: METHODS,
        mailboxes: MAILBOXES,
    };
    let (token, keys) = (result?, shop.blinkgate.keys().await?);
    // Held while it is compared and remembered, so that the same result cannot be accepted twice at once.
    let mut used = shop.used.lock().expect("nobody panics while holding the lock");
    accept(&token, &keys, &expected, &mut used, now_s())?;
    Ok(())
}

/// Blinkgate tells what has happened to a check.
async fn hook(State(shop): Here, headers: HeaderMap, body: Bytes) -> StatusCode {
    let event = shop.settings.webhook.as_ref().and_then(|secret| event_of(secret, &headers, &body, now_s()));
    let Some(event) = event else { return StatusCode::UNAUTHORIZED };
    let is_new = shop.seen.lock().expect("nobody panics while holding the lock").insert(event.id);
    if is_new {
        let check = event.check.as_deref().unwrap_or_default();
        println!("{} {check}", event.kind);
        match event.kind.as_str() {
            // An operator took it back: so does the shop.
            "check.revoked" => shop.visits.revoke(check),
            // Blinkgate has erased whose check it was: so does the shop.
            "check.redacted" => shop.visits.forget(check),
            // The person comes back or sends the form; there is nothing to do before.
            _ => {}
        }
    }
    StatusCode::NO_CONTENT
}

/// Seconds since 1970.
fn now_s() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs().cast_signed())
}

#[cfg(test)]
mod tests;
