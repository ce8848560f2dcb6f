//! `GET /v1/checks`: a site's checks, newest first, page by page.

use axum::Json;
use axum::extract::{RawQuery, State};
use serde::Serialize;

use super::access::Caller;
use super::fields::Fields;
use super::view::{CheckView, parse_id, public_id};
use crate::app::App;
use crate::checks;
use crate::clock;
use crate::db::check_list::{self, Wanted};
use crate::db::listing::Cursor;
use crate::routes::error::ApiError;

const DEFAULT_LIMIT: u32 = 20;
const MAX_LIMIT: u32 = 100;
/// Longest reference.
const MAX_NAME: usize = 200;

#[derive(Serialize)]
pub(in crate::routes) struct Page {
    data: Vec<CheckView>,
    /// Pass it as `after` to get the next page.
    next: Option<String>,
}

pub(in crate::routes) async fn list(
    State(app): State<App>,
    caller: Caller,
    RawQuery(query): RawQuery,
) -> Result<Json<Page>, ApiError> {
    let mut fields = Fields::of_query(query.as_deref())?;
    let is_limit = |text: &str| text.parse().ok().filter(|limit| (1..=MAX_LIMIT).contains(limit));
    let limit = fields.parsed("limit", is_limit)?.unwrap_or(DEFAULT_LIMIT);
    let wanted = Wanted {
        site: caller.site,
        test: caller.test,
        status: fields.parsed("status", |text| text.parse().ok())?,
        reference: fields.text("reference", MAX_NAME)?,
        from_ms: fields
            .parsed("created_from", |text| clock::parse_rfc3339(text).or_else(|| clock::parse_day(text)))?
            .unwrap_or(0),
        // Ids begin with the time, so the id alone says where to continue.
        behind: fields.parsed("after", |text| {
            let id = parse_id(text)?;
            Some(Cursor { at: id.made_at()?, id: id.to_string() })
        })?,
    };
    fields.end()?;
    let now = clock::now_ms();
    checks::decide_due(&app.db, now).await?;
    checks::expire_due(&app.db, now).await?;
    // One more than asked for shows whether there is a next page.
    let mut found = check_list::page(&mut app.db.read().await?, &wanted, limit + 1).await?;
    let has_more = found.len() > limit as usize;
    found.truncate(limit as usize);
    let next = found.last().filter(|_| has_more).map(|check| public_id(&check.id));
    Ok(Json(Page { data: found.into_iter().map(|check| CheckView::of(&app, check, None)).collect(), next }))
}
