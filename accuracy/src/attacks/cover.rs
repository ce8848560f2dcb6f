//! What comes between a print and the camera: where it is opaque and of what colour. In pixels of the print.

use engine::geometry::Point;

/// Something before the print.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cover {
    /// Its middle.
    pub(super) center: Point,
    /// Half its width and height.
    pub(super) half: (f32, f32),
    /// Turn in radians, from x towards y.
    pub(super) angle: f32,
    /// What it looks like.
    pub(super) paint: Paint,
}

/// Colour and outline of a cover.
#[derive(Clone, Copy, Debug)]
pub(super) enum Paint {
    /// A rectangle of one colour.
    Flat([f32; 3]),
    /// Four fingers side by side along x, with this skin.
    Fingers([f32; 3]),
}

/// Covers go from nothing to opaque over this many pixels: a hand or paper before the print is a little out of focus.
const SOFT_EDGE: f32 = 2.5;

/// How much shorter each finger is than the longest, as a share of the cover's width.
const FINGER_LENGTHS: [f32; 4] = [0.1, 0.0, 0.04, 0.2];

impl Cover {
    /// Whether the cover hides the point `p` for the most part.
    #[cfg(test)]
    pub(super) fn hides(&self, p: Point) -> bool {
        self.at(p).is_some_and(|(opacity, _)| opacity > 0.5)
    }

    /// Opacity (0 to 1) and colour before the print's point `p`; `None` beside the cover.
    #[inline]
    pub(super) fn at(&self, p: Point) -> Option<(f32, [f32; 3])> {
        let (dx, dy) = (p.x - self.center.x, p.y - self.center.y);
        let reach = self.half.0 + self.half.1 + SOFT_EDGE;
        if dx.abs() > reach || dy.abs() > reach {
            return None;
        }
        let local = Point::new(dx, dy).rotated(-self.angle);
        let (outside, colour) = match self.paint {
            Paint::Flat(colour) => ((local.x.abs() - self.half.0).max(local.y.abs() - self.half.1), colour),
            Paint::Fingers(skin) => self.fingers(local, skin),
        };
        let opacity = (0.5 - outside / SOFT_EDGE).clamp(0.0, 1.0);
        (opacity > 0.0).then_some((opacity, colour))
    }

    /// Distance to the fingers' outline (negative inside) and their colour: round tips at greater x, darker towards the
    /// gaps, the joints as faint dark lines.
    fn fingers(&self, p: Point, skin: [f32; 3]) -> (f32, [f32; 3]) {
        let radius = self.half.1 / FINGER_LENGTHS.len() as f32;
        let finger = ((p.y + self.half.1) / (2.0 * radius)).floor().clamp(0.0, FINGER_LENGTHS.len() as f32 - 1.0);
        let off_axis = p.y + self.half.1 - (2.0 * finger + 1.0) * radius;
        let tip = self.half.0 * (1.0 - 2.0 * FINGER_LENGTHS[finger as usize]) - radius;
        let outside = (p.x - tip).max(0.0).hypot(off_axis) - radius;
        let outside = outside.max(-self.half.0 - p.x);
        let roundness = (1.0 - (off_axis / radius).powi(2)).max(0.0).sqrt();
        let from_tip = (tip - p.x) / radius;
        let joint = (-((from_tip % 2.6 - 1.3) * 4.0).powi(2)).exp();
        let texture = (p.x * 0.61).sin() * (p.y * 0.83 + finger).sin();
        let shade = 0.62 + 0.4 * roundness - 0.1 * joint + 0.03 * texture;
        (outside, skin.map(|c| (c * shade).min(255.0)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rectangle_covers_its_inside_and_no_more() {
        let cover =
            Cover { center: Point::new(100.0, 50.0), half: (40.0, 10.0), angle: 0.0, paint: Paint::Flat([9.0; 3]) };
        assert!(matches!(cover.at(Point::new(138.0, 42.0)), Some((opacity, [9.0, 9.0, 9.0])) if opacity == 1.0));
        assert!(cover.at(Point::new(100.0, 62.0)).is_none());
        let upright = Cover { angle: std::f32::consts::FRAC_PI_2, ..cover };
        assert!(upright.hides(Point::new(100.0, 85.0)) && !upright.hides(Point::new(138.0, 50.0)));
    }

    #[test]
    fn fingers_have_gaps_at_their_tips_and_ridges_along_their_length() {
        let skin = [200.0, 150.0, 120.0];
        let hand = Cover { center: Point::default(), half: (100.0, 40.0), angle: 0.0, paint: Paint::Fingers(skin) };
        assert!(hand.hides(Point::new(0.0, -30.0)) && hand.hides(Point::new(0.0, 20.0)));
        // The second finger is the longest; between the tips one sees through.
        assert!(hand.hides(Point::new(96.0, -10.0)) && !hand.hides(Point::new(96.0, -20.0)));
        let red = |y: f32| hand.at(Point::new(0.0, y)).map(|(_, colour)| colour[0]).unwrap();
        assert!(red(-30.0) > 1.2 * red(-20.5), "axis {}, gap {}", red(-30.0), red(-20.5));
    }
}
