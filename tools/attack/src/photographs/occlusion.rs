//! Attacks that cover a photograph's eyes briefly with a hand, a card, a pen or a strip of paper.

use engine::geometry::Point;

use super::curve::Curve;
use super::occluder::{Occluder, Paint};
use super::photo::{Eye, Photo};
use super::script::Change;
use accuracy::prng::Prng;

/// The object held in front of the eyes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Occlusion {
    /// A grey card.
    Grey,
    /// A card in the face's mean colour.
    Skin,
    /// A black card.
    Black,
    /// A white card.
    White,
    /// A hand.
    Hand,
    /// A dark bar about as high as the eye opening.
    Bar,
    /// A dark line, thinner than the bar.
    Pencil,
    /// A strip of paper over both eyes, in the colour of the cheeks.
    Strip,
    /// A card, a bar or a strip over one eye only.
    OneEye,
}

/// How the occluder appears and disappears.
#[derive(Clone, Copy)]
enum Passage {
    /// Appears and disappears at once.
    Sudden,
    /// Moves along y and back.
    ThereAndBack,
    /// Enters on one side and leaves on the other.
    Across,
}

/// For how long the eyes are covered, in seconds.
const HOLD_S: (f32, f32) = (0.08, 0.5);

impl Occlusion {
    /// Every kind and its name.
    pub(super) const ALL: [(Occlusion, &'static str); 9] = [
        (Occlusion::Grey, "grey card"),
        (Occlusion::Skin, "skin-coloured card"),
        (Occlusion::Black, "black card"),
        (Occlusion::White, "white card"),
        (Occlusion::Hand, "hand"),
        (Occlusion::Bar, "dark bar"),
        (Occlusion::Pencil, "pencil"),
        (Occlusion::Strip, "skin strip"),
        (Occlusion::OneEye, "one eye"),
    ];

    /// The changes that make up one attack of this kind.
    pub(super) fn changes(self, photo: &Photo, rng: &mut Prng) -> Vec<Change> {
        let occluder = self.occluder(photo, rng);
        let passage = rng.pick(&[Passage::Sudden, Passage::ThereAndBack, Passage::ThereAndBack, Passage::Across]);
        vec![come_and_go(occluder, passage, rng)]
    }

    /// The occluder in the position in which it hides the eyes.
    pub(super) fn occluder(self, photo: &Photo, rng: &mut Prng) -> Occluder {
        let eyes = photo.eyes();
        let both = Span::of_both(&eyes);
        let opening = (eyes[0].opening + eyes[1].opening) / 2.0;
        let dark = grey(rng.between(15.0, 60.0));
        let card = (both.half_width * rng.between(1.2, 1.6), both.eye_width * rng.between(0.5, 1.4));
        let narrow = both.half_width * rng.between(1.02, 1.3);
        match self {
            Occlusion::Grey => both.occluder(card, grey(rng.between(100.0, 160.0))),
            Occlusion::Skin => both.occluder(card, Paint::Flat(photo.skin())),
            Occlusion::Black => both.occluder(card, grey(8.0)),
            Occlusion::White => both.occluder(card, grey(244.0)),
            Occlusion::Hand => {
                let shade = rng.between(0.8, 1.1);
                let skin = photo.cheek().map(|c| c * shade);
                let half = (both.half_width * rng.between(1.8, 2.6), both.eye_width * rng.between(0.9, 1.4));
                both.occluder(half, Paint::Hand(skin))
            }
            Occlusion::Bar => both.occluder((narrow, opening / 2.0 * rng.between(1.0, 1.6)), dark),
            Occlusion::Pencil => both.occluder((both.half_width * 2.0, opening / 2.0 * rng.between(0.3, 0.7)), dark),
            Occlusion::Strip => {
                both.occluder((narrow, opening / 2.0 * rng.between(1.2, 2.4)), Paint::Flat(photo.cheek()))
            }
            Occlusion::OneEye => {
                let eye = Span::of_one(&rng.pick(&eyes), both.axis);
                let width = eye.half_width * rng.between(1.1, 1.5);
                match rng.pick(&["card", "bar", "strip"]) {
                    "card" => eye.occluder((width, width), grey(rng.between(60.0, 200.0))),
                    "bar" => eye.occluder((width, opening / 2.0 * 1.3), dark),
                    _ => eye.occluder((width, opening / 2.0 * 2.0), Paint::Flat(photo.cheek())),
                }
            }
        }
    }
}

/// The area to be covered: one eye or both, from outer corner to outer corner.
struct Span {
    center: Point,
    half_width: f32,
    eye_width: f32,
    axis: Point,
}

impl Span {
    fn of_both([right, left]: &[Eye; 2]) -> Span {
        let (dx, dy) = (left.center.x - right.center.x, left.center.y - right.center.y);
        let eye_width = (right.width + left.width) / 2.0;
        Span {
            center: right.center.midpoint(left.center),
            half_width: (dx.hypot(dy) + eye_width) / 2.0,
            eye_width,
            axis: Point::new(dx / dx.hypot(dy), dy / dx.hypot(dy)),
        }
    }

    fn of_one(eye: &Eye, axis: Point) -> Span {
        Span { center: eye.center, half_width: eye.width / 2.0, eye_width: eye.width, axis }
    }

    fn occluder(&self, half: (f32, f32), paint: Paint) -> Occluder {
        Occluder { center: self.center, half, axis: self.axis, paint }
    }
}

fn grey(level: f32) -> Paint {
    Paint::Flat([level, level, level, 255.0])
}

fn come_and_go(occluder: Occluder, passage: Passage, rng: &mut Prng) -> Change {
    let hold = rng.between(HOLD_S.0, HOLD_S.1);
    let (rise, fall) = (rng.between(0.06, 0.2), rng.between(0.06, 0.2));
    let side = rng.sign();
    let moved = move |x: f32, y: f32| {
        let (along, Point { x: center_x, y: center_y }) = (occluder.axis, occluder.center);
        let center = Point::new(center_x + x * along.x - y * along.y, center_y + x * along.y + y * along.x);
        Occluder { center, ..occluder }
    };
    match passage {
        Passage::Sudden => {
            let curve = Curve::pulse_of(rng, 0.002, hold, 0.002);
            Box::new(move |t, m| m.occluders.extend((curve.at(t) > 0.5).then_some(occluder)))
        }
        Passage::ThereAndBack => {
            // Starts far enough away not to touch the eyes, but not beyond the face, like a hand waiting beside it.
            let from = side * (occluder.half.1 + rng.between(40.0, 170.0));
            let curve = Curve::pulse_of(rng, rise, hold, fall);
            Box::new(move |t, m| m.occluders.push(moved(0.0, from * (1.0 - curve.at(t)))))
        }
        Passage::Across => {
            let from = side * (2.0 * occluder.half.0 + 60.0);
            let (enters, start) = (rise * 2.0, rng.between(0.85, 0.95));
            let leaves = enters.max(hold);
            Box::new(move |t, m| {
                let share = (t - start) / (enters + leaves);
                m.occluders.push(moved(from * (1.0 - 2.0 * share.clamp(0.0, 1.0)), 0.0));
            })
        }
    }
}

#[cfg(test)]
mod tests {
    use engine::mesh::LANDMARKS;
    use engine::mesh::landmarks::{LEFT_EYE, RIGHT_EYE};

    use super::super::plan::at_rest;
    use super::*;

    /// A grey print with eyes 30 wide and 10 high at (70, 60) and (130, 66).
    fn photo() -> Photo {
        let mut mesh = vec![Point::new(100.0, 80.0); LANDMARKS];
        for (lids, x, y) in [(RIGHT_EYE, 70.0, 60.0), (LEFT_EYE, 130.0, 66.0)] {
            let outline = [(-15.0, 0.0), (-5.0, -5.0), (5.0, -5.0), (15.0, 0.0), (5.0, 5.0), (-5.0, 5.0)];
            for (index, (dx, dy)) in lids.into_iter().zip(outline) {
                mesh[index] = Point::new(x + dx, y + dy);
            }
        }
        Photo::of_pixels(201, vec![[90.0, 90.0, 90.0, 255.0]; 201 * 161], mesh)
    }

    #[test]
    fn every_kind_hides_the_eyes_briefly_and_leaves_them_free_before_and_after() {
        let photo = photo();
        for (kind, name) in Occlusion::ALL {
            for round in 0..20 {
                let mut rng = Prng::named(&format!("{name} {round}"));
                let mut script = at_rest(&mut rng);
                script.changes.extend(kind.changes(&photo, &mut rng));
                let hidden = |t: f32| {
                    let occluders = script.at(t).occluders;
                    photo
                        .eyes()
                        .iter()
                        .filter(|eye| occluders.iter().any(|occluder| occluder.hides(eye.center)))
                        .count()
                };
                let most = (0..260).map(|i| hidden(i as f32 * 0.01)).max();
                let expected = if kind == Occlusion::OneEye { 1 } else { 2 };
                assert_eq!(most, Some(expected), "{name}, round {round}");
                let free = (0..80).chain(215..260).all(|i| hidden(i as f32 * 0.01) == 0);
                assert!(free, "{name}, round {round}");
            }
        }
    }
}
