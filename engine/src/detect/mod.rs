//! Face detection: a frame in, faces with boxes and keypoints out. BlazeFace, short range (`models/README.md`).
//!
//! Steps and constants are those of MediaPipe's `face_detection_short_range` graph: letterbox to 128×128 in
//! [−1, 1], decode 896 anchors, weighted non-maximum suppression.

mod anchors;
mod decode;
mod detection;
mod suppress;

pub use decode::{INPUT_SIDE, short_layout};
pub use detection::Detection;

use crate::crop::{Border, Range, sample_rgb};
use crate::error::EngineError;
use crate::frame::Frame;
use crate::geometry::{Affine, Point, Rect};
use crate::network::Network;

/// Finds every face in a frame. Keeps its buffers from frame to frame.
pub struct Detector {
    network: Box<dyn Network>,
    anchors: Vec<Point>,
    input: Vec<f32>,
    outputs: [Vec<f32>; 2],
}

impl Detector {
    /// Wraps the detector network.
    pub fn new(network: Box<dyn Network>) -> Detector {
        Detector { network, anchors: anchors::anchors(), input: Vec::new(), outputs: [Vec::new(), Vec::new()] }
    }

    /// Returns all faces with a score of at least 0.5, best first. Misses faces narrower than a tenth of the frame's
    /// longer side.
    ///
    /// # Errors
    /// [`EngineError::Network`] if the network fails.
    pub fn detect(&mut self, frame: &Frame) -> Result<Vec<Detection>, EngineError> {
        let candidates = self.candidates(frame, whole(frame))?;
        Ok(suppress::suppress(candidates))
    }

    /// Like [`Detector::detect`], for faces far away: looks at each part of the frame at twice the size, and at its
    /// middle at four times the size. Costs six times as much.
    ///
    /// # Errors
    /// [`EngineError::Network`] if the network fails.
    pub fn detect_closely(&mut self, frame: &Frame) -> Result<Vec<Detection>, EngineError> {
        let mut candidates = Vec::new();
        for part in parts(frame) {
            candidates.extend(self.candidates(frame, part)?);
        }
        Ok(suppress::suppress(candidates))
    }

    /// The candidates in a square of the frame, in pixels of the frame.
    fn candidates(&mut self, frame: &Frame, square: Rect) -> Result<Vec<Detection>, EngineError> {
        let scale = square.width / INPUT_SIDE as f32;
        let to_frame = Affine::shift(square.x, square.y).then_inner(&Affine::scale(scale, scale));
        sample_rgb(frame, &to_frame, INPUT_SIDE, Border::Black, Range::MinusOneToOne, &mut self.input);
        self.network.run(&self.input, &mut self.outputs)?;
        let [regressors, scores] = &self.outputs;
        let candidates = decode::decode(regressors, scores, &self.anchors)?;
        Ok(candidates.into_iter().map(|face| in_frame(face, &to_frame)).collect())
    }
}

/// The square around the whole frame, which keeps the aspect and centres the frame.
fn whole(frame: &Frame) -> Rect {
    let (width, height) = (frame.width() as f32, frame.height() as f32);
    let side = width.max(height);
    Rect { x: (width - side) / 2.0, y: (height - side) / 2.0, width: side, height: side }
}

/// Squares of half the frame's longer side in the middle and in each corner, and one of a quarter in the middle.
fn parts(frame: &Frame) -> [Rect; 6] {
    let (width, height) = (frame.width() as f32, frame.height() as f32);
    let square = |share: f32, x: f32, y: f32| {
        let side = width.max(height) * share;
        Rect { x: (width - side) * x, y: (height - side) * y, width: side, height: side }
    };
    let corners = [(0.0, 0.0), (1.0, 0.0), (0.0, 1.0), (1.0, 1.0)].map(|(x, y)| square(0.5, x, y));
    let [a, b, c, d] = corners;
    [square(0.5, 0.5, 0.5), a, b, c, d, square(0.25, 0.5, 0.5)]
}

/// Maps a detection from the unit square of the input to pixels of the frame.
fn in_frame(face: Detection, to_frame: &Affine) -> Detection {
    let side = INPUT_SIDE as f32;
    let place = |p: Point| to_frame.apply(Point::new(p.x * side, p.y * side));
    let corner = place(Point::new(face.rect.x, face.rect.y));
    Detection {
        score: face.score,
        rect: Rect {
            x: corner.x,
            y: corner.y,
            width: face.rect.width * side * to_frame.xx,
            height: face.rect.height * side * to_frame.yy,
        },
        keypoints: face.keypoints.map(place),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::Picture;
    use crate::network::{NetworkError, check_len};

    /// Always finds one certain face: anchor 0 (centre 1/32, 1/32) moved to the middle, a quarter wide and high.
    struct OneFaceInTheMiddle;

    impl Network for OneFaceInTheMiddle {
        fn input_len(&self) -> usize {
            INPUT_SIDE * INPUT_SIDE * 3
        }

        fn run(&mut self, input: &[f32], outputs: &mut [Vec<f32>]) -> Result<(), NetworkError> {
            check_len("input", input, self.input_len())?;
            outputs[0] = vec![0.0; 896 * 16];
            outputs[1] = vec![-100.0; 896];
            let to_middle = 64.0 - 4.0;
            outputs[0][..4].copy_from_slice(&[to_middle, to_middle, 32.0, 32.0]);
            outputs[1][0] = 5.0;
            Ok(())
        }
    }

    #[test]
    fn a_face_in_the_middle_of_the_input_is_in_the_middle_of_any_frame() {
        for (width, height) in [(640, 480), (480, 640), (128, 128)] {
            let picture = Picture::from_rgb(&vec![0; width * height * 3], width, height).unwrap();
            let faces = Detector::new(Box::new(OneFaceInTheMiddle)).detect(&picture.as_frame()).unwrap();
            let [face] = faces[..] else { panic!("{} faces", faces.len()) };
            let center = face.rect.center();
            assert!(center.distance(Point::new(width as f32 / 2.0, height as f32 / 2.0)) < 1e-3, "{center:?}");
            assert!((face.rect.width - width.max(height) as f32 / 4.0).abs() < 1e-3);
        }
    }
}
