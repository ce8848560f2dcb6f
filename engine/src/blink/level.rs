//! The open level: samples of open eyes in, how wide this person opens each eye out.

use std::collections::VecDeque;

use crate::ear::EyeRatios;
use crate::stats::median;
use crate::thresholds::BlinkThresholds;

/// How wide a person's eyes open, learnt from the last seconds.
#[derive(Clone, Debug, Default)]
pub(super) struct OpenLevel {
    /// Samples of open eyes.
    samples: VecDeque<(u32, EyeRatios)>,
    /// Samples of narrowed eyes, since they were last open.
    narrowed: VecDeque<(u32, EyeRatios)>,
    level: Option<EyeRatios>,
}

impl OpenLevel {
    /// A level that is known already.
    pub(super) fn known(level: EyeRatios) -> OpenLevel {
        OpenLevel { level: Some(level), ..OpenLevel::default() }
    }

    /// The level of each eye (EAR), once there are enough samples.
    pub(super) fn get(&self) -> Option<EyeRatios> {
        self.level
    }

    /// Adds a sample of open eyes and recomputes the level of each eye.
    pub(super) fn learn(&mut self, t_ms: u32, ears: EyeRatios, limits: &BlinkThresholds) {
        self.narrowed.clear();
        push(&mut self.samples, t_ms, ears, limits.learn_ms);
        self.settle(limits);
    }

    /// Adds a sample of narrowed eyes, which counts only if they stay narrowed.
    pub(super) fn consider(&mut self, t_ms: u32, ears: EyeRatios, limits: &BlinkThresholds) {
        push(&mut self.narrowed, t_ms, ears, limits.learn_ms);
    }

    /// Makes the narrowed eyes the new open level.
    pub(super) fn adopt_narrowed(&mut self, limits: &BlinkThresholds) {
        self.samples = std::mem::take(&mut self.narrowed);
        self.settle(limits);
    }

    /// Sets the level to the median, which noise and a few low samples do not move. Keeps the old level if there are
    /// too few samples.
    fn settle(&mut self, limits: &BlinkThresholds) {
        let (Some((first_ms, _)), Some((last_ms, _))) = (self.samples.front(), self.samples.back()) else { return };
        if self.samples.len() < limits.settle_samples || last_ms - first_ms < limits.settle_ms {
            return;
        }
        let level = EyeRatios { right: self.median_of(|e| e.right), left: self.median_of(|e| e.left) };
        // Below this, open and closed lids cannot be told apart; the eyes were probably closed while the level was
        // learnt.
        let readable = level.right.min(level.left) >= limits.min_open_level;
        self.level = readable.then_some(level);
    }

    fn median_of(&self, eye: fn(&EyeRatios) -> f32) -> f32 {
        median(self.samples.iter().map(|(_, ears)| eye(ears)).collect())
    }
}

/// Adds a sample and drops those older than `keep_ms`.
fn push(samples: &mut VecDeque<(u32, EyeRatios)>, t_ms: u32, ears: EyeRatios, keep_ms: u32) {
    samples.push_back((t_ms, ears));
    while samples.front().is_some_and(|&(t, _)| t_ms - t > keep_ms) {
        samples.pop_front();
    }
}
