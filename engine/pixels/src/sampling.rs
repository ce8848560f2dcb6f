//! What both ways of sampling share: borders, and the range of the values.

/// What is outside the frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Border {
    /// Black pixels (the detector's letterbox).
    Black,
    /// The nearest pixel of the frame (the mesh's region).
    Nearest,
}

/// The range that 0–255 is mapped to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Range {
    /// 0 to 1.
    ZeroToOne,
    /// −1 to 1.
    MinusOneToOne,
}

/// Maps a colour's 0 to 255 to a network's input.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Channels {
    scale: f32,
    offset: f32,
}

impl Channels {
    pub(crate) fn of_range(range: Range) -> Channels {
        match range {
            Range::ZeroToOne => Channels { scale: 1.0 / 255.0, offset: 0.0 },
            Range::MinusOneToOne => Channels { scale: 2.0 / 255.0, offset: -1.0 },
        }
    }

    #[inline(always)]
    pub(crate) fn of(self, colour: f32) -> f32 {
        colour * self.scale + self.offset
    }
}
