//! Every limit the engine judges by, as one named set. Both sides must agree on it, and every record carries its name.

/// A named set of limits. There is no default: who judges, names the set.
#[derive(Clone, Debug, PartialEq)]
pub struct Thresholds {
    /// The set's name, as it stands in transcripts and records.
    pub name: &'static str,

    /// Presence from which a region holds a face (MediaPipe `min_tracking_confidence`).
    pub min_presence: f32,
    /// Milliseconds between two runs of the detector while a face is tracked. A few times a second is enough to notice
    /// a second person, and costs little.
    pub detect_every_ms: f64,
    /// A second face counts from this share of the main face's width; smaller ones are pictures on the wall.
    pub second_face_width: f32,

    /// Least mean luma of the face, 0–255.
    pub min_light: f32,
    /// Greatest mean luma of the face.
    pub max_light: f32,
    /// Greatest share of clipped pixels in the face.
    pub max_clipped: f32,
    /// Least face width as a share of the frame's shorter side (original: 0.18 of the width).
    pub min_face_width: f32,
    /// Least face width in pixels: below it the lids are a pixel apart.
    pub min_face_pixels: f32,
    /// Greatest face width as a share of the frame's shorter side.
    pub max_face_width: f32,
    /// Greatest distance of the face's centre from the frame's, as a share of the frame (original: 0.30, horizontal).
    pub max_off_center: f32,
    /// Greatest turn to a side, degrees.
    pub max_yaw_deg: f32,
    /// Lowest nod, degrees (looking down is negative).
    pub min_pitch_deg: f32,
    /// Highest nod, degrees.
    pub max_pitch_deg: f32,
    /// Greatest tilt, degrees.
    pub max_roll_deg: f32,
    /// Least sharpness ([`crate::Quality::sharpness`]).
    pub min_sharpness: f32,

    /// Limits of the blink detector.
    pub blink: BlinkThresholds,
    /// Limits of the captures' scores.
    pub capture: CaptureThresholds,
}

/// Limits of the blink detector. Ratios are of the person's own open level, times in milliseconds.
#[derive(Clone, Debug, PartialEq)]
pub struct BlinkThresholds {
    /// How far back the open level is learnt.
    pub learn_ms: u32,
    /// Least time and number of samples before the level is trusted.
    pub settle_ms: u32,
    /// See `settle_ms`.
    pub settle_samples: usize,
    /// Least open level (EAR) at which lids can be told apart at all.
    pub min_open_level: f32,
    /// Both eyes' mean at or below this share of the open level: closed.
    pub closed_ratio: f32,
    /// Neither eye may be above this share when the mean is closed: a wink is no blink.
    pub closed_each_ratio: f32,
    /// At or above this share: open again.
    pub open_ratio: f32,
    /// Below this share the lids have begun to close; gives the blink's start.
    pub onset_ratio: f32,
    /// Shortest blink from start to end.
    pub min_blink_ms: u32,
    /// Longest blink.
    pub max_blink_ms: u32,
    /// Longest time from start to the first closed sample: lids that sink more slowly are a look down or sleepiness.
    pub max_closing_ms: u32,
    /// Longest gap without readable eyes inside a blink.
    pub max_gap_ms: u32,
    /// Lids half down for longer than this are the person's new level.
    pub relearn_ms: u32,
}

/// Limits of the captures' scores on the server.
#[derive(Clone, Debug, PartialEq)]
pub struct CaptureThresholds {
    /// Most pixels a capture may have.
    pub max_pixels: u32,
    /// Least side of a capture in pixels.
    pub min_side: u32,
    /// Most bytes of one capture.
    pub max_bytes: usize,
    /// Least mean EAR of the open capture.
    pub min_open_ear: f32,
    /// Greatest EAR of the closed capture, mean of both eyes, as a share of the open one's.
    pub max_closed_share: f32,
    /// Greatest EAR of the closed capture as such.
    pub max_closed_ear: f32,
    /// Greatest difference between the EAR the transcript claims for a capture and the server's own.
    pub max_ear_difference: f32,
    /// Greatest difference between the EAR of a capture and that of the camera frame it was cut from. Wider than the one
    /// above: the frame was read in the region that tracking gave, the capture in its own.
    pub max_frame_difference: f32,
    /// Longest time between the two captures: they should show one moment.
    pub max_capture_gap_ms: u32,
    /// Greatest difference of the two faces' shapes ([`crate::pair`]).
    pub max_shape_distance: f32,
    /// Least likeness of the two faces outside the eyes ([`crate::pair`]).
    pub min_likeness: f32,
    /// From this likeness on the pixels are copies: two camera frames never agree so well.
    pub max_likeness: f32,
}

impl Thresholds {
    /// The first set. Values without a source were chosen by us on the clips of the accuracy tests.
    pub const V1: Thresholds = Thresholds {
        name: "v1",
        min_presence: 0.5,
        detect_every_ms: 300.0,
        second_face_width: 0.35,
        min_light: 35.0,
        max_light: 225.0,
        max_clipped: 0.35,
        min_face_width: 0.18,
        min_face_pixels: 56.0,
        max_face_width: 0.88,
        max_off_center: 0.30,
        max_yaw_deg: 25.0,
        min_pitch_deg: -30.0,
        max_pitch_deg: 30.0,
        max_roll_deg: 25.0,
        min_sharpness: 0.05,
        blink: BlinkThresholds {
            learn_ms: 2000,
            settle_ms: 150,
            settle_samples: 3,
            min_open_level: 0.14,
            closed_ratio: 0.5,
            closed_each_ratio: 0.65,
            open_ratio: 0.75,
            onset_ratio: 0.85,
            min_blink_ms: 60,
            max_blink_ms: 1500,
            max_closing_ms: 400,
            max_gap_ms: 250,
            relearn_ms: 1500,
        },
        capture: CaptureThresholds {
            max_pixels: 2_100_000,
            min_side: 96,
            max_bytes: 400_000,
            min_open_ear: 0.14,
            max_closed_share: 0.5,
            max_closed_ear: 0.16,
            max_ear_difference: 0.02,
            max_frame_difference: 0.1,
            max_capture_gap_ms: 4000,
            max_shape_distance: 0.08,
            min_likeness: 0.6,
            max_likeness: 0.9995,
        },
    };
}
