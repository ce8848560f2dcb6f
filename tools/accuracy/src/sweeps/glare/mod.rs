//! Reflections of increasing size over both eyes: when do closed eyes read as open, or open ones as closed, and does the
//! engine notice?

mod light;
mod reading;
mod report;

use engine::{Glare, Thresholds, Tracker};
use engine_compact::Models;

use self::light::Light;
use self::reading::{EyeReading, SIZES};
pub(super) use self::report::GlareTable;
use super::plan::{PEOPLE, STEP_MS};
use super::still::{Still, to_picture};
use crate::workers;

/// Grey levels that it adds: a faint reflection, one that turns skin white, and one that turns everything white.
const STRENGTHS: [f32; 3] = [80.0, 160.0, 300.0];

/// Its centre relative to that of the eye, in eye widths: on the eye, on the lashes of the upper lid, on the lower lid, and
/// towards both corners.
const OFFSETS: [(f32, f32); 5] = [(0.0, 0.0), (0.0, -0.18), (0.0, 0.15), (-0.35, 0.0), (0.3, -0.1)];

/// Width of every face in pixels.
const FACE_WIDTH: f32 = 200.0;

/// Measures the stills of [`PEOPLE`], in that order, with every reflection: one table for each light and strength.
///
/// # Errors
/// If a network fails.
pub(super) fn measure(stills: &[Still], models: &Models) -> anyhow::Result<Vec<GlareTable>> {
    let kinds: Vec<(&'static str, Light, f32)> = [("Lamp", Light::Lamp), ("Window", Light::Window)]
        .into_iter()
        .flat_map(|(name, light)| STRENGTHS.map(|strength| (name, light, strength)))
        .collect();
    let jobs: Vec<(Light, f32, (f32, f32), &Still)> = kinds
        .iter()
        .flat_map(|&(_, light, strength)| {
            OFFSETS.into_iter().flat_map(move |offset| stills.iter().map(move |still| (light, strength, offset, still)))
        })
        .collect();
    let seen = workers::map(&jobs, |&(light, strength, offset, still)| follow(light, strength, offset, still, models))?;
    let of_kind = seen.chunks(OFFSETS.len() * stills.len());
    Ok(kinds.iter().zip(of_kind).map(|(&(name, _, strength), seen)| table(name, strength, seen)).collect())
}

/// `seen` has the open and the closed still of each person, for each person within each offset, with a reading per size.
fn table(name: &'static str, strength: f32, seen: &[Vec<Option<EyeReading>>]) -> GlareTable {
    let pairs: Vec<[&[Option<EyeReading>]; 2]> =
        seen.as_chunks().0.iter().map(|[open, closed]| [open.as_slice(), closed]).collect();
    debug_assert_eq!(pairs.len(), OFFSETS.len() * PEOPLE.len());
    GlareTable::new(name, strength, &pairs)
}

/// Reads the still with a reflection of each size; `None` where no face or no lids were found.
fn follow(
    light: Light,
    strength: f32,
    offset: (f32, f32),
    still: &Still,
    models: &Models,
) -> anyhow::Result<Vec<Option<EyeReading>>> {
    let mut tracker = Tracker::new(models.networks());
    let (clean, eyes) = (still.placed(FACE_WIDTH), still.placed_eyes(FACE_WIDTH));
    let times_ms = (0..).map(|index| f64::from(index) * STEP_MS);
    let read = |(size, t_ms): (f32, f64)| {
        let mut frame = clean.clone();
        for eye in eyes.iter().filter(|_| size > 0.0) {
            light.add_to(&mut frame, eye, offset, size, strength);
        }
        let reading = tracker.read(&to_picture(&frame)?.as_frame(), t_ms, &Thresholds::V8)?;
        Ok(reading.face.as_ref().and_then(|face| {
            let Glare { right, left } = face.glare;
            let ears = face.ears?;
            let readable = face.glare.greatest() <= Thresholds::V8.max_glare;
            Some(EyeReading { ears: [ears.right, ears.left], glare: [right, left], readable })
        }))
    };
    SIZES.into_iter().zip(times_ms).map(read).collect()
}
