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
use crate::db::{Connection, LockScope, WriteTransaction};
use crate::routes::error::ApiError;
use crate::sealing::SealingKey;

const HEADER: &str = "idempotency-key";
/// Longest key.
const MAX_KEY: usize = 255;
/// A request that was not answered for this long died with its server.
const LOST_AFTER_MS: i64 = 60_000;
/// Longest answer.
const MAX_ANSWER: usize = 64 * 1024;

/// A request that is being carried out.
#[derive(Clone)]
struct Pending {
    app: App,
    name: RequestName,
    request_hash: String,
    seal: SealingKey,
    came_at: i64,
}

impl Pending {
    fn context(&self) -> Vec<u8> {
        format!("{} {}", self.name.key_id, self.name.idempotency_key).into_bytes()
    }

    /// Before this time, a request without an answer died with its server.
    fn lost_before(&self) -> i64 {
        self.came_at - LOST_AFTER_MS
    }

    /// Records the request and, if it is known, its answer. Returns false, and changes nothing, if another request with the
    /// same name was answered or is being carried out.
    async fn record(&self, db: &mut Connection, answer: Option<(StatusCode, &[u8])>) -> sqlx::Result<bool> {
        let sealed = answer.map(|(status, answer)| (status.as_u16(), self.seal.seal(&self.context(), answer)));
        let times = (self.came_at, self.lost_before());
        idempotency::record(db, &self.name, &self.request_hash, times, sealed).await
    }

    /// The answer to a request of this name that came before, if there was one.
    async fn earlier(&self, db: &mut Connection) -> Result<Option<Response>, ApiError> {
        let Some(Earlier { request_hash, created_at, status, answer }) = idempotency::find(db, &self.name).await?
        else {
            return Ok(None);
        };
        if request_hash != self.request_hash {
            return Err(ApiError::IdempotencyMismatch);
        }
        let (Some(status), Some(answer)) = (status, answer) else {
            return if created_at < self.lost_before() { Ok(None) } else { Err(ApiError::IdempotencyInFlight) };
        };
        let opened = self.seal.open(&self.context(), &answer).map_err(|error| ApiError::Internal(error.to_string()))?;
        let status = u16::try_from(status).ok().and_then(|status| StatusCode::from_u16(status).ok());
        let mut response = json(status.unwrap_or(StatusCode::OK), opened);
        response.headers_mut().insert("idempotent-replayed", HeaderValue::from_static("true"));
        Ok(Some(response))
    }

    /// The answer to the request that came first.
    async fn first(&self) -> Result<Response, ApiError> {
        self.earlier(&mut self.app.db.read().await?).await?.ok_or(ApiError::IdempotencyInFlight)
    }
}

/// The request's name, if it has one, for handlers that record it themselves.
pub(in crate::routes) struct Repeatable(Option<Pending>);

impl<S: Sync> FromRequestParts<S> for Repeatable {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        Ok(Self(parts.extensions.get::<Pending>().cloned()))
    }
}

impl Repeatable {
    /// Commits what the request did, along with its answer, so that it is never done twice. If the same request was carried
    /// out in the meantime, rolls back and repeats its answer.
    pub(super) async fn commit(
        &self,
        mut tx: WriteTransaction,
        status: StatusCode,
        answer: &impl Serialize,
    ) -> Result<Response, ApiError> {
        let text = serde_json::to_vec(answer).map_err(|error| ApiError::Internal(error.to_string()))?;
        if let Some(pending) = &self.0
            && !pending.record(&mut tx, Some((status, &text))).await?
        {
            tx.rollback().await?;
            return pending.first().await;
        }
        tx.commit().await?;
        Ok(json(status, text))
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
    let pending = Pending {
        request_hash: hash(&parts.method, parts.uri.path(), &body),
        name: RequestName { key_id: caller.key_id, idempotency_key: key },
        seal: caller.seal,
        came_at: clock::now_ms(),
        app,
    };
    if let Some(response) = pending.earlier(&mut pending.app.db.read().await?).await? {
        return Ok(response);
    }
    parts.extensions.insert(pending.clone());
    let response = next.run(Request::from_parts(parts, Body::from(body))).await;
    // What the same request has done in the meantime may be why this one was refused.
    let first = if response.status().is_success() { None } else { pending.first().await.ok() };
    Ok(first.unwrap_or(response))
}

/// Middleware of handlers that do not record the request themselves: records it before they begin, and its answer once
/// they are done.
pub(in crate::routes) async fn record_first(request: Request, next: Next) -> Result<Response, ApiError> {
    let Some(pending) = request.extensions().get::<Pending>().cloned() else { return Ok(next.run(request).await) };
    let db = &pending.app.db;
    let mut tx = db.write(LockScope::Nothing).await?;
    if !pending.record(&mut tx, None).await? {
        tx.rollback().await?;
        return pending.first().await;
    }
    tx.commit().await?;
    let response = next.run(request).await;
    let mut tx = db.write(LockScope::Nothing).await?;
    if !response.status().is_success() {
        idempotency::forget(&mut tx, &pending.name).await?;
        tx.commit().await?;
        return Ok(response);
    }
    let (parts, body) = response.into_parts();
    let body = to_bytes(body, MAX_ANSWER).await.map_err(|error| ApiError::Internal(error.to_string()))?;
    let sealed = pending.seal.seal(&pending.context(), &body);
    idempotency::finish(&mut tx, &pending.name, parts.status.as_u16(), &sealed).await?;
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

/// The answer of a request whose answer [`record_first`] stores.
pub(super) fn answered(answer: impl Serialize) -> Response {
    Json(answer).into_response()
}
