//! The verdict on a strip: its cells, what was recorded of their frames, and the captures in; a score and the first thing
//! that stands against it out.

use serde::{Deserialize, Serialize};

use super::sheet::{self, Sheet};
use super::{CELL_SIDE, Moment, choose};
use crate::blink::{Blink, BlinkDetector};
use crate::ear::EyeRatios;
use crate::error::EngineError;
use crate::fingerprint::Fingerprint;
use crate::frame::Frame;
use crate::geometry::{Point, Region};
use crate::mesh::Mesh;
use crate::pair::{AlignedFace, PairScore};
use crate::reason::Reason;
use crate::score::CaptureScore;
use crate::stats::median;
use crate::thresholds::Thresholds;
use crate::tracker::Tracker;
use crate::transcript::FrameRecord;

/// Cells so near to a moment's closures are looked at together.
const LEAD_MS: u32 = 600;

/// What a strip reads.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct StripScore {
    /// Its cells, oldest first.
    pub cells: Vec<CellScore>,
    /// The closures that the cells' own values give.
    pub closures: Vec<Blink>,
    /// Of the sheet as a whole.
    pub fingerprint: Fingerprint,
    /// Of the sheet as a whole ([`crate::Record::pixels`]).
    #[serde(skip)]
    pub(crate) pixels: String,
    /// How the open capture compares with the cell of its own frame; `None` if no face could be read there.
    pub open_twin: Option<PairScore>,
    /// The same of the closed capture.
    pub closed_twin: Option<PairScore>,
}

/// A capture as the strip is held against it.
pub(crate) struct Shown<'a> {
    /// Time of its frame.
    pub(crate) t_ms: u32,
    /// What it reads.
    pub(crate) score: &'a CaptureScore,
}

/// What one cell reads.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct CellScore {
    /// Time of its frame.
    pub t_ms: u32,
    /// EAR that the transcript claims for that frame, mean of both eyes.
    pub claimed: f32,
    /// EAR that we read in the cell, mean of both eyes; `None` if no face could be read.
    pub ear: Option<f32>,
    /// The same of each eye.
    #[serde(default)]
    pub ears: Option<EyeRatios>,
    /// Distance of the face's shape from that of the open capture ([`crate::pair`]).
    pub shape_distance: Option<f32>,
    /// Likeness to the face of the open capture.
    pub likeness: Option<f32>,
    /// Likeness to the cell before.
    pub likeness_before: Option<f32>,
}

/// A cell's face.
struct Read {
    face: Option<AlignedFace>,
    ears: EyeRatios,
}

/// Scores the strip of `moments` and judges it beside the open and the closed capture. `score` is filled as far as the check
/// came.
///
/// # Errors
/// The outer one is a fault of ours ([`EngineError::Network`]); the inner one is the answer.
pub(crate) fn judge(
    jpeg: &[u8],
    (frames, moments): (&[FrameRecord], &[Moment]),
    captures: [Shown; 2],
    tracker: &mut Tracker,
    thresholds: &Thresholds,
    score: &mut Option<StripScore>,
) -> Result<Result<(), Reason>, EngineError> {
    let Sheet { fingerprint, pixels, cells } = match sheet::decode(jpeg, thresholds) {
        Ok(sheet) => sheet,
        Err(reason) => return Ok(Err(reason)),
    };
    let chosen = choose(frames, moments);
    let mut read = Vec::with_capacity(chosen.len());
    for picture in cells.into_iter().take(chosen.len()) {
        read.push(read_cell(&picture.as_frame(), tracker, thresholds)?);
    }
    let whole = (fingerprint, pixels);
    let score = score.insert(score_cells(frames, &chosen, &read, &captures, whole, thresholds));
    Ok(check(score, moments, thresholds))
}

/// The region that the cell was cut out along, in the cell's own pixels: a pixel of a cell is the mean of four of the crop.
const WHOLE_CELL: Region = Region {
    center: Point { x: CELL_SIDE as f32 / 2.0 - 0.25, y: CELL_SIDE as f32 / 2.0 - 0.25 },
    size: CELL_SIDE as f32,
    angle: 0.0,
};

fn read_cell(cell: &Frame, tracker: &mut Tracker, thresholds: &Thresholds) -> Result<Option<Read>, EngineError> {
    let mesh = tracker.read_mesh(cell, &WHOLE_CELL, thresholds)?;
    let read = |Mesh { points, .. }: Mesh| {
        let ears = EyeRatios::of(&points)?.quantized();
        Some(Read { face: AlignedFace::of(cell, &points), ears })
    };
    Ok(mesh.and_then(read))
}

/// How two faces compare that can be compared.
fn compare(a: Option<&AlignedFace>, b: Option<&AlignedFace>) -> Option<PairScore> {
    a?.compare(b?)
}

fn score_cells(
    frames: &[FrameRecord],
    chosen: &[usize],
    read: &[Option<Read>],
    [open, closed]: &[Shown; 2],
    (fingerprint, pixels): (Fingerprint, String),
    thresholds: &Thresholds,
) -> StripScore {
    // Most cells show open eyes.
    let of = |eye: fn(&EyeRatios) -> f32| median(read.iter().flatten().map(|read| eye(&read.ears)).collect());
    let level = EyeRatios { right: of(|ears| ears.right), left: of(|ears| ears.left) };
    let mut detector = BlinkDetector::with_level(thresholds.strip.blink(&thresholds.blink), level);
    let mut closures = Vec::new();
    let (open_face, closed_face) = (open.score.aligned(), closed.score.aligned());
    let mut before: Option<&Read> = None;
    let cells = chosen.iter().zip(read).map(|(&index, read)| {
        let t_ms = frames[index].t_ms();
        let update = detector.update(t_ms, read.as_ref().map(|read| read.ears));
        closures.extend(update.closure);
        let face = read.as_ref().and_then(|read| read.face.as_ref());
        let to_open = compare(open_face.as_ref(), face);
        let to_before = compare(face, before.and_then(|before| before.face.as_ref()));
        before = read.as_ref().or(before);
        CellScore {
            t_ms,
            claimed: frames[index].ears().map_or(0.0, |ears| ears.mean()),
            ear: read.as_ref().map(|read| read.ears.mean()),
            ears: read.as_ref().map(|read| read.ears),
            shape_distance: to_open.map(|pair| pair.shape_distance),
            likeness: to_open.map(|pair| pair.likeness),
            likeness_before: to_before.map(|pair| pair.likeness),
        }
    });
    let cells = cells.collect();
    let twin = |shown: &Shown, face: Option<AlignedFace>| {
        let at = chosen.iter().position(|&index| frames[index].t_ms() == shown.t_ms)?;
        compare(face.as_ref(), read.get(at)?.as_ref()?.face.as_ref())
    };
    let (open_twin, closed_twin) = (twin(open, open_face), twin(closed, closed_face));
    StripScore { cells, closures, fingerprint, pixels, open_twin, closed_twin }
}

/// Whether these closures are those of the moment, one for one. What the eyes did before its first one says nothing.
fn shows(found: &[Blink], moment: &Moment) -> bool {
    let (Some(first), Some(last)) = (moment.closures.first(), moment.closures.last()) else { return true };
    let within: Vec<&Blink> = found
        .iter()
        .filter(|closure| closure.end_ms >= first.start_ms && closure.start_ms <= last.end_ms + LEAD_MS)
        .collect();
    let overlap = |(a, b): (&&Blink, &Blink)| a.start_ms <= b.end_ms && b.start_ms <= a.end_ms;
    within.len() == moment.closures.len() && within.iter().zip(&moment.closures).all(overlap)
}

fn check(score: &StripScore, moments: &[Moment], thresholds: &Thresholds) -> Result<(), Reason> {
    let limits = &thresholds.strip;
    let count = |wrong: &dyn Fn(&CellScore) -> bool| score.cells.iter().filter(|cell| wrong(cell)).count();
    let unread = count(&|cell| cell.ear.is_none());
    if unread > limits.max_unread {
        return Err(Reason::StripUnclear);
    }
    let other = |cell: &CellScore| {
        cell.shape_distance.is_some_and(|d| d > limits.max_shape_distance)
            || cell.likeness.is_some_and(|l| l < limits.min_cell_likeness)
    };
    // A head may turn for a moment; a whole step in which nothing is alike shows somebody else.
    let unlike = |moment: &Moment| {
        let of_moment = moment.closures.first().zip(moment.closures.last());
        let near = |cell: &&CellScore| {
            of_moment
                .is_some_and(|(a, b)| (a.start_ms.saturating_sub(LEAD_MS)..=b.end_ms + LEAD_MS).contains(&cell.t_ms))
        };
        median(score.cells.iter().filter(near).filter_map(|cell| cell.likeness).collect()) < limits.min_likeness
    };
    // The captures' frames are in the strip themselves, so these must agree as only one picture agrees with itself.
    let is_twin = |twin: &Option<PairScore>| {
        twin.is_some_and(|twin| {
            twin.likeness >= limits.min_twin_likeness && twin.shape_distance <= limits.max_twin_distance
        })
    };
    if !(is_twin(&score.open_twin) && is_twin(&score.closed_twin)) {
        return Err(Reason::StripDiffers);
    }
    if count(&other) > 0 || moments.iter().any(unlike) {
        return Err(Reason::StripDiffers);
    }
    if count(&|cell| cell.likeness_before.is_some_and(|l| l > limits.max_likeness)) > 0 {
        return Err(Reason::CapturesIdentical);
    }
    if !moments.iter().all(|moment| shows(&score.closures, moment)) {
        return Err(Reason::StripNoBlink);
    }
    // Most cells show open eyes.
    let level = median(score.cells.iter().filter_map(|cell| cell.ear).collect());
    let claimed_level = median(score.cells.iter().map(|cell| cell.claimed).collect());
    let differs = |cell: &CellScore| {
        cell.ear.is_some_and(|ear| (ear / level - cell.claimed / claimed_level).abs() > limits.max_share_difference)
    };
    if count(&differs) > limits.max_outliers {
        return Err(Reason::StripMismatch);
    }
    Ok(())
}
