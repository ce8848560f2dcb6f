//! Compares an attempt's pictures with those of earlier attempts. An exact copy is rejected (`judging.rs`); a near copy
//! decides nothing but is flagged for review.

use engine::Record;

use super::judging;
use super::outcome::VerificationError;
use crate::db::perceptual_hashes::{self, Part};
use crate::db::{Connection, Db, pictures};
use crate::domain::{EventId, UserId};
use crate::submission::Upload;

/// The hashes recorded of an attempt's pictures.
#[derive(Debug, Default)]
pub(super) struct Pictures {
    hashes: Vec<String>,
    parts: Vec<Part>,
}

impl Pictures {
    /// Of pictures that were scored.
    pub(super) fn of(upload: &Upload, record: &Record) -> Self {
        let captures = [("open", &record.open), ("closed", &record.closed)];
        let captures = captures.into_iter().filter_map(|(part, score)| Some((part, score.as_ref()?.fingerprint)));
        let strip = record.strip.as_ref().map(|strip| ("strip", strip.fingerprint));
        Self { hashes: judging::picture_hashes(upload, record), parts: captures.chain(strip).collect() }
    }

    /// The events of other users with pictures that are near copies of these.
    pub(super) async fn near_copies(&self, db: &Db, user: &UserId) -> Result<Vec<String>, VerificationError> {
        let mut db = db.read().await?;
        let mut near_copies: Vec<String> = Vec::new();
        for part in &self.parts {
            let near = perceptual_hashes::near(&mut db, user, *part).await?;
            near_copies.extend(near.into_iter().map(|event| event.to_string()));
        }
        near_copies.sort();
        near_copies.dedup();
        Ok(near_copies)
    }

    /// Perceptual hashes describe the pictures, so they are kept only if the pictures are, and as long.
    pub(super) fn forget_perceptual_hashes(&mut self) {
        self.parts.clear();
    }

    /// Records the hashes for this event. Returns whether all of them were new.
    pub(super) async fn note(
        &self,
        db: &mut Connection,
        event: &EventId,
        user: &UserId,
        now_ms: i64,
    ) -> sqlx::Result<bool> {
        perceptual_hashes::note(db, (event, user), &self.parts, now_ms).await?;
        pictures::note(db, &self.hashes, event, now_ms).await
    }
}
