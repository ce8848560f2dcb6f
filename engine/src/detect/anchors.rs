//! The 896 anchor centres of BlazeFace short range, in the order of the network's outputs.

use crate::geometry::Point;

/// (cells along a side, anchors per cell): stride 8 once with two anchors, then three layers of stride 16 that share
/// one grid and give six anchors. From `ssd_anchors_calculator` options in MediaPipe's
/// `face_detection_short_range.pbtxt`.
const LAYERS: [(usize, usize); 2] = [(16, 2), (8, 6)];

/// Anchor centres in units of the input's side (0 to 1). Every anchor is one input side wide and high.
pub(super) fn anchors() -> Vec<Point> {
    let mut centers = Vec::with_capacity(896);
    for (cells, per_cell) in LAYERS {
        for row in 0..cells {
            for column in 0..cells {
                let center = Point::new((column as f32 + 0.5) / cells as f32, (row as f32 + 0.5) / cells as f32);
                centers.extend(std::iter::repeat_n(center, per_cell));
            }
        }
    }
    centers
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn anchors_run_row_by_row_first_fine_then_coarse() {
        let anchors = anchors();
        assert_eq!(anchors.len(), 896);
        let cases = [
            (0, 0.5 / 16.0, 0.5 / 16.0),
            (1, 0.5 / 16.0, 0.5 / 16.0),
            (2, 1.5 / 16.0, 0.5 / 16.0),
            (32, 0.5 / 16.0, 1.5 / 16.0),
            (512, 0.5 / 8.0, 0.5 / 8.0),
            (518, 1.5 / 8.0, 0.5 / 8.0),
            (895, 7.5 / 8.0, 7.5 / 8.0),
        ];
        for (index, x, y) in cases {
            assert_eq!(anchors[index], Point::new(x, y), "anchor {index}");
        }
    }
}
