//! Access for operators: a key in a header, compared by its hash, with the scope that the route requires.

use std::time::Instant;

use axum::Json;
use axum::extract::{FromRequestParts, Request, State};
use axum::http::HeaderMap;
use axum::http::request::Parts;
use axum::middleware::Next;
use axum::response::Response;
use serde::Serialize;
use serde_json::{Value, json};

use super::query::{QUERY_KEY, pairs};
use crate::app::App;
use crate::audit::{self, Action};
use crate::clock;
use crate::db::admin_keys::{self, AdminKey};
use crate::db::{LockScope, admin_sessions, second_factors};
use crate::domain::{AdminKeyId, HashedToken, Scope, Scopes, SiteId};
use crate::key_uses::{self, Refusal};
use crate::rate::Limit;
use crate::routes::client::Client;
use crate::routes::error::ApiError;
use crate::second_factor::SESSION_PREFIX;

/// Query parameters under which people send keys.
const KEY_NAMES: [&str; 4] = ["key", "token", "api_key", "admin_key"];
/// Least time between two updates of a key's last use, or of when it was sent in a URL.
const USE_INTERVAL_MS: i64 = 3_600_000;
/// The only path that a key with a second factor opens.
pub(in crate::routes) const SIGN_IN: &str = "/admin/session";
/// Name of the key in the settings.
const ADMIN_KEY: &str = "the admin key";

/// The holder of the request's key.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Operator {
    name: String,
    scopes: Scopes,
    /// Their name in the audit trail.
    #[serde(skip)]
    pub(super) actor: String,
    /// The stored key that they have; `None` for the one in the settings.
    #[serde(skip)]
    pub(super) key: Option<AdminKey>,
    /// The session that they came with, if it was one.
    #[serde(skip)]
    pub(super) session: Option<HashedToken>,
}

/// The holder of a key: an operator, or a site.
pub(in crate::routes) struct Holder {
    pub(in crate::routes) scopes: Scopes,
    /// Their name in the audit trail.
    pub(in crate::routes) actor: String,
    /// The site that the key belongs to; `None` for an operator's.
    pub(in crate::routes) site: Option<SiteId>,
    /// Whether its checks are decided without a camera.
    pub(in crate::routes) test: bool,
    /// The key's id; a word for the key in the settings.
    pub(in crate::routes) key_id: String,
    name: String,
    /// The stored key; `None` for the one in the settings.
    key: Option<AdminKey>,
    /// The session, if it was one.
    session: Option<HashedToken>,
    /// Whether the key opens nothing but a session, because it has a second factor.
    needs_code: bool,
}

impl<S: Sync> FromRequestParts<S> for Operator {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        let operator = parts.extensions.get::<Operator>().cloned();
        operator.ok_or_else(|| ApiError::Internal("an admin route lacks its access check".to_owned()))
    }
}

/// Middleware of each admin route: requires a key, with `scope` if one is given.
pub(in crate::routes) async fn admit(
    State((app, scope)): State<(App, Option<Scope>)>,
    request: Request,
    next: Next,
) -> Result<Response, ApiError> {
    let (mut parts, body) = request.into_parts();
    let client = Client::from_request_parts(&mut parts, &app).await?;
    let in_url = key_in_url(&app, client, parts.uri.query().unwrap_or_default()).await?;
    let presented = in_header(&parts.headers).or(in_url).ok_or(ApiError::AdminKeyMissing)?;
    let Holder { name, scopes, actor, key, session, needs_code, .. } =
        match find_any_holder(&app, &presented, clock::now_ms()).await? {
            Ok(holder) => holder,
            Err(refusal) => {
                refuse(&app, client, refusal)?;
                return Err(if is_session(&presented) { ApiError::AdminSessionOver } else { ApiError::AdminKeyWrong });
            }
        };
    if needs_code && parts.uri.path() != SIGN_IN {
        return Err(ApiError::AdminCodeRequired);
    }
    if scope.is_some_and(|scope| !scopes.has(scope)) {
        return Err(ApiError::AdminScopeMissing);
    }
    parts.extensions.insert(Operator { name, scopes, actor, key, session });
    Ok(next.run(Request::from_parts(parts, body)).await)
}

/// `GET /admin/me`: whose key this is.
pub(in crate::routes) async fn me(operator: Operator) -> Json<Operator> {
    Json(operator)
}

/// The key in the URL, if the settings allow one there. Otherwise such a request is rejected, even with a valid key in
/// a header, and a valid key in the URL is marked as exposed.
async fn key_in_url(app: &App, client: Client, query: &str) -> Result<Option<String>, ApiError> {
    let mut keys = pairs(query).filter(|(name, _)| KEY_NAMES.contains(&name.to_ascii_lowercase().as_str()));
    let Some((name, key)) = keys.next() else { return Ok(None) };
    if app.admin_allow_query_key && name == QUERY_KEY && keys.next().is_none() {
        return Ok(Some(key));
    }
    tracing::warn!("a request had an admin key in its URL; take it as exposed and replace it");
    // Guessing keys this way reveals nothing.
    let now = clock::now_ms();
    match stored(app, &HashedToken::of(key.trim()), &key, now).await? {
        Ok(key) => {
            note_exposure(app, &key, now).await?;
            tracing::warn!(key = %key.id, name = key.name, "this key is exposed: revoke it and create another");
        }
        Err(_) if HashedToken::of(key.trim()).matches(&app.admin_key) => {
            if app.key_uses.is_first_exposure(now) {
                in_trail(app, Action::KeyExposed, ADMIN_KEY, &json!({}), now).await;
            }
        }
        Err(refusal) => drop(refuse(app, client, refusal)),
    }
    Err(ApiError::AdminKeyInQuery)
}

fn in_header(headers: &HeaderMap) -> Option<String> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let bearer = || text("authorization").and_then(|value| value.strip_prefix("Bearer "));
    text("x-admin-key").or_else(bearer).map(str::to_owned)
}

/// Counts a refused key. The limit is for these only: whoever has a right one is never locked out by others' guesses.
pub(in crate::routes) fn refuse(app: &App, client: Client, refusal: Refusal) -> Result<(), ApiError> {
    app.key_uses.refused(refusal, client.address(), clock::now_ms());
    Ok(app.rate.take_around(Limit::BadAdminKey, client.address(), Instant::now())?)
}

/// Finds the holder of a key or a session, or why there is none. A key with a second factor does not count by itself.
pub(in crate::routes) async fn find_holder(
    app: &App,
    presented: &str,
    now_ms: i64,
) -> sqlx::Result<Result<Holder, Refusal>> {
    Ok(match find_any_holder(app, presented, now_ms).await? {
        Ok(holder) if holder.needs_code => Err(Refusal { key: holder.key.map(|key| key.id), why: "no code" }),
        found => found,
    })
}

/// As [`find_holder`], but a key with a second factor counts. Keys are compared by their hashes, in constant time.
async fn find_any_holder(app: &App, presented: &str, now_ms: i64) -> sqlx::Result<Result<Holder, Refusal>> {
    let presented = presented.trim();
    let hash = HashedToken::of(presented);
    if hash.matches(&app.admin_key) {
        if app.key_uses.is_first_use(now_ms) {
            in_trail(app, Action::KeyUsed, ADMIN_KEY, &json!({}), now_ms).await;
        }
        return Ok(Ok(Holder::of_settings()));
    }
    if is_session(presented) {
        let key = admin_sessions::key_of(&mut app.db.read().await?, &hash, now_ms).await?;
        let key = key.filter(|key| key.is_live(now_ms)).ok_or(Refusal { key: None, why: "no such session" });
        return Ok(key.map(|key| Holder::of(key, Some(hash), false)));
    }
    let key = match stored(app, &hash, presented, now_ms).await? {
        Ok(key) => key,
        Err(refusal) => return Ok(Err(refusal)),
    };
    if key.last_used_at.is_none_or(|at| at + USE_INTERVAL_MS <= now_ms) {
        note_use(app, &key, now_ms).await;
    }
    let needs_code = second_factors::has(&mut app.db.read().await?, &key.id).await?;
    Ok(Ok(Holder::of(key, None, needs_code)))
}

/// Whether this is a session's token instead of a key.
fn is_session(presented: &str) -> bool {
    presented.trim().starts_with(SESSION_PREFIX)
}

impl Holder {
    fn of(key: AdminKey, session: Option<HashedToken>, needs_code: bool) -> Self {
        let Ok(scopes) = key.scopes.parse();
        Self {
            scopes,
            actor: actor(&key),
            site: key.site_id.clone(),
            test: key.test != 0,
            key_id: key.id.to_string(),
            name: key.name.clone(),
            key: Some(key),
            session,
            needs_code,
        }
    }

    fn of_settings() -> Self {
        Self {
            scopes: Scopes::all(),
            actor: ADMIN_KEY.to_owned(),
            site: None,
            test: false,
            key_id: "settings".to_owned(),
            name: ADMIN_KEY.to_owned(),
            key: None,
            session: None,
            needs_code: false,
        }
    }
}

/// The stored key with this hash if it is valid now, or why not.
async fn stored(
    app: &App,
    hash: &HashedToken,
    presented: &str,
    now_ms: i64,
) -> sqlx::Result<Result<AdminKey, Refusal>> {
    let found = match AdminKeyId::in_key(presented.trim()) {
        Some(id) => admin_keys::find(&mut app.db.read().await?, &id).await?,
        None => None,
    };
    let Some(key) = found else { return Ok(Err(Refusal { key: None, why: "unknown" })) };
    let why = match key.revoked_at {
        _ if !hash.matches(&key.secret_hash) => "wrong secret",
        Some(_) => "revoked",
        None if !key.is_live(now_ms) => "expired",
        None => return Ok(Ok(key)),
    };
    Ok(Err(Refusal { key: Some(key.id), why }))
}

/// The holder's name in the audit trail.
fn actor(key: &AdminKey) -> String {
    format!("the key {} ({})", key.name, key.id)
}

/// Records the use; in the trail if it is the first one today. A failure is only logged: it is no reason to lock an
/// operator out.
async fn note_use(app: &App, key: &AdminKey, now_ms: i64) {
    let noted = async {
        let mut tx = app.db.write(LockScope::Nothing).await?;
        admin_keys::note_use(&mut tx, &key.id, now_ms).await?;
        if key.last_used_at.is_none_or(|at| !key_uses::is_same_day(at, now_ms)) {
            audit::note(&mut tx, Action::KeyUsed, &actor(key), &figures(key), now_ms).await?;
        }
        tx.commit().await
    };
    if let Err(error) = noted.await {
        tracing::warn!(%error, "a key's use could not be recorded");
    }
}

/// Records that the key was sent in a URL; in the trail at most once an hour.
async fn note_exposure(app: &App, key: &AdminKey, now_ms: i64) -> sqlx::Result<()> {
    let mut tx = app.db.write(LockScope::Nothing).await?;
    admin_keys::note_exposure(&mut tx, &key.id, now_ms).await?;
    if key.exposed_at.is_none_or(|at| at + USE_INTERVAL_MS <= now_ms) {
        audit::note(&mut tx, Action::KeyExposed, &actor(key), &figures(key), now_ms).await?;
    }
    tx.commit().await
}

fn figures(key: &AdminKey) -> Value {
    json!({ "key": key.id, "name": key.name })
}

/// Adds an entry to the trail. A failure is only logged, as in [`note_use`].
async fn in_trail(app: &App, action: Action, actor: &str, figures: &Value, now_ms: i64) {
    if let Err(error) = key_uses::note(&app.db, action, actor, figures, now_ms).await {
        tracing::warn!(%error, action = action.as_str(), "a key's use could not be recorded in the trail");
    }
}
