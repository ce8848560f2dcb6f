//! The recording of one attempt: observations in, everything the evidence is made from out.

use super::cells::Cells;
use super::pairs::Pair;
use super::progress::{Phase, Progress};
use super::prompts::Prompts;
use super::step::Step;
use crate::blink::{Blink, EyeState};
use crate::capture::Selector;
use crate::error::EngineError;
use crate::frame::Frame;
use crate::prompt::{Commitment, Cue, Outcome};
use crate::session::{Observation, Session};
use crate::strip::{Cell, Moment, SheetEncoder, choose};
use crate::thresholds::Thresholds;
use crate::transcript::{FrameRecord, KeyKind, MAX_FRAMES, Terms};

/// What was recorded so far.
pub(super) struct Recording {
    pub(super) terms: Terms,
    pub(super) key: KeyKind,
    pub(super) public_key: [u8; 32],
    started_ms: f64,
    pub(super) frames: Vec<FrameRecord>,
    /// `None` if the challenge has no prompts.
    pub(super) prompts: Option<Prompts>,
    selector: Selector,
    /// Without prompts: the blink that was counted, until the eyes have been open again for a moment.
    blink: Option<Blink>,
    cells: Cells,
    /// Captures of the current round's eye closures or, without prompts, of all since the last blink; oldest first.
    pairs: Vec<Pair>,
    /// The steps that are done.
    steps: Vec<Step>,
    /// Compresses the rows of the strip; made with the first step.
    encoder: Option<SheetEncoder>,
    progress: f32,
}

impl Recording {
    pub(super) fn new(
        terms: Terms,
        key: KeyKind,
        public_key: [u8; 32],
        started_ms: f64,
        thresholds: &Thresholds,
    ) -> Recording {
        let steps = terms.policy.rules(thresholds).steps(terms.turn);
        let prompts = terms.policy.is_prompted().then(|| Prompts::new(&terms.nonce, steps));
        Recording {
            terms,
            key,
            public_key,
            started_ms,
            frames: Vec::new(),
            prompts,
            selector: Selector::default(),
            blink: None,
            cells: Cells::default(),
            pairs: Vec::new(),
            steps: Vec::new(),
            encoder: None,
            progress: 0.0,
        }
    }

    /// Time 0 of the recording.
    pub(super) fn started_ms(&self) -> f64 {
        self.started_ms
    }

    pub(super) fn commitment(&self) -> Option<&Commitment> {
        self.prompts.as_ref()?.commitment()
    }

    pub(super) fn reveal(&mut self, cue: Cue, now_ms: f64) {
        // The cast saturates: a time before the start becomes 0.
        let received_ms = (now_ms - self.started_ms).ceil() as u32;
        if let Some(prompts) = &mut self.prompts {
            prompts.reveal(cue, received_ms);
        }
    }

    /// Adds the next observation. Returns the steps once everything asked for has been seen.
    pub(super) fn push(
        &mut self,
        frame: &Frame,
        seen: &Observation,
        session: &mut Session,
    ) -> Result<Option<Vec<Step>>, EngineError> {
        if self.is_over(seen.t_ms) {
            return Ok(None);
        }
        if self.frames.len() == MAX_FRAMES {
            self.frames.remove(0);
        }
        self.frames.push(seen.into());
        // Around where the landmarks are now: the region in which they were looked for lags behind a head that moves, and
        // a face off the middle of its cell reads differently.
        let cell = seen.face.as_ref().map(|face| Cell::cut(frame, &face.region));
        self.selector.push(frame, seen, cell.as_ref())?;
        if let Some(cell) = cell {
            self.cells.push(seen.t_ms, cell);
        }
        if let Some(eye_closure) = &seen.lids.eye_closure {
            self.pairs.extend(self.selector.captures(eye_closure).map(|pair| Pair::new(*eye_closure, pair)));
        }
        match self.prompts {
            Some(_) => self.follow_prompts(seen, session),
            None => self.follow_lids(seen, session),
        }
    }

    /// Whether nothing more is recorded. Commitments refer to frames by number, so with prompts no frame may be
    /// dropped.
    fn is_over(&self, t_ms: u32) -> bool {
        t_ms > self.terms.timeout_ms || (self.prompts.is_some() && self.frames.len() == MAX_FRAMES)
    }

    /// Without prompts: complete after the first blink.
    fn follow_lids(&mut self, seen: &Observation, session: &mut Session) -> Result<Option<Vec<Step>>, EngineError> {
        self.progress = match seen.lids.state {
            EyeState::Unknown | EyeState::Closing => self.progress,
            EyeState::Open => 1.0 / 3.0,
            EyeState::Closed | EyeState::Opening => 2.0 / 3.0,
        };
        if let Some(blink) = seen.lids.blink {
            self.blink = Some(blink);
        }
        // The strip must show eyes that are open again, not lids on their way up.
        let Some(blink) = self.blink.take_if(|blink| seen.t_ms >= blink.end_ms + choose::OPENED_MS) else {
            return Ok(None);
        };
        let moment = Moment::of_blink(&self.frames, blink);
        let mut encoder = SheetEncoder::new(moment.rows);
        let pairs = std::mem::take(&mut self.pairs);
        let step = Step::of(moment, &self.frames, (&pairs, &self.cells), &mut encoder, session)?;
        Ok(step.map(|step| vec![step]))
    }

    /// With prompts: complete when every step is done.
    fn follow_prompts(&mut self, seen: &Observation, session: &mut Session) -> Result<Option<Vec<Step>>, EngineError> {
        let limits = self.terms.policy.rules(session.thresholds()).clone();
        let Some(prompts) = &mut self.prompts else { return Ok(None) };
        let from = prompts.committed();
        let Some((round, outcome)) = prompts.push(&self.frames, &seen.lids, &limits) else { return Ok(None) };
        let pairs = std::mem::take(&mut self.pairs);
        let mut pictures = None;
        if outcome == Outcome::Done {
            let steps = limits.steps(self.terms.turn) as usize;
            let moment = Moment::of_round(&self.frames, from..self.frames.len(), &round, steps);
            let encoder = self.encoder.get_or_insert_with(|| SheetEncoder::new(steps));
            let step = Step::of(moment, &self.frames, (&pairs, &self.cells), encoder, session)?;
            let step = step.ok_or_else(|| EngineError::Encode("a row of the strip is too large".into()))?;
            pictures = Some(step.pictures());
            self.steps.push(step);
        }
        self.cells.clear();
        prompts.commit(&self.frames, (&round, outcome), pictures);
        Ok(prompts.is_complete().then(|| self.steps.clone()))
    }

    /// The progress of the recording, whose evidence is not ready yet.
    pub(super) fn progress(&self, t_ms: u32) -> Progress {
        let prompt = self.prompts.as_ref().map(Prompts::prompt);
        Progress {
            phase: Phase::Recording,
            progress: prompt.map_or(self.progress, |prompt| prompt.done as f32 / prompt.steps as f32),
            remaining_ms: Some(self.terms.timeout_ms.saturating_sub(t_ms)),
            timed_out: self.is_over(t_ms),
            prompt,
        }
    }
}
