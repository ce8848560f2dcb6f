//! Attacks that cover a photograph's eyes for a moment: by a hand, a card, a pen, a strip of paper.

use engine::geometry::Point;

use super::course::Course;
use super::cover::{Cover, Paint};
use super::photo::{Eye, Photo};
use super::render::Change;
use crate::prng::Prng;

/// What is held before the eyes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Occlusion {
    /// A grey card.
    Grey,
    /// A card of the face's mean colour.
    Skin,
    /// A black card.
    Black,
    /// A white card.
    White,
    /// A hand.
    Hand,
    /// A dark bar as high as the eyes are open.
    Bar,
    /// A dark line, thinner than that.
    Pencil,
    /// A strip of paper just over both eyes, of the cheeks' own colour.
    Strip,
    /// One eye only, by a card, a bar or a strip.
    OneEye,
}

/// How it comes and goes.
#[derive(Clone, Copy)]
enum Way {
    /// It is there, and it is gone.
    Sudden,
    /// Along y and back.
    ThereAndBack,
    /// In on one side, out on the other.
    Across,
}

/// For how long the eyes are covered, in seconds.
const HOLD_S: (f32, f32) = (0.08, 0.5);

impl Occlusion {
    /// Every kind with its name.
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
    pub(super) fn changes(self, photo: &Photo, chance: &mut Prng) -> Vec<Change> {
        let cover = self.cover(photo, chance);
        let way = chance.pick(&[Way::Sudden, Way::ThereAndBack, Way::ThereAndBack, Way::Across]);
        vec![come_and_go(cover, way, chance)]
    }

    /// The cover where it hides the eyes.
    fn cover(self, photo: &Photo, chance: &mut Prng) -> Cover {
        let eyes = photo.eyes();
        let both = Span::of_both(&eyes);
        let opening = (eyes[0].opening + eyes[1].opening) / 2.0;
        let dark = grey(chance.between(15.0, 60.0));
        let card = (both.half_width * chance.between(1.2, 1.6), both.eye_width * chance.between(0.5, 1.4));
        let narrow = both.half_width * chance.between(1.02, 1.3);
        match self {
            Occlusion::Grey => both.cover(card, grey(chance.between(100.0, 160.0))),
            Occlusion::Skin => both.cover(card, Paint::Flat(photo.skin())),
            Occlusion::Black => both.cover(card, grey(8.0)),
            Occlusion::White => both.cover(card, grey(244.0)),
            Occlusion::Hand => {
                let shade = chance.between(0.8, 1.1);
                let skin = photo.cheek().map(|c| c * shade);
                let half = (both.half_width * chance.between(1.8, 2.6), both.eye_width * chance.between(0.9, 1.4));
                both.cover(half, Paint::Hand(skin))
            }
            Occlusion::Bar => both.cover((narrow, opening / 2.0 * chance.between(1.0, 1.6)), dark),
            Occlusion::Pencil => both.cover((both.half_width * 2.0, opening / 2.0 * chance.between(0.3, 0.7)), dark),
            Occlusion::Strip => {
                both.cover((narrow, opening / 2.0 * chance.between(1.2, 2.4)), Paint::Flat(photo.cheek()))
            }
            Occlusion::OneEye => {
                let eye = Span::of_one(&chance.pick(&eyes), both.axis);
                let width = eye.half_width * chance.between(1.1, 1.5);
                match chance.pick(&["card", "bar", "strip"]) {
                    "card" => eye.cover((width, width), grey(chance.between(60.0, 200.0))),
                    "bar" => eye.cover((width, opening / 2.0 * 1.3), dark),
                    _ => eye.cover((width, opening / 2.0 * 2.0), Paint::Flat(photo.cheek())),
                }
            }
        }
    }
}

/// What is to be covered: one eye or both, from outer corner to outer corner.
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

    fn cover(&self, half: (f32, f32), paint: Paint) -> Cover {
        Cover { center: self.center, half, axis: self.axis, paint }
    }
}

fn grey(level: f32) -> Paint {
    Paint::Flat([level, level, level, 255.0])
}

fn come_and_go(cover: Cover, way: Way, chance: &mut Prng) -> Change {
    let hold = chance.between(HOLD_S.0, HOLD_S.1);
    let (rise, fall) = (chance.between(0.06, 0.2), chance.between(0.06, 0.2));
    let side = chance.sign();
    let moved = move |x: f32, y: f32| {
        let (along, Point { x: center_x, y: center_y }) = (cover.axis, cover.center);
        let center = Point::new(center_x + x * along.x - y * along.y, center_y + x * along.y + y * along.x);
        Cover { center, ..cover }
    };
    match way {
        Way::Sudden => {
            let course = Course::pulse_of(chance, 0.002, hold, 0.002);
            Box::new(move |t, m| m.covers.extend((course.at(t) > 0.5).then_some(cover)))
        }
        Way::ThereAndBack => {
            // From far enough away not to touch the eyes, but not from beyond the face: a hand that waits beside it.
            let from = side * (cover.half.1 + chance.between(40.0, 170.0));
            let course = Course::pulse_of(chance, rise, hold, fall);
            Box::new(move |t, m| m.covers.push(moved(0.0, from * (1.0 - course.at(t)))))
        }
        Way::Across => {
            let from = side * (2.0 * cover.half.0 + 60.0);
            let (enters, start) = (rise * 2.0, chance.between(0.85, 0.95));
            let leaves = enters.max(hold);
            Box::new(move |t, m| {
                let share = (t - start) / (enters + leaves);
                m.covers.push(moved(from * (1.0 - 2.0 * share.clamp(0.0, 1.0)), 0.0));
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
    fn every_kind_hides_its_eyes_for_a_moment_and_leaves_them_free_before_and_after() {
        let photo = photo();
        for (kind, name) in Occlusion::ALL {
            for round in 0..20 {
                let mut chance = Prng::named(&format!("{name} {round}"));
                let mut script = at_rest(&mut chance);
                script.changes.extend(kind.changes(&photo, &mut chance));
                let hidden = |t: f32| {
                    let covers = script.at(t).covers;
                    photo.eyes().iter().filter(|eye| covers.iter().any(|cover| cover.hides(eye.center))).count()
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
