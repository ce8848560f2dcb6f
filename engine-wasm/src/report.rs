//! What the page learns about a frame, as JSON. Landmarks are not included: they stay inside the engine.

use engine::{Blink, Direction, EyeState, Gate, Observation, Progress};
use serde::Serialize;

/// One observation for the page.
#[derive(Debug, Serialize)]
pub(crate) struct ObservationReport {
    t_ms: u32,
    faces: usize,
    gate: Gate,
    direction: Option<Direction>,
    state: EyeState,
    ear_right: Option<f32>,
    ear_left: Option<f32>,
    settled: bool,
    #[serde(flatten)]
    progress: Progress,
    #[serde(rename = "box")]
    rect: Option<[f32; 4]>,
    blink: Option<Blink>,
}

impl ObservationReport {
    /// Collects what the page needs.
    pub(crate) fn new(seen: &Observation, progress: Progress, settled: bool) -> ObservationReport {
        let rect = seen.face.as_ref().map(|face| face.rect);
        ObservationReport {
            t_ms: seen.t_ms,
            faces: seen.faces,
            gate: seen.gate,
            direction: seen.direction,
            state: seen.lids.state,
            ear_right: seen.ears.map(|e| e.right),
            ear_left: seen.ears.map(|e| e.left),
            settled,
            progress,
            rect: rect.map(|r| [r.x, r.y, r.width, r.height]),
            blink: seen.lids.blink,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use engine::Phase;
    use engine::blink::BlinkUpdate;

    #[test]
    fn the_page_gets_the_agreed_names() {
        let seen = Observation {
            t_ms: 40,
            faces: 0,
            face: None,
            ears: None,
            gate: Gate::NoFace,
            direction: None,
            lids: BlinkUpdate { state: EyeState::Unknown, openness: None, blink: None, eye_closure: None },
        };
        let progress =
            Progress { phase: Phase::Recording, progress: 0.0, remaining_ms: Some(9), timed_out: false, prompt: None };
        let json = serde_json::to_value(ObservationReport::new(&seen, progress, false)).unwrap();
        let expected = serde_json::json!({
            "t_ms": 40, "faces": 0, "gate": "no_face", "direction": null, "state": "unknown", "ear_right": null,
            "ear_left": null, "settled": false, "phase": "recording", "progress": 0.0, "remaining_ms": 9,
            "timed_out": false, "prompt": null, "box": null, "blink": null,
        });
        assert_eq!(json, expected);
    }
}
