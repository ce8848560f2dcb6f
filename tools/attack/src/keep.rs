//! Keeps rejected attempts, so that somebody can look for the cause.

use std::fs;
use std::path::Path;

use crate::verifier::AttemptResult;

/// Writes what is known of each rejected attempt to a folder named after the clip, the attempt's number and the reason: the
/// rounds that were served, and the pictures and readings if there was a decision.
///
/// # Errors
/// If a file cannot be written.
pub(crate) fn rejected(results: &[AttemptResult], clip: &str, folder: &Path) -> anyhow::Result<()> {
    for (number, result) in results.iter().enumerate().filter(|(_, result)| !result.accepted) {
        let folder = folder.join(format!("{clip}-{number}-{}", result.reason));
        fs::create_dir_all(&folder)?;
        fs::write(folder.join("rounds.json"), serde_json::to_vec_pretty(&result.rounds)?)?;
        if let Some(submission) = &result.submission {
            let parts = &submission.parts;
            for (name, bytes) in [("open", &parts.open), ("closed", &parts.closed), ("strip", &parts.strip)] {
                fs::write(folder.join(name).with_extension("jpg"), bytes)?;
            }
        }
        if let Some(record) = &result.record {
            fs::write(folder.join("record.json"), serde_json::to_vec_pretty(record)?)?;
        }
    }
    Ok(())
}
