//! Blink detection: eye-aspect-ratio samples in, completed blinks out. Knows no pixels, models or clocks.
//!
//! Both eyes are judged against the person's own open level, which is learnt from the latest open samples and frozen
//! while the lids are down. In a blink both eyes close fast from open and soon open again. All limits are in
//! milliseconds, so that 8 and 60 samples a second give the same result, as long as the blink leaves a sample at all.

mod detector;
mod eye_closure;
mod level;
mod update;

pub use detector::BlinkDetector;
pub use update::{Blink, BlinkUpdate, EyeState};

#[cfg(test)]
mod tests;
