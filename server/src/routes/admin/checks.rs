//! `GET /admin/checks` and `/admin/checks.csv`: what sites asked for and what came of it, newest first.

use axum::Json;
use axum::extract::{RawQuery, State};
use axum::response::Response;
use serde::Serialize;

use super::query::CheckQuery;
use super::table::{self, Lines, ROWS, Table, TableError};
use crate::app::App;
use crate::clock;
use crate::csv_export;
use crate::db::check_list::{self, Filter, Listed};
use crate::db::listing::Cursor;
use crate::domain::{CheckStatus, Gate};
use crate::routes::error::ApiError;
use crate::routes::v1::public_id;

#[derive(Serialize)]
pub(in crate::routes) struct Listing {
    checks: Vec<View>,
    next_cursor: Option<String>,
}

/// A check, as operators see it.
#[derive(Serialize)]
struct View {
    id: String,
    site: String,
    status: CheckStatus,
    gate: Gate,
    mailbox: &'static str,
    /// `None` in test mode, and once it is redacted.
    email: Option<String>,
    reference: Option<String>,
    attempts: u32,
    last_failure: Option<String>,
    method: Option<String>,
    test: bool,
    /// Whether it began at the register page.
    front_door: bool,
    /// The event of the attempt that ended it.
    event: Option<String>,
    created_at: String,
    expires_at: String,
    ended_at: Option<String>,
    revoked_at: Option<String>,
    redacted_at: Option<String>,
}

impl From<Listed> for View {
    fn from(check: Listed) -> Self {
        Self {
            id: public_id(&check.id),
            site: check.site_id.to_string(),
            status: check.status,
            gate: check.gate,
            mailbox: check.gate.mailbox(),
            email: check.email,
            reference: check.reference,
            attempts: check.attempts,
            last_failure: check.last_failure,
            method: check.method,
            test: check.test != 0,
            front_door: check.front_door != 0,
            event: check.event_id.map(|id| id.to_string()),
            created_at: clock::rfc3339(check.created_at),
            expires_at: clock::rfc3339(check.expires_at),
            ended_at: check.ended_at.map(clock::rfc3339),
            revoked_at: check.revoked_at.map(clock::rfc3339),
            redacted_at: check.redacted_at.map(clock::rfc3339),
        }
    }
}

pub(in crate::routes) async fn checks(
    State(app): State<App>,
    RawQuery(query): RawQuery,
) -> Result<Json<Listing>, ApiError> {
    let CheckQuery { filter, page } = CheckQuery::read(query.as_deref())?;
    let found = check_list::of_site(&mut app.db.read().await?, &filter, page.behind.as_ref(), page.wanted()).await?;
    let (found, next_cursor) = page.cut(found, Listed::cursor);
    Ok(Json(Listing { checks: found.into_iter().map(View::from).collect(), next_cursor }))
}

pub(in crate::routes) async fn checks_csv(
    State(app): State<App>,
    RawQuery(query): RawQuery,
) -> Result<Response, ApiError> {
    let CheckQuery { filter, page } = CheckQuery::read(query.as_deref())?;
    table::send("checks.csv", HEADER, CheckTable { app, filter, behind: page.behind }).await
}

/// The CSV header. New columns are appended at the end.
const HEADER: [&str; 18] = [
    "id",
    "site",
    "status",
    "gate",
    "mailbox",
    "email",
    "reference",
    "attempts",
    "last_failure",
    "method",
    "test",
    "front_door",
    "event",
    "created_at",
    "expires_at",
    "ended_at",
    "revoked_at",
    "redacted_at",
];

fn row(check: Listed) -> [String; 18] {
    let view = View::from(check);
    let status: &str = view.status.into();
    let text = Option::unwrap_or_default;
    [
        view.id,
        view.site,
        status.to_owned(),
        view.gate.name().to_owned(),
        view.mailbox.to_owned(),
        text(view.email),
        text(view.reference),
        view.attempts.to_string(),
        text(view.last_failure),
        text(view.method),
        view.test.to_string(),
        view.front_door.to_string(),
        text(view.event),
        view.created_at,
        view.expires_at,
        text(view.ended_at),
        text(view.revoked_at),
        text(view.redacted_at),
    ]
}

struct CheckTable {
    app: App,
    filter: Filter,
    behind: Option<Cursor>,
}

impl Table for CheckTable {
    async fn lines(mut self) -> Result<Lines<Self>, TableError> {
        let rows =
            check_list::of_site(&mut self.app.db.read().await?, &self.filter, self.behind.as_ref(), ROWS).await?;
        let Some(last) = rows.last().map(Listed::cursor) else { return Ok(None) };
        let is_last = rows.len() < ROWS as usize;
        self.behind = Some(last);
        Ok(Some((csv_export::write(rows.into_iter().map(row))?, (!is_last).then_some(self))))
    }
}
