//! Runs sequences through engine sessions on all cores.

use std::sync::atomic::{AtomicUsize, Ordering};

use clip_maker::Scene;
use engine::{Blink, EngineError, EyeState, Gate, Observation, Picture, Session, Thresholds};
use engine_compact::Models;
use serde::Serialize;

use super::curve::LENGTH_S;
use super::photo::Photo;
use super::plan::{Sequence, at_rest};
use super::render::Renderer;
use accuracy::prng::Prng;
use accuracy::workers;

/// The thresholds that the attacks are judged by.
const THRESHOLDS: Thresholds = Thresholds::V8;

/// Frames per second.
const FPS: f32 = 25.0;

/// Frames of a print at rest in which the open level must be learnt: half a second.
const TRIAL_FRAMES: usize = 12;

/// When paper lids start to close, in seconds.
const LIDS_AT_S: f32 = 1.1;

/// The engine's reading of one frame, as it is dumped.
#[derive(Clone, Copy, Debug, Serialize)]
pub(super) struct Sample {
    /// Time of the frame.
    pub(super) t_ms: u32,
    /// Eye aspect ratio of the subject's right eye.
    pub(super) ear_right: Option<f32>,
    /// Eye aspect ratio of the subject's left eye.
    pub(super) ear_left: Option<f32>,
    /// Whether the frame is usable.
    pub(super) gate: Gate,
    /// Mean opening as a share of the open level.
    pub(super) openness: Option<f32>,
    /// The mesh model's confidence that there is a face, 0 to 1.
    pub(super) presence: Option<f32>,
    /// The detected state of the eyes.
    pub(super) state: EyeState,
    /// The blink that this frame completed, if any.
    pub(super) blink: Option<Blink>,
}

impl Sample {
    /// Whether the lids were read in a usable frame.
    pub(super) fn is_usable(&self) -> bool {
        self.gate.eyes_usable() && self.ear_right.is_some()
    }
}

impl From<&Observation> for Sample {
    fn from(seen: &Observation) -> Sample {
        Sample {
            t_ms: seen.t_ms,
            ear_right: seen.ears.map(|e| e.right),
            ear_left: seen.ears.map(|e| e.left),
            gate: seen.gate,
            openness: seen.lids.openness,
            presence: seen.face.as_ref().map(|f| f.mesh.presence),
            state: seen.lids.state,
            blink: seen.lids.blink,
        }
    }
}

/// Runs every sequence. The results are in the same order.
///
/// # Errors
/// If a network fails.
pub(super) fn all(plan: &[Sequence], models: &Models) -> anyhow::Result<Vec<Vec<Sample>>> {
    let done = AtomicUsize::new(0);
    workers::map(plan, |sequence| {
        let samples = one(sequence, models)?;
        let done = done.fetch_add(1, Ordering::Relaxed) + 1;
        let blinks = samples.iter().filter(|sample| sample.blink.is_some()).count();
        eprintln!("{done}/{}: {}: {blinks} blinks", plan.len(), sequence.name());
        Ok(samples)
    })
}

/// Frames with their times in milliseconds.
pub(super) type Frames<'a> = Box<dyn Iterator<Item = Result<(f64, Picture), EngineError>> + 'a>;

/// The frames of a sequence, each with its time in milliseconds.
pub(super) fn frames<'a>(sequence: &'a Sequence) -> Result<Frames<'a>, EngineError> {
    let times = (0..(LENGTH_S * FPS) as usize).map(|i| (i, i as f32 / FPS));
    let at = |t: f32, picture| Ok((f64::from(t * 1000.0).round(), picture));
    let Some(script) = sequence.script() else {
        let (portrait, mesh) = sequence.photo.portrait()?;
        let scene = Scene::new(portrait, mesh, vec![LIDS_AT_S]);
        return Ok(Box::new(times.map(move |(i, t)| at(t, scene.picture(t, i as u32)?))));
    };
    let renderer = Renderer::new(sequence.photo);
    Ok(Box::new(times.map(move |(i, t)| at(t, renderer.frame(&script, t, i)?))))
}

/// Whether the engine learns an open level from a print that is held still. Otherwise no attack with it proves anything.
///
/// # Errors
/// If a network fails.
pub(super) fn can_be_learnt(photo: &Photo, models: &Models) -> anyhow::Result<bool> {
    let script = at_rest(&mut Prng::named(&photo.name));
    let renderer = Renderer::new(photo);
    let mut session = Session::new(models.networks(), THRESHOLDS);
    let mut usable = 0;
    for i in 0..TRIAL_FRAMES {
        let t = i as f32 / FPS;
        let seen = session.push(&renderer.frame(&script, t, i)?.as_frame(), f64::from(t) * 1000.0)?;
        usable += usize::from(seen.gate.eyes_usable());
    }
    Ok(session.is_settled() && 4 * usable >= 3 * TRIAL_FRAMES)
}

fn one(sequence: &Sequence, models: &Models) -> anyhow::Result<Vec<Sample>> {
    let mut session = Session::new(models.networks(), THRESHOLDS);
    let read = |frame: Result<(f64, Picture), EngineError>| {
        let (t_ms, picture) = frame?;
        Ok(Sample::from(&session.push(&picture.as_frame(), t_ms)?))
    };
    frames(sequence)?.map(read).collect()
}
