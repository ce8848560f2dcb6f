//! Every limit the engine judges by, as one named set. Both sides must agree on it, and every record carries its name.

use crate::budget::{CAPTURE_MAX_BYTES, STRIP_MAX_BYTES};

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
    /// Milliseconds between two closer looks for a face far away, while there is none. A closer look costs six runs of
    /// the detector, too much for every frame of a slow phone.
    pub look_closely_every_ms: f64,
    /// Least detector score of a closer look: it sees six times as many places, so it must be surer.
    pub min_close_score: f32,
    /// A second face counts from this share of the main face's width; smaller ones are pictures on the wall.
    pub second_face_width: f32,

    /// A fault that was found is gone only when its figure is better than its limit by this share of it.
    pub hysteresis: f32,
    /// Least mean luma of the face, 0–255. Below it closed eyes begin to read as open: at 25 those of one in four people,
    /// at 18 of two or three, at 15 of all (noise of 3 to 6 grey levels; `accuracy sweeps`).
    pub min_light: f32,
    /// Greatest mean luma of the face.
    pub max_light: f32,
    /// Greatest share of clipped pixels in the face. Lids read well up to 0.5; from 0.7 on closed eyes begin to read as
    /// open (`accuracy sweeps`).
    pub max_clipped: f32,
    /// Least face width as a share of the frame's shorter side (original: 0.18 of the width, with wider boxes).
    pub min_face_width: f32,
    /// Least face width in pixels, so that a capture shows a person.
    pub min_face_pixels: f32,
    /// Least face width in pixels at which lids are read. On sharp stills they read well down to 20 (`accuracy sweeps`); the
    /// rest is for cameras that are not as sharp as their pixels are many.
    pub min_lids_pixels: f32,
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
    /// Least sharpness ([`crate::Quality::sharpness`]) of a face.
    pub min_sharpness: f32,
    /// Least sharpness at which lids are read: a blur of about 0.03 face widths. Beyond it closed eyes begin to read as
    /// open (`accuracy sweeps`).
    pub min_lids_sharpness: f32,
    /// Greatest share of an eye that a reflection may hide ([`crate::Glare`]). Under a reflection of 0.06 or more most
    /// closed eyes read as open (`accuracy sweeps`; faint ones that whiten nothing go unnoticed). In 21 clips of recorded people, three
    /// with glasses, no eye has any, and 0.016 where frames were recompressed and somebody opened her eyes wide; a
    /// catchlight in the eye itself, 0.15 of its width across, would have 0.03.
    pub max_glare: f32,
    /// Least mean luma of a picture without a face: below it the room is dark.
    pub min_scene_light: f32,
    /// Greatest share of clipped pixels in a picture without a face.
    pub max_scene_clipped: f32,
    /// Least detail ([`crate::Scene::detail`]) of a picture without a face: below it the camera is out of focus or shaken.
    /// Sharp stills have 0.02 to 1, blurred ones 0.001.
    pub min_scene_detail: f32,

    /// When something has come before the eyes.
    pub cover: CoverThresholds,
    /// Limits of the blink detector.
    pub blink: BlinkThresholds,
    /// Limits of the captures' scores.
    pub capture: CaptureThresholds,
    /// The rules of a prompted challenge.
    pub prompt: PromptThresholds,
    /// Limits of the evidence strip.
    pub strip: StripThresholds,
}

/// When something has come before the eyes ([`crate::Surroundings`]).
#[derive(Clone, Debug, PartialEq)]
pub struct CoverThresholds {
    /// Least correlation of the luma around the eyes with that of the last frame with open eyes. Real blinks keep 0.78
    /// even in a dim, noisy picture, and 0.6 at 8 frames/s with a moving head; hands and cards bring it far below.
    pub min_likeness: f32,
    /// Greatest change of a row of the nose's bridge against the rest, in standard deviations, where the eyes do not read
    /// open. Real blinks stay below 0.49, also behind glasses that slide; bars and most pens over both eyes give 0.6 to 5.
    pub max_bridge: f32,
    /// How long open eyes are remembered: as long as the longest blink.
    pub remember_ms: u32,
}

/// Limits of the blink detector. Ratios are of the person's own open level, times in milliseconds.
///
/// Where a value has a reason in figures, they are those of 33 blinks of ten people, read at their own frame rate, at
/// 320×240, darkened and recompressed (`scripts/accuracy`), and of the lids that were lowered or half closed between them.
/// None was chosen for one person, and a tenth more or less changes the counts by one or two.
#[derive(Clone, Debug, PartialEq)]
pub struct BlinkThresholds {
    /// How far back the open level is learnt. Long enough for 12 samples at 8 frames/s, short enough to follow a person
    /// who relaxes after the stare that cameras bring about.
    pub learn_ms: u32,
    /// Least time and number of samples before the level is trusted.
    pub settle_ms: u32,
    /// See `settle_ms`.
    pub settle_samples: usize,
    /// Samples below this share do not teach the level: they are on their way down or up. Open eyes keep within 5 % of
    /// their level (standard deviation), so this is four times that.
    pub learn_ratio: f32,
    /// Least open level (EAR) at which lids can be told apart at all: closed eyes read 0.02 to 0.09, and must come to less
    /// than half the level. The narrowest open eyes we measured read 0.20, eyes screwed up in a laugh 0.15.
    pub min_open_level: f32,
    /// Lids neither open nor closed for longer than this are the person's new level. Longer than the way up of a slow
    /// blink.
    pub relearn_ms: u32,
    /// Both eyes' mean at or below this share of the open level: closed. Blinks came to 0.03–0.35 at their deepest (dim
    /// and noisy: up to 0.46), lowered lids and half blinks to 0.50 and more (dim and noisy: 0.46).
    pub closed_ratio: f32,
    /// The same for a single closed sample that lies at least `coarse_ms` after the one before: the deepest moment has
    /// most likely passed between the two.
    pub closed_ratio_coarse: f32,
    /// See `closed_ratio_coarse`: slower than about 17 frames/s.
    pub coarse_ms: u32,
    /// A dip that lasts longer than `lasting_ms` must come this deep: lids that stay down for so long are seen at their
    /// deepest. Long blinks came to 0.05–0.16; long dips above 0.35 were lowered eyes.
    pub lasting_ratio: f32,
    /// See `lasting_ratio`. Usual blinks are over by then.
    pub lasting_ms: u32,
    /// A dip in which only one sample is not open, though samples come closer than `coarse_ms`, must come this deep: a print
    /// that swings reads down to 0.40 for one frame (`accuracy attacks --only nod`), a blink is deeper or lasts longer.
    pub lone_ratio: f32,
    /// Neither eye may be above this share when the mean is closed: a wink is no blink. The less closed eye of a blink came
    /// to 0.5 at most, the other eye of a winker, which narrows as well, to 0.7 and more.
    pub closed_each_ratio: f32,
    /// Greatest EAR, mean of both eyes, of closed eyes: eyes that were wide open and are now half open are not closed.
    pub max_closed_ear: f32,
    /// At or above this share: open again. A slow blink after a stare came no further in its first 1.1 s.
    pub open_ratio: f32,
    /// And at least this much above the lowest: noise about the threshold opens no eyes.
    pub min_rise: f32,
    /// Below this share of what the eyes had just before (at most their level) they have begun to close; gives the blink's
    /// start. Three times
    /// the 5 % of `learn_ratio`.
    pub onset_ratio: f32,
    /// How far before the first closed sample its start is looked for.
    pub look_back_ms: u32,
    /// Shortest blink, from the last open sample to the first one after it: a single sample at 30 frames/s or more is a slip
    /// of the mesh, not a blink.
    pub min_blink_ms: u32,
    /// Shortest time from the end of one closure to the start of the next: lids that falter on their way up do not blink
    /// twice. The closest pair of blinks lay 130 ms apart.
    pub refractory_ms: u32,
    /// Longest blink, from its start to its end: slow ones take up to 1.2 s, and the end may be seen a little late.
    pub max_blink_ms: u32,
    /// Longest time from start to the first closed sample: lids that sink more slowly are a look down or sleepiness. The
    /// slowest blink took 240 ms, lids that were lowered and closed 350 ms and more.
    pub max_closing_ms: u32,
    /// Longest gap between readable eyes inside a blink: one lost frame at 8 frames/s, and some jitter.
    pub max_gap_ms: u32,
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
    /// Greatest difference between the EAR the transcript claims for a capture and the server's own. The browser's rounded
    /// weights read up to 0.01 apart from the full ones on 25 faces in stills (`model-packer`'s test `packed`); three times
    /// that refuses nobody for it. The verdict rests on the server's own figures anyway.
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

/// The rules of a prompted challenge ([`crate::prompt`]). Steps, windows and patience were chosen by simulation with the
/// blinks of recorded people, looped at random phase, and of people who blink early now and then (`design.md` §5).
#[derive(Clone, Debug, PartialEq)]
pub struct PromptThresholds {
    /// Gestures to be made.
    pub steps: u32,
    /// Rounds of a whole challenge that may end with eyes that closed before they were asked to. People blink.
    pub max_early: u32,
    /// Rounds of a whole challenge that may end with another gesture or none.
    pub max_missed: u32,
    /// Least time from when a cue becomes known until it is shown.
    pub min_delay_ms: u32,
    /// Greatest time.
    pub max_delay_ms: u32,
    /// Least time from closed eyes to the tone.
    pub min_hold_ms: u32,
    /// Greatest time. Lids that stay down for 2.5 s are taken for another open level ([`BlinkThresholds::relearn_ms`]), so
    /// there must be time left to hear the tone and to open the eyes.
    pub max_hold_ms: u32,
    /// A gesture that begins sooner after its cue is no response: people need 200 ms and more to begin.
    pub min_response_ms: u32,
    /// The latest that a gesture begins after its cue, and that eyes are open again after the tone.
    pub max_response_ms: u32,
    /// Eyes that are open again sooner after the tone did not wait for it.
    pub min_tone_response_ms: u32,
    /// Longest time from the end of a gesture's first blink to the start of its second.
    pub max_between_ms: u32,
    /// Longest blink of a gesture. Longer ones are told apart from eyes that are held closed.
    pub max_short_ms: u32,
    /// So long after a gesture nothing more may begin: once is not twice.
    pub quiet_ms: u32,
    /// Lids that began to sink in time may take so long until they are down ([`BlinkThresholds::max_closing_ms`]).
    pub closing_ms: u32,
    /// How long a round waits for eyes that cannot be read, or that do not open.
    pub patience_ms: u32,
    /// The most by which the browser's clock and ours may drift apart while a challenge lasts.
    pub max_drift_ms: u32,
    /// By how much longer a round may take on our clock than on the browser's: messages there and back over a slow network,
    /// sent again now and then.
    pub max_lag_ms: u32,
}

/// Limits of the evidence strip ([`crate::strip`]).
#[derive(Clone, Debug, PartialEq)]
pub struct StripThresholds {
    /// Most bytes of its JPEG.
    pub max_bytes: usize,
    /// Greatest difference between the openness of a cell and that of the camera frame it was cut from, each as a share of
    /// its own median: small faces read narrower as they are shrunk.
    pub max_share_difference: f32,
    /// Cells, of all, that may differ by more: lids that move blur as the cell is shrunk.
    pub max_outliers: usize,
    /// Cells, of all, in which no face needs to be read.
    pub max_unread: usize,
    /// Longest gap between two cells of one gesture across which lids are followed.
    pub max_gap_ms: u32,
    /// Greatest difference of a cell's face from the open capture's in shape ([`crate::pair`]).
    pub max_shape_distance: f32,
    /// Least likeness of a moment's cells to the open capture's face, outside the eyes: their median. Cells of one person in
    /// one place have 0.70 to 0.98, faces of two people −0.2 to 0.5.
    pub min_likeness: f32,
    /// The same of every single cell: a head that turns for a moment was seen at 0.47.
    pub min_cell_likeness: f32,
    /// From this likeness on two cells are the same picture: two camera frames never agree so well.
    pub max_likeness: f32,
}

impl StripThresholds {
    /// The blink detector's limits for samples as sparse as a strip's: lids are seen at chosen moments only.
    pub fn blink(&self, usual: &BlinkThresholds) -> BlinkThresholds {
        BlinkThresholds {
            // No sample says how fast lids moved between two others.
            coarse_ms: 0,
            look_back_ms: self.max_gap_ms,
            max_closing_ms: self.max_gap_ms,
            max_gap_ms: self.max_gap_ms,
            refractory_ms: 0,
            min_blink_ms: 0,
            ..usual.clone()
        }
    }
}

impl Thresholds {
    /// The third set: the second, whose limits of light, size, sharpness, covers and blinks were measured on stills and on
    /// recorded people (`scripts/accuracy`) where their documentation says so, with the rules of prompts and strips. Those
    /// before judged without a strip and are gone.
    pub const V3: Thresholds = Thresholds {
        name: "v3",
        min_presence: 0.5,
        detect_every_ms: 300.0,
        look_closely_every_ms: 1000.0,
        min_close_score: 0.7,
        second_face_width: 0.35,
        hysteresis: 0.1,
        min_light: 25.0,
        max_light: 225.0,
        max_clipped: 0.5,
        min_face_width: 0.17,
        min_face_pixels: 56.0,
        min_lids_pixels: 28.0,
        max_face_width: 0.88,
        max_off_center: 0.30,
        max_yaw_deg: 25.0,
        min_pitch_deg: -30.0,
        max_pitch_deg: 30.0,
        max_roll_deg: 25.0,
        min_sharpness: 0.05,
        min_lids_sharpness: 0.02,
        max_glare: 0.04,
        min_scene_light: 20.0,
        max_scene_clipped: 0.4,
        min_scene_detail: 0.004,
        cover: CoverThresholds { min_likeness: 0.6, max_bridge: 0.55, remember_ms: 1500 },
        blink: BlinkThresholds {
            learn_ms: 1500,
            settle_ms: 150,
            settle_samples: 3,
            learn_ratio: 0.8,
            min_open_level: 0.16,
            relearn_ms: 1000,
            closed_ratio: 0.45,
            closed_ratio_coarse: 0.5,
            coarse_ms: 60,
            lasting_ratio: 0.35,
            lasting_ms: 400,
            lone_ratio: 0.35,
            closed_each_ratio: 0.6,
            max_closed_ear: 0.16,
            open_ratio: 0.62,
            min_rise: 0.2,
            onset_ratio: 0.85,
            look_back_ms: 800,
            min_blink_ms: 70,
            refractory_ms: 60,
            max_blink_ms: 1500,
            max_closing_ms: 320,
            max_gap_ms: 300,
        },
        capture: CaptureThresholds {
            max_pixels: 2_100_000,
            min_side: 96,
            max_bytes: CAPTURE_MAX_BYTES,
            min_open_ear: 0.14,
            max_closed_share: 0.5,
            max_closed_ear: 0.16,
            max_ear_difference: 0.03,
            max_frame_difference: 0.1,
            max_capture_gap_ms: 4000,
            max_shape_distance: 0.08,
            min_likeness: 0.6,
            max_likeness: 0.9995,
        },
        prompt: PromptThresholds {
            steps: 3,
            max_early: 8,
            max_missed: 2,
            min_delay_ms: 800,
            max_delay_ms: 2500,
            min_hold_ms: 700,
            max_hold_ms: 1200,
            min_response_ms: 150,
            max_response_ms: 1500,
            min_tone_response_ms: 100,
            max_between_ms: 1000,
            max_short_ms: 1000,
            quiet_ms: 600,
            closing_ms: 320,
            patience_ms: 8000,
            max_drift_ms: 100,
            max_lag_ms: 15_000,
        },
        strip: StripThresholds {
            max_bytes: STRIP_MAX_BYTES,
            max_share_difference: 0.3,
            max_outliers: 2,
            max_unread: 2,
            max_gap_ms: 1500,
            max_shape_distance: 0.08,
            min_likeness: 0.55,
            min_cell_likeness: 0.3,
            max_likeness: 0.9999,
        },
    };
}
