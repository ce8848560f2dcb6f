//! A blinking person made from one public-domain portrait, for tests and demonstrations that may not show anybody else's
//! face. The lids are closed by warping their skin. Slow sway and sensor noise make the frames vary like those of a real
//! camera.

mod lids;
mod scene;

use std::path::Path;

use anyhow::{Context as _, ensure};
use engine::geometry::Point;
use engine::{Picture, Thresholds, Tracker};
use engine_tract::Models;

pub use scene::{HEIGHT, Scene, WIDTH};

/// The public-domain portrait in this package.
pub const PORTRAIT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/astronaut.png");

/// A scene with the portrait in the file `portrait`, blinking at the given times in seconds.
///
/// # Errors
/// If the file is not a picture of exactly one readable face.
pub fn scene(portrait: &Path, models: &Models, blinks: Vec<f32>) -> anyhow::Result<Scene> {
    let portrait = read(portrait)?;
    let landmarks = landmarks(&portrait, models)?;
    Ok(Scene::new(portrait, &landmarks, blinks))
}

/// Loads the models in a folder.
///
/// # Errors
/// If a file is missing or damaged.
pub fn load_models(folder: &Path) -> anyhow::Result<Models> {
    Models::read(|name| {
        let path = folder.join(name);
        std::fs::read(&path).with_context(|| format!("cannot read {}", path.display()))
    })
}

fn read(path: &Path) -> anyhow::Result<Picture> {
    let picture = image::open(path).with_context(|| format!("cannot read {}", path.display()))?.into_rgba8();
    let (width, height) = (picture.width() as usize, picture.height() as usize);
    Ok(Picture::new(picture.into_raw(), width, height)?)
}

fn landmarks(portrait: &Picture, models: &Models) -> anyhow::Result<Vec<Point>> {
    let mut tracker = Tracker::new(models.networks());
    let mut faces = tracker.read_all(&portrait.as_frame(), &Thresholds::V5)?;
    ensure!(faces.len() == 1, "the portrait shows {} faces", faces.len());
    let (_, face) = faces.remove(0);
    Ok(face.context("the portrait's face cannot be read")?.mesh.points)
}
