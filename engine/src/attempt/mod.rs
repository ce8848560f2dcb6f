//! One attempt: frames in until what was asked for has been seen, then two captures, a strip and the transcript to sign.
//! The browser and native test clients share it.

mod cells;
mod evidence;
mod prompts;
mod recording;

use serde::Serialize;

use crate::error::EngineError;
use crate::frame::Frame;
use crate::network::Networks;
use crate::prompt::{Commitment, Cue, Gesture};
use crate::session::{Observation, Session};
use crate::thresholds::Thresholds;
use crate::transcript::{KeyKind, Terms};

pub use evidence::Evidence;
use recording::Recording;

/// Where an attempt stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Frames are observed so that the person can be guided; nothing is recorded.
    Idle,
    /// Recording against the terms of a challenge.
    Recording,
    /// The evidence is ready.
    Complete,
}

/// How far an attempt is after a frame.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Progress {
    /// Where it stands.
    pub phase: Phase,
    /// 0 to 1. Without prompts a third for open eyes, two thirds for closed ones; with them the share of the steps done.
    pub progress: f32,
    /// Time that is left while recording.
    pub remaining_ms: Option<u32>,
    /// The time, or the room for frames, is over.
    pub timed_out: bool,
    /// What is asked, in a prompted challenge.
    pub prompt: Option<Prompt>,
}

/// What a prompted challenge asks of the person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Prompt {
    /// Steps that are done.
    pub done: u32,
    /// Steps there are.
    pub steps: u32,
    /// What is to be done now.
    pub ask: Ask,
}

/// What is to be done now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Ask {
    /// The next cue must be fetched: [`Attempt::commitment`], then [`Attempt::reveal`].
    Fetch,
    /// Nothing: eyes open, the next cue comes.
    Wait,
    /// To blink once.
    Once,
    /// To blink twice.
    Twice,
    /// To close the eyes.
    Hold,
    /// To open them again.
    Tone,
}

impl From<Gesture> for Ask {
    fn from(gesture: Gesture) -> Ask {
        match gesture {
            Gesture::Once => Ask::Once,
            Gesture::Twice => Ask::Twice,
            Gesture::Hold => Ask::Hold,
        }
    }
}

/// A session with the recording of at most one attempt.
pub struct Attempt {
    session: Session,
    models: String,
    recording: Option<Recording>,
}

impl Attempt {
    /// Nothing seen, nothing recorded.
    pub fn new(networks: Networks, thresholds: Thresholds) -> Attempt {
        let models = networks.id.clone();
        Attempt { session: Session::new(networks, thresholds), models, recording: None }
    }

    /// Starts to record for the challenge `terms`. The recording's time 0 is `now_ms`, on the clock of [`Attempt::push`].
    pub fn begin(&mut self, terms: Terms, key: KeyKind, public_key: [u8; 32], now_ms: f64) {
        self.session.restart();
        self.session.keep_cells(true);
        self.recording = Some(Recording::new(terms, key, public_key, now_ms));
    }

    /// Analyses the next frame; while recording, its observation's time counts from the start.
    ///
    /// # Errors
    /// As [`Session::push`]; also [`EngineError::Encode`] if a capture could not be made.
    pub fn push(&mut self, frame: &Frame, t_ms: f64) -> Result<(Observation, Progress), EngineError> {
        let Some(recording) = self.recording.as_mut().filter(|recording| recording.evidence().is_none()) else {
            let seen = self.session.push(frame, t_ms)?;
            return Ok((seen, self.progress(0)));
        };
        let seen = self.session.push(frame, t_ms - recording.started_ms())?;
        recording.push(frame, &seen, &mut self.session, &self.models)?;
        let t_ms = seen.t_ms;
        Ok((seen, self.progress(t_ms)))
    }

    /// What the round that just ended commits to, to be told to the server for the next cue; `None` before the first.
    pub fn commitment(&self) -> Option<&Commitment> {
        self.recording.as_ref()?.commitment()
    }

    /// Takes the cue that the server revealed, at `now_ms` on the clock of [`Attempt::push`]. Means nothing unless a cue was
    /// to be fetched.
    pub fn reveal(&mut self, cue: Cue, now_ms: f64) {
        if let Some(recording) = &mut self.recording {
            recording.reveal(cue, now_ms);
        }
    }

    /// What to upload, once the attempt is complete.
    pub fn evidence(&self) -> Option<&Evidence> {
        self.recording.as_ref()?.evidence()
    }

    /// Whether the person's open level is known.
    pub fn is_settled(&self) -> bool {
        self.session.is_settled()
    }

    /// Forgets the recording and the tracked face.
    pub fn reset(&mut self) {
        self.recording = None;
        self.session.keep_cells(false);
        self.session.reset();
    }

    fn progress(&self, t_ms: u32) -> Progress {
        let idle = Progress { phase: Phase::Idle, progress: 0.0, remaining_ms: None, timed_out: false, prompt: None };
        self.recording.as_ref().map_or(idle, |recording| recording.progress(t_ms, self.session.thresholds()))
    }
}
