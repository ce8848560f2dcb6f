//! `GET /admin/events` and `/admin/events.csv`: decided attempts, filtered, newest first.

use axum::Json;
use axum::body::{Body, Bytes};
use axum::extract::{RawQuery, State};
use axum::http::header;
use axum::response::IntoResponse;
use futures_util::{StreamExt as _, stream};
use serde::Serialize;

use super::listed::{self, EventView, HEADER};
use super::query::{EventQuery, TableQuery, cursor};
use crate::app::App;
use crate::csv_export;
use crate::db::listing::{self, Cursor, Filter, Listed};
use crate::routes::error::ApiError;

/// Rows of a table that are in memory at a time.
const ROWS: u32 = 200;

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
    // One row more than is shown, to see whether there are more.
    let mut events = listing::list(&mut app.db.read().await?, &filter, page.behind.as_ref(), page.limit + 1).await?;
    let is_last = events.len() <= page.limit as usize;
    events.truncate(page.limit as usize);
    let next_cursor = events.last().filter(|_| !is_last).map(|event| cursor(&event.cursor()));
    Ok(Json(Listing { events: events.into_iter().map(EventView::from).collect(), next_cursor }))
}

pub(in crate::routes) async fn events_csv(
    State(app): State<App>,
    RawQuery(query): RawQuery,
) -> Result<impl IntoResponse, ApiError> {
    let TableQuery { filter, behind, limit } = TableQuery::read(query.as_deref())?;
    let table = Table { app, filter, behind, left: limit };
    let head = csv_export::write([HEADER.map(str::to_owned)].into_iter()).map_err(TableError::from)?;
    // A failure at the beginning becomes an error response; a later one truncates the response, which the client
    // notices.
    let (first, rest) = table.lines().await?.unzip();
    let head = Bytes::from([head, first.unwrap_or_default()].concat());
    let rest = stream::try_unfold(rest.flatten(), |rest| async {
        let Some(table) = rest else { return Ok(None) };
        table.lines().await.map(|lines| lines.map(|(lines, rest)| (Bytes::from(lines), rest)))
    });
    let lines = stream::once(async { Ok::<_, TableError>(head) }).chain(rest);
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"events.csv\""),
    ];
    Ok((headers, Body::from_stream(lines)))
}

/// The part of a table that is not written yet.
struct Table {
    app: App,
    filter: Filter,
    behind: Option<Cursor>,
    /// Rows still to write; `None`: all.
    left: Option<u32>,
}

impl Table {
    /// The next lines, and the rest of the table if any. `None` if there are no lines. Holds a connection only while
    /// reading.
    async fn lines(mut self) -> Result<Option<(Vec<u8>, Option<Self>)>, TableError> {
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

/// Writing a table failed.
#[derive(Debug, thiserror::Error)]
enum TableError {
    #[error("database: {0}")]
    Database(#[from] sqlx::Error),
    #[error("csv: {0}")]
    Csv(#[from] csv::Error),
}

impl From<TableError> for ApiError {
    fn from(error: TableError) -> Self {
        match error {
            TableError::Database(error) => error.into(),
            error @ TableError::Csv(_) => ApiError::Internal(error.to_string()),
        }
    }
}
