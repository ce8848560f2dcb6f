//! What happens in front of the camera in a sequence.

use super::occluder::Occluder;
use super::sheet::Placement;

/// The scene in front of the camera at one moment.
#[derive(Clone, Debug)]
pub(super) struct Moment {
    /// Position and orientation of the print.
    pub(super) placement: Placement,
    /// Objects in front of the print.
    pub(super) occluders: Vec<Occluder>,
    /// Factor on every colour, for light and exposure.
    pub(super) gain: f32,
    /// Radius of the defocus in pixels.
    pub(super) defocus: f32,
}

/// A change to the scene at a time in seconds.
pub(super) type Change = Box<dyn Fn(f32, &mut Moment) + Send + Sync>;

/// What happens in a sequence: an initial scene and the changes that are applied to it in order.
pub(super) struct Script {
    /// The scene before any change.
    pub(super) start: Moment,
    /// The changes.
    pub(super) changes: Vec<Change>,
}

impl Script {
    /// The scene at `t` seconds.
    pub(super) fn at(&self, t: f32) -> Moment {
        let mut moment = self.start.clone();
        for change in &self.changes {
            change(t, &mut moment);
        }
        moment
    }
}
