//! Plane or head? Two readings of a face's landmarks in, what the best plane-induced map leaves over out.
//!
//! A picture that is turned in front of a camera moves by a homography, whatever it shows. A head does not: its nose
//! moves against its cheeks.

use crate::geometry::Point;
use crate::mesh::landmarks::{LEFT_EYE_OUTER, RIGHT_EYE_OUTER, SKULL};

/// Root mean square distance of the rigid points `to` from those of `from` under the homography that fits best (least
/// squares), as a share of the distance of the outer eye corners in `to`. `None` if the points do not span a plane.
pub(super) fn residual(from: &[Point], to: &[Point]) -> Option<f32> {
    let eyes = f64::from(to.get(RIGHT_EYE_OUTER)?.distance(*to.get(LEFT_EYE_OUTER)?));
    let (from, to) = (Normalized::of(from)?, Normalized::of(to)?);
    let map = homography(&from.points, &to.points)?;
    let squares = from.points.iter().zip(&to.points).map(|(&[x, y], &[u, v])| {
        let w = map[6] * x + map[7] * y + 1.0;
        let (du, dv) = ((map[0] * x + map[1] * y + map[2]) / w - u, (map[3] * x + map[4] * y + map[5]) / w - v);
        du * du + dv * dv
    });
    let share = (squares.sum::<f64>() / SKULL.len() as f64).sqrt() * to.scale / eyes;
    share.is_finite().then_some(share as f32)
}

/// The rigid points around their mean, at a mean distance of 1.
struct Normalized {
    points: Vec<[f64; 2]>,
    scale: f64,
}

impl Normalized {
    fn of(points: &[Point]) -> Option<Normalized> {
        let at = |&i: &usize| points.get(i).map(|p| [f64::from(p.x), f64::from(p.y)]);
        let rigid: Vec<[f64; 2]> = SKULL.iter().map(at).collect::<Option<_>>()?;
        let mean = |axis: usize| rigid.iter().map(|p| p[axis]).sum::<f64>() / rigid.len() as f64;
        let (x, y) = (mean(0), mean(1));
        let scale = rigid.iter().map(|p| (p[0] - x).hypot(p[1] - y)).sum::<f64>() / rigid.len() as f64;
        let points = rigid.iter().map(|p| [(p[0] - x) / scale, (p[1] - y) / scale]).collect();
        (scale > 0.0).then_some(Normalized { points, scale })
    }
}

/// The first eight numbers of the homography whose last is 1, by the direct linear transformation of normalised points
/// (Hartley & Zisserman 2004, algorithm 4.2): normal equations of two rows for each pair.
fn homography(from: &[[f64; 2]], to: &[[f64; 2]]) -> Option<[f64; 8]> {
    let mut equations = [[0.0; 9]; 8];
    for (&[x, y], &[u, v]) in from.iter().zip(to) {
        let rows = [[x, y, 1.0, 0.0, 0.0, 0.0, -u * x, -u * y, u], [0.0, 0.0, 0.0, x, y, 1.0, -v * x, -v * y, v]];
        for row in rows {
            for i in 0..8 {
                for j in 0..9 {
                    equations[i][j] += row[i] * row[j];
                }
            }
        }
    }
    solve(equations)
}

/// Solves eight linear equations by Gauss's elimination with pivots.
fn solve(mut rows: [[f64; 9]; 8]) -> Option<[f64; 8]> {
    for column in 0..8 {
        let pivot = (column..8).max_by(|&a, &b| rows[a][column].abs().total_cmp(&rows[b][column].abs()))?;
        rows.swap(column, pivot);
        if rows[column][column].abs() < 1e-12 {
            return None;
        }
        let pivot = rows[column];
        for row in rows.iter_mut().enumerate().filter(|(index, _)| *index != column).map(|(_, row)| row) {
            let factor = row[column] / pivot[column];
            row.iter_mut().zip(pivot).for_each(|(value, above)| *value -= factor * above);
        }
    }
    Some(std::array::from_fn(|i| rows[i][8] / rows[i][i]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mesh::LANDMARKS;

    /// Points of a face seen by a camera at a distance of four, turned by `degrees`, whose nose stands out by `depth`.
    fn seen(degrees: f64, depth: f64) -> Vec<Point> {
        let mut points = vec![Point::default(); LANDMARKS];
        for (i, &index) in SKULL.iter().enumerate() {
            let (x, y) = ((i * 7 % 11) as f64 / 5.0 - 1.0, (i * 5 % 13) as f64 / 6.0 - 1.0);
            let z = depth * (-3.0 * (x * x + y * y)).exp();
            let (sin, cos) = degrees.to_radians().sin_cos();
            let (x, z) = (cos * x + sin * z, cos * z - sin * x);
            points[index] =
                Point::new((48.0 + 30.0 * 4.0 * x / (4.0 - z)) as f32, (48.0 + 30.0 * 4.0 * y / (4.0 - z)) as f32);
        }
        points
    }

    #[test]
    fn a_turned_plane_leaves_nothing_over_and_a_turned_head_does() {
        for degrees in [-40.0, 12.0, 25.0] {
            let flat = residual(&seen(0.0, 0.0), &seen(degrees, 0.0)).unwrap();
            assert!(flat < 1e-4, "{degrees}: {flat}");
        }
        let deep = |degrees| residual(&seen(0.0, 0.6), &seen(degrees, 0.6)).unwrap();
        assert!(deep(15.0) > 0.02 && deep(25.0) > 1.4 * deep(15.0), "{} {}", deep(15.0), deep(25.0));
    }

    #[test]
    fn points_without_extent_have_no_residual() {
        assert_eq!(residual(&vec![Point::default(); LANDMARKS], &seen(0.0, 0.0)), None);
        assert_eq!(residual(&[], &[]), None);
    }
}
