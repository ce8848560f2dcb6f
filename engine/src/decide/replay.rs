//! Runs the blink detector over recorded frames, as the browser did while it recorded them.

use crate::blink::{BlinkDetector, BlinkUpdate};
use crate::frame_record::FrameRecord;
use crate::gate::Gate;
use crate::thresholds::Thresholds;

/// The detector's update for each frame.
pub(super) fn updates<'a>(
    frames: &'a [FrameRecord],
    thresholds: &Thresholds,
) -> impl Iterator<Item = BlinkUpdate> + use<'a> {
    let mut detector = BlinkDetector::new(thresholds.blink.clone());
    frames.iter().map(move |frame| {
        let usable = frame.gate().is_some_and(Gate::eyes_usable);
        detector.update(frame.t_ms(), frame.ears().filter(|_| usable))
    })
}
