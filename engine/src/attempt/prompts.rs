//! The rounds of a prompted attempt, as the browser runs them.

use super::progress::{Ask, Prompt};
use crate::blink::BlinkUpdate;
use crate::prompt::{Commitment, Cue, Outcome, Pictures, Round, Stage, commitment};
use crate::thresholds::PromptThresholds;
use crate::transcript::{FrameRecord, RoundRecord};

/// The rounds so far and the current one.
#[derive(Debug)]
pub(super) struct Prompts {
    ended: Vec<RoundRecord>,
    current: Option<Round>,
    commitment: Option<Commitment>,
    /// What the next commitment chains to: the nonce, then the previous commitment.
    chain: String,
    done: u32,
    steps: u32,
}

impl Prompts {
    /// Starts without a round. `nonce` is the challenge's, `steps` the number of gestures to make.
    pub(super) fn new(nonce: &str, steps: u32) -> Prompts {
        Prompts { ended: Vec::new(), current: None, commitment: None, chain: nonce.to_owned(), done: 0, steps }
    }

    /// Starts a round for this cue, unless one is under way.
    pub(super) fn reveal(&mut self, cue: Cue, received_ms: u32) {
        if self.current.is_none() {
            self.current = Some(Round::new(cue, received_ms));
        }
    }

    /// Adds the last recorded frame. Returns the round that it ended, with its outcome; [`Prompts::commit`] must follow.
    pub(super) fn push(
        &mut self,
        frames: &[FrameRecord],
        update: &BlinkUpdate,
        limits: &PromptThresholds,
    ) -> Option<(Round, Outcome)> {
        let frame = frames.last()?;
        let outcome = self.current.as_mut()?.push(frame.t_ms(), update, frame.yaw(), limits)?;
        Some((self.current.take()?, outcome))
    }

    /// Commits to a round that has ended and, if its step was done, to its pictures.
    pub(super) fn commit(
        &mut self,
        frames: &[FrameRecord],
        (round, outcome): (&Round, Outcome),
        pictures: Option<Pictures>,
    ) {
        let new = &frames[self.committed()..];
        self.chain = commitment(&self.chain, new, pictures.as_ref());
        self.commitment = Some(Commitment { round: round.cue().round, outcome, commitment: self.chain.clone() });
        self.ended.push(RoundRecord { received: round.received_ms(), frames: frames.len() as u32, outcome, pictures });
        self.done += u32::from(outcome == Outcome::Done);
    }

    /// Number of frames committed to.
    pub(super) fn committed(&self) -> usize {
        self.ended.last().map_or(0, |round| round.frames as usize)
    }

    /// The last commitment.
    pub(super) fn commitment(&self) -> Option<&Commitment> {
        self.commitment.as_ref()
    }

    /// The rounds that have ended.
    pub(super) fn ended(&self) -> &[RoundRecord] {
        &self.ended
    }

    /// Whether every step is done.
    pub(super) fn is_complete(&self) -> bool {
        self.done >= self.steps
    }

    /// What to show the person now.
    pub(super) fn prompt(&self) -> Prompt {
        let ask = match &self.current {
            None => Ask::Fetch,
            Some(round) => match round.stage() {
                Stage::Waiting => Ask::Wait,
                Stage::Asked => round.cue().gesture.into(),
                Stage::Tone if round.cue().gesture.is_turn() => Ask::TurnBack,
                Stage::Tone => Ask::Tone,
            },
        };
        Prompt { done: self.done, steps: self.steps, ask }
    }
}
