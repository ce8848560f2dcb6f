//! Objects between a print and the camera: where they are opaque, and their colour. In pixels of the print.

use engine::geometry::Point;

use super::photo::Colour;

/// An object in front of the print.
#[derive(Clone, Copy, Debug)]
pub(super) struct Occluder {
    /// Its centre.
    pub(super) center: Point,
    /// Half its width and height.
    pub(super) half: (f32, f32),
    /// Direction of its own x axis, as a unit vector.
    pub(super) axis: Point,
    /// Its appearance.
    pub(super) paint: Paint,
}

/// Colour and outline of an occluder.
#[derive(Clone, Copy, Debug)]
pub(super) enum Paint {
    /// A rectangle of one colour.
    Flat(Colour),
    /// The back of a hand with its fingers along x, in this skin colour.
    Hand(Colour),
}

/// Width in pixels of the transition from transparent to opaque: a hand or paper in front of the print is slightly out of
/// focus.
const SOFT_EDGE: f32 = 2.5;

/// How much shorter each finger is than the longest one, and the distance of creases and knuckles from its tip. All in
/// halves of a finger's width.
const FINGER_LENGTHS: [f32; 4] = [1.5, 0.0, 0.7, 3.0];
const JOINTS: [f32; 2] = [2.2, 5.0];
const KNUCKLES: f32 = 8.0;

/// Each finger is wider than its share of the hand by this factor, so that nothing shows between adjacent fingers.
const OVERLAP: f32 = 1.12;

impl Occluder {
    /// The same, moved by this many pixels across its own x axis.
    pub(super) fn moved_across(self, by: f32) -> Occluder {
        let Point { x, y } = self.center;
        Occluder { center: Point::new(x - by * self.axis.y, y + by * self.axis.x), ..self }
    }

    /// Whether the point `p` is mostly hidden.
    #[cfg(test)]
    pub(super) fn hides(&self, p: Point) -> bool {
        self.at(p).is_some_and(|(opacity, _)| opacity > 0.5)
    }

    /// Opacity (0 to 1) and colour in front of the print's point `p`; `None` outside the occluder.
    #[inline]
    pub(super) fn at(&self, p: Point) -> Option<(f32, Colour)> {
        let (dx, dy) = (p.x - self.center.x, p.y - self.center.y);
        let reach = self.half.0 + self.half.1 + SOFT_EDGE;
        if dx.abs() > reach || dy.abs() > reach {
            return None;
        }
        let local = Point::new(dx * self.axis.x + dy * self.axis.y, dy * self.axis.x - dx * self.axis.y);
        let (outside, colour) = match self.paint {
            Paint::Flat(colour) => ((local.x.abs() - self.half.0).max(local.y.abs() - self.half.1), colour),
            Paint::Hand(skin) => self.hand(local, skin),
        };
        let opacity = (0.5 - outside / SOFT_EDGE).clamp(0.0, 1.0);
        (opacity > 0.0).then_some((opacity, colour))
    }

    /// Distance to the hand's outline (negative inside) and its colour. Towards greater x are fingers with round tips, darker
    /// at the gaps and across the joints; towards smaller x is the back of the hand.
    fn hand(&self, p: Point, skin: Colour) -> (f32, Colour) {
        let radius = self.half.1 / FINGER_LENGTHS.len() as f32;
        let finger = ((p.y + self.half.1) / (2.0 * radius)).floor().clamp(0.0, FINGER_LENGTHS.len() as f32 - 1.0);
        let off_axis = p.y + self.half.1 - (2.0 * finger + 1.0) * radius;
        let tip = self.half.0 - FINGER_LENGTHS[finger as usize] * radius - radius;
        let from_tip = (tip - p.x) / radius;
        let texture = 0.03 * (p.x * 0.61).sin() * (p.y * 0.83 + finger).sin();
        if from_tip > KNUCKLES {
            let outside = (p.y.abs() - self.half.1).max(-self.half.0 - p.x);
            let roundness = 1.0 - 0.25 * (p.y / self.half.1).powi(2);
            return (outside, shaded(skin, 0.98 * roundness + texture));
        }
        let roundness = (1.0 - (off_axis / radius).powi(2)).max(0.0).sqrt();
        let crease = JOINTS.iter().map(|at| (-((from_tip - at) * 4.0).powi(2)).exp()).sum::<f32>();
        (
            (p.x - tip).max(0.0).hypot(off_axis) - radius * OVERLAP,
            shaded(skin, 0.6 + 0.4 * roundness - 0.08 * crease + texture),
        )
    }
}

fn shaded(colour: Colour, shade: f32) -> Colour {
    colour.map(|c| (c * shade).min(255.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    const X_AXIS: Point = Point::new(1.0, 0.0);

    #[test]
    fn a_rectangle_hides_its_inside_and_nothing_else() {
        let paint = Paint::Flat([9.0; 4]);
        let occluder = Occluder { center: Point::new(100.0, 50.0), half: (40.0, 10.0), axis: X_AXIS, paint };
        assert!(matches!(occluder.at(Point::new(138.0, 42.0)), Some((1.0, [9.0, ..]))));
        assert!(occluder.at(Point::new(100.0, 62.0)).is_none());
        let upright = Occluder { axis: Point::new(0.0, 1.0), ..occluder };
        assert!(upright.hides(Point::new(100.0, 85.0)) && !upright.hides(Point::new(138.0, 50.0)));
    }

    #[test]
    fn fingers_have_gaps_at_their_tips_and_ridges_along_their_length() {
        let paint = Paint::Hand([200.0, 150.0, 120.0, 255.0]);
        let hand = Occluder { center: Point::default(), half: (100.0, 40.0), axis: X_AXIS, paint };
        assert!(
            hand.hides(Point::new(-95.0, -30.0))
                && hand.hides(Point::new(50.0, 20.0))
                && hand.hides(Point::new(50.0, 0.0))
        );
        // The second finger is the longest. The gaps between the tips are transparent.
        assert!(hand.hides(Point::new(96.0, -10.0)) && !hand.hides(Point::new(96.0, -22.0)));
        let red = |y: f32| hand.at(Point::new(60.0, y)).map(|(_, colour)| colour[0]).unwrap();
        assert!(red(-30.0) > 1.2 * red(-20.5), "axis {}, gap {}", red(-30.0), red(-20.5));
    }
}
