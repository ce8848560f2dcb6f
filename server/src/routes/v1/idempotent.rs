//! `Idempotency-Key`: a request that is sent twice is carried out once, and its answer repeated for a day.
//!
//! Answers may contain tokens, so they are stored sealed by a key that only the caller's own key gives. Only answers of
//! success are kept: whatever was refused changed nothing, and may be tried again.

use axum::Json;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{FromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use super::access::Caller;
use super::fields::invalid;
use crate::app::App;
use crate::clock;
use crate::db::idempotency::{self, Earlier, RequestName};
use crate::db::{Connection, LockScope};
use crate::routes::error::ApiError;
use crate::sealing::SealingKey;

const HEADER: &str = "idempotency-key";
/// Longest key.
const MAX_KEY: usize = 255;
/// A request that was not answered for this long died with its server.
const LOST_AFTER_MS: i64 = 60_000;
/// Longest answer.
const MAX_ANSWER: usize = 64 * 1024;

/// A request that is carried out now.
#[derive(Clone)]
pub(in crate::routes) struct Pending {
    name: RequestName,
    seal: SealingKey,
}

impl Pending {
    fn context(&self) -> Vec<u8> {
        format!("{} {}", self.name.key_id, self.name.idempotency_key).into_bytes()
    }

    async fn store(&self, db: &mut Connection, status: StatusCode, answer: &[u8]) -> sqlx::Result<()> {
        idempotency::finish(db, &self.name, status.as_u16(), &self.seal.seal(&self.context(), answer)).await
    }
}

/// The request's [`Pending`], if it has a key.
pub(in crate::routes) struct Repeatable(Option<Pending>);

impl<S: Sync> FromRequestParts<S> for Repeatable {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        Ok(Self(parts.extensions.get::<Pending>().cloned()))
    }
}

/// Says that the answer is stored already.
#[derive(Clone)]
struct Stored;

impl Repeatable {
    /// Stores the answer in the same transaction as what the request did, so that it is never done twice.
    pub(super) async fn answer(
        &self,
        db: &mut Connection,
        status: StatusCode,
        answer: &impl Serialize,
    ) -> Result<Response, ApiError> {
        let text = serde_json::to_vec(answer).map_err(|error| ApiError::Internal(error.to_string()))?;
        if let Some(pending) = &self.0 {
            pending.store(db, status, &text).await?;
        }
        let mut response = json(status, text);
        response.extensions_mut().insert(Stored);
        Ok(response)
    }
}

/// Middleware of each POST for sites.
pub(in crate::routes) async fn replay(
    State((app, max_body)): State<(App, usize)>,
    request: Request,
    next: Next,
) -> Result<Response, ApiError> {
    let (mut parts, body) = request.into_parts();
    let Some(key) = idempotency_key(&parts.headers)? else {
        return Ok(next.run(Request::from_parts(parts, body)).await);
    };
    let caller = Caller::from_request_parts(&mut parts, &()).await?;
    let body = tokio::time::timeout(app.limits.body_timeout, to_bytes(body, max_body)).await;
    let body = body.map_err(|_| ApiError::BodyTooSlow)?.map_err(|_| ApiError::TooLarge)?;
    let hash = hash(&parts.method, parts.uri.path(), &body);
    let name = RequestName { key_id: caller.key_id, idempotency_key: key };
    let pending = Pending { name, seal: caller.seal };
    if let Some(earlier) = begin(&app, &pending, &hash).await? {
        return repeated(&pending, &hash, earlier);
    }
    parts.extensions.insert(pending.clone());
    let response = next.run(Request::from_parts(parts, Body::from(body))).await;
    keep(&app, &pending, response).await
}

/// Records the request. Returns the one that came before, if there is one.
async fn begin(app: &App, pending: &Pending, hash: &str) -> Result<Option<Earlier>, ApiError> {
    let now = clock::now_ms();
    let mut tx = app.db.write(LockScope::Nothing).await?;
    if idempotency::begin(&mut tx, &pending.name, hash, now, now - LOST_AFTER_MS).await? {
        tx.commit().await?;
        return Ok(None);
    }
    let earlier = idempotency::find(&mut tx, &pending.name).await?;
    // On PostgreSQL the conflict locked the row. A dropped transaction would keep it for a moment longer than the answer
    // takes.
    tx.commit().await?;
    Ok(earlier)
}

fn repeated(pending: &Pending, hash: &str, earlier: Earlier) -> Result<Response, ApiError> {
    if earlier.request_hash != hash {
        return Err(ApiError::IdempotencyMismatch);
    }
    let (Some(status), Some(answer)) = (earlier.status, earlier.answer) else {
        return Err(ApiError::IdempotencyInFlight);
    };
    let opened =
        pending.seal.open(&pending.context(), &answer).map_err(|error| ApiError::Internal(error.to_string()))?;
    let status = u16::try_from(status).ok().and_then(|status| StatusCode::from_u16(status).ok());
    let mut response = json(status.unwrap_or(StatusCode::OK), opened);
    response.headers_mut().insert("idempotent-replayed", HeaderValue::from_static("true"));
    Ok(response)
}

/// Stores an answer of success; forgets the request otherwise.
async fn keep(app: &App, pending: &Pending, response: Response) -> Result<Response, ApiError> {
    if response.extensions().get::<Stored>().is_some() {
        return Ok(response);
    }
    let mut tx = app.db.write(LockScope::Nothing).await?;
    if !response.status().is_success() {
        idempotency::forget(&mut tx, &pending.name).await?;
        tx.commit().await?;
        return Ok(response);
    }
    let (parts, body) = response.into_parts();
    let body = to_bytes(body, MAX_ANSWER).await.map_err(|error| ApiError::Internal(error.to_string()))?;
    pending.store(&mut tx, parts.status, &body).await?;
    tx.commit().await?;
    Ok(Response::from_parts(parts, Body::from(body)))
}

fn idempotency_key(headers: &HeaderMap) -> Result<Option<String>, ApiError> {
    let Some(value) = headers.get(HEADER) else { return Ok(None) };
    let text = value.to_str().ok().filter(|text| (1..=MAX_KEY).contains(&text.len()));
    text.map(|text| Some(text.to_owned())).ok_or_else(|| invalid("Idempotency-Key"))
}

fn hash(method: &Method, path: &str, body: &Bytes) -> String {
    let sum = Sha256::new().chain_update(format!("{method} {path}\n")).chain_update(body).finalize();
    hex::encode(sum)
}

fn json(status: StatusCode, text: Vec<u8>) -> Response {
    (status, [(header::CONTENT_TYPE, "application/json")], Bytes::from(text)).into_response()
}

/// The answer of a request whose answer the middleware stores.
pub(super) fn answered(answer: impl Serialize) -> Response {
    Json(answer).into_response()
}
