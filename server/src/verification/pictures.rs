//! Compares an attempt's pictures with those of earlier attempts. An exact copy is rejected (`judging.rs`); a near copy
//! decides nothing but is flagged for review.

use engine::{Decision, Fingerprints, PerceptualHash};

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
    parts: Vec<(Part, PerceptualHash)>,
}

impl Pictures {
    /// Of pictures that were scored.
    pub(super) fn of(upload: &Upload, decision: &Decision) -> Self {
        let Fingerprints { open, closed, strip, face } = decision.fingerprints;
        let parts = [(Part::Open, open), (Part::Closed, closed), (Part::Strip, strip), (Part::Face, face)];
        Self {
            hashes: judging::picture_hashes(upload, &decision.record),
            parts: parts.into_iter().filter_map(|(part, hash)| Some((part, hash?))).collect(),
        }
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

    /// Perceptual hashes describe the pictures, so they are kept only if the pictures are, or if the operator says so.
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
