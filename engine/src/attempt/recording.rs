//! The recording of one attempt: observations in, everything the evidence is made from out.

use super::cells::Cells;
use super::pairs::Pair;
use super::progress::{Phase, Progress};
use super::prompts::Prompts;
use crate::blink::{Blink, EyeState};
use crate::capture::Selector;
use crate::error::EngineError;
use crate::frame::Frame;
use crate::prompt::{Commitment, Cue, Outcome};
use crate::session::Observation;
use crate::strip::{CELLS, Cell, Moment, choose};
use crate::thresholds::{PromptThresholds, Thresholds};
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
    pub(super) cells: Cells,
    /// The moments of the steps that are done.
    pub(super) moments: Vec<Moment>,
    /// Captures of the current round's eye closures, oldest first.
    new_pairs: Vec<Pair>,
    /// Captures of the steps that are done, oldest first.
    pub(super) pairs: Vec<Pair>,
    progress: f32,
}

impl Recording {
    pub(super) fn new(terms: Terms, key: KeyKind, public_key: [u8; 32], started_ms: f64) -> Recording {
        let prompts = terms.policy.is_prompted().then(|| Prompts::new(&terms.nonce));
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
            moments: Vec::new(),
            new_pairs: Vec::new(),
            pairs: Vec::new(),
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

    /// Adds the next observation. Returns whether everything asked for has been seen.
    pub(super) fn push(
        &mut self,
        frame: &Frame,
        seen: &Observation,
        thresholds: &Thresholds,
    ) -> Result<bool, EngineError> {
        if self.is_over(seen.t_ms) {
            return Ok(false);
        }
        if self.frames.len() == MAX_FRAMES {
            self.frames.remove(0);
        }
        self.frames.push(seen.into());
        let cell = seen.face.as_ref().map(|face| Cell::cut(frame, &face.crop));
        self.selector.push(frame, seen, cell.as_ref())?;
        if let Some(cell) = cell {
            self.cells.push(seen.t_ms, cell);
        }
        if let Some(eye_closure) = &seen.lids.eye_closure {
            self.new_pairs.extend(self.selector.captures(eye_closure).map(|pair| Pair::new(*eye_closure, pair)));
        }
        Ok(match self.prompts {
            Some(_) => self.follow_prompts(seen, &thresholds.prompt),
            None => self.follow_lids(seen),
        })
    }

    /// Whether nothing more is recorded. Commitments refer to frames by number, so with prompts no frame may be
    /// dropped.
    fn is_over(&self, t_ms: u32) -> bool {
        t_ms > self.terms.timeout_ms || (self.prompts.is_some() && self.frames.len() == MAX_FRAMES)
    }

    /// Without prompts: complete after the first blink.
    fn follow_lids(&mut self, seen: &Observation) -> bool {
        self.progress = match seen.lids.state {
            EyeState::Unknown | EyeState::Closing => self.progress,
            EyeState::Open => 1.0 / 3.0,
            EyeState::Closed | EyeState::Opening => 2.0 / 3.0,
        };
        if let Some(blink) = seen.lids.blink {
            self.blink = Some(blink);
            self.pairs = std::mem::take(&mut self.new_pairs);
        }
        // The strip must show eyes that are open again, not lids on their way up.
        let Some(blink) = self.blink.take_if(|blink| seen.t_ms >= blink.end_ms + choose::OPENED_MS) else {
            return false;
        };
        self.moments = vec![Moment::of_blink(&self.frames, blink)];
        true
    }

    /// With prompts: complete when every step is done.
    fn follow_prompts(&mut self, seen: &Observation, limits: &PromptThresholds) -> bool {
        let Some(prompts) = &mut self.prompts else { return false };
        let from = prompts.committed();
        let Some((round, outcome)) = prompts.push(&self.frames, &seen.lids, limits) else { return false };
        let pairs = std::mem::take(&mut self.new_pairs);
        if outcome == Outcome::Done {
            let moment = Moment::of_round(&self.frames, from..self.frames.len(), &round);
            let pairs: Vec<Pair> = pairs.into_iter().filter(|pair| moment.has(&pair.eye_closure)).collect();
            // It is not known yet which pair will be sent, so the cells of every choice are kept.
            let share = CELLS / limits.steps as usize;
            let variants = pairs.iter().map(|pair| pair.shown_in(&moment)).chain([moment.clone()]);
            let chosen = variants.flat_map(|moment| choose::of_moment(&self.frames, &moment, share));
            let times: Vec<u32> = chosen.map(|i| self.frames[i].t_ms()).collect();
            self.cells.choose(&times);
            self.pairs.extend(pairs);
            self.moments.push(moment);
        } else {
            self.cells.choose(&[]);
        }
        prompts.is_complete(limits)
    }

    /// The progress of the recording, whose evidence is not ready yet.
    pub(super) fn progress(&self, t_ms: u32, thresholds: &Thresholds) -> Progress {
        let prompt = self.prompts.as_ref().map(|prompts| prompts.prompt(&thresholds.prompt));
        Progress {
            phase: Phase::Recording,
            progress: prompt.map_or(self.progress, |prompt| prompt.done as f32 / prompt.steps as f32),
            remaining_ms: Some(self.terms.timeout_ms.saturating_sub(t_ms)),
            timed_out: self.is_over(t_ms),
            prompt,
        }
    }
}
