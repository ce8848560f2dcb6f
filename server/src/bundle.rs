//! Bundles: everything that one decision rests on, in a folder or an archive, and the decision taken again from it, offline.
//!
//! | file | what it holds |
//! |---|---|
//! | `issued.json` | what was laid down for the challenge and seen of it ([`engine::Issued`]) |
//! | `transcript.jws` | the signed text as it arrived |
//! | `open.jpg`, `closed.jpg`, `strip.jpg` | the pictures |
//! | `decision.json` | what the server decided: status, reason, and the record of its figures |

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

/// What the server decided, as a bundle keeps it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Decided {
    /// `VERIFIED` or `FAILED`.
    pub status: String,
    /// The reason's code.
    pub reason: Option<String>,
    /// The decision's record.
    pub details: Value,
}

/// What came of deciding again.
#[derive(Debug, Serialize)]
pub struct Verification {
    /// The verdict now.
    pub verdict: Verdict,
    /// The figures now.
    pub record: Record,
    /// Whether the server came to the same verdict and reason.
    pub same: bool,
    /// The first field of the record, in its order, that differs from what the server wrote down. Figures may differ in their
    /// last digits where another runtime scored.
    pub first_difference: Option<String>,
}

/// A decision's parts.
#[derive(Debug)]
pub struct Bundle {
    issued: String,
    transcript: String,
    pictures: [Vec<u8>; 3],
    decided: Decided,
}

/// Why an event has no bundle.
#[derive(Debug, thiserror::Error)]
pub enum NoBundle {
    /// It was decided before anything was signed, or its user was erased.
    #[error("the event keeps no signed transcript")]
    NoTranscript,
    /// Nothing was scored, or nothing kept.
    #[error("the event keeps no pictures: {0}. Without them its decision cannot be taken again")]
    NoPictures(&'static str),
    /// Their time was over.
    #[error(
        "the event keeps no pictures: they were removed at {0}, when their time was over. Without them its decision cannot be taken again"
    )]
    Removed(String),
    /// The store lost it.
    #[error("{0} is missing from the captures' store")]
    Missing(String),
    /// The key is gone.
    #[error("{0} cannot be opened any more: its owner was erased")]
    Erased(String),
    /// The store failed.
    #[error("{reference} cannot be read: {source}")]
    Store {
        /// What was asked for.
        reference: String,
        /// What the store says.
        source: StoreError,
    },
    /// The stored record is no JSON.
    #[error("the event's record is damaged: {0}")]
    Record(#[from] serde_json::Error),
}

/// The pictures' file names: open, closed, strip.
const PICTURES: [&str; 3] = ["open.jpg", "closed.jpg", "strip.jpg"];

/// A file's name and what it holds.
type File<'a> = (&'static str, Cow<'a, [u8]>);

impl Bundle {
    /// Gathers what the decision of an event rests on.
    ///
    /// # Errors
    /// [`NoBundle`] says what there is not, and why, as far as that is known.
    pub async fn of(event: &Event, captures: &CaptureStore) -> Result<Self, NoBundle> {
        let (Some(issued), Some(transcript)) = (&event.issued, &event.transcript) else {
            return Err(NoBundle::NoTranscript);
        };
        let refs = [&event.open_capture_ref, &event.closed_capture_ref, &event.strip_ref];
        let [Some(open), Some(closed), Some(strip)] = refs else {
            return Err(match event.captures_removed_at {
                Some(removed) => NoBundle::Removed(clock::rfc3339(removed)),
                None if event.open_captured != 0 => {
                    NoBundle::NoPictures("by RETENTION they were scored in memory and never kept")
                }
                None => NoBundle::NoPictures("it was decided before any was scored"),
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
            decided: Decided {
                status: event.status.clone(),
                reason: event.reason.clone(),
                details: serde_json::from_str(&event.details)?,
            },
        })
    }

    /// Writes the files into `folder`, which is made if absent.
    ///
    /// # Errors
    /// What the file system says.
    pub fn write(&self, folder: &Path) -> anyhow::Result<()> {
        crate::files::create_private_dir(folder)?;
        self.files()?.iter().try_for_each(|(name, bytes)| {
            crate::files::write_private(&folder.join(name), bytes).with_context(|| format!("cannot write {name}"))
        })
    }

    /// The files in one: a tar archive with `folder` in it, dated `at_ms`.
    ///
    /// # Errors
    /// The folder's name is longer than an archive can hold.
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

async fn picture(captures: &CaptureStore, reference: &str) -> Result<Vec<u8>, NoBundle> {
    let reference = reference.to_owned();
    match captures.read(&reference).await {
        Ok(Found::Picture(picture)) => Ok(picture),
        Ok(Found::Nothing) => Err(NoBundle::Missing(reference)),
        Ok(Found::Erased) => Err(NoBundle::Erased(reference)),
        Err(source) => Err(NoBundle::Store { reference, source }),
    }
}

/// Takes the decision of a bundle again.
///
/// # Errors
/// A file is missing or cannot be read as what it should be, or a network fails.
pub fn verify(folder: &Path, networks: Networks) -> anyhow::Result<Verification> {
    let read = |name: &str| {
        let path = folder.join(name);
        std::fs::read(&path).with_context(|| format!("{} cannot be read", path.display()))
    };
    let issued: Issued =
        serde_json::from_slice(&read("issued.json")?).context("issued.json is not what it should be")?;
    let decided: Decided =
        serde_json::from_slice(&read("decision.json")?).context("decision.json is not what it should be")?;
    let [open, closed, strip] = PICTURES.map(&read);
    let (transcript, open, closed, strip) = (read("transcript.jws")?, open?, closed?, strip?);
    ensure!(
        issued.terms.thresholds == Thresholds::V4.name,
        "this program judges by the thresholds {}, the bundle was judged by {}",
        Thresholds::V4.name,
        issued.terms.thresholds
    );
    let submission = Submission { transcript: &transcript, open: &open, closed: &closed, strip: &strip };
    let Decision { verdict, record } =
        engine::decide(&issued, &submission, &mut Scorer::new(networks), &Thresholds::V4)?;
    let (status, reason) = match verdict {
        Verdict::Accepted => ("VERIFIED", None),
        Verdict::Rejected(reason) => ("FAILED", Some(reason.code())),
    };
    let same = decided.status == status && decided.reason.as_deref() == reason;
    // By way of text, as the server wrote it: a number of 32 bits is another one with 64.
    let written: Value = serde_json::from_str(&serde_json::to_string(&record)?)?;
    let first_difference = first_difference(&written, &decided.details);
    Ok(Verification { verdict, record, same, first_difference })
}

/// The path of the first value of `now` that `then` has otherwise, or has not.
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
    fn the_first_difference_is_named_by_its_path() {
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
