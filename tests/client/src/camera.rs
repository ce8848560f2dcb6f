//! What stands before a camera: a person, a photograph, a recording.

use engine::{Ask, Picture, Terms};

/// Gives the picture of any moment; later ones come later.
pub trait Camera {
    /// The frame at `t_ms`, while the page asks for this.
    ///
    /// # Errors
    /// There is no picture.
    fn picture(&mut self, t_ms: f64, ask: Option<Ask>) -> anyhow::Result<Picture>;

    /// The challenge begins: what they do who are not told when, they do from now on.
    fn begin(&mut self, _terms: &Terms, _t_ms: f64) {}
}
