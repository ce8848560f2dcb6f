//! Thin plates (Bookstein 1989): the smoothest functions of the plane with given values at some points.

use engine::geometry::Point;

/// How far a plate may miss its values, so that points which coincide do no harm.
const SLACK: f64 = 1e-6;

/// `N` functions of the plane: each is a weighted sum of r² ln r around every point, and a linear part.
pub(super) struct Plate<const N: usize> {
    scale: f32,
    points: Vec<Point>,
    weights: Vec<[f64; N]>,
}

impl<const N: usize> Plate<N> {
    /// `scale` is a typical distance, which keeps the numbers near 1.
    pub(super) fn through(values: impl Iterator<Item = (Point, [f32; N])>, scale: f32) -> Plate<N> {
        let (points, values): (Vec<Point>, Vec<[f32; N]>) = values.unzip();
        let row = |i: usize| match points.get(i) {
            Some(&p) => {
                let mut row: Vec<f64> = terms(p, &points, scale).collect();
                row[i] += SLACK;
                row
            }
            // The weights sum to zero, and so do their moments.
            None => points.iter().map(|&q| linear(q, scale)[i - points.len()]).chain([0.0; 3]).collect(),
        };
        let matrix: Vec<Vec<f64>> = (0..points.len() + 3).map(row).collect();
        let right = values.iter().map(|values| values.map(f64::from)).chain([[0.0; N]; 3]).collect();
        let weights = solve(matrix, right);
        Plate { scale, points, weights }
    }

    pub(super) fn at(&self, p: Point) -> [f32; N] {
        let mut sum = [0.0; N];
        for (term, weights) in terms(p, &self.points, self.scale).zip(&self.weights) {
            for (sum, weight) in sum.iter_mut().zip(weights) {
                *sum += term * weight;
            }
        }
        sum.map(|sum| sum as f32)
    }
}

/// The terms of the sum at `p`, before they are weighted.
fn terms(p: Point, points: &[Point], scale: f32) -> impl Iterator<Item = f64> {
    let bend = move |&q: &Point| {
        let squared = ((p.x - q.x) / scale).powi(2) + ((p.y - q.y) / scale).powi(2);
        if squared > 0.0 { f64::from(squared * squared.ln() / 2.0) } else { 0.0 }
    };
    points.iter().map(bend).chain(linear(p, scale))
}

fn linear(p: Point, scale: f32) -> [f64; 3] {
    [1.0, f64::from(p.x / scale), f64::from(p.y / scale)]
}

/// Solves a system of linear equations for `N` right sides, by elimination with pivots.
fn solve<const N: usize>(mut matrix: Vec<Vec<f64>>, mut right: Vec<[f64; N]>) -> Vec<[f64; N]> {
    let n = right.len();
    for column in 0..n {
        let pivot = (column..n).max_by(|&a, &b| matrix[a][column].abs().total_cmp(&matrix[b][column].abs()));
        let pivot = pivot.unwrap_or(column);
        matrix.swap(column, pivot);
        right.swap(column, pivot);
        let (head, of_head) = (matrix[column].clone(), right[column]);
        for row in column + 1..n {
            let factor = matrix[row][column] / head[column];
            for k in column..n {
                matrix[row][k] -= factor * head[k];
            }
            right[row] = std::array::from_fn(|k| right[row][k] - factor * of_head[k]);
        }
    }
    for row in (0..n).rev() {
        let known = |k: usize| (row + 1..n).map(|column| matrix[row][column] * right[column][k]).sum::<f64>();
        right[row] = std::array::from_fn(|k| (right[row][k] - known(k)) / matrix[row][row]);
    }
    right
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plate_goes_through_its_points_and_is_linear_where_they_are() {
        let corners = [(0.0, 0.0), (10.0, 0.0), (0.0, 10.0), (10.0, 10.0), (4.0, 7.0)];
        let of = |x: f32, y: f32| [x * y, 2.0 * x - y + 3.0];
        let plate = Plate::through(corners.iter().map(|&(x, y)| (Point::new(x, y), of(x, y))), 10.0);
        for (x, y) in corners {
            let [product, linear] = plate.at(Point::new(x, y));
            assert!((product - of(x, y)[0]).abs() < 0.01 && (linear - of(x, y)[1]).abs() < 0.01);
        }
        assert!((plate.at(Point::new(3.0, 2.0))[1] - 7.0).abs() < 0.01);
    }

    #[test]
    fn points_that_coincide_do_no_harm() {
        let values = [(0.0, 0.0), (5.0, 1.0), (5.0, 1.0), (0.0, 9.0)].map(|(x, y)| (Point::new(x, y), [x]));
        let [x] = Plate::through(values.into_iter(), 5.0).at(Point::new(5.0, 1.0));
        assert!((x - 5.0).abs() < 0.01, "{x}");
    }
}
