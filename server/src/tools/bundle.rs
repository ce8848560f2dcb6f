//! Bundles: everything that one decision rests on, in a folder, and the decision taken again from it, offline.
//!
//! | file | what it holds |
//! |---|---|
//! | `issued.json` | what was laid down for the challenge and seen of it ([`engine::Issued`]) |
//! | `transcript.jws` | the signed text as it arrived |
//! | `open.jpg`, `closed.jpg`, `strip.jpg` | the pictures |
//! | `decision.json` | what the server decided: status, reason, and the record of its figures |

use std::path::Path;

use anyhow::{Context as _, ensure};
use engine::{Decision, Issued, Networks, Record, Scorer, Submission, Thresholds, Verdict};
use serde::{Deserialize, Serialize};
use serde_json::Value;

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

/// A decision's parts on their way into a folder.
#[derive(Debug)]
pub struct Bundle<'a> {
    /// `issued.json`.
    pub issued: &'a str,
    /// `transcript.jws`.
    pub transcript: &'a str,
    /// The pictures: open, closed, strip.
    pub pictures: [&'a [u8]; 3],
    /// `decision.json`.
    pub decided: &'a Decided,
}

/// The pictures' file names, in the order of [`Bundle::pictures`].
const PICTURES: [&str; 3] = ["open.jpg", "closed.jpg", "strip.jpg"];

impl Bundle<'_> {
    /// Writes the files into `folder`, which is made if absent.
    ///
    /// # Errors
    /// What the file system says.
    pub fn write(&self, folder: &Path) -> anyhow::Result<()> {
        crate::files::create_private_dir(folder)?;
        let write = |name: &str, bytes: &[u8]| {
            crate::files::write_private(&folder.join(name), bytes).with_context(|| format!("cannot write {name}"))
        };
        write("issued.json", self.issued.as_bytes())?;
        write("transcript.jws", self.transcript.as_bytes())?;
        write("decision.json", &serde_json::to_vec_pretty(self.decided)?)?;
        PICTURES.iter().zip(self.pictures).try_for_each(|(name, bytes)| write(name, bytes))
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
