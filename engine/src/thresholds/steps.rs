//! The rules of a prompted challenge, and what its strip must show.

use super::blink::BlinkThresholds;

/// The rules of a prompted challenge ([`crate::prompt`]). Steps, windows and patience were chosen by simulation: with
/// the blinks of recorded people, looped at random phase, and with people who sometimes blink early.
#[derive(Clone, Debug, PartialEq)]
pub struct PromptThresholds {
    /// Number of gestures to make.
    pub steps: u32,
    /// Rounds in a challenge that may end because the eyes closed before they were asked to. People blink.
    pub max_early: u32,
    /// Rounds in a challenge that may end with another gesture or none.
    pub max_missed: u32,
    /// Least time from receiving a cue until it is shown.
    pub min_delay_ms: u32,
    /// Greatest time from receiving a cue until it is shown.
    pub max_delay_ms: u32,
    /// Least time from closed eyes to the tone.
    pub min_hold_ms: u32,
    /// Greatest time from closed eyes to the tone. Lids that stay down for 2.5 s are taken for a new open level
    /// ([`BlinkThresholds::relearn_ms`]), so there must be time left to hear the tone and open the eyes.
    pub max_hold_ms: u32,
    /// A gesture that begins sooner after its cue is not a response to it: people need 200 ms and more to begin.
    pub min_response_ms: u32,
    /// Longest time from a cue to the start of its gesture, and from the tone to open eyes.
    pub max_response_ms: u32,
    /// Shortest time from the tone to open eyes: eyes that open sooner did not wait for it.
    pub min_tone_response_ms: u32,
    /// Longest time from the end of a gesture's first blink to the start of its second.
    pub max_between_ms: u32,
    /// Longest blink of a gesture. Anything longer counts as eyes that are held closed.
    pub max_short_ms: u32,
    /// Nothing more may begin for this long after a gesture: once is not twice.
    pub quiet_ms: u32,
    /// Lids that began to close in time may take this long to be closed ([`BlinkThresholds::max_closing_ms`]).
    pub closing_ms: u32,
    /// How long a round waits for eyes that cannot be read or do not open.
    pub patience_ms: u32,
    /// The most that the browser's clock and ours may drift apart during a challenge.
    pub max_drift_ms: u32,
    /// How much longer a round may take on our clock than on the browser's: messages both ways over a slow network,
    /// sometimes resent.
    pub max_lag_ms: u32,
}

/// Limits of the evidence strip ([`crate::strip`]).
#[derive(Clone, Debug, PartialEq)]
pub struct StripThresholds {
    /// Greatest size of its JPEG in bytes.
    pub max_bytes: usize,
    /// Greatest difference between the openness of a cell and that of the camera frame it was cut from, each as a share
    /// of its own median: small faces read narrower when they are shrunk.
    pub max_share_difference: f32,
    /// Number of cells that may differ by more: moving lids blur when the cell is shrunk.
    pub max_outliers: usize,
    /// Number of cells in which no face needs to be readable.
    pub max_unread: usize,
    /// Longest gap between two cells of one gesture across which the lids are followed.
    pub max_gap_ms: u32,
    /// [`BlinkThresholds::closed_each_ratio`] and [`BlinkThresholds::max_eye_difference`] in cells: one closed eye of a narrow
    /// pair may read open there.
    pub closed_each_ratio: f32,
    /// [`BlinkThresholds::lasting_ratio`] in cells.
    pub lasting_ratio: f32,
    /// [`BlinkThresholds::open_ratio`] in cells.
    pub open_ratio: f32,
    /// [`BlinkThresholds::min_rise`] in cells.
    pub min_rise: f32,
    /// Greatest difference in shape between a cell's face and the open capture's ([`crate::pair`]). Heads that turn reach
    /// 0.093.
    pub max_shape_distance: f32,
    /// Least similarity of a moment's cells to the open capture's face outside the eyes, as their median. Cells of one
    /// person in one place have 0.70 to 0.98, of people whose head turns 0.43 to 0.55, faces of two people −0.2 to 0.5.
    pub min_similarity: f32,
    /// The same for every single cell. A head that turned for a moment had 0.47.
    pub min_cell_similarity: f32,
    /// Least similarity of each capture to its matching cell, the one of the same frame: one picture at two sizes.
    pub min_match_similarity: f32,
    /// Greatest difference in shape between the two.
    pub max_match_distance: f32,
    /// Above this similarity two cells are the same picture: two camera frames never agree this well.
    pub max_similarity: f32,
}

impl StripThresholds {
    /// The blink detector's limits for samples as sparse as a strip's, which shows the lids at chosen times only.
    pub fn blink(&self, usual: &BlinkThresholds) -> BlinkThresholds {
        BlinkThresholds {
            // Sparse samples do not show how fast the lids moved between them.
            fine_ms: 0,
            coarse_ms: 0,
            lone_ms: 0,
            // Lids read less open or less closed once the picture is shrunk and compressed: by 0.1 of the level, and by 0.2
            // for narrow eyes that are held closed.
            closed_each_ratio: self.closed_each_ratio,
            max_eye_difference: self.closed_each_ratio,
            lasting_ratio: self.lasting_ratio,
            open_ratio: self.open_ratio,
            held_ratio: self.open_ratio,
            from_ratio: self.open_ratio,
            min_rise: self.min_rise,
            look_back_ms: self.max_gap_ms,
            max_closing_ms: self.max_gap_ms,
            max_gap_ms: self.max_gap_ms,
            refractory_ms: 0,
            min_blink_ms: 0,
            ..usual.clone()
        }
    }
}
