//! The interface of simulated cameras.

use engine::{Ask, Picture, Terms};

/// A camera with something in front of it: a person, a photograph or a recording.
pub trait Camera {
    /// The frame at `t_ms`, while the page shows `ask`. Times never decrease.
    ///
    /// # Errors
    /// There is no frame.
    fn picture(&mut self, t_ms: f64, ask: Option<Ask>) -> anyhow::Result<Picture>;

    /// Called when the challenge begins. Without prompts, a person blinks from then on.
    fn begin(&mut self, _terms: &Terms, _t_ms: f64) {}
}
