//! Weighted non-maximum suppression: overlapping candidates become one face, averaged by score. A candidate that has only just
//! reached the least score counts less: with MediaPipe's weights it would move the face at once, and rounded networks would
//! read other lids because of it.

use super::decode::MIN_SCORE;
use super::detection::Detection;
use crate::geometry::{Point, Rect};

/// `min_suppression_threshold` of MediaPipe's `face_detection_short_range` graph.
const MIN_IOU: f32 = 0.3;

/// From this score above the least one on, candidates count in full.
const FADE: f32 = 0.1;

/// Returns one face for each cluster of overlapping candidates, best score first. It keeps its best candidate's score.
pub(super) fn suppress(mut candidates: Vec<Detection>) -> Vec<Detection> {
    candidates.sort_by(|a, b| b.score.total_cmp(&a.score));
    let mut faces = Vec::new();
    while !candidates.is_empty() {
        // Removed explicitly, because a box without area does not even overlap itself.
        let best = candidates.remove(0);
        let (overlapping, rest) = candidates.into_iter().partition(|c| c.rect.iou(&best.rect) > MIN_IOU);
        faces.push(average(best, overlapping));
        candidates = rest;
    }
    faces
}

/// The mean of the best candidate and those that overlap it.
fn average(best: Detection, overlapping: Vec<Detection>) -> Detection {
    let mut cluster = overlapping;
    cluster.push(best);
    // Never 0, since a candidate may be alone with the least score.
    let weight = |c: &Detection| c.score * ((c.score - MIN_SCORE) / FADE).clamp(f32::EPSILON, 1.0);
    let total: f32 = cluster.iter().map(weight).sum();
    let mean = |value: &dyn Fn(&Detection) -> f32| cluster.iter().map(|c| value(c) * weight(c)).sum::<f32>() / total;
    let (x, y) = (mean(&|c| c.rect.x), mean(&|c| c.rect.y));
    Detection {
        score: best.score,
        rect: Rect { x, y, width: mean(&|c| c.rect.width), height: mean(&|c| c.rect.height) },
        keypoints: std::array::from_fn(|k| Point::new(mean(&|c| c.keypoints[k].x), mean(&|c| c.keypoints[k].y))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn face(score: f32, x: f32) -> Detection {
        Detection { score, rect: Rect { x, y: 0.0, width: 1.0, height: 1.0 }, keypoints: [Point::new(x, 0.5); 6] }
    }

    #[test]
    fn overlapping_candidates_become_one_face_weighted_by_score() {
        let faces = suppress(vec![face(0.6, 0.3), face(0.9, 0.0), face(0.8, 5.0)]);
        assert_eq!(faces.len(), 2);
        assert_eq!(faces[0].score, 0.9);
        assert!((faces[0].rect.x - 0.3 * 0.6 / 1.5).abs() < 1e-6, "{}", faces[0].rect.x);
        assert!((faces[0].keypoints[3].x - faces[0].rect.x).abs() < 1e-6);
        assert_eq!((faces[1].score, faces[1].rect.x), (0.8, 5.0));
    }

    #[test]
    fn a_candidate_that_has_just_reached_the_least_score_hardly_moves_the_face() {
        let faces = suppress(vec![face(0.9, 0.0), face(MIN_SCORE, 0.5), face(MIN_SCORE, 7.0)]);
        assert!(faces[0].rect.x.abs() < 1e-6, "{}", faces[0].rect.x);
        assert_eq!(faces[1].rect.x, 7.0, "also alone");
    }

    #[test]
    fn no_candidates_give_no_faces_and_an_empty_box_ends_the_loop() {
        assert!(suppress(Vec::new()).is_empty());
        let flat = Detection { rect: Rect { x: 0.0, y: 0.0, width: 0.0, height: 0.0 }, ..face(0.7, 0.0) };
        assert_eq!(suppress(vec![flat, flat]).len(), 2);
    }
}
