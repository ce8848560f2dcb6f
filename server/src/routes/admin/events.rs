//! `GET /admin/events` and `/admin/events.csv`: decided attempts, filtered, newest first.

use axum::Json;
use axum::extract::{RawQuery, State};
use axum::response::Response;
use serde::Serialize;

use super::listed::{self, EventView, HEADER};
use super::query::{EventQuery, TableQuery};
use super::table::{self, Lines, ROWS, Table, TableError};
use crate::app::App;
use crate::csv_export;
use crate::db::listing::{self, Cursor, Filter, Listed};
use crate::routes::error::ApiError;

#[derive(Serialize)]
pub(in crate::routes) struct Listing {
    events: Vec<EventView>,
    next_cursor: Option<String>,
}

pub(in crate::routes) async fn events(
    State(app): State<App>,
    RawQuery(query): RawQuery,
) -> Result<Json<Listing>, ApiError> {
    let EventQuery { filter, page } = EventQuery::read(query.as_deref())?;
    let found = listing::list(&mut app.db.read().await?, &filter, page.behind.as_ref(), page.wanted()).await?;
    let (events, next_cursor) = page.cut(found, Listed::cursor);
    Ok(Json(Listing { events: events.into_iter().map(EventView::from).collect(), next_cursor }))
}

pub(in crate::routes) async fn events_csv(
    State(app): State<App>,
    RawQuery(query): RawQuery,
) -> Result<Response, ApiError> {
    let TableQuery { filter, behind, limit } = TableQuery::read(query.as_deref())?;
    let table = EventTable { app, filter, behind, left: limit };
    table::send("events.csv", HEADER, table).await
}

struct EventTable {
    app: App,
    filter: Filter,
    behind: Option<Cursor>,
    /// Rows still to write; `None`: all.
    left: Option<u32>,
}

impl Table for EventTable {
    async fn lines(mut self) -> Result<Lines<Self>, TableError> {
        let wanted = self.left.unwrap_or(ROWS).min(ROWS);
        let rows = listing::list(&mut self.app.db.read().await?, &self.filter, self.behind.as_ref(), wanted).await?;
        let Some(last) = rows.last().map(Listed::cursor) else { return Ok(None) };
        let is_last = rows.len() < wanted as usize || self.left == Some(wanted);
        let lines = csv_export::write(rows.into_iter().map(listed::row))?;
        self.behind = Some(last);
        self.left = self.left.map(|left| left - wanted);
        Ok(Some((lines, (!is_last).then_some(self))))
    }
}
