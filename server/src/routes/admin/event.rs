//! `GET /admin/events/{id}`: one attempt with everything that is kept of it. Nothing is scored again.

use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use engine::{Issued, Record};
use serde::Serialize;
use serde_json::Value;

use super::curve::Curve;
use super::listed::{self, EventView};
use super::timeline::{self, Entry};
use crate::app::App;
use crate::clock;
use crate::db::events::{self, Event};
use crate::db::reviews::{self, Review};
use crate::db::{challenges, cues, users};
use crate::domain::{Decision, EventId, UserStatus};
use crate::routes::error::ApiError;

#[derive(Serialize)]
pub(in crate::routes) struct EventDetail {
    #[serde(flatten)]
    event: EventView,
    policy: String,
    timeline: Vec<Entry>,
    /// `None` if there is no signed transcript, or no longer.
    curve: Option<Curve>,
    record: Value,
    reviews: Vec<ReviewView>,
    /// `None` once the user is erased.
    user: Option<UserView>,
}

#[derive(Serialize)]
pub(super) struct UserView {
    pub(super) status: UserStatus,
}

#[derive(Serialize)]
struct ReviewView {
    decision: Decision,
    note: Option<String>,
    actor: String,
    at: String,
}

pub(in crate::routes) async fn event(
    State(app): State<App>,
    id: Result<Path<String>, PathRejection>,
) -> Result<Json<EventDetail>, ApiError> {
    let Path(id) = id.map_err(|_| ApiError::NotFound)?;
    let mut db = app.db.read().await?;
    let event = events::find(&mut db, &EventId::from_client(&id)).await?.ok_or(ApiError::NotFound)?;
    let reviews = reviews::of_event(&mut db, &event.id).await?;
    let user = users::find(&mut db, &event.email).await?;
    // The row is kept for a week after the session; the id contains its creation time for good.
    let issued_at = challenges::issued_at(&mut db, &event.challenge_id).await?.or(event.challenge_id.made_at());
    let rounds = cues::list(&mut db, &event.challenge_id).await?;
    drop(db);

    let issued: Option<Issued> = event.issued.as_ref().and_then(|issued| serde_json::from_str(issued).ok());
    Ok(Json(EventDetail {
        timeline: timeline::of(&event, issued_at, issued.as_ref(), &rounds, &reviews),
        curve: curve(&event, issued.as_ref()),
        event: EventView::of(&event, reviews.last().map(|review| review.decision)),
        record: listed::record(event.details),
        policy: event.policy,
        reviews: reviews.into_iter().map(ReviewView::from).collect(),
        user: user.map(|user| UserView { status: user.status }),
    }))
}

fn curve(event: &Event, issued: Option<&Issued>) -> Option<Curve> {
    // The record of an attempt that was not decided by pixels lacks these figures.
    let record: Option<Record> = serde_json::from_str(&event.details).ok();
    Curve::of(event.transcript.as_ref()?, &issued?.public_key, record.as_ref())
}

impl From<Review> for ReviewView {
    fn from(review: Review) -> Self {
        let Review { decision, note, actor, created_at, .. } = review;
        Self { decision, note, actor, at: clock::rfc3339(created_at) }
    }
}
