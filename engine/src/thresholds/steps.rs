//! The rules of a prompted challenge, and what its strip must show.

use super::blink::BlinkThresholds;

/// The rules of a prompted challenge ([`crate::prompt`]), one set for each policy. They were chosen by simulation: no
/// film that is played without knowing the cues should fit them, and people who sometimes blink unasked should
/// (`attack search`). A window in which an answer counts is therefore narrower than the range from which its moment is
/// drawn.
#[derive(Clone, Debug, PartialEq)]
pub struct PromptThresholds {
    /// Gestures of the lids in a challenge that also asks for a turn of the head.
    pub closures: u32,
    /// Gestures of the lids in a challenge that does not.
    pub closures_without_turn: u32,
    /// How often each gesture of the lids is drawn, as weights of once, twice and hold.
    pub weights: [u32; 3],
    /// The least number of gestures of the lids that are held: a film fits them least often.
    pub min_holds: u32,
    /// The same in a challenge without a turn.
    pub min_holds_without_turn: u32,
    /// Rounds in a challenge that may end because of a blink before the cue or a blink too many. People blink.
    pub max_early: u32,
    /// Rounds in a challenge that may end with another gesture or none, or with a turn or a long closure before it was
    /// asked for: nobody does that by accident.
    pub max_missed: u32,
    /// Least time from receiving a cue until it is shown.
    pub min_delay_ms: u32,
    /// Greatest time from receiving a cue until it is shown.
    pub max_delay_ms: u32,
    /// The same for blinks, before which people blink by themselves.
    pub max_blink_delay_ms: u32,
    /// Least time from closed eyes to the tone. Longer than [`PromptThresholds::max_stray_ms`].
    pub min_hold_ms: u32,
    /// Greatest time from closed eyes to the tone.
    pub max_hold_ms: u32,
    /// Least time from a turned head to the tone.
    pub min_turn_hold_ms: u32,
    /// Greatest time from a turned head to the tone.
    pub max_turn_hold_ms: u32,
    /// A gesture that begins sooner after its cue is not a response to it: people need 200 ms and more to begin.
    pub min_response_ms: u32,
    /// Longest time from a cue to lids that begin to close.
    pub max_response_ms: u32,
    /// Longest time from a cue to a head that has begun to turn, and from the tone to one that is halfway back: heads are
    /// slower than lids.
    pub max_turn_response_ms: u32,
    /// Shortest time from the tone to open eyes or a head that comes back: without it, they did not wait for the tone.
    pub min_tone_response_ms: u32,
    /// Longest time from the tone to open eyes.
    pub max_tone_response_ms: u32,
    /// Longest time from the end of a gesture's first blink to the start of its second.
    pub max_between_ms: u32,
    /// Longest blink of a gesture. Anything longer counts as eyes that are held closed.
    pub max_short_ms: u32,
    /// Eye closures up to this length are ignored where the eyes are to be held closed: everyone blinks.
    pub max_stray_ms: u32,
    /// Nothing more may begin for this long after a blink: once is not twice.
    pub quiet_ms: u32,
    /// A round goes on for this long after eyes that were held closed have opened, or the head is back.
    pub settled_ms: u32,
    /// Lids that began to close in time may take this long to be closed ([`BlinkThresholds::max_closing_ms`]).
    pub closing_ms: u32,
    /// How long a round waits for eyes that cannot be read or do not open, and for a head that does not rest.
    pub patience_ms: u32,
    /// How far the head must turn, in degrees as the mesh reads them. A photograph turned by 40° reads 7° at most.
    pub min_turn_deg: i32,
    /// A head has begun to turn from here on. The yaw of a resting head varies by 1°.
    pub turn_onset_deg: i32,
    /// A turned head that is closer to where it rested than this, or than half of its turn, is coming back.
    pub leave_deg: i32,
    /// A head is back when it is this close to where it rested.
    pub back_deg: i32,
    /// A head that stays further than this from where it rested for [`PromptThresholds::settled_ms`] has turned: the wrong
    /// way, or while the lids were asked.
    pub max_sway_deg: i32,
    /// Greatest yaw of a head that rests before a turn, since its pictures must show it from the front. Cameras beside a
    /// screen see people at 16 to 20°.
    pub max_rest_deg: i32,
    /// A head whose yaw varies by no more than this rests. In clips of people who speak it varies by up to 7° in 400 ms.
    pub max_jitter_deg: i32,
    /// How long the head must have rested.
    pub rest_ms: u32,
    /// Longest time a head takes to turn, and to come back.
    pub max_turning_ms: u32,
    /// The most that the browser's clock and ours may drift apart during a challenge.
    pub max_drift_ms: u32,
    /// How much longer a round may take on our clock than on the browser's: messages both ways over a slow network,
    /// sometimes resent.
    pub max_lag_ms: u32,
    /// The most of that time, in the fastest round of a challenge, that counts as the network's: two round trips over a
    /// slow line and the compression of the pictures on a slow phone.
    pub max_network_ms: u32,
    /// How much later than with that delay the commitment to a step that was done may come. Pictures made later than
    /// both together are refused.
    pub max_late_ms: u32,
}

impl PromptThresholds {
    /// Number of gestures to make. `turn`: whether one of them is a turn of the head.
    pub fn steps(&self, turn: bool) -> u32 {
        if turn { self.closures + 1 } else { self.closures_without_turn }
    }
}

/// Limits of the evidence strip ([`crate::strip`]).
#[derive(Clone, Debug, PartialEq)]
pub struct StripThresholds {
    /// Greatest size of its JPEG in bytes.
    pub max_bytes: usize,
    /// How far the openness of a cell may lie outside what the transcript claims within 100 ms of its frame, each as a
    /// share of its own median: small faces read narrower when they are shrunk.
    pub max_share_difference: f32,
    /// Number of cells that may differ by more: moving lids blur when the cell is shrunk.
    pub max_outliers: usize,
    /// Number of cells in which no face needs to be readable.
    pub max_unread: usize,
    /// Longest gap between two cells of one gesture across which the lids are followed. Eyes may be closed for 6 s, of which
    /// eight cells show the beginning, the end and what is left over.
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
    /// Greatest difference in degrees between the yaw of a cell and that of the camera frame it was cut from: 2.3 in 631 cells
    /// of 12 clips, turned by up to 25°; the browser's rounded weights add to that.
    pub max_yaw_difference: f32,
    /// Number of cells that may differ by more: of people who turn far, a single cell came 6 to 7° away. The turn itself is
    /// measured in the cells, whatever is claimed.
    pub max_yaw_outliers: usize,
    /// How far the head must turn between the cells before a turn and at its peak, in degrees.
    pub min_turn_deg: f32,
    /// How close to where it rested the head must be in the cell after a turn, in degrees.
    pub max_back_deg: f32,
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

/// Limits of the signals that mark an event for review ([`crate::strip::Signals`]). Each is set where few honest people
/// are marked (docs/attacks.md has the rates); nobody is refused.
#[derive(Clone, Debug, PartialEq)]
pub struct SignalThresholds {
    /// Least [`crate::strip::Signals::wobble`] that is not marked.
    pub min_wobble: f32,
    /// Least [`crate::strip::TurnScore::residual`] that is not marked.
    pub min_depth: f32,
}
