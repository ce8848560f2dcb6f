//! Scoring and judging a strip: the strip, the recorded numbers of its frames and the captures in; a score and the
//! first failed check out.

use serde::{Deserialize, Serialize};

use super::choose::{Moment, choose};
use super::layout::CELL_SIDE;
use super::sheet::{self, Sheet};
use crate::blink::{Blink, BlinkDetector};
use crate::ear::EyeRatios;
use crate::error::EngineError;
use crate::frame::Frame;
use crate::frame_record::FrameRecord;
use crate::geometry::{Point, Region};
use crate::mesh::Mesh;
use crate::pair::{AlignedFace, PairScore};
use crate::perceptual_hash::PerceptualHash;
use crate::reason::Reason;
use crate::score::{CaptureScore, Scorer};
use crate::stats::median;
use crate::stop::Stop;
use crate::thresholds::Thresholds;

/// Cells this close to a moment's eye closures are judged together.
const LEAD_MS: u32 = 600;

/// The readings of a strip.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct StripScore {
    /// Its cells, oldest first.
    pub cells: Vec<CellScore>,
    /// The eye closures that follow from the cells' own values.
    pub closures: Vec<Blink>,
    /// Perceptual hash of the whole sheet.
    pub fingerprint: PerceptualHash,
    /// Exact hash of the whole sheet ([`crate::Record::pixels`]).
    #[serde(skip)]
    pub(crate) pixels: String,
    /// How the open capture compares with its matching cell, the one of its own frame; `None` if no face could be read
    /// there.
    #[serde(rename = "open_twin")]
    pub open_match: Option<PairScore>,
    /// The same for the closed capture.
    #[serde(rename = "closed_twin")]
    pub closed_match: Option<PairScore>,
}

/// A capture, to compare with its matching cell in the strip.
pub(crate) struct CaptureInStrip<'a> {
    /// Time of its frame.
    pub(crate) t_ms: u32,
    /// Its readings.
    pub(crate) score: &'a CaptureScore,
}

/// The readings of one cell.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct CellScore {
    /// Time of its frame.
    pub t_ms: u32,
    /// EAR that the transcript claims for that frame, mean of both eyes.
    pub claimed: f32,
    /// EAR read in the cell, mean of both eyes; `None` if no face could be read.
    pub ear: Option<f32>,
    /// The same for each eye.
    #[serde(default)]
    pub ears: Option<EyeRatios>,
    /// Distance of the face's shape from that of the open capture ([`crate::pair`]).
    pub shape_distance: Option<f32>,
    /// Similarity to the face of the open capture.
    #[serde(rename = "likeness")]
    pub similarity: Option<f32>,
    /// Similarity to the previous cell.
    #[serde(rename = "likeness_before")]
    pub similarity_before: Option<f32>,
}

/// A cell's face.
struct CellFace {
    face: Option<AlignedFace>,
    ears: EyeRatios,
}

/// Scores the strip of these recorded frames and moments beside the open and the closed capture.
///
/// # Errors
/// [`Stop::Rejected`] if the strip cannot be decoded, [`Stop::Fault`] if a network fails.
pub(crate) fn score(
    jpeg: &[u8],
    (frames, moments): (&[FrameRecord], &[Moment]),
    captures: [CaptureInStrip; 2],
    scorer: &mut Scorer,
    thresholds: &Thresholds,
) -> Result<StripScore, Stop> {
    let Sheet { fingerprint, pixels, cells } = sheet::decode(jpeg, thresholds)?;
    let chosen = choose(frames, moments);
    let mut read = Vec::with_capacity(chosen.len());
    for picture in cells.into_iter().take(chosen.len()) {
        read.push(read_cell(&picture.as_frame(), scorer, thresholds)?);
    }
    let hashes = (fingerprint, pixels);
    Ok(score_cells((frames, moments), &chosen, &read, &captures, hashes, thresholds))
}

/// The region of the face in the cell's own pixels: the whole cell. Each pixel of a cell is the mean of four of the
/// crop.
const WHOLE_CELL: Region = Region {
    center: Point { x: CELL_SIDE as f32 / 2.0 - 0.25, y: CELL_SIDE as f32 / 2.0 - 0.25 },
    size: CELL_SIDE as f32,
    angle: 0.0,
};

fn read_cell(cell: &Frame, scorer: &mut Scorer, thresholds: &Thresholds) -> Result<Option<CellFace>, EngineError> {
    let mesh = scorer.read_mesh(cell, &WHOLE_CELL, thresholds)?;
    let read = |Mesh { points, .. }: Mesh| {
        let ears = EyeRatios::of(&points)?.quantized();
        Some(CellFace { face: AlignedFace::of(cell, &points), ears })
    };
    Ok(mesh.and_then(read))
}

/// Compares two faces, if both can be compared.
fn compare(a: Option<&AlignedFace>, b: Option<&AlignedFace>) -> Option<PairScore> {
    a?.compare(b?)
}

fn score_cells(
    (frames, moments): (&[FrameRecord], &[Moment]),
    chosen: &[usize],
    read: &[Option<CellFace>],
    [open, closed]: &[CaptureInStrip; 2],
    (fingerprint, pixels): (PerceptualHash, String),
    thresholds: &Thresholds,
) -> StripScore {
    let limits = thresholds.strip.blink(&thresholds.blink);
    let moment_of = |index: usize| moments.iter().rposition(|moment| moment.frames.start <= index).unwrap_or(0);
    let all = read;
    let mut watched = None;
    let mut detector = BlinkDetector::new(limits.clone());
    let mut closures = Vec::new();
    let (open_face, closed_face) = (open.score.aligned(), closed.score.aligned());
    let mut before: Option<&CellFace> = None;
    let cells = chosen.iter().zip(read).map(|(&index, read)| {
        let t_ms = frames[index].t_ms();
        if watched.replace(moment_of(index)) != Some(moment_of(index)) {
            let of_moment = chosen.iter().zip(all).filter(|&(&other, _)| moment_of(other) == moment_of(index));
            let level = open_level(of_moment.filter_map(|(_, read)| read.as_ref()));
            detector = BlinkDetector::with_level(limits.clone(), level);
        }
        let update = detector.update(t_ms, read.as_ref().map(|read| read.ears));
        closures.extend(update.eye_closure);
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
            similarity: to_open.map(|pair| pair.similarity),
            similarity_before: to_before.map(|pair| pair.similarity),
        }
    });
    let cells = cells.collect();
    let compare_with_cell = |capture: &CaptureInStrip, face: Option<AlignedFace>| {
        let at = chosen.iter().position(|&index| frames[index].t_ms() == capture.t_ms)?;
        compare(face.as_ref(), read.get(at)?.as_ref()?.face.as_ref())
    };
    let open_match = compare_with_cell(open, open_face);
    let closed_match = compare_with_cell(closed, closed_face);
    StripScore { cells, closures, fingerprint, pixels, open_match, closed_match }
}

/// How wide the eyes are open in the cells of one moment: most of them show open eyes. People open them further at some
/// moments than at others.
fn open_level<'a>(cells: impl Iterator<Item = &'a CellFace> + Clone) -> EyeRatios {
    let of = |eye: fn(&EyeRatios) -> f32| median(cells.clone().map(|cell| eye(&cell.ears)).collect());
    EyeRatios { right: of(|ears| ears.right), left: of(|ears| ears.left) }
}

/// Whether these eye closures are those of the moment, one for one. What the eyes did before its first one does not
/// matter.
fn shows(found: &[Blink], moment: &Moment) -> bool {
    let (Some(first), Some(last)) = (moment.eye_closures.first(), moment.eye_closures.last()) else { return true };
    let within: Vec<&Blink> = found
        .iter()
        .filter(|closure| closure.end_ms >= first.start_ms && closure.start_ms <= last.end_ms + LEAD_MS)
        .collect();
    let overlap = |(a, b): (&&Blink, &Blink)| a.start_ms <= b.end_ms && b.start_ms <= a.end_ms;
    within.len() == moment.eye_closures.len() && within.iter().zip(&moment.eye_closures).all(overlap)
}

/// Judges the scored strip of these moments.
///
/// # Errors
/// The [`Reason`] of the first check that fails.
pub(crate) fn check(score: &StripScore, moments: &[Moment], thresholds: &Thresholds) -> Result<(), Reason> {
    let limits = &thresholds.strip;
    let count = |wrong: &dyn Fn(&CellScore) -> bool| score.cells.iter().filter(|cell| wrong(cell)).count();
    let unread = count(&|cell| cell.ear.is_none());
    if unread > limits.max_unread {
        return Err(Reason::StripUnclear);
    }
    let other = |cell: &CellScore| {
        cell.shape_distance.is_some_and(|d| d > limits.max_shape_distance)
            || cell.similarity.is_some_and(|similarity| similarity < limits.min_cell_similarity)
    };
    // A head may turn for a moment, but a whole step without similar cells shows somebody else.
    let unlike = |moment: &Moment| {
        let ends = moment.eye_closures.first().zip(moment.eye_closures.last());
        let near = |cell: &&CellScore| {
            ends.is_some_and(|(a, b)| (a.start_ms.saturating_sub(LEAD_MS)..=b.end_ms + LEAD_MS).contains(&cell.t_ms))
        };
        median(score.cells.iter().filter(near).filter_map(|cell| cell.similarity).collect()) < limits.min_similarity
    };
    // The captures' own frames are in the strip too, so each must agree with its cell as only one picture agrees with
    // itself.
    let is_match = |pair: &Option<PairScore>| {
        pair.is_some_and(|pair| {
            pair.similarity >= limits.min_match_similarity && pair.shape_distance <= limits.max_match_distance
        })
    };
    if !(is_match(&score.open_match) && is_match(&score.closed_match)) {
        return Err(Reason::StripDiffers);
    }
    if count(&other) > 0 || moments.iter().any(unlike) {
        return Err(Reason::StripDiffers);
    }
    if count(&|cell| cell.similarity_before.is_some_and(|similarity| similarity > limits.max_similarity)) > 0 {
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
