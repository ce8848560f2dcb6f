//! `GET /admin/audit` and `/admin/audit.csv`: what operators did and what the server did by itself. `GET
//! /admin/audit/checkpoint`: the signed head of the trail.

use axum::Json;
use axum::extract::{RawQuery, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::Value;

use super::listed::record;
use super::query::Page;
use super::table::{self, Lines, ROWS, Table, TableError};
use crate::app::App;
use crate::clock;
use crate::csv_export;
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
    let (entries, next_cursor) = page.cut(found, place);
    Ok(Json(Listing { entries: entries.into_iter().map(Listed::from).collect(), next_cursor }))
}

pub(in crate::routes) async fn entries_csv(
    State(app): State<App>,
    RawQuery(query): RawQuery,
) -> Result<Response, ApiError> {
    let page = Page::read(query.as_deref())?;
    table::send("audit.csv", HEADER, AuditTable { app, behind: page.behind }).await
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

fn place(entry: &AuditEntry) -> Cursor {
    Cursor { at: entry.created_at, id: entry.id.to_string() }
}

/// The CSV header. New columns are appended at the end.
const HEADER: [&str; 5] = ["id", "created_at", "action", "actor", "details"];

fn row(entry: AuditEntry) -> [String; 5] {
    [entry.id.to_string(), clock::rfc3339(entry.created_at), entry.action, entry.actor, entry.details]
}

struct AuditTable {
    app: App,
    behind: Option<Cursor>,
}

impl Table for AuditTable {
    async fn lines(mut self) -> Result<Lines<Self>, TableError> {
        let rows = audit::list(&mut self.app.db.read().await?, self.behind.as_ref(), ROWS).await?;
        let Some(last) = rows.last().map(place) else { return Ok(None) };
        let is_last = rows.len() < ROWS as usize;
        self.behind = Some(last);
        Ok(Some((csv_export::write(rows.into_iter().map(row))?, (!is_last).then_some(self))))
    }
}
