//! The two layouts of the trunk's mesh and of the refined eyes: with every landmark, as in the ONNX files, or with only what
//! the engine reads, as in the pack that browsers download.

use super::landmarks::{EYE_POINTS, LANDMARKS, READ, READ_COUNT, WITH_DEPTH};
use crate::geometry::Point;
use crate::network::{NetworkError, check_len};

/// Number of values in the full layout: x, y and depth of each landmark.
const FULL_LEN: usize = 3 * LANDMARKS;

/// Number of values in the short layout: x and y of the landmarks of [`READ`], then the depths of those of [`WITH_DEPTH`].
const SHORT_LEN: usize = 2 * READ_COUNT + WITH_DEPTH.len();

/// The positions in the full layout of the values of the short one, in its order.
pub fn short_layout() -> impl Iterator<Item = usize> {
    let places = READ.into_iter().flat_map(|landmark| [3 * landmark, 3 * landmark + 1]);
    places.chain(WITH_DEPTH.into_iter().map(|landmark| 3 * landmark + 2))
}

/// The positions of `read` among the values of a refiner that places `members`: x and y of each.
pub fn short_eye_layout(members: &[usize; EYE_POINTS], read: &[usize]) -> impl Iterator<Item = usize> {
    let is_read = |point: &usize| read.contains(&members[*point]);
    (0..EYE_POINTS).filter(is_read).flat_map(|point| [2 * point, 2 * point + 1])
}

/// Where a refiner places which landmarks, in its own grid: `members` in the full layout, `read` in the short one.
///
/// # Errors
/// [`NetworkError::Shape`] if there are as many values as in neither layout.
pub(super) fn refined(
    members: &'static [usize],
    read: &'static [usize],
    values: &[f32],
) -> Result<impl Iterator<Item = (usize, Point)>, NetworkError> {
    let placed = if values.len() == 2 * read.len() { read } else { members };
    check_len("refined eye", values, 2 * placed.len())?;
    Ok(placed.iter().zip(values.chunks_exact(2)).map(|(&landmark, p)| (landmark, Point::new(p[0], p[1]))))
}

/// Places and depths of all landmarks, in pixels of the crop. What the layout leaves out is not a number.
///
/// # Errors
/// [`NetworkError::Shape`] if there are as many values as in neither layout.
pub(super) fn unpack(mesh: &[f32]) -> Result<(Vec<Point>, Vec<f32>), NetworkError> {
    let mut full = vec![f32::NAN; FULL_LEN];
    match mesh.len() {
        FULL_LEN => full.copy_from_slice(mesh),
        SHORT_LEN => short_layout().zip(mesh).for_each(|(place, value)| full[place] = *value),
        got => return Err(NetworkError::Shape { tensor: "trunk mesh", expected: SHORT_LEN, got }),
    }
    Ok(full.chunks_exact(3).map(|p| (Point::new(p[0], p[1]), p[2])).unzip())
}

#[cfg(test)]
mod tests {
    use super::super::landmarks::{LEFT_EYE_READ, LEFT_EYE_REFINED, RIGHT_EYE_READ, RIGHT_EYE_REFINED};
    use super::*;

    #[test]
    fn both_layouts_give_the_same_landmarks_as_far_as_they_are_read() {
        let full: Vec<f32> = (0..FULL_LEN).map(|i| i as f32).collect();
        let short: Vec<f32> = short_layout().map(|place| full[place]).collect();
        let ((points, depths), (read_points, read_depths)) = (unpack(&full).unwrap(), unpack(&short).unwrap());
        for landmark in 0..LANDMARKS {
            let is_read = READ.contains(&landmark);
            assert_eq!(read_points[landmark] == points[landmark], is_read, "{landmark}");
            assert_eq!(read_points[landmark].x.is_nan(), !is_read, "{landmark}");
            let has_depth = WITH_DEPTH.contains(&landmark);
            assert_eq!(read_depths[landmark] == depths[landmark], has_depth, "{landmark}: depth");
        }
        assert_eq!(points[7], Point::new(21.0, 22.0));
        assert_eq!(depths[7], 23.0);
    }

    #[test]
    fn both_layouts_of_an_eye_place_what_is_read_alike() {
        for (members, read) in [(&RIGHT_EYE_REFINED, &RIGHT_EYE_READ), (&LEFT_EYE_REFINED, &LEFT_EYE_READ)] {
            let full: Vec<f32> = (0..2 * EYE_POINTS).map(|i| i as f32).collect();
            let short: Vec<f32> = short_eye_layout(members, read).map(|place| full[place]).collect();
            let places = |values: &[f32]| refined(members, read, values).unwrap().collect::<Vec<_>>();
            let (full, short) = (places(&full), places(&short));
            assert_eq!((full.len(), short.len()), (71, 14));
            assert!(short.iter().all(|place| full.contains(place)), "{short:?}");
            assert!(refined(members, read, &[0.0; 30]).is_err());
        }
    }

    #[test]
    fn another_number_of_values_is_refused() {
        for len in [0, SHORT_LEN - 1, SHORT_LEN + 1, FULL_LEN + 3] {
            assert!(unpack(&vec![0.0; len]).is_err(), "{len}");
        }
    }
}
