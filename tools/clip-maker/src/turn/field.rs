//! Fields of movement: how far each point of a face moves sideways in a turn, on a grid around the face.

use engine::geometry::Point;

use super::size::Size;

/// Cells of the grid along the width of a face.
const CELLS: f32 = 48.0;
/// Margin of the grid around the face, in face widths. Nothing moves beyond.
const MARGIN: f32 = 0.9;
/// Least distance that is left between neighbouring nodes where one part of the face hides another, in cells.
const FOLDED: f32 = 1e-3;

/// Points in rows and columns.
#[derive(Clone, Debug)]
pub(super) struct Grid {
    left: f32,
    top: f32,
    step: f32,
    columns: usize,
    rows: usize,
}

/// The movement of each node. A turn by the angle a moves it by `by_sine`·sin a + `by_cosine`·(cos a − 1) pixels to the right.
#[derive(Clone, Debug)]
pub(super) struct Field {
    grid: Grid,
    by_sine: Vec<f32>,
    by_cosine: Vec<f32>,
}

/// A field at a given angle: for each node, how far to the right of it its colour comes from.
#[derive(Clone, Debug)]
pub(super) struct Turned {
    grid: Grid,
    back: Vec<f32>,
}

impl Grid {
    fn around(size: &Size) -> Grid {
        let (rect, margin) = (&size.rect, MARGIN * size.rect.width);
        let step = (rect.width / CELLS).max(0.5);
        let nodes = |side: f32| ((side + 2.0 * margin) / step).ceil() as usize + 1;
        Grid { left: rect.x - margin, top: rect.y - margin, step, columns: nodes(rect.width), rows: nodes(rect.height) }
    }

    fn nodes(&self) -> impl Iterator<Item = Point> + '_ {
        let at = |i: usize, from: f32| from + i as f32 * self.step;
        let row = move |y: usize| (0..self.columns).map(move |x| Point::new(at(x, self.left), at(y, self.top)));
        (0..self.rows).flat_map(row)
    }

    /// Eight points on the edge of the grid.
    fn edge(&self) -> [Point; 8] {
        let (width, height) = ((self.columns - 1) as f32 * self.step, (self.rows - 1) as f32 * self.step);
        let of = [(0.0, 0.0), (0.5, 0.0), (1.0, 0.0), (0.0, 0.5), (1.0, 0.5), (0.0, 1.0), (0.5, 1.0), (1.0, 1.0)];
        of.map(|(x, y)| Point::new(self.left + x * width, self.top + y * height))
    }
}

impl Field {
    /// A field whose movement at each node is given by sine and by cosine. The function gets points on the edge of the grid
    /// first, which do not move.
    pub(super) fn new<F: Fn(Point) -> (f32, f32)>(size: &Size, movement: impl FnOnce([Point; 8]) -> F) -> Field {
        let grid = Grid::around(size);
        let movement = movement(grid.edge());
        let (by_sine, by_cosine) = grid.nodes().map(movement).unzip();
        Field { grid, by_sine, by_cosine }
    }

    pub(super) fn turned(&self, radians: f32) -> Turned {
        let (sin, cos) = radians.sin_cos();
        let Grid { columns, step, .. } = self.grid;
        let moves: Vec<f32> =
            self.by_sine.iter().zip(&self.by_cosine).map(|(s, c)| (s * sin + c * (cos - 1.0)) / step).collect();
        let back = moves.chunks_exact(columns).flat_map(|row| backwards(row, sin >= 0.0)).map(|cells| cells * step);
        Turned { grid: self.grid.clone(), back: back.collect() }
    }
}

/// The reverse of one row of movements to the right, all in cells. `is_rightward`: the nearest parts move to the right.
fn backwards(row: &[f32], is_rightward: bool) -> Vec<f32> {
    if !is_rightward {
        let mirrored: Vec<f32> = row.iter().rev().map(|cells| -cells).collect();
        return backwards(&mirrored, true).into_iter().rev().map(|cells| -cells).collect();
    }
    // Near parts go further to the right than what is behind them, and hide it.
    let mut places = Vec::with_capacity(row.len());
    for (i, &cells) in row.iter().enumerate() {
        let least = places.last().map_or(f32::MIN, |last| last + FOLDED);
        places.push((i as f32 + cells).max(least));
    }
    let mut after = 1;
    let source = |i: usize| {
        while after + 1 < places.len() && places[after] < i as f32 {
            after += 1;
        }
        let (from, to) = (places[after - 1], places[after]);
        let source = (after - 1) as f32 + (i as f32 - from) / (to - from);
        source.clamp(0.0, (places.len() - 1) as f32) - i as f32
    };
    (0..row.len()).map(source).collect()
}

impl Turned {
    /// See [`super::Turned::source`].
    #[inline]
    pub(super) fn source(&self, p: Point) -> Point {
        let Grid { left, top, step, columns, rows } = self.grid;
        let (x, y) = ((p.x - left) / step, (p.y - top) / step);
        if !(x >= 0.0 && y >= 0.0 && x < (columns - 1) as f32 && y < (rows - 1) as f32) {
            return p;
        }
        let (column, row) = (x as usize, y as usize);
        let (fx, fy) = (x - column as f32, y - row as f32);
        let at = row * columns + column;
        let (above, below) = (&self.back[at..at + 2], &self.back[at + columns..at + columns + 2]);
        let upper = above[0] + (above[1] - above[0]) * fx;
        let lower = below[0] + (below[1] - below[0]) * fx;
        Point::new(p.x + upper + (lower - upper) * fy, p.y)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_reversed_and_what_is_hidden_is_left_out() {
        let cases: [(&[f32], bool, &[f32]); 4] = [
            (&[0.0; 5], true, &[0.0; 5]),
            // The middle moves by half a cell to the right.
            (&[0.0, 0.0, 0.5, 0.0, 0.0], true, &[0.0, 0.0, -0.333, 0.0, 0.0]),
            (&[0.0, 0.0, -0.5, 0.0, 0.0], false, &[0.0, 0.0, 0.333, 0.0, 0.0]),
            // Node 1 moves onto node 3 and hides nodes 2 and 3.
            (&[0.0, 2.0, 0.0, 0.0, 0.0], true, &[0.0, -0.667, -1.333, -2.0, 0.0]),
        ];
        for (row, is_rightward, expected) in cases {
            let back = backwards(row, is_rightward);
            let off = back.iter().zip(expected).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
            assert!(off < 0.01, "{row:?}: {back:?}");
        }
    }
}
