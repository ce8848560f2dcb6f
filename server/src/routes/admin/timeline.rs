//! The history of an attempt in order, from its challenge to its reviews.

use engine::Issued;
use engine::prompt::{Cue, Gesture, Outcome};
use serde::Serialize;

use crate::clock;
use crate::db::cues::PromptRound;
use crate::db::events::Event;
use crate::db::reviews::Review;
use crate::domain::Decision;

/// One step of the history.
#[derive(Serialize)]
pub(super) struct Entry {
    at: String,
    #[serde(flatten)]
    what: What,
    #[serde(skip)]
    at_ms: i64,
}

#[derive(Serialize)]
#[serde(tag = "what", rename_all = "snake_case")]
enum What {
    ChallengeIssued { policy: String, attempt: u32 },
    CueShown { round: u32, step: u32, gesture: Gesture, delay_ms: u32, hold_ms: u32 },
    CueCommitted { round: u32, outcome: Outcome },
    Submitted,
    Decided { status: String, reason: Option<String> },
    Reviewed { decision: Decision, actor: String, note: Option<String> },
    CapturesRemoved,
}

/// The history as far as it is kept. Rounds come from the decision's evidence, or else from the challenge's rows.
pub(super) fn of(
    event: &Event,
    issued_at: Option<i64>,
    issued: Option<&Issued>,
    rounds: &[PromptRound],
    reviews: &[Review],
) -> Vec<Entry> {
    let mut entries = Vec::new();
    let mut add = |at_ms: i64, what: What| entries.push(Entry { at: clock::rfc3339(at_ms), what, at_ms });
    if let Some(issued_at) = issued_at {
        add(issued_at, What::ChallengeIssued { policy: event.policy.clone(), attempt: event.attempt });
        let after = |ms: u64| issued_at.saturating_add_unsigned(ms);
        for served in issued.iter().flat_map(|issued| &issued.rounds) {
            add(after(served.revealed_ms), shown(&served.cue));
            add(after(served.committed_ms), What::CueCommitted { round: served.cue.round, outcome: served.outcome });
        }
        if let Some(issued) = issued {
            add(after(issued.elapsed_ms), What::Submitted);
        }
    }
    for round in rounds.iter().filter(|_| issued.is_none()) {
        add(round.revealed_at, shown(&round.cue));
        if let Some(end) = &round.end {
            add(end.committed_at, What::CueCommitted { round: round.cue.round, outcome: end.outcome });
        }
    }
    add(event.created_at, What::Decided { status: event.status.clone(), reason: event.reason.clone() });
    for Review { decision, actor, note, created_at, .. } in reviews {
        let (actor, note) = (actor.clone(), note.clone());
        add(*created_at, What::Reviewed { decision: *decision, actor, note });
    }
    if let Some(removed_at) = event.captures_removed_at {
        add(removed_at, What::CapturesRemoved);
    }
    // Stable: steps at the same time keep the order above.
    entries.sort_by_key(|entry| entry.at_ms);
    entries
}

fn shown(cue: &Cue) -> What {
    let Cue { round, step, gesture, delay_ms, hold_ms } = *cue;
    What::CueShown { round, step, gesture, delay_ms, hold_ms }
}
