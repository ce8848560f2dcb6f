//! Attacks that move a whole print, or change the light or the focus. The photograph's eyes never close.

use super::curve::{Curve, LENGTH_S, Tremor};
use super::photo::FACE_WIDTH;
use super::script::Change;
use super::sheet::BendAxis;
use accuracy::prng::Prng;

/// What happens to the print.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rigid {
    /// Moved to a side.
    Pan,
    /// Moved closer or further away.
    Zoom,
    /// Turned in the image plane.
    Tilt,
    /// Turned about its vertical axis.
    Yaw,
    /// Turned about its horizontal axis.
    Pitch,
    /// Turned about its horizontal axis quickly and repeatedly.
    Nod,
    /// Rolled up about a vertical axis.
    BendVertical,
    /// Rolled up about a horizontal axis.
    BendHorizontal,
    /// Held by a shaking hand.
    Shake,
    /// Under changing light, or with a camera that readjusts its exposure.
    Brightness,
    /// Out of focus for a moment.
    Focus,
    /// Moved, nodded and shaken at once.
    Combined,
    /// Changes position or size from one frame to the next, and back.
    Jump,
}

impl Rigid {
    /// Every kind and its name.
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
    pub(super) fn changes(self, rng: &mut Prng) -> Vec<Change> {
        match self {
            Rigid::Pan => vec![pan(rng, 20.0, 120.0)],
            Rigid::Zoom => {
                let factor = rng.pick(&[0.6, 0.75, 1.3, 1.5]) * rng.between(0.9, 1.1);
                let curve = Curve::any(rng);
                vec![Box::new(move |t, m| m.placement.scale *= f32::powf(factor, curve.at(t)))]
            }
            Rigid::Tilt => {
                let (angle, curve) = (turn(rng, 5.0, 30.0), Curve::any(rng));
                vec![Box::new(move |t, m| m.placement.roll += angle * curve.at(t))]
            }
            Rigid::Yaw => {
                let (angle, curve) = (turn(rng, 15.0, 60.0), Curve::any(rng));
                vec![Box::new(move |t, m| m.placement.yaw += angle * curve.at(t))]
            }
            Rigid::Pitch => {
                let curve = Curve::pulse(rng);
                vec![pitch(rng, 15.0, 65.0, curve)]
            }
            Rigid::Nod => {
                let curve = Curve::swing(rng, 2.0, 5.0);
                vec![pitch(rng, 20.0, 60.0, curve)]
            }
            Rigid::BendVertical => vec![bend(rng, BendAxis::Vertical)],
            Rigid::BendHorizontal => vec![bend(rng, BendAxis::Horizontal)],
            Rigid::Shake => vec![shake(rng, 2.0, 12.0)],
            Rigid::Brightness => vec![brightness(rng)],
            Rigid::Focus => {
                let (radius, hold) = (rng.between(3.0, 12.0), rng.between(0.05, 0.35));
                let (rise, fall) = (rng.between(0.04, 0.2), rng.between(0.04, 0.2));
                let curve = Curve::pulse_of(rng, rise, hold, fall);
                vec![Box::new(move |t, m| m.defocus += radius * curve.at(t))]
            }
            Rigid::Combined => {
                let curve = Curve::any(rng);
                vec![pan(rng, 10.0, 60.0), pitch(rng, 15.0, 50.0, curve), shake(rng, 1.0, 5.0)]
            }
            Rigid::Jump => vec![jump(rng)],
        }
    }
}

fn turn(rng: &mut Prng, least: f32, most: f32) -> f32 {
    rng.sign() * rng.between(least, most).to_radians()
}

fn pan(rng: &mut Prng, least: f32, most: f32) -> Change {
    let (direction, length) = (rng.between(0.0, std::f32::consts::TAU), rng.between(least, most));
    let curve = Curve::any(rng);
    Box::new(move |t, m| {
        m.placement.center.x += direction.cos() * length * curve.at(t);
        m.placement.center.y += direction.sin() * length * curve.at(t);
    })
}

fn pitch(rng: &mut Prng, least: f32, most: f32, curve: Curve) -> Change {
    let angle = turn(rng, least, most);
    Box::new(move |t, m| m.placement.pitch += angle * curve.at(t))
}

/// Rolls the print up until the sides of the face have turned by 15° to 75°.
fn bend(rng: &mut Prng, axis: BendAxis) -> Change {
    let bend = turn(rng, 15.0, 75.0) / (FACE_WIDTH / 2.0);
    let curve = Curve::any(rng);
    Box::new(move |t, m| {
        m.placement.bend = bend * curve.at(t);
        m.placement.bend_axis = axis;
    })
}

fn shake(rng: &mut Prng, least: f32, most: f32) -> Change {
    let size = rng.between(least, most);
    let [x, y, roll] = std::array::from_fn(|_| Tremor::new(rng, 4.0, 10.0));
    let curve = Curve::pulse_of(rng, 0.1, 0.7, 0.1);
    Box::new(move |t, m| {
        let size = size * curve.at(t);
        m.placement.center.x += size * x.at(t);
        m.placement.center.y += size * y.at(t);
        m.placement.roll += 0.003 * size * roll.at(t);
    })
}

fn brightness(rng: &mut Prng) -> Change {
    let factor = rng.pick(&[0.3, 0.5, 1.4, 1.8]) * rng.between(0.85, 1.15);
    match rng.pick(&["ramp", "flicker", "dip"]) {
        "ramp" => {
            let curve = Curve::pulse(rng);
            Box::new(move |t, m| m.gain *= f32::powf(factor, curve.at(t)))
        }
        "flicker" => {
            let (swing, pulse) = (Curve::swing(rng, 5.0, 11.0), Curve::pulse_of(rng, 0.05, 0.9, 0.05));
            Box::new(move |t, m| m.gain *= if swing.at(t) > 0.0 { f32::powf(factor, pulse.at(t)) } else { 1.0 })
        }
        // An automatic exposure: wrong at once, corrected slowly.
        _ => {
            let curve = Curve::pulse_of(rng, 0.01, 0.08, 0.6);
            Box::new(move |t, m| m.gain *= f32::powf(factor, curve.at(t)))
        }
    }
}

fn jump(rng: &mut Prng) -> Change {
    let (factor, x, y) = (rng.between(0.7, 1.4), rng.between(-60.0, 60.0), rng.between(-40.0, 40.0));
    let hold = rng.between(0.1, 0.3);
    let start = rng.between(super::curve::BEGIN_S, LENGTH_S - 0.7 - hold);
    Box::new(move |t, m| {
        if (start..start + hold).contains(&t) {
            m.placement.scale *= factor;
            m.placement.center.x += x;
            m.placement.center.y += y;
        }
    })
}
