//! Decoding: the network's raw output and the anchors in, candidate faces in units of the input's side out.

use super::detection::Detection;
use crate::geometry::{Point, Rect};
use crate::network::{NetworkError, check_len, sigmoid};

/// Side of the detector's input in pixels.
pub const INPUT_SIDE: usize = 128;

/// Centre, size and six keypoints.
const VALUES_PER_ANCHOR: usize = 16;

/// Centre, size and the eyes: what the engine reads, and all that the pack that browsers download has.
const READ_PER_ANCHOR: usize = 8;

/// `min_score_thresh` of MediaPipe's `face_detection_short_range` graph.
pub(super) const MIN_SCORE: f32 = 0.5;

/// `score_clipping_thresh` of the same graph: keeps the exponential finite.
const LOGIT_LIMIT: f32 = 100.0;

/// The positions among `len` values for anchors, whole or a part of the network's outputs, of those that the engine reads.
pub fn short_layout(len: usize) -> impl Iterator<Item = usize> {
    (0..len).filter(|position| position % VALUES_PER_ANCHOR < READ_PER_ANCHOR)
}

/// Returns the candidates with a score of at least 0.5, in anchor order. `regressors` are relative to the anchor's
/// centre, in pixels of the input.
///
/// # Errors
/// [`NetworkError::Shape`] if the number of values does not fit the anchors.
pub(super) fn decode(regressors: &[f32], scores: &[f32], anchors: &[Point]) -> Result<Vec<Detection>, NetworkError> {
    let is_short = regressors.len() == anchors.len() * READ_PER_ANCHOR;
    let per_anchor = if is_short { READ_PER_ANCHOR } else { VALUES_PER_ANCHOR };
    check_len("detector regressors", regressors, anchors.len() * per_anchor)?;
    check_len("detector scores", scores, anchors.len())?;
    let rows = regressors.chunks_exact(per_anchor);
    Ok(rows.zip(scores).zip(anchors).filter_map(|((row, &logit), &anchor)| candidate(row, logit, anchor)).collect())
}

fn candidate(row: &[f32], logit: f32, anchor: Point) -> Option<Detection> {
    let score = sigmoid(logit.clamp(-LOGIT_LIMIT, LOGIT_LIMIT));
    if score.is_nan() || score < MIN_SCORE || row.iter().any(|v| !v.is_finite()) {
        return None;
    }
    let side = INPUT_SIDE as f32;
    let value = |i: usize| row.get(i).copied().unwrap_or(f32::NAN) / side;
    let at = |i: usize| Point::new(anchor.x + value(i), anchor.y + value(i + 1));
    let (center, width, height) = (at(0), value(2), value(3));
    if width <= 0.0 || height <= 0.0 {
        return None;
    }
    Some(Detection {
        score,
        rect: Rect { x: center.x - width / 2.0, y: center.y - height / 2.0, width, height },
        keypoints: std::array::from_fn(|k| at(4 + 2 * k)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_finite_confident_candidates_with_a_size_are_faces() {
        let anchor = [Point::new(0.5, 0.5)];
        let mut row = [0.0; VALUES_PER_ANCHOR];
        row[2..4].copy_from_slice(&[64.0, 32.0]);
        row[4..6].copy_from_slice(&[12.8, -12.8]);
        let cases = [
            (0.0, row, 1),
            (-0.1, row, 0),
            (f32::NAN, row, 0),
            (1e9, row, 1),
            (3.0, [f32::NAN; 16], 0),
            (3.0, [0.0; 16], 0),
        ];
        for (logit, row, expected) in cases {
            assert_eq!(decode(&row, &[logit], &anchor).unwrap().len(), expected, "logit {logit}");
        }
        let face = decode(&row, &[2.0], &anchor).unwrap()[0];
        assert_eq!(face.rect, Rect { x: 0.25, y: 0.375, width: 0.5, height: 0.25 });
        assert!(face.keypoints[0].distance(Point::new(0.6, 0.4)) < 1e-6);
    }

    #[test]
    fn both_layouts_give_the_same_boxes_and_eyes() {
        let anchors = [Point::new(0.5, 0.5), Point::new(0.25, 0.75)];
        let full: Vec<f32> = (1..=32).map(|i| i as f32).collect();
        let short: Vec<f32> = short_layout(full.len()).map(|place| full[place]).collect();
        let (full, short) =
            (decode(&full, &[2.0, 3.0], &anchors).unwrap(), decode(&short, &[2.0, 3.0], &anchors).unwrap());
        assert_eq!((full.len(), short.len()), (2, 2));
        for (full, short) in full.iter().zip(&short) {
            assert_eq!((full.score, full.rect), (short.score, short.rect));
            assert_eq!(full.keypoints[..2], short.keypoints[..2]);
            assert!(short.keypoints[2..].iter().all(|p| p.x.is_nan()), "{:?}", short.keypoints);
        }
        assert!(decode(&[0.0; 24], &[2.0, 3.0], &anchors).is_err());
    }
}
