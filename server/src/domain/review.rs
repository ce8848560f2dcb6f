//! Operators' decisions about events.

use serde::{Deserialize, Serialize};

/// An operator's decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, strum::EnumString, strum::IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Decision {
    /// The address counts as verified.
    Approve,
    /// The address does not count as verified, even if it did before.
    Decline,
}

/// State of an event's review.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReviewState {
    /// The server flagged the event, and nobody has decided yet.
    Open,
    /// The latest decision was to approve.
    Approved,
    /// The latest decision was to decline.
    Declined,
}

impl ReviewState {
    /// The state of an event from whether it is `marked` for review and its latest decision.
    pub fn of(marked: bool, last: Option<Decision>) -> Option<Self> {
        match last {
            Some(Decision::Approve) => Some(ReviewState::Approved),
            Some(Decision::Decline) => Some(ReviewState::Declined),
            None => marked.then_some(ReviewState::Open),
        }
    }

    /// The state with this name.
    pub fn from_name(name: &str) -> Option<Self> {
        [ReviewState::Open, ReviewState::Approved, ReviewState::Declined].into_iter().find(|state| state.name() == name)
    }

    /// The stable name.
    pub fn name(self) -> &'static str {
        match self {
            ReviewState::Open => "open",
            ReviewState::Approved => "approved",
            ReviewState::Declined => "declined",
        }
    }
}

/// Longest note in characters.
const MAX_NOTE: usize = 1000;

/// An operator's reason for a decision. Not empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note(String);

impl Note {
    /// Trims an operator's text. `None` if it is empty or longer than 1000 characters.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        // PostgreSQL text cannot contain NUL.
        let is_note = (1..=MAX_NOTE).contains(&text.chars().count()) && !text.contains('\0');
        is_note.then(|| Self(text.to_owned()))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_is_neither_empty_nor_too_long() {
        let most = "ü".repeat(MAX_NOTE);
        for (text, expected) in [
            (" seen \n", Some("seen")),
            (most.as_str(), Some(most.as_str())),
            (&format!("{most}x"), None),
            (" \n\t", None),
            ("", None),
            ("a\0b", None),
        ] {
            assert_eq!(Note::parse(text).as_ref().map(Note::as_str), expected, "{text:?}");
        }
    }

    #[test]
    fn the_latest_decision_counts() {
        for (marked, last, expected) in [
            (false, None, None),
            (true, None, Some("open")),
            (true, Some(Decision::Approve), Some("approved")),
            (false, Some(Decision::Decline), Some("declined")),
        ] {
            let state = ReviewState::of(marked, last);
            assert_eq!(state.map(ReviewState::name), expected);
            assert_eq!(state.and_then(|state| ReviewState::from_name(state.name())), state);
        }
    }
}
