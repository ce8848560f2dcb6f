//! `POST /v1/checks`: a site asks about a mailbox.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use engine::prompt::Policy;

use super::access::Caller;
use super::fields::{Fields, invalid};
use super::idempotent::Repeatable;
use super::view::CheckView;
use crate::app::App;
use crate::checks::{self, NewCheck};
use crate::clock;
use crate::db::sites::{self, Site};
use crate::domain::{EmailAddress, Gate, Language};
use crate::routes::body::JsonBytes;
use crate::routes::error::ApiError;

/// Longest reference and nonce.
const MAX_NAME: usize = 200;
/// Longest state.
const MAX_STATE: usize = 500;
/// Longest address of a page.
const MAX_URL: usize = 2000;
/// Most entries of the metadata, and their longest value.
const METADATA: (usize, usize) = (20, 500);
/// How long a check can be finished, in seconds, if the site does not say.
const USUAL_S: i64 = 86_400;
/// The shortest and the longest time that a site can ask for.
const LASTS_S: std::ops::RangeInclusive<i64> = 300..=604_800;

pub(in crate::routes) async fn create(
    State(app): State<App>,
    caller: Caller,
    repeatable: Repeatable,
    JsonBytes(body): JsonBytes,
) -> Result<Response, ApiError> {
    let site = sites::find(&mut app.db.read().await?, &caller.site).await?;
    let site = site.ok_or_else(|| ApiError::Internal("the key's site is missing".to_owned()))?;
    let new = read(&app, &caller, &site, Fields::of_body(&body)?)?;
    let (tx, made) = checks::create(&app.db, &app.registrations, new, clock::now_ms()).await?;
    let view = CheckView::of(&app, made.check, Some(&made.client_token));
    let response = repeatable.commit(tx, StatusCode::CREATED, &view).await?;
    app.mail_wake.notify_one();
    Ok(response)
}

fn read(app: &App, caller: &Caller, site: &Site, mut fields: Fields) -> Result<NewCheck, ApiError> {
    let email = fields.parsed("email", |text| EmailAddress::parse(text).ok())?.ok_or_else(|| invalid("email"))?;
    let gate = fields.parsed("gate", |text| text.parse().ok())?;
    let usual = site.policy.as_deref().and_then(Policy::from_name).unwrap_or(app.limits.policy);
    // A site cannot ask for less than its operator wants.
    let policy = |text: &str| Policy::from_name(text).filter(|policy| *policy == usual || *policy == Policy::Prompted);
    let policy = fields.parsed("policy", policy)?.unwrap_or(usual);
    let locale = fields.parsed("locale", Language::parse)?;
    let locale = locale.or_else(|| site.locale.as_deref().and_then(Language::parse));
    let mail_language = locale.as_ref().and_then(|locale| app.mail.language(locale.as_str()));
    if gate == Some(Gate::Code) && !app.mail.shows_codes(mail_language.as_ref()) {
        return Err(invalid("gate"));
    }
    let new = NewCheck {
        site: caller.site.clone(),
        email,
        gate: gate.unwrap_or(Gate::Link),
        policy: Some(policy.name().to_owned()),
        mail_language,
        locale,
        reference: fields.text("reference", MAX_NAME)?,
        nonce: fields.text("nonce", MAX_NAME)?,
        state: fields.text("state", MAX_STATE)?,
        return_url: fields.text("return_url", MAX_URL)?,
        alternative_url: fields.text("alternative_url", MAX_URL)?,
        metadata: serde_json::Value::from(fields.texts("metadata", METADATA.0, METADATA.1)?).to_string(),
        test: caller.test,
        lasts_ms: fields.number("expires_in_s", LASTS_S)?.unwrap_or(USUAL_S) * 1000,
    };
    fields.end()?;
    let is_listed = |url: &String| site.return_urls().iter().any(|listed| matches(listed, url));
    if new.return_url.iter().chain(&new.alternative_url).all(is_listed) {
        Ok(new)
    } else {
        Err(ApiError::ReturnUrlNotListed)
    }
}

/// Whether `url` is a listed one, with any query.
fn matches(listed: &str, url: &str) -> bool {
    let bare = |text: &str| {
        let mut url = url::Url::parse(text).ok()?;
        if url.fragment().is_some() || !url.username().is_empty() || url.password().is_some() {
            return None;
        }
        url.set_query(None);
        Some(url)
    };
    bare(listed).is_some_and(|listed| bare(url) == Some(listed))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_listed_addresses_match_with_any_query() {
        let listed = "https://shop.example/back";
        for url in [listed, "https://shop.example/back?a=1", "https://SHOP.example:443/back"] {
            assert!(matches(listed, url), "{url}");
        }
        for url in [
            "https://shop.example/back/",
            "https://shop.example/backdoor",
            "https://shop.example/back#x",
            "http://shop.example/back",
            "https://shop.example:8443/back",
            "https://shop.example.evil.example/back",
            "https://shop.example@evil.example/back",
            "https://jo@shop.example/back",
            "https://evil.example/back",
            "javascript:alert(1)",
            "back",
        ] {
            assert!(!matches(listed, url), "{url}");
        }
    }
}
