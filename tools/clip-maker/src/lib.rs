//! A person who blinks, made from one portrait: for tests and demonstrations that may show nobody's face but one that is
//! free to show. The lids are closed by a warp of their own skin; a slow sway and sensor noise make the frames as unlike
//! each other as those of a real camera.

mod lids;
mod scene;

use std::path::Path;

use anyhow::{Context as _, ensure};
use engine::geometry::Point;
use engine::{Picture, Thresholds, Tracker};
use engine_tract::Models;

pub use scene::{HEIGHT, Scene, WIDTH};

/// The free portrait beside this file.
pub const PORTRAIT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/astronaut.png");

/// A scene with the portrait in the file `portrait`, which blinks at the given seconds.
///
/// # Errors
/// If the file is no picture of exactly one readable face.
pub fn scene(portrait: &Path, models: &Models, blinks: Vec<f32>) -> anyhow::Result<Scene> {
    let portrait = read(portrait)?;
    let landmarks = landmarks(&portrait, models)?;
    Ok(Scene::new(portrait, &landmarks, blinks))
}

/// The models in a folder.
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
    let mut faces = tracker.read_all(&portrait.as_frame(), &Thresholds::V4)?;
    ensure!(faces.len() == 1, "the portrait shows {} faces", faces.len());
    let (_, face) = faces.remove(0);
    Ok(face.context("the portrait's face cannot be read")?.mesh.points)
}
