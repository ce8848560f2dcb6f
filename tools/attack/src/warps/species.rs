//! The kinds of warp.

use std::ops::Range;

use clip_maker::turn::Shape;

/// What a photograph does when it is asked to turn. All of them blink when they are asked to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Species {
    /// Nothing.
    Still,
    /// It turns as something of this shape.
    Turning(Shape),
}

impl Species {
    /// Every kind, from the simplest to the most laborious.
    pub(super) const ALL: [Species; 5] = [
        Species::Still,
        Species::Turning(Shape::Plane),
        Species::Turning(Shape::Cylinder),
        Species::Turning(Shape::ThinPlate),
        Species::Turning(Shape::Head),
    ];

    /// The name in reports.
    pub(super) fn name(self) -> &'static str {
        match self {
            Species::Still => "warp: lids on cue, no turn",
            Species::Turning(Shape::Plane) => "warp and turn: plane",
            Species::Turning(Shape::Cylinder) => "warp and turn: cylinder",
            Species::Turning(Shape::ThinPlate) => "warp and turn: thin plate",
            Species::Turning(Shape::Head) => "warp and turn: head of the mesh's depths",
        }
    }

    /// How far it turns, in degrees, so that the mesh reads as much as of a head that is asked to turn; `None` if it does not
    /// turn. Of a plane it never reads enough (7° of 40°).
    pub(super) fn degrees(self) -> Option<Range<f64>> {
        match self {
            Species::Still => None,
            Species::Turning(Shape::Head) => Some(19.0..29.0),
            Species::Turning(Shape::ThinPlate) => Some(14.0..24.0),
            Species::Turning(Shape::Cylinder) => Some(30.0..42.0),
            Species::Turning(Shape::Plane) => Some(25.0..42.0),
        }
    }

    /// The shape that it is drawn as.
    pub(super) fn shape(self) -> Shape {
        match self {
            Species::Still => Shape::Plane,
            Species::Turning(shape) => shape,
        }
    }
}
