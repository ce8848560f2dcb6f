//! Why an operator should review an event: what was found in its pictures in, a hint for the event out.

use engine::strip::Signal;
use engine::{Decision, Verdict};
use serde::Serialize;

/// Why an operator should review an event.
#[derive(Debug, Serialize)]
pub(super) struct ReviewHint {
    /// Events of other users with pictures that are near copies of these.
    near_copies: Vec<String>,
    /// Signals that are unusual among people.
    signals: Vec<Signal>,
}

impl ReviewHint {
    /// `None`: no reason for a review.
    pub(super) fn of(near_copies: Vec<String>, signals: Vec<Signal>) -> Option<ReviewHint> {
        let has_reason = !near_copies.is_empty() || !signals.is_empty();
        has_reason.then_some(ReviewHint { near_copies, signals })
    }
}

/// The signals that mark a decision. What was rejected needs no second look.
pub(super) fn marks(decision: &Decision) -> Vec<Signal> {
    let signals = decision.record.strip.as_ref().and_then(|strip| strip.signals.as_ref());
    match decision.verdict {
        Verdict::Accepted => signals.map(|signals| signals.marks.clone()).unwrap_or_default(),
        Verdict::Rejected(_) => Vec::new(),
    }
}
