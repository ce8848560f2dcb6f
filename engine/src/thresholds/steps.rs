//! The rules of a prompted challenge, and what its strip must show.

use super::BlinkThresholds;

/// The rules of a prompted challenge ([`crate::prompt`]). Steps, windows and patience were chosen by simulation with the
/// blinks of recorded people, looped at random phase, and of people who blink early now and then (`design.md` §5).
#[derive(Clone, Debug, PartialEq)]
pub struct PromptThresholds {
    /// Gestures to be made.
    pub steps: u32,
    /// Rounds of a whole challenge that may end with eyes that closed before they were asked to. People blink.
    pub max_early: u32,
    /// Rounds of a whole challenge that may end with another gesture or none.
    pub max_missed: u32,
    /// Least time from when a cue becomes known until it is shown.
    pub min_delay_ms: u32,
    /// Greatest time.
    pub max_delay_ms: u32,
    /// Least time from closed eyes to the tone.
    pub min_hold_ms: u32,
    /// Greatest time. Lids that stay down for 2.5 s are taken for another open level ([`BlinkThresholds::relearn_ms`]), so
    /// there must be time left to hear the tone and to open the eyes.
    pub max_hold_ms: u32,
    /// A gesture that begins sooner after its cue is no response: people need 200 ms and more to begin.
    pub min_response_ms: u32,
    /// The latest that a gesture begins after its cue, and that eyes are open again after the tone.
    pub max_response_ms: u32,
    /// Eyes that are open again sooner after the tone did not wait for it.
    pub min_tone_response_ms: u32,
    /// Longest time from the end of a gesture's first blink to the start of its second.
    pub max_between_ms: u32,
    /// Longest blink of a gesture. Longer ones are told apart from eyes that are held closed.
    pub max_short_ms: u32,
    /// So long after a gesture nothing more may begin: once is not twice.
    pub quiet_ms: u32,
    /// Lids that began to sink in time may take so long until they are down ([`BlinkThresholds::max_closing_ms`]).
    pub closing_ms: u32,
    /// How long a round waits for eyes that cannot be read, or that do not open.
    pub patience_ms: u32,
    /// The most by which the browser's clock and ours may drift apart while a challenge lasts.
    pub max_drift_ms: u32,
    /// By how much longer a round may take on our clock than on the browser's: messages there and back over a slow network,
    /// sent again now and then.
    pub max_lag_ms: u32,
}

/// Limits of the evidence strip ([`crate::strip`]).
#[derive(Clone, Debug, PartialEq)]
pub struct StripThresholds {
    /// Most bytes of its JPEG.
    pub max_bytes: usize,
    /// Greatest difference between the openness of a cell and that of the camera frame it was cut from, each as a share of
    /// its own median: small faces read narrower as they are shrunk.
    pub max_share_difference: f32,
    /// Cells, of all, that may differ by more: lids that move blur as the cell is shrunk.
    pub max_outliers: usize,
    /// Cells, of all, in which no face needs to be read.
    pub max_unread: usize,
    /// Longest gap between two cells of one gesture across which lids are followed.
    pub max_gap_ms: u32,
    /// Greatest difference of a cell's face from the open capture's in shape ([`crate::pair`]).
    pub max_shape_distance: f32,
    /// Least likeness of a moment's cells to the open capture's face, outside the eyes: their median. Cells of one person in
    /// one place have 0.70 to 0.98, faces of two people −0.2 to 0.5.
    pub min_likeness: f32,
    /// The same of every single cell: a head that turns for a moment was seen at 0.47.
    pub min_cell_likeness: f32,
    /// Least likeness of each capture to the cell of its own frame, which is in the strip: one picture at two sizes.
    pub min_twin_likeness: f32,
    /// Greatest difference of the two in shape.
    pub max_twin_distance: f32,
    /// From this likeness on two cells are the same picture: two camera frames never agree so well.
    pub max_likeness: f32,
}

impl StripThresholds {
    /// The blink detector's limits for samples as sparse as a strip's: lids are seen at chosen moments only.
    pub fn blink(&self, usual: &BlinkThresholds) -> BlinkThresholds {
        BlinkThresholds {
            // No sample says how fast lids moved between two others.
            coarse_ms: 0,
            look_back_ms: self.max_gap_ms,
            max_closing_ms: self.max_gap_ms,
            max_gap_ms: self.max_gap_ms,
            refractory_ms: 0,
            min_blink_ms: 0,
            ..usual.clone()
        }
    }
}
