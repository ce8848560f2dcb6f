//! The rules of both policies with prompts. The best films that `attack search` found pass 0.03 to 0.10 % of attempts (a
//! longer search, 0.17 %), and 99.2 % of simulated people who blink unasked every five seconds pass (docs/attacks.md).

use super::steps::PromptThresholds;

/// The rules of the default policy.
pub(super) const PROMPTED: PromptThresholds = PromptThresholds {
    closures: 2,
    closures_without_turn: 4,
    weights: [1, 1, 2],
    min_holds: 1,
    min_holds_without_turn: 4,
    max_early: 4,
    max_missed: 1,
    min_delay_ms: 800,
    max_delay_ms: 4000,
    max_blink_delay_ms: 1900,
    min_hold_ms: 700,
    max_hold_ms: 4000,
    min_turn_hold_ms: 300,
    max_turn_hold_ms: 3500,
    min_response_ms: 200,
    max_response_ms: 1100,
    max_turn_response_ms: 1350,
    min_tone_response_ms: 150,
    max_tone_response_ms: 1100,
    max_between_ms: 1000,
    max_short_ms: 700,
    max_stray_ms: 500,
    quiet_ms: 600,
    settled_ms: 200,
    closing_ms: 320,
    patience_ms: 8000,
    min_turn_deg: 12,
    turn_onset_deg: 4,
    leave_deg: 8,
    back_deg: 6,
    max_sway_deg: 10,
    max_rest_deg: 20,
    max_jitter_deg: 9,
    rest_ms: 400,
    max_turning_ms: 1200,
    max_drift_ms: 100,
    max_lag_ms: 15_000,
    max_network_ms: 1500,
    max_late_ms: 2000,
};

/// The rules for people who react up to 1.3 s after a prompt, and for cameras of 8 frames/s.
pub(super) const TONE_GUIDED: PromptThresholds = PromptThresholds {
    weights: [0, 0, 1],
    max_delay_ms: 5000,
    max_hold_ms: 4500,
    max_response_ms: 1400,
    max_turn_response_ms: 1700,
    max_tone_response_ms: 1450,
    ..PROMPTED
};
