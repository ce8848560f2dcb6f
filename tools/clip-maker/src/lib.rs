//! A blinking person made from one public-domain portrait, for tests and demonstrations that may not show anybody else's
//! face. The lids are closed by warping their skin, and the head turns by the depths of its mesh ([`turn`]). Slow sway and
//! sensor noise make the frames vary like those of a real camera.

mod lids;
mod scene;
pub mod turn;

use std::path::Path;

use anyhow::{Context as _, ensure};
use engine::mesh::Mesh;
use engine::{Picture, Thresholds, Tracker};
use engine_tract::Models;
use image::ExtendedColorType;
use image::codecs::jpeg::JpegEncoder;

use turn::{Shape, Turn};

pub use scene::{HEIGHT, Scene, WIDTH};

/// The public-domain portrait in this package.
pub const PORTRAIT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/astronaut.png");

/// Quality of written JPEGs: high, since they stand for frames of a camera.
const JPEG_QUALITY: u8 = 92;

/// A scene with the portrait in the file `portrait`, blinking at the given times in seconds.
///
/// # Errors
/// If the file is not a picture of exactly one readable face.
pub fn scene(portrait: &Path, models: &Models, blinks: Vec<f32>) -> anyhow::Result<Scene> {
    let portrait = read(portrait)?;
    let mesh = mesh(&portrait, models)?;
    Ok(Scene::new(portrait, &mesh, blinks))
}

/// The picture in the file `picture` as JPEGs with its face turned by these angles, in degrees; to the subject's own left if
/// positive.
///
/// # Errors
/// If the file is not a picture of exactly one readable face.
pub fn turned(picture: &Path, models: &Models, yaws: &[f32]) -> anyhow::Result<Vec<Vec<u8>>> {
    let picture = read(picture)?;
    let turn = Turn::new(&mesh(&picture, models)?, Shape::Head);
    let jpeg = |&yaw: &f32| {
        let turned = turn.picture(&picture, yaw)?;
        let frame = turned.as_frame();
        let (width, height) = (frame.width() as u32, frame.height() as u32);
        let rgb: Vec<u8> = frame.rgba().chunks_exact(4).flat_map(|pixel| [pixel[0], pixel[1], pixel[2]]).collect();
        let mut jpeg = Vec::new();
        JpegEncoder::new_with_quality(&mut jpeg, JPEG_QUALITY).encode(&rgb, width, height, ExtendedColorType::Rgb8)?;
        Ok(jpeg)
    };
    yaws.iter().map(jpeg).collect()
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

fn mesh(portrait: &Picture, models: &Models) -> anyhow::Result<Mesh> {
    let mut tracker = Tracker::new(models.networks());
    let mut faces = tracker.read_all(&portrait.as_frame(), &Thresholds::V8)?;
    ensure!(faces.len() == 1, "the portrait shows {} faces", faces.len());
    let (_, face) = faces.remove(0);
    Ok(face.context("the portrait's face cannot be read")?.mesh)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_turned_to_its_own_left_reads_a_positive_yaw_and_a_plane_hardly_any() {
        let models = load_models(concat!(env!("CARGO_MANIFEST_DIR"), "/../../models").as_ref()).unwrap();
        let portrait = read(PORTRAIT.as_ref()).unwrap();
        let mesh = mesh(&portrait, &models).unwrap();
        let mut tracker = Tracker::new(models.networks());
        let mut read = |shape, yaw| {
            let turned = Turn::new(&mesh, shape).picture(&portrait, yaw).unwrap();
            let face = tracker.read(&turned.as_frame(), 0.0, &Thresholds::V8).unwrap().face.unwrap();
            face.pose.yaw
        };
        let cases = [
            (Shape::Head, 22.0, 14.0..25.0),
            (Shape::Head, -22.0, -25.0..-14.0),
            (Shape::Cylinder, 22.0, 7.0..16.0),
            (Shape::ThinPlate, 22.0, 18.0..30.0),
            (Shape::Plane, 30.0, 0.0..7.0),
            (Shape::Plane, -30.0, -7.0..0.0),
        ];
        for (shape, yaw, expected) in cases {
            let read = read(shape, yaw);
            assert!(expected.contains(&read), "{shape:?} turned by {yaw}° reads {read}°");
        }
    }
}
