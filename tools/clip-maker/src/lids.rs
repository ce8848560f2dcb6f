//! Closing lids: maps each point of the picture with lowered lids to the point of the portrait that gives its colour.

use engine::geometry::Point;

/// Points along the lower edge of the brow, the upper lid and the lower lid, each from corner to corner (mesh indices).
const EYES: [EyeIndices; 2] = [
    EyeIndices {
        brow: &[46, 53, 52, 65, 55],
        upper: &[33, 246, 161, 160, 159, 158, 157, 173, 133],
        lower: &[33, 7, 163, 144, 145, 153, 154, 155, 133],
    },
    EyeIndices {
        brow: &[285, 295, 282, 283, 276],
        upper: &[362, 398, 384, 385, 386, 387, 388, 466, 263],
        lower: &[362, 382, 381, 380, 374, 373, 390, 249, 263],
    },
];

struct EyeIndices {
    brow: &'static [usize],
    upper: &'static [usize],
    lower: &'static [usize],
}

/// Both eyes of a portrait, in its pixels.
pub(crate) struct Lids {
    eyes: [Eye; 2],
}

struct Eye {
    brow: Vec<Point>,
    upper: Vec<Point>,
    lower: Vec<Point>,
}

/// The source of a pixel's colour.
pub(crate) struct Source {
    /// The point in the portrait.
    pub(crate) at: Point,
    /// Factor on its colour: below 1 on the lash line.
    pub(crate) shade: f32,
}

/// Brightness factor of the lash line, and its extent to either side in portrait pixels.
const LASH_SHADE: f32 = 0.5;
const LASH_REACH: f32 = 0.8;

impl Lids {
    /// Takes the lids from a mesh of 468 points.
    pub(crate) fn new(mesh: &[Point]) -> Lids {
        let line = |indices: &[usize]| indices.iter().map(|&i| mesh[i]).collect();
        Lids { eyes: EYES.map(|eye| Eye { brow: line(eye.brow), upper: line(eye.upper), lower: line(eye.lower) }) }
    }

    /// The source of point `p` when the lids are lowered by `closure` (0 as in the portrait, 1 closed).
    ///
    /// In each column, the skin between brow and upper lid is stretched down over the eye.
    pub(crate) fn source(&self, p: Point, closure: f32) -> Source {
        let unchanged = Source { at: p, shade: 1.0 };
        let over = |eye: &&Eye| (eye.upper[0].x..eye.upper[8].x).contains(&p.x);
        let Some(eye) = self.eyes.iter().find(over) else { return unchanged };
        let (brow, upper, lower) = (y_at(&eye.brow, p.x), y_at(&eye.upper, p.x), y_at(&eye.lower, p.x));
        let lid = upper + closure * (lower - upper).max(0.0);
        if closure == 0.0 || p.y <= brow || brow >= upper {
            return unchanged;
        }
        let lash = (1.0 - (p.y - lid).abs() / LASH_REACH).max(0.0) * closure;
        let shade = 1.0 - (1.0 - LASH_SHADE) * lash;
        let y = if p.y < lid { brow + (p.y - brow) * (upper - brow) / (lid - brow) } else { p.y };
        Source { at: Point::new(p.x, y), shade }
    }
}

/// The y coordinate of a line at column `x`. Beyond the line's ends it is that of the nearest end.
fn y_at(line: &[Point], x: f32) -> f32 {
    for pair in line.windows(2) {
        let (a, b) = (pair[0], pair[1]);
        if (a.x..b.x).contains(&x) {
            return a.y + (b.y - a.y) * (x - a.x) / (b.x - a.x);
        }
    }
    if x < line[0].x { line[0].y } else { line[line.len() - 1].y }
}
