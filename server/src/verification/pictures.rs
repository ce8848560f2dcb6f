//! The pictures of an attempt beside those of all attempts before. An exact copy is refused (`judging.rs`); a near copy
//! decides nothing, but somebody should look at it.

use engine::Record;
use serde::Serialize;

use super::{Upload, VerificationError, judging};
use crate::app::App;
use crate::db::fingerprints::{self, Part};
use crate::db::{Connection, pictures};
use crate::domain::{EventId, UserId};

/// What is written down of the pictures of an attempt.
#[derive(Debug, Default)]
pub(super) struct Pictures {
    hashes: Vec<String>,
    parts: Vec<Part>,
}

/// Why somebody should look at an event.
#[derive(Debug, Serialize)]
pub(super) struct Review {
    /// Events of other users with pictures that are near copies of this one's.
    near_copies: Vec<String>,
}

impl Pictures {
    /// Of pictures that were scored.
    pub(super) fn of(upload: &Upload, record: &Record) -> Self {
        let captures = [("open", &record.open), ("closed", &record.closed)];
        let captures = captures.into_iter().filter_map(|(part, score)| Some((part, score.as_ref()?.fingerprint)));
        let strip = record.strip.as_ref().map(|strip| ("strip", strip.fingerprint));
        Self { hashes: judging::picture_hashes(upload, record), parts: captures.chain(strip).collect() }
    }

    /// What a look at other users' pictures gives, if anything.
    ///
    /// # Errors
    /// The database failed.
    pub(super) async fn review(&self, app: &App, user: &UserId) -> Result<Option<Review>, VerificationError> {
        let mut db = app.db.read().await?;
        let mut near_copies: Vec<String> = Vec::new();
        for part in &self.parts {
            let near = fingerprints::near(&mut db, user, *part).await?;
            near_copies.extend(near.into_iter().map(|event| event.to_string()));
        }
        near_copies.sort();
        near_copies.dedup();
        Ok((!near_copies.is_empty()).then_some(Review { near_copies }))
    }

    /// Fingerprints are of the pictures: they are kept as long as those are, and not where those are not.
    pub(super) fn forget_fingerprints(&mut self) {
        self.parts.clear();
    }

    /// Notes them as those of this event. Returns whether all of them were new.
    ///
    /// # Errors
    /// The database failed.
    pub(super) async fn note(
        &self,
        db: &mut Connection,
        event: &EventId,
        user: &UserId,
        now_ms: i64,
    ) -> sqlx::Result<bool> {
        fingerprints::note(db, (event, user), &self.parts, now_ms).await?;
        pictures::note(db, &self.hashes, event, now_ms).await
    }
}
