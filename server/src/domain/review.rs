//! What an operator says of an event.

use serde::{Deserialize, Serialize};

/// An operator's decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, sqlx::Type)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum Decision {
    /// The address counts as verified.
    Approve,
    /// It does not, even if it did.
    Decline,
}

/// Where an event stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReviewState {
    /// The server asked for a look, and nobody decided yet.
    Open,
    /// The last that an operator said.
    Approved,
    /// The same.
    Declined,
}

impl ReviewState {
    /// Where an event stands that is `marked` for a look, or is not, after this last decision.
    pub fn of(marked: bool, last: Option<Decision>) -> Option<Self> {
        match last {
            Some(Decision::Approve) => Some(ReviewState::Approved),
            Some(Decision::Decline) => Some(ReviewState::Declined),
            None => marked.then_some(ReviewState::Open),
        }
    }

    /// The state of this name.
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

/// Most characters of a note.
const MAX_NOTE: usize = 1000;

/// Why an operator decided: a text that is not empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note(String);

impl Note {
    /// Takes what an operator wrote, without the white space around it. `None` if it is empty or longer than 1000 characters.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        // PostgreSQL's text cannot hold it.
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
    fn a_note_says_something_and_not_too_much() {
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
    fn the_last_decision_stands() {
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
