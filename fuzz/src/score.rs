//! Scoring a capture from its bytes: header check, decoder, all four networks, and the quality gate for faces.

use std::sync::LazyLock;

use engine::{Scorer, Stop, Thresholds};
use engine_compact::Models;

static MODELS: LazyLock<Models> = LazyLock::new(|| Models::load(include_bytes!("../../models/networks.pack")).unwrap());

/// Takes any bytes as a capture. It is refused with a reason, or all its values are finite.
pub fn run(bytes: &[u8]) {
    let mut scorer = Scorer::new(MODELS.networks());
    match scorer.score(bytes, &Thresholds::V8) {
        Ok(score) => {
            assert!(score.ears.right.is_finite() && score.ears.left.is_finite());
            // JSON has no NaN: it would be written as null.
            assert!(!serde_json::to_string(&score).unwrap().contains("null"));
        }
        Err(Stop::Rejected(_)) => {}
        Err(Stop::Fault(error)) => panic!("{error}"),
    }
}
