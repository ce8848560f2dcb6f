//! How far an attempt is, as the page shows it.

use serde::Serialize;

use crate::prompt::Gesture;

/// The phase of an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Frames are analysed so that the page can guide the person; nothing is recorded.
    Idle,
    /// Recording under the terms of a challenge.
    Recording,
    /// The evidence is ready.
    Complete,
}

/// How far an attempt is after a frame.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Progress {
    /// The current phase.
    pub phase: Phase,
    /// 0 to 1. Without prompts: one third for open eyes, two thirds for closed eyes. With prompts: the share of steps
    /// done.
    pub progress: f32,
    /// Time left while recording.
    pub remaining_ms: Option<u32>,
    /// The time or the room for frames is used up.
    pub timed_out: bool,
    /// What a prompted challenge asks for.
    pub prompt: Option<Prompt>,
}

impl Progress {
    /// Nothing is being recorded.
    pub(super) const IDLE: Progress =
        Progress { phase: Phase::Idle, progress: 0.0, remaining_ms: None, timed_out: false, prompt: None };

    /// The evidence is ready.
    pub(super) fn complete(prompt: Option<Prompt>) -> Progress {
        Progress { phase: Phase::Complete, progress: 1.0, prompt, ..Progress::IDLE }
    }
}

/// What a prompted challenge asks of the person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Prompt {
    /// Steps completed.
    pub done: u32,
    /// Steps in total.
    pub steps: u32,
    /// What to do now.
    pub ask: Ask,
}

/// What to do now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Ask {
    /// The page must fetch the next cue: [`Attempt::commitment`](crate::Attempt::commitment), then
    /// [`Attempt::reveal`](crate::Attempt::reveal).
    Fetch,
    /// Keep the eyes open until the next cue.
    Wait,
    /// Blink once.
    Once,
    /// Blink twice.
    Twice,
    /// Close the eyes.
    Hold,
    /// Open them again.
    Tone,
    /// Turn the head to the person's own left and stay there.
    TurnLeft,
    /// Turn the head to the person's own right and stay there.
    TurnRight,
    /// Look straight ahead again.
    TurnBack,
}

impl Ask {
    /// Whether the head is asked to turn or to come back.
    pub fn is_turn(self) -> bool {
        matches!(self, Ask::TurnLeft | Ask::TurnRight | Ask::TurnBack)
    }
}

impl From<Gesture> for Ask {
    fn from(gesture: Gesture) -> Ask {
        match gesture {
            Gesture::Once => Ask::Once,
            Gesture::Twice => Ask::Twice,
            Gesture::Hold => Ask::Hold,
            Gesture::TurnLeft => Ask::TurnLeft,
            Gesture::TurnRight => Ask::TurnRight,
        }
    }
}
