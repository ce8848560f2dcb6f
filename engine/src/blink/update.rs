//! What the lids are doing, and what one sample changed.

use serde::{Deserialize, Serialize};

/// What the lids are doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EyeState {
    /// The open level is not known yet, or the eyes cannot be read.
    Unknown,
    /// Both eyes are open.
    Open,
    /// The lids have started to close.
    Closing,
    /// Both eyes are closed.
    Closed,
    /// The lids are opening again.
    Opening,
}

/// A completed blink, or any other eye closure. Times are milliseconds on the samples' clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Blink {
    /// First sample of closing lids.
    pub start_ms: u32,
    /// Sample at which the eyes are closed furthest.
    pub closed_ms: u32,
    /// First sample with the eyes open again.
    pub end_ms: u32,
}

/// What one sample changed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BlinkUpdate {
    /// The state of the lids after this sample.
    pub state: EyeState,
    /// Mean opening of both eyes as a share of the open level; `None` while the level is unknown or the eyes are
    /// unreadable.
    pub openness: Option<f32>,
    /// The blink that this sample completed.
    pub blink: Option<Blink>,
    /// The eye closure that this sample ended, however long it lasted.
    pub eye_closure: Option<Blink>,
}

impl BlinkUpdate {
    /// The update of a sample that completed nothing.
    pub(super) fn of_state(state: EyeState) -> BlinkUpdate {
        BlinkUpdate { state, openness: None, blink: None, eye_closure: None }
    }
}
