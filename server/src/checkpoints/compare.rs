//! Compares checkpoints that are kept elsewhere with the trail. Only the hashes at their numbers: whether the rows are
//! what the hashes say is for `verify-log`.

use super::place::Kept;
use crate::db::Connection;
use crate::db::trail;
use crate::trail::{Checkpoint, TrailKey, UnreadableCheckpoint};

/// What a comparison found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Comparison {
    /// How many checkpoints agree with the trail.
    pub agree: usize,
    /// How many entries the newest of them covers.
    pub covered: i64,
    /// What contradicts the trail, a sentence each.
    pub differ: Vec<String>,
    /// What is no checkpoint signed by this key, a sentence each.
    pub unreadable: Vec<String>,
}

/// Compares them, in their order.
///
/// # Errors
/// The database failed.
pub async fn compare(db: &mut Connection, key: &TrailKey, kept: &[Kept]) -> sqlx::Result<Comparison> {
    let (public, end) = (key.public(), trail::head(db).await?.number);
    let mut found = Comparison::default();
    for Kept { name, note } in kept {
        match Checkpoint::parse(note, &public) {
            Ok(checkpoint) => match contradiction(db, &checkpoint, end).await? {
                None => {
                    found.agree += 1;
                    found.covered = found.covered.max(checkpoint.number);
                }
                Some(contradiction) => found.differ.push(format!("{name}: {contradiction}")),
            },
            Err(UnreadableCheckpoint::Unsigned) => found.unreadable.push(format!("{name} is signed by another key")),
            Err(error) => found.unreadable.push(format!("{name}: {error}")),
        }
    }
    Ok(found)
}

async fn contradiction(db: &mut Connection, checkpoint: &Checkpoint, end: i64) -> sqlx::Result<Option<String>> {
    let Checkpoint { number, hash } = checkpoint;
    if *number == 0 {
        return Ok(None);
    }
    if *number > end {
        return Ok(Some(format!("it counts {number} entries, but the trail has {end}: its end was cut off")));
    }
    Ok(match trail::hash_of(db, *number).await? {
        Some(kept) if kept == *hash => None,
        Some(_) => Some(format!("entry {number} has another hash: it, or an earlier one, was rewritten")),
        None => Some(format!("entry {number} is missing")),
    })
}
