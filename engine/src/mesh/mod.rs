//! The attention face mesh: a frame and a region in, 468 landmarks with refined lids and a presence out.
//!
//! Three networks with two geometric steps between them (`models/README.md`): the trunk reads the 192×192 crop, then a
//! small network for each eye reads the trunk's features and places the lids.

pub mod landmarks;
mod layout;
mod refine;
mod tone;

use crate::crop::{Border, Range, sample_rgb};
use crate::error::EngineError;
use crate::frame::Frame;
use crate::geometry::{Point, Region};
use crate::network::{Network, check_len, sigmoid};

pub use landmarks::LANDMARKS;
use landmarks::{
    LEFT_EYE_INNER, LEFT_EYE_OUTER, LEFT_EYE_READ, LEFT_EYE_REFINED, RIGHT_EYE_INNER, RIGHT_EYE_OUTER, RIGHT_EYE_READ,
    RIGHT_EYE_REFINED,
};
pub use layout::{short_eye_layout, short_layout};
use refine::{EyeFrame, FEATURE_CHANNELS, FEATURE_SIDE};

/// Side of the trunk's input in pixels.
pub const CROP_SIDE: usize = 192;

/// A face's landmarks.
#[derive(Clone, Debug)]
pub struct Mesh {
    /// 468 points in pixels of the frame, lids refined. Packed networks leave out those that are not in
    /// [`landmarks::READ`]: they are not numbers.
    pub points: Vec<Point>,
    /// Depth of each point in pixels of the frame: smaller is nearer to the camera, zero is near the head's centre. Packed
    /// networks have only those of [`landmarks::WITH_DEPTH`].
    pub depths: Vec<f32>,
    /// Confidence that the region holds a face, 0 to 1.
    pub presence: f32,
}

/// Reads meshes. Keeps its buffers from frame to frame.
pub struct MeshReader {
    trunk: Box<dyn Network>,
    eye_right: Box<dyn Network>,
    eye_left: Box<dyn Network>,
    input: Vec<f32>,
    trunk_out: [Vec<f32>; 3],
    eye_input: Vec<f32>,
    eye_out: [Vec<f32>; 1],
}

impl Mesh {
    /// The points that the engine reads, which every network gives.
    pub fn read_points(&self) -> impl Iterator<Item = Point> + Clone + '_ {
        landmarks::READ.into_iter().filter_map(|landmark| self.points.get(landmark).copied())
    }
}

impl MeshReader {
    /// Wraps the trunk and the two lid refiners.
    pub fn new(trunk: Box<dyn Network>, eye_right: Box<dyn Network>, eye_left: Box<dyn Network>) -> MeshReader {
        MeshReader {
            trunk,
            eye_right,
            eye_left,
            input: Vec::new(),
            trunk_out: Default::default(),
            eye_input: Vec::new(),
            eye_out: Default::default(),
        }
    }

    /// Reads the mesh of the face in `region`. A region without a face gives a low presence, not an error.
    ///
    /// # Errors
    /// [`EngineError::Network`] if a network fails.
    pub fn read(&mut self, frame: &Frame, region: &Region) -> Result<Mesh, EngineError> {
        self.sample(frame, region);
        self.read_crop(region)
    }

    /// Reads the mesh of the mirror image of what is in `region`, whose right eye is the subject's left one: a second look
    /// at a face, since the networks read mirrored lids a little differently.
    ///
    /// # Errors
    /// [`EngineError::Network`] if a network fails.
    pub(crate) fn read_mirrored(&mut self, frame: &Frame, region: &Region) -> Result<Mesh, EngineError> {
        self.sample(frame, region);
        mirror(&mut self.input, CROP_SIDE);
        self.read_crop(region)
    }

    fn sample(&mut self, frame: &Frame, region: &Region) {
        sample_crop(frame, region, &mut self.input);
        tone::brighten(&mut self.input, CROP_SIDE);
    }

    fn read_crop(&mut self, region: &Region) -> Result<Mesh, EngineError> {
        let to_frame = region.to_frame(CROP_SIDE as f32);
        self.trunk.run(&self.input, &mut self.trunk_out)?;
        let [features, mesh, presence] = &self.trunk_out;
        check_len("trunk features", features, FEATURE_SIDE * FEATURE_SIDE * FEATURE_CHANNELS)?;
        check_len("trunk presence", presence, 1)?;
        let presence = sigmoid(presence[0]);

        let (mut in_crop, in_crop_depths) = layout::unpack(mesh)?;
        let scale = region.size / CROP_SIDE as f32;
        let depths = in_crop_depths.into_iter().map(|depth| depth * scale).collect();
        // Both eyes are framed from the trunk's points, before either is refined: the two refiners share brow points.
        let right = EyeFrame::around(&in_crop, [RIGHT_EYE_OUTER, RIGHT_EYE_INNER], &RIGHT_EYE_REFINED);
        let left = EyeFrame::around(&in_crop, [LEFT_EYE_INNER, LEFT_EYE_OUTER], &LEFT_EYE_REFINED);
        for (eye, network, members, read) in [
            (right, &mut self.eye_right, &RIGHT_EYE_REFINED, &RIGHT_EYE_READ),
            (left, &mut self.eye_left, &LEFT_EYE_REFINED, &LEFT_EYE_READ),
        ] {
            let Some(eye) = eye else { continue };
            eye.sample(features, &mut self.eye_input);
            network.run(&self.eye_input, &mut self.eye_out)?;
            for (landmark, place) in layout::refined(members, read, &self.eye_out[0])? {
                in_crop[landmark] = eye.to_crop(place);
            }
        }
        let points = in_crop.into_iter().map(|p| to_frame.apply(p)).collect();
        Ok(Mesh { points, depths, presence })
    }
}

/// Turns a picture of rows of R, G, B triples into its mirror image.
fn mirror(picture: &mut [f32], side: usize) {
    for row in picture.chunks_exact_mut(side * 3) {
        for x in 0..side / 2 {
            for channel in 0..3 {
                row.swap(x * 3 + channel, (side - 1 - x) * 3 + channel);
            }
        }
    }
}

/// Samples the crop that a mesh is read from: [`CROP_SIDE`] rows of as many R, G, B triples, 0 to 1.
pub(crate) fn sample_crop(frame: &Frame, region: &Region, crop: &mut Vec<f32>) {
    sample_rgb(frame, &region.to_frame(CROP_SIDE as f32), CROP_SIDE, Border::Nearest, Range::ZeroToOne, crop);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mirror_image_swaps_columns_and_keeps_rows_and_channels() {
        let mut picture: Vec<f32> = (0..27).map(|value| value as f32).collect();
        mirror(&mut picture, 3);
        assert_eq!(picture[..9], [6.0, 7.0, 8.0, 3.0, 4.0, 5.0, 0.0, 1.0, 2.0]);
        assert_eq!(picture[18..], [24.0, 25.0, 26.0, 21.0, 22.0, 23.0, 18.0, 19.0, 20.0]);
    }
}
