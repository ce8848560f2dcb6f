//! Attacks that move a whole print, or the light and the focus on it. The photograph's eyes never close.

use super::course::{Course, LENGTH_S, Tremor};
use super::photo::FACE_WIDTH;
use super::render::Change;
use super::sheet::BendAxis;
use crate::prng::Prng;

/// What is done to the print.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rigid {
    /// Moved to a side.
    Pan,
    /// Brought nearer or taken away.
    Zoom,
    /// Turned in the image plane.
    Tilt,
    /// Turned about its vertical axis.
    Yaw,
    /// Turned about its horizontal axis.
    Pitch,
    /// The same, quickly and again and again.
    Nod,
    /// Rolled up about a vertical axis.
    BendVertical,
    /// Rolled up about a horizontal axis.
    BendHorizontal,
    /// Held by a hand that shakes.
    Shake,
    /// Under light that changes, or a camera that sets its exposure anew.
    Brightness,
    /// Out of focus for a moment.
    Focus,
    /// Moved, nodded and shaken at once.
    Combined,
    /// Elsewhere or of another size from one frame to the next, and back.
    Jump,
}

impl Rigid {
    /// Every kind with its name.
    pub(super) const ALL: [(Rigid, &'static str); 13] = [
        (Rigid::Pan, "pan"),
        (Rigid::Zoom, "zoom"),
        (Rigid::Tilt, "tilt"),
        (Rigid::Yaw, "yaw"),
        (Rigid::Pitch, "pitch"),
        (Rigid::Nod, "nod"),
        (Rigid::BendVertical, "bend, vertical axis"),
        (Rigid::BendHorizontal, "bend, horizontal axis"),
        (Rigid::Shake, "shake"),
        (Rigid::Brightness, "brightness"),
        (Rigid::Focus, "focus"),
        (Rigid::Combined, "combined"),
        (Rigid::Jump, "jump"),
    ];

    /// The changes that make up one attack of this kind. Lengths are in pixels of the frame, angles in degrees.
    pub(super) fn changes(self, chance: &mut Prng) -> Vec<Change> {
        match self {
            Rigid::Pan => vec![pan(chance, 20.0, 120.0)],
            Rigid::Zoom => {
                let factor = chance.pick(&[0.6, 0.75, 1.3, 1.5]) * chance.between(0.9, 1.1);
                let course = Course::any(chance);
                vec![Box::new(move |t, m| m.placement.scale *= f32::powf(factor, course.at(t)))]
            }
            Rigid::Tilt => {
                let (angle, course) = (turn(chance, 5.0, 30.0), Course::any(chance));
                vec![Box::new(move |t, m| m.placement.roll += angle * course.at(t))]
            }
            Rigid::Yaw => {
                let (angle, course) = (turn(chance, 15.0, 60.0), Course::any(chance));
                vec![Box::new(move |t, m| m.placement.yaw += angle * course.at(t))]
            }
            Rigid::Pitch => {
                let course = Course::pulse(chance);
                vec![pitch(chance, 15.0, 65.0, course)]
            }
            Rigid::Nod => {
                let course = Course::swing(chance, 2.0, 5.0);
                vec![pitch(chance, 20.0, 60.0, course)]
            }
            Rigid::BendVertical => vec![bend(chance, BendAxis::Vertical)],
            Rigid::BendHorizontal => vec![bend(chance, BendAxis::Horizontal)],
            Rigid::Shake => vec![shake(chance, 2.0, 12.0)],
            Rigid::Brightness => vec![brightness(chance)],
            Rigid::Focus => {
                let (radius, hold) = (chance.between(3.0, 12.0), chance.between(0.05, 0.35));
                let (rise, fall) = (chance.between(0.04, 0.2), chance.between(0.04, 0.2));
                let course = Course::pulse_of(chance, rise, hold, fall);
                vec![Box::new(move |t, m| m.defocus += radius * course.at(t))]
            }
            Rigid::Combined => {
                let course = Course::any(chance);
                vec![pan(chance, 10.0, 60.0), pitch(chance, 15.0, 50.0, course), shake(chance, 1.0, 5.0)]
            }
            Rigid::Jump => vec![jump(chance)],
        }
    }
}

fn turn(chance: &mut Prng, least: f32, most: f32) -> f32 {
    chance.sign() * chance.between(least, most).to_radians()
}

fn pan(chance: &mut Prng, least: f32, most: f32) -> Change {
    let (direction, length) = (chance.between(0.0, std::f32::consts::TAU), chance.between(least, most));
    let course = Course::any(chance);
    Box::new(move |t, m| {
        m.placement.center.x += direction.cos() * length * course.at(t);
        m.placement.center.y += direction.sin() * length * course.at(t);
    })
}

fn pitch(chance: &mut Prng, least: f32, most: f32, course: Course) -> Change {
    let angle = turn(chance, least, most);
    Box::new(move |t, m| m.placement.pitch += angle * course.at(t))
}

/// Rolls the print up until the sides of the face have turned by 15° to 75°.
fn bend(chance: &mut Prng, axis: BendAxis) -> Change {
    let bend = turn(chance, 15.0, 75.0) / (FACE_WIDTH / 2.0);
    let course = Course::any(chance);
    Box::new(move |t, m| {
        m.placement.bend = bend * course.at(t);
        m.placement.bend_axis = axis;
    })
}

fn shake(chance: &mut Prng, least: f32, most: f32) -> Change {
    let size = chance.between(least, most);
    let [x, y, roll] = std::array::from_fn(|_| Tremor::new(chance, 4.0, 10.0));
    let course = Course::pulse_of(chance, 0.1, 0.7, 0.1);
    Box::new(move |t, m| {
        let size = size * course.at(t);
        m.placement.center.x += size * x.at(t);
        m.placement.center.y += size * y.at(t);
        m.placement.roll += 0.003 * size * roll.at(t);
    })
}

fn brightness(chance: &mut Prng) -> Change {
    let factor = chance.pick(&[0.3, 0.5, 1.4, 1.8]) * chance.between(0.85, 1.15);
    match chance.pick(&["ramp", "flicker", "dip"]) {
        "ramp" => {
            let course = Course::pulse(chance);
            Box::new(move |t, m| m.gain *= f32::powf(factor, course.at(t)))
        }
        "flicker" => {
            let (swing, pulse) = (Course::swing(chance, 5.0, 11.0), Course::pulse_of(chance, 0.05, 0.9, 0.05));
            Box::new(move |t, m| m.gain *= if swing.at(t) > 0.0 { f32::powf(factor, pulse.at(t)) } else { 1.0 })
        }
        // An automatic exposure: wrong at once, mended slowly.
        _ => {
            let course = Course::pulse_of(chance, 0.01, 0.08, 0.6);
            Box::new(move |t, m| m.gain *= f32::powf(factor, course.at(t)))
        }
    }
}

fn jump(chance: &mut Prng) -> Change {
    let (factor, x, y) = (chance.between(0.7, 1.4), chance.between(-60.0, 60.0), chance.between(-40.0, 40.0));
    let hold = chance.between(0.1, 0.3);
    let start = chance.between(super::course::BEGIN_S, LENGTH_S - 0.7 - hold);
    Box::new(move |t, m| {
        if (start..start + hold).contains(&t) {
            m.placement.scale *= factor;
            m.placement.center.x += x;
            m.placement.center.y += y;
        }
    })
}
