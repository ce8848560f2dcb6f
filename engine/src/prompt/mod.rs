//! The prompted challenge: gestures that the server draws and reveals one by one, and whether each was made in time.
//!
//! A *step* is done once its gesture was made. A *round* is one try at a step: it begins with a [`Cue`] that the server
//! reveals and ends with an [`Outcome`]. The browser commits to everything recorded so far before the next cue is
//! revealed. Both sides run [`Round`] over the same integers, so they reach the same outcomes.

mod commit;
mod draw;
mod round;
mod turn;

use serde::{Deserialize, Serialize};

pub use commit::{Candidate, CandidatePair, Commitment, Pictures, commitment};
pub use draw::{Next, next_cue};
pub use round::{Round, Stage};
pub use turn::Turn;

use crate::thresholds::{PromptThresholds, Thresholds};

/// The kind of challenge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Policy {
    /// One blink at any time before the timeout.
    Natural,
    /// Steps with any gesture.
    Prompted,
    /// Steps with [`Gesture::Hold`] and one turn, all ended by a tone: for people who blink slowly or cannot see the cue, and for slow cameras.
    ToneGuided,
}

impl Policy {
    /// The stable name.
    pub fn name(self) -> &'static str {
        match self {
            Policy::Natural => "natural",
            Policy::Prompted => "prompted",
            Policy::ToneGuided => "tone_guided",
        }
    }

    /// The policy with this name.
    pub fn from_name(name: &str) -> Option<Policy> {
        [Policy::Natural, Policy::Prompted, Policy::ToneGuided].into_iter().find(|policy| policy.name() == name)
    }

    /// The rules of its challenges.
    pub fn rules(self, thresholds: &Thresholds) -> &PromptThresholds {
        match self {
            Policy::ToneGuided => &thresholds.tone_guided,
            Policy::Prompted | Policy::Natural => &thresholds.prompted,
        }
    }

    /// Whether gestures are asked for.
    pub fn is_prompted(self) -> bool {
        self != Policy::Natural
    }
}

/// A gesture that a cue can ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Gesture {
    /// One blink.
    Once,
    /// Two blinks in quick succession.
    Twice,
    /// Eyes closed until a tone sounds.
    Hold,
    /// The head turned to the person's own left until a tone sounds.
    TurnLeft,
    /// The same to their own right.
    TurnRight,
}

impl Gesture {
    /// Every gesture.
    pub const ALL: [Gesture; 5] = [Gesture::Once, Gesture::Twice, Gesture::Hold, Gesture::TurnLeft, Gesture::TurnRight];

    /// The stable name.
    pub fn name(self) -> &'static str {
        match self {
            Gesture::Once => "once",
            Gesture::Twice => "twice",
            Gesture::Hold => "hold",
            Gesture::TurnLeft => "turn_left",
            Gesture::TurnRight => "turn_right",
        }
    }

    /// The gesture with this name.
    pub fn from_name(name: &str) -> Option<Gesture> {
        Gesture::ALL.into_iter().find(|gesture| gesture.name() == name)
    }
}

/// What the server reveals for one round.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cue {
    /// Number of the round, from 0.
    pub round: u32,
    /// Number of the step it tries, from 0.
    pub step: u32,
    /// What is asked for.
    pub gesture: Gesture,
    /// Time from receiving the cue until the browser shows it.
    pub delay_ms: u32,
    /// Time from the first closed sample, or from the first sample with the head turned far enough, to the tone. Unused
    /// for blinks.
    pub hold_ms: u32,
}

/// How a round ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The gesture was made in time.
    Done,
    /// The gesture was made before it was asked for, or the eyes blinked once too often: people blink. The step continues
    /// after another delay.
    Early,
    /// Another gesture was made, or none. The step restarts with another gesture.
    Missed,
}

/// A round as the server saw it. Times are milliseconds since the challenge was issued, on the server's clock.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServedRound {
    /// The cue that was revealed.
    pub cue: Cue,
    /// When it was revealed.
    pub revealed_ms: u64,
    /// The browser's commitment at its end.
    pub commitment: String,
    /// How it ended, according to the browser.
    pub outcome: Outcome,
    /// When the commitment arrived.
    pub committed_ms: u64,
}
