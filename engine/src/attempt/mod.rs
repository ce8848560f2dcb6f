//! One attempt: frames in until everything asked for has been seen, then two captures, a strip and the transcript to
//! sign. Shared by the browser and the native test clients.

mod cells;
mod evidence;
mod pairs;
mod progress;
mod prompts;
mod recording;
mod step;

use crate::error::EngineError;
use crate::frame::Frame;
use crate::gate::Gate;
use crate::network::Networks;
use crate::prompt::{Commitment, Cue};
use crate::session::{Observation, Session};
use crate::thresholds::Thresholds;
use crate::transcript::{KeyKind, Terms};

pub use evidence::Evidence;
pub use progress::{Ask, Phase, Progress, Prompt};
use recording::Recording;

/// A session with the recording of at most one attempt.
pub struct Attempt {
    session: Session,
    models: String,
    recording: Option<Recording>,
    evidence: Option<Evidence>,
}

impl Attempt {
    /// An attempt that has seen and recorded nothing.
    pub fn new(networks: Networks, thresholds: Thresholds) -> Attempt {
        let models = networks.id.clone();
        Attempt { session: Session::new(networks, thresholds), models, recording: None, evidence: None }
    }

    /// Starts recording for the challenge `terms`. `now_ms`, on the clock of [`Attempt::push`], is time 0 of the
    /// recording.
    pub fn begin(&mut self, terms: Terms, key: KeyKind, public_key: [u8; 32], now_ms: f64) {
        self.session.restart();
        self.recording = Some(Recording::new(terms, key, public_key, now_ms, self.session.thresholds()));
        self.evidence = None;
    }

    /// Analyses the next frame. While recording, the observation's time counts from the start of the recording. A head that
    /// turns as asked is no fault: then the observation's gate is [`Gate::Ok`].
    ///
    /// # Errors
    /// As [`Session::push`]; also [`EngineError::Encode`] if a capture could not be made.
    pub fn push(&mut self, frame: &Frame, t_ms: f64) -> Result<(Observation, Progress), EngineError> {
        let Some(recording) = self.recording.as_mut().filter(|_| self.evidence.is_none()) else {
            let seen = self.session.push(frame, t_ms)?;
            return Ok((seen, self.progress(0)));
        };
        let mut seen = self.session.push(frame, t_ms - recording.started_ms())?;
        if let Some(steps) = recording.push(frame, &seen, &mut self.session)? {
            self.evidence = evidence::gather(recording, &steps, frame, &self.session, &self.models)?;
        }
        let progress = self.progress(seen.t_ms);
        if progress.prompt.is_some_and(|prompt| prompt.ask.is_turn()) && is_fault_of_turn(seen.gate) {
            seen.gate = Gate::Ok;
        }
        Ok((seen, progress))
    }

    /// The commitment to the round that just ended, which the server wants before it reveals the next cue. `None`
    /// before the first round ends.
    pub fn commitment(&self) -> Option<&Commitment> {
        self.recording.as_ref()?.commitment()
    }

    /// Takes the cue that the server revealed, at `now_ms` on the clock of [`Attempt::push`]. Ignored unless the
    /// attempt was waiting for a cue ([`Ask::Fetch`]).
    pub fn reveal(&mut self, cue: Cue, now_ms: f64) {
        if let Some(recording) = &mut self.recording {
            recording.reveal(cue, now_ms);
        }
    }

    /// What to upload, once the attempt is complete.
    pub fn evidence(&self) -> Option<&Evidence> {
        self.evidence.as_ref()
    }

    /// Whether the person's open level is known.
    pub fn is_settled(&self) -> bool {
        self.session.is_settled()
    }

    /// Forgets the recording, its evidence and the tracked face.
    pub fn reset(&mut self) {
        (self.recording, self.evidence) = (None, None);
        self.session.reset();
    }

    fn progress(&self, t_ms: u32) -> Progress {
        let Some(recording) = &self.recording else { return Progress::IDLE };
        let progress = recording.progress(t_ms);
        if self.evidence.is_some() { Progress::complete(progress.prompt) } else { progress }
    }
}

/// Whether a head that turns can cause this fault: it is turned, and an eye may be hidden.
fn is_fault_of_turn(gate: Gate) -> bool {
    matches!(gate, Gate::Turned | Gate::EyesUnreadable)
}
