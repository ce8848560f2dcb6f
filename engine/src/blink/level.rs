//! The open level: samples of open eyes in, how far this person opens each eye out.

use std::collections::VecDeque;

use crate::ear::EyeRatios;
use crate::stats::median;
use crate::thresholds::BlinkThresholds;

/// How far a person's eyes open, learnt from the last seconds. The caller gives it open samples only.
#[derive(Clone, Debug, Default)]
pub(super) struct OpenLevel {
    samples: VecDeque<(u32, EyeRatios)>,
    level: Option<EyeRatios>,
}

impl OpenLevel {
    /// The level of each eye (EAR), once there are samples enough.
    pub(super) fn get(&self) -> Option<EyeRatios> {
        self.level
    }

    /// Adds a sample and computes each eye's level anew: the median, which a few low samples and noise do not move.
    pub(super) fn learn(&mut self, t_ms: u32, ears: EyeRatios, limits: &BlinkThresholds) {
        self.samples.push_back((t_ms, ears));
        while self.samples.front().is_some_and(|&(t, _)| t_ms - t > limits.learn_ms) {
            self.samples.pop_front();
        }
        let first_ms = self.samples.front().map_or(t_ms, |&(t, _)| t);
        let enough = self.samples.len() >= limits.settle_samples && t_ms - first_ms >= limits.settle_ms;
        if self.level.is_none() && !enough {
            return;
        }
        let level = EyeRatios { right: self.median_of(|e| e.right), left: self.median_of(|e| e.left) };
        // Below this the lids cannot be told apart; a level learnt with closed eyes ends here.
        let readable = level.right.min(level.left) >= limits.min_open_level;
        self.level = readable.then_some(level);
    }

    fn median_of(&self, eye: fn(&EyeRatios) -> f32) -> f32 {
        median(self.samples.iter().map(|(_, ears)| eye(ears)).collect())
    }
}
