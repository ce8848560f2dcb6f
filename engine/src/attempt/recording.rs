//! The recording of one attempt: observations in, evidence out once what was asked for has been seen.

use super::cells::Cells;
use super::evidence::{self, Evidence, Pair};
use super::prompts::Prompts;
use super::{Phase, Progress};
use crate::blink::{Blink, BlinkUpdate, EyeState};
use crate::capture::Selector;
use crate::error::EngineError;
use crate::frame::Frame;
use crate::prompt::{Commitment, Cue, Outcome};
use crate::session::{Observation, Session};
use crate::strip::{CELLS, Moment, choose};
use crate::thresholds::Thresholds;
use crate::transcript::{FrameRecord, KeyKind, MAX_FRAMES, Terms};

/// What was recorded so far.
pub(super) struct Recording {
    pub(super) terms: Terms,
    pub(super) key: KeyKind,
    pub(super) public_key: [u8; 32],
    started_ms: f64,
    pub(super) frames: Vec<FrameRecord>,
    /// `None` where nothing is prompted.
    pub(super) prompts: Option<Prompts>,
    selector: Selector,
    /// Without prompts: the blink that was counted, until the eyes have been open again for a moment.
    blink: Option<Blink>,
    pub(super) cells: Cells,
    /// What was seen of the steps that are done.
    pub(super) moments: Vec<Moment>,
    /// Captures of the closures of the round that is under way, then of the steps that are done, oldest first.
    new_pairs: Vec<Pair>,
    pub(super) pairs: Vec<Pair>,
    progress: f32,
    evidence: Option<Evidence>,
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
            evidence: None,
        }
    }

    /// Time 0 of the recording.
    pub(super) fn started_ms(&self) -> f64 {
        self.started_ms
    }

    pub(super) fn evidence(&self) -> Option<&Evidence> {
        self.evidence.as_ref()
    }

    pub(super) fn commitment(&self) -> Option<&Commitment> {
        self.prompts.as_ref()?.commitment()
    }

    pub(super) fn reveal(&mut self, cue: Cue, now_ms: f64) {
        // A number of milliseconds; below 0 and beyond all times it is cut off.
        let received_ms = (now_ms - self.started_ms).ceil() as u32;
        if let Some(prompts) = &mut self.prompts {
            prompts.reveal(cue, received_ms);
        }
    }

    /// Takes in the next observation.
    pub(super) fn push(
        &mut self,
        frame: &Frame,
        seen: &Observation,
        session: &mut Session,
        models: &str,
    ) -> Result<(), EngineError> {
        if self.is_over(seen.t_ms) {
            return Ok(());
        }
        if self.frames.len() == MAX_FRAMES {
            self.frames.remove(0);
        }
        self.frames.push(FrameRecord::of(seen));
        if let Some(cell) = seen.face.as_ref().and_then(|face| face.cell.clone()) {
            self.cells.push(seen.t_ms, cell);
        }
        self.selector.push(frame, seen)?;
        if let Some(closure) = &seen.closure {
            self.new_pairs.extend(self.selector.captures(closure).map(|pair| Pair::new(*closure, pair)));
        }
        let complete = match self.prompts {
            Some(_) => self.follow_prompts(seen, session.thresholds()),
            None => self.follow_lids(seen),
        };
        if complete {
            self.evidence = evidence::gather(self, frame, session, models)?;
        }
        Ok(())
    }

    /// Whether nothing more is recorded. The commitments name frames by their number, so none of them can fall away.
    fn is_over(&self, t_ms: u32) -> bool {
        t_ms > self.terms.timeout_ms || (self.prompts.is_some() && self.frames.len() == MAX_FRAMES)
    }

    /// Without prompts: complete after the first blink.
    fn follow_lids(&mut self, seen: &Observation) -> bool {
        self.progress = match seen.state {
            EyeState::Unknown | EyeState::Closing => self.progress,
            EyeState::Open => 1.0 / 3.0,
            EyeState::Closed | EyeState::Opening => 2.0 / 3.0,
        };
        if let Some(blink) = seen.blink {
            self.blink = Some(blink);
            self.pairs = std::mem::take(&mut self.new_pairs);
        }
        // The strip shows eyes that are open again, not lids on their way up.
        let Some(blink) = self.blink.take_if(|blink| seen.t_ms >= blink.end_ms + choose::OPENED_MS) else {
            return false;
        };
        self.moments = vec![Moment::of_blink(&self.frames, blink)];
        true
    }

    /// With prompts: complete when every step is done.
    fn follow_prompts(&mut self, seen: &Observation, thresholds: &Thresholds) -> bool {
        let Some(prompts) = &mut self.prompts else { return false };
        let limits = &thresholds.prompt;
        let update =
            BlinkUpdate { state: seen.state, openness: seen.openness, blink: seen.blink, closure: seen.closure };
        let from = prompts.committed();
        let Some((round, outcome)) = prompts.push(&self.frames, &update, limits) else { return false };
        let pairs = std::mem::take(&mut self.new_pairs);
        if outcome == Outcome::Done {
            let moment = Moment::of_round(&self.frames, from..self.frames.len(), &round);
            let pairs: Vec<Pair> = pairs.into_iter().filter(|pair| moment.has(&pair.closure)).collect();
            // Which pair will be sent is not known yet.
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

    pub(super) fn progress(&self, t_ms: u32, thresholds: &Thresholds) -> Progress {
        let prompt = self.prompts.as_ref().map(|prompts| prompts.prompt(&thresholds.prompt));
        if self.evidence.is_some() {
            return Progress { phase: Phase::Complete, progress: 1.0, remaining_ms: None, timed_out: false, prompt };
        }
        Progress {
            phase: Phase::Recording,
            progress: prompt.map_or(self.progress, |prompt| prompt.done as f32 / prompt.steps as f32),
            remaining_ms: Some(self.terms.timeout_ms.saturating_sub(t_ms)),
            timed_out: self.is_over(t_ms),
            prompt,
        }
    }
}
