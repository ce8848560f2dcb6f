//! The rounds of a challenge as the decision takes them.

use engine::prompt::ServedRound;

use crate::db::cues::{PromptRound, RoundEnd};

/// The rounds that have ended, in the engine's form.
pub(super) fn served(rounds: Vec<PromptRound>, issued_at: i64) -> Vec<ServedRound> {
    let since = |at: i64| at.saturating_sub(issued_at).max(0).unsigned_abs();
    let served = |PromptRound { cue, revealed_at, end }: PromptRound| {
        let RoundEnd { commitment, outcome, committed_at } = end?;
        let (revealed_ms, committed_ms) = (since(revealed_at), since(committed_at));
        Some(ServedRound { cue, revealed_ms, commitment, outcome, committed_ms })
    };
    rounds.into_iter().filter_map(served).collect()
}
