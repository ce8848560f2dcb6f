//! Bundles: the complete evidence of one decision in a folder or an archive, and repeating the decision from it,
//! offline.
//!
//! | file | content |
//! |---|---|
//! | `issued.json` | the challenge's terms and what the server saw of it ([`engine::Issued`]) |
//! | `transcript.jws` | the signed transcript as it arrived |
//! | `open.jpg`, `closed.jpg`, `strip.jpg` | the pictures |
//! | `decision.json` | the server's decision: status, reason, and the record of its figures |

use std::borrow::Cow;
use std::io;
use std::path::Path;

use anyhow::{Context as _, ensure};
use engine::{Decision, Issued, Networks, Record, Scorer, Submission, Thresholds, Verdict};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::captures::{CaptureStore, Found, StoreError};
use crate::clock;
use crate::db::events::Event;
use crate::submission::evidence_digest;

/// The server's decision as stored in a bundle.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct StoredDecision {
    /// `VERIFIED` or `FAILED`.
    pub status: String,
    /// The reason's code.
    pub reason: Option<String>,
    /// The decision's record.
    pub details: Value,
}

/// Result of repeating the decision.
#[derive(Debug, Serialize)]
pub struct Verification {
    /// The new verdict.
    pub verdict: Verdict,
    /// The new record.
    pub record: Record,
    /// Whether verdict and reason are the same as the server's.
    pub same: bool,
    /// The first field of the record that differs from the server's. The last digits of figures may differ if another
    /// runtime scored.
    pub first_difference: Option<String>,
    /// The digest of the evidence, as results repeat it.
    pub evidence_sha256: String,
}

/// The evidence of a decision.
#[derive(Debug)]
pub struct Bundle {
    issued: String,
    transcript: String,
    pictures: [Vec<u8>; 3],
    decided: StoredDecision,
}

/// Why an event has no bundle.
#[derive(Debug, thiserror::Error)]
pub enum BundleError {
    /// It was decided before anything was signed, or its user was erased.
    #[error("the event has no signed transcript")]
    NoTranscript,
    /// Nothing was scored, or nothing was stored.
    #[error("the event has no pictures: {0}. Without them its decision cannot be repeated")]
    NoPictures(&'static str),
    /// They were removed because they had been kept long enough.
    #[error(
        "the event has no pictures: they expired and were removed at {0}. Without them its decision cannot be repeated"
    )]
    Removed(String),
    /// The store does not have it.
    #[error("{0} is missing from the captures' store")]
    Missing(String),
    /// Its key was erased.
    #[error("{0} can no longer be opened: its owner was erased")]
    Erased(String),
    /// The store failed.
    #[error("{reference} cannot be read: {source}")]
    Store {
        /// The picture's reference.
        reference: String,
        /// The store's error.
        source: StoreError,
    },
    /// The stored record is not JSON.
    #[error("the event's record is damaged: {0}")]
    Record(#[from] serde_json::Error),
}

/// The pictures' file names: open, closed, strip.
const PICTURES: [&str; 3] = ["open.jpg", "closed.jpg", "strip.jpg"];

/// A file's name and content.
type File<'a> = (&'static str, Cow<'a, [u8]>);

impl Bundle {
    /// Gathers the evidence of an event's decision.
    pub async fn of(event: &Event, captures: &CaptureStore) -> Result<Self, BundleError> {
        let (Some(issued), Some(transcript)) = (&event.issued, &event.transcript) else {
            return Err(BundleError::NoTranscript);
        };
        let refs = [&event.open_capture_ref, &event.closed_capture_ref, &event.strip_ref];
        let [Some(open), Some(closed), Some(strip)] = refs else {
            return Err(match event.captures_removed_at {
                Some(removed) => BundleError::Removed(clock::rfc3339(removed)),
                None if event.open_captured != 0 => {
                    BundleError::NoPictures("with this RETENTION they were scored in memory and never stored")
                }
                None => BundleError::NoPictures("it was decided before any picture was scored"),
            });
        };
        Ok(Self {
            issued: issued.clone(),
            transcript: transcript.clone(),
            pictures: [
                picture(captures, open).await?,
                picture(captures, closed).await?,
                picture(captures, strip).await?,
            ],
            decided: StoredDecision {
                status: event.status.clone(),
                reason: event.reason.clone(),
                details: serde_json::from_str(&event.details)?,
            },
        })
    }

    /// Writes the files into `folder`, which is created if absent.
    pub fn write(&self, folder: &Path) -> anyhow::Result<()> {
        crate::files::create_private_dir(folder)?;
        self.files()?.iter().try_for_each(|(name, bytes)| {
            crate::files::write_private(&folder.join(name), bytes).with_context(|| format!("cannot write {name}"))
        })
    }

    /// Returns a tar archive with the files in `folder`, dated `at_ms`.
    ///
    /// # Errors
    /// The folder's name is too long for an archive.
    pub fn tar(&self, folder: &str, at_ms: i64) -> io::Result<Vec<u8>> {
        let mut archive = tar::Builder::new(Vec::new());
        for (name, bytes) in self.files()? {
            let mut header = tar::Header::new_gnu();
            header.set_size(bytes.len() as u64);
            header.set_mode(0o600);
            header.set_mtime(u64::try_from(at_ms / 1000).unwrap_or(0));
            archive.append_data(&mut header, format!("{folder}/{name}"), bytes.as_ref())?;
        }
        archive.into_inner()
    }

    fn files(&self) -> serde_json::Result<Vec<File<'_>>> {
        let mut files: Vec<File> = vec![
            ("issued.json", self.issued.as_bytes().into()),
            ("transcript.jws", self.transcript.as_bytes().into()),
            ("decision.json", serde_json::to_vec_pretty(&self.decided)?.into()),
        ];
        files.extend(PICTURES.into_iter().zip(&self.pictures).map(|(name, bytes)| (name, bytes.into())));
        Ok(files)
    }
}

async fn picture(captures: &CaptureStore, reference: &str) -> Result<Vec<u8>, BundleError> {
    let reference = reference.to_owned();
    match captures.read(&reference).await {
        Ok(Found::Picture(picture)) => Ok(picture),
        Ok(Found::Nothing) => Err(BundleError::Missing(reference)),
        Ok(Found::Erased) => Err(BundleError::Erased(reference)),
        Err(source) => Err(BundleError::Store { reference, source }),
    }
}

/// Repeats the decision of a bundle.
///
/// # Errors
/// A file is missing or invalid, or a network fails.
pub fn verify(folder: &Path, networks: Networks) -> anyhow::Result<Verification> {
    let read = |name: &str| {
        let path = folder.join(name);
        std::fs::read(&path).with_context(|| format!("{} cannot be read", path.display()))
    };
    let issued_text = read("issued.json")?;
    let issued: Issued = serde_json::from_slice(&issued_text).context("issued.json is invalid")?;
    let decided: StoredDecision =
        serde_json::from_slice(&read("decision.json")?).context("decision.json is invalid")?;
    let [open, closed, strip] = PICTURES.map(&read);
    let (transcript, open, closed, strip) = (read("transcript.jws")?, open?, closed?, strip?);
    ensure!(
        issued.terms.thresholds == Thresholds::V8.name,
        "this program uses the thresholds {}, but the bundle was decided with {}",
        Thresholds::V8.name,
        issued.terms.thresholds
    );
    let submission = Submission { transcript: &transcript, open: &open, closed: &closed, strip: &strip };
    let Decision { verdict, record, .. } =
        engine::decide(&issued, &submission, &mut Scorer::new(networks), &Thresholds::V8)?;
    let (status, reason) = match verdict {
        Verdict::Accepted => ("VERIFIED", None),
        Verdict::Rejected(reason) => ("FAILED", Some(reason.code())),
    };
    let same = decided.status == status && decided.reason.as_deref() == reason;
    // Through text, as the server wrote it: a 32-bit number changes when it becomes 64-bit.
    let written: Value = serde_json::from_str(&serde_json::to_string(&record)?)?;
    let first_difference = first_difference(&written, &decided.details);
    let evidence_sha256 = evidence_digest([&issued_text, &transcript, &open, &closed, &strip]);
    Ok(Verification { verdict, record, same, first_difference, evidence_sha256 })
}

/// The path of the first value of `now` that differs or is missing in `then`.
fn first_difference(now: &Value, then: &Value) -> Option<String> {
    match (now, then) {
        (Value::Object(fields), Value::Object(_)) => fields.iter().find_map(|(name, value)| {
            let below = first_difference(value, then.get(name).unwrap_or(&Value::Null))?;
            Some(if below.is_empty() { name.clone() } else { format!("{name}.{below}") })
        }),
        (Value::Array(items), Value::Array(others)) if items.len() == others.len() => {
            items.iter().zip(others).enumerate().find_map(|(index, (now, then))| {
                let below = first_difference(now, then)?;
                Some(if below.is_empty() { index.to_string() } else { format!("{index}.{below}") })
            })
        }
        (now, then) if now == then => None,
        _ => Some(String::new()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_first_difference_is_reported_by_its_path() {
        let then = json!({ "frames": 9, "open": { "ears": { "right": 0.3 } }, "cells": [1, 2] });
        assert_eq!(first_difference(&then, &then), None);
        let cases = [
            (json!({ "frames": 8 }), "frames"),
            (json!({ "open": { "ears": { "right": 0.31 } } }), "open.ears.right"),
            (json!({ "cells": [1, 3] }), "cells.1"),
            (json!({ "cells": [1] }), "cells"),
            (json!({ "new": 1 }), "new"),
        ];
        for (now, expected) in cases {
            assert_eq!(first_difference(&now, &then).as_deref(), Some(expected));
        }
    }
}
