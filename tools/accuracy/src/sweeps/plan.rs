//! The sweeps: the stills, what is changed in them, in which steps, and the threshold that is based on each.

use engine::Thresholds;
use image::RgbImage;
use serde::Serialize;

use super::still::{Still, blurred, lit};
use crate::prng::Prng;

/// For each of four people a still with open and one with closed eyes. The last person wears glasses.
pub(super) const PEOPLE: [[&str; 2]; 4] = [
    ["from_video__cap12_f0620_open.png", "from_video__cap12_f0640_closed.png"],
    ["from_video__cap13_f0040_open.png", "from_video__cap13_f0098_closed.png"],
    ["from_video__d0_f0000_open.png", "from_video__d0_f0065_closed.png"],
    ["from_video__d13_f0000_open_glasses.png", "from_video__d13_f0043_closed_glasses.png"],
];

/// Milliseconds between two steps: long enough that the tracker looks for further faces in each step.
pub(super) const STEP_MS: f64 = 1000.0;

/// Width of the face in pixels in sweeps that do not change the width.
const FACE_WIDTH: f32 = 200.0;

const DARK: &[f32] = &[1.0, 0.5, 0.4, 0.3, 0.25, 0.2, 0.15, 0.12, 0.1, 0.08, 0.06, 0.04];

/// One way to degrade a still step by step.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sweep {
    /// Its title.
    pub(super) name: &'static str,
    /// Heading of the values.
    pub(super) value: &'static str,
    /// Values from good to bad.
    pub(super) values: &'static [f32],
    /// The threshold that is based on this sweep.
    pub(super) limit: Limit,
    change: Change,
}

/// A threshold of [`Thresholds::V8`].
#[derive(Clone, Copy, Debug, Serialize)]
pub(super) struct Limit {
    pub(super) name: &'static str,
    pub(super) value: f32,
}

#[derive(Clone, Copy, Debug)]
enum Change {
    Size,
    /// Less light, with noise of this many grey levels.
    Darken(f32),
    Brighten,
    Blur,
}

/// All sweeps.
pub(super) const SWEEPS: [Sweep; 5] = [
    Sweep {
        name: "Size of the face",
        value: "width, pixels",
        values: &[160.0, 120.0, 100.0, 80.0, 64.0, 56.0, 48.0, 40.0, 34.0, 28.0, 24.0, 20.0],
        limit: Limit { name: "min_lids_pixels", value: Thresholds::V8.min_lids_pixels },
        change: Change::Size,
    },
    Sweep {
        name: "Less light, noise of 6 grey levels",
        value: "factor",
        values: DARK,
        limit: Limit { name: "min_light", value: Thresholds::V8.min_light },
        change: Change::Darken(6.0),
    },
    Sweep {
        name: "Less light, noise of 3 grey levels",
        value: "factor",
        values: DARK,
        limit: Limit { name: "min_light", value: Thresholds::V8.min_light },
        change: Change::Darken(3.0),
    },
    Sweep {
        name: "More light",
        value: "factor",
        values: &[1.0, 1.3, 1.6, 1.9, 2.2, 2.6, 3.0, 3.5, 4.0, 5.0, 6.0],
        limit: Limit { name: "max_clipped", value: Thresholds::V8.max_clipped },
        change: Change::Brighten,
    },
    Sweep {
        name: "Blur of a face of 200 pixels",
        value: "sigma, pixels",
        values: &[0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 10.0, 12.0],
        limit: Limit { name: "min_lids_sharpness", value: Thresholds::V8.min_lids_sharpness },
        change: Change::Blur,
    },
];

impl Sweep {
    /// The frames of a still, one per value.
    pub(super) fn frames<'a>(&'a self, still: &'a Still, rng: &'a mut Prng) -> impl Iterator<Item = RgbImage> + 'a {
        self.values.iter().map(move |&value| match self.change {
            Change::Size => still.placed(value),
            Change::Darken(noise_levels) if value < 1.0 => lit(still.placed(FACE_WIDTH), value, noise_levels, rng),
            Change::Darken(_) | Change::Brighten => lit(still.placed(FACE_WIDTH), value, 0.0, rng),
            Change::Blur => blurred(still.placed(FACE_WIDTH), value),
        })
    }
}
