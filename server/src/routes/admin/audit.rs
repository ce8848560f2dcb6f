//! `GET /admin/audit`: what operators did and what retention removed. `GET /admin/audit/checkpoint`: the signed head of
//! the trail.

use axum::Json;
use axum::extract::{RawQuery, State};
use axum::http::header;
use axum::response::IntoResponse;
use serde::Serialize;
use serde_json::Value;

use super::listed::record;
use super::query::Page;
use crate::app::App;
use crate::clock;
use crate::db::audit::{self, AuditEntry};
use crate::db::listing::Cursor;
use crate::db::trail;
use crate::routes::error::ApiError;

#[derive(Serialize)]
pub(in crate::routes) struct Listing {
    entries: Vec<Listed>,
    next_cursor: Option<String>,
}

#[derive(Serialize)]
struct Listed {
    id: String,
    created_at: String,
    action: String,
    actor: String,
    details: Value,
}

pub(in crate::routes) async fn entries(
    State(app): State<App>,
    RawQuery(query): RawQuery,
) -> Result<Json<Listing>, ApiError> {
    let page = Page::read(query.as_deref())?;
    let found = audit::list(&mut app.db.read().await?, page.behind.as_ref(), page.wanted()).await?;
    let place = |entry: &AuditEntry| Cursor { at: entry.created_at, id: entry.id.to_string() };
    let (entries, next_cursor) = page.cut(found, place);
    Ok(Json(Listing { entries: entries.into_iter().map(Listed::from).collect(), next_cursor }))
}

pub(in crate::routes) async fn checkpoint(State(app): State<App>) -> Result<impl IntoResponse, ApiError> {
    let head = trail::head(&mut app.db.read().await?).await?;
    let note = app.trail_key.sign(&head, clock::now_ms());
    Ok(([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], note))
}

impl From<AuditEntry> for Listed {
    fn from(entry: AuditEntry) -> Self {
        Self {
            id: entry.id.to_string(),
            created_at: clock::rfc3339(entry.created_at),
            action: entry.action,
            actor: entry.actor,
            details: record(entry.details),
        }
    }
}
