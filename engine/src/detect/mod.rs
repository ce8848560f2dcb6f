//! Face detection: a frame in, faces with boxes and keypoints out. BlazeFace, short range (`models/README.md`).
//!
//! Steps and constants are those of MediaPipe's `face_detection_short_range` graph: letterbox to 128×128 in
//! [−1, 1], decode 896 anchors, weighted non-maximum suppression.

mod anchors;
mod decode;
mod suppress;

pub(crate) use decode::sigmoid;

use crate::crop::{Border, Range, sample_rgb};
use crate::error::EngineError;
use crate::frame::Frame;
use crate::geometry::{Affine, Point, Rect};
use crate::network::{Network, check_len};

/// Side of the detector's input in pixels.
const INPUT_SIDE: usize = 128;

/// One face, in pixels of the frame.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Detection {
    /// Confidence, 0.5 to 1.
    pub score: f32,
    /// Box from brow to chin; may reach outside the frame.
    pub rect: Rect,
    /// In order: the subject's right eye, left eye, nose tip, mouth centre, right ear, left ear.
    pub keypoints: [Point; 6],
}

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

    /// All faces with a score of at least 0.5, best first.
    ///
    /// # Errors
    /// [`EngineError::Network`] if the network fails.
    pub fn detect(&mut self, frame: &Frame) -> Result<Vec<Detection>, EngineError> {
        let letterbox = letterbox(frame);
        sample_rgb(frame, &letterbox, INPUT_SIDE, Border::Black, Range::MinusOneToOne, &mut self.input);
        self.network.run(&self.input, &mut self.outputs)?;
        let [regressors, scores] = &self.outputs;
        check_len("detector regressors", regressors, self.anchors.len() * decode::VALUES_PER_ANCHOR)?;
        check_len("detector scores", scores, self.anchors.len())?;
        let candidates = decode::decode(regressors, scores, &self.anchors);
        let faces = suppress::suppress(candidates);
        Ok(faces.into_iter().map(|face| in_frame(face, &letterbox)).collect())
    }
}

/// The map from the 128×128 input to the frame: aspect kept, the frame centred, the rest outside.
fn letterbox(frame: &Frame) -> Affine {
    let (width, height) = (frame.width() as f32, frame.height() as f32);
    let scale = width.max(height) / INPUT_SIDE as f32;
    let side = scale * INPUT_SIDE as f32;
    Affine::shift((width - side) / 2.0, (height - side) / 2.0).then_inner(&Affine::scale(scale, scale))
}

/// Takes a detection from the unit square of the input to pixels of the frame.
fn in_frame(face: Detection, letterbox: &Affine) -> Detection {
    let side = INPUT_SIDE as f32;
    let place = |p: Point| letterbox.apply(Point::new(p.x * side, p.y * side));
    let corner = place(Point::new(face.rect.x, face.rect.y));
    Detection {
        score: face.score,
        rect: Rect {
            x: corner.x,
            y: corner.y,
            width: face.rect.width * side * letterbox.xx,
            height: face.rect.height * side * letterbox.yy,
        },
        keypoints: face.keypoints.map(place),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::Picture;
    use crate::network::NetworkError;

    /// Answers with one sure face: anchor 0 (centre 1/32, 1/32), moved to the middle, a quarter wide and high.
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
