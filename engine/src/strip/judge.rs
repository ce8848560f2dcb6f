//! Scoring and judging a strip: the strip, the recorded numbers of its frames and the captures in; a score and the
//! first failed check out.

use serde::{Deserialize, Serialize};

use super::cell::{CellFace, CellPart, CellScore, ReadCell, read_cell};
use super::choose::{Moment, OPENED_MS, choose};
use super::closures::{self, LEAD_MS};
use super::sheet::{self, Sheet};
use super::signals::{self, Signals};
use super::turn::{self, TurnScore};
use crate::blink::{Blink, BlinkDetector};
use crate::ear::EyeRatios;
use crate::frame_record::FrameRecord;
use crate::pair::{AlignedFace, PairScore};
use crate::perceptual_hash::PerceptualHash;
use crate::reason::Reason;
use crate::score::{CaptureScore, Scorer};
use crate::stats::median;
use crate::stop::Stop;
use crate::thresholds::Thresholds;

/// The readings of a strip.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct StripScore {
    /// Its cells, oldest first.
    pub cells: Vec<CellScore>,
    /// The eye closures that follow from the cells' own values.
    pub closures: Vec<Blink>,
    /// Perceptual hash of the whole sheet ([`crate::Fingerprints`]).
    #[serde(skip)]
    pub(crate) fingerprint: Option<PerceptualHash>,
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
    /// The turn of the head, if one was asked for and its cells can be read.
    #[serde(default)]
    pub turn: Option<TurnScore>,
    /// Figures that decide nothing; absent in records from before they were read.
    #[serde(default)]
    pub signals: Option<Signals>,
}

/// A capture, to compare with its matching cell in the strip.
pub(crate) struct CaptureInStrip<'a> {
    /// Time of its frame.
    pub(crate) t_ms: u32,
    /// Its readings.
    pub(crate) score: &'a CaptureScore,
}

/// Scores the rows of the strip of these recorded frames and moments beside the open and the closed capture.
///
/// # Errors
/// [`Stop::Rejected`] if the strip cannot be decoded or has other rows, [`Stop::Fault`] if a network fails.
pub(crate) fn score(
    rows: &[Vec<u8>],
    (frames, moments): (&[FrameRecord], &[Moment]),
    captures: [CaptureInStrip; 2],
    scorer: &mut Scorer,
    thresholds: &Thresholds,
) -> Result<StripScore, Stop> {
    let Sheet { fingerprint, pixels, rows } =
        sheet::decode(rows, moments.first().map_or(0, |moment| moment.columns), thresholds)?;
    let mut pictures = rows.into_iter();
    let mut read = Vec::with_capacity(moments.len());
    for moment in moments {
        let mut of_moment = Vec::new();
        for (row, indices) in choose(frames, moment).into_iter().enumerate() {
            let cells = pictures.next().ok_or(Reason::StripMismatch)?;
            for (column, (index, picture)) in indices.into_iter().zip(cells).enumerate() {
                let face = read_cell(&picture.as_frame(), scorer, thresholds)?;
                of_moment.push(ReadCell { index, row, column, face });
            }
        }
        read.push(of_moment);
    }
    if pictures.next().is_some() {
        return Err(Reason::StripMismatch.into());
    }
    Ok(score_cells((frames, moments), &read, &captures, (fingerprint, pixels), thresholds))
}

/// Compares two faces, if both can be compared.
fn compare(a: Option<&AlignedFace>, b: Option<&AlignedFace>) -> Option<PairScore> {
    a?.compare(b?)
}

fn score_cells(
    (frames, moments): (&[FrameRecord], &[Moment]),
    read: &[Vec<ReadCell>],
    [open, closed]: &[CaptureInStrip; 2],
    (fingerprint, pixels): (PerceptualHash, String),
    thresholds: &Thresholds,
) -> StripScore {
    let limits = thresholds.strip.blink(&thresholds.blink);
    let mut closures = Vec::new();
    let mut cells = Vec::new();
    let mut first_row = 0;
    let (open_face, closed_face) = (open.score.aligned(), closed.score.aligned());
    for (moment, read) in moments.iter().zip(read) {
        let open = read.iter().filter(|cell| !moment.is_closing(frames[cell.index].t_ms()));
        let open = widest_half(open.collect(), |cell| claimed(&frames[cell.index]));
        let level = open_level(open.into_iter().filter_map(|cell| cell.face.as_ref()));
        let mut detector = BlinkDetector::with_level(limits.clone(), level);
        let mut before: Option<&CellFace> = None;
        for ReadCell { index, row, column, face: read } in read {
            let frame = &frames[*index];
            let part = turn::part(frames, moment, *index);
            if part == CellPart::Lids {
                let update = detector.update(frame.t_ms(), read.as_ref().map(|read| read.ears));
                closures.extend(update.eye_closure);
            }
            let face = read.as_ref().and_then(|read| read.face.as_ref());
            let to_open = compare(open_face.as_ref(), face);
            let to_before = compare(face, before.and_then(|before| before.face.as_ref()));
            before = read.as_ref().or(before);
            cells.push(CellScore {
                t_ms: frame.t_ms(),
                place: Some(((first_row + row) as u8, *column as u8)),
                claimed: claimed(frame),
                claimed_range: claimed_range(frames, frame.t_ms()),
                ear: read.as_ref().map(|read| read.ears.mean()),
                ears: read.as_ref().map(|read| read.ears),
                shape_distance: to_open.map(|pair| pair.shape_distance),
                similarity: to_open.map(|pair| pair.similarity),
                similarity_before: to_before.map(|pair| pair.similarity),
                part,
                yaw_claimed: frame.yaw().unwrap_or_default() as f32 / 10.0,
                yaw: read.as_ref().and_then(|read| read.yaw),
            });
        }
        first_row += read.last().map_or(1, |cell| cell.row + 1);
    }
    let all = || read.iter().flatten();
    let compare_with_cell = |capture: &CaptureInStrip, face: Option<AlignedFace>| {
        let cell = all().find(|cell| frames[cell.index].t_ms() == capture.t_ms)?;
        face.as_ref()?.compare_readings(cell.face.as_ref()?.face.as_ref()?)
    };
    let open_match = compare_with_cell(open, open_face);
    let closed_match = compare_with_cell(closed, closed_face);
    let turn = turn::score(frames, moments, read);
    let signals = Some(signals::of((frames, moments), read, turn, &thresholds.signals));
    StripScore { cells, closures, fingerprint: Some(fingerprint), pixels, open_match, closed_match, turn, signals }
}

/// The least and the greatest EAR claimed around this time. Moving lids blur when the picture is shrunk, and a cell then
/// reads as the frames just before or after it.
fn claimed_range(frames: &[FrameRecord], t_ms: u32) -> Option<(f32, f32)> {
    let near = frames.iter().filter(|frame| frame.t_ms().abs_diff(t_ms) <= OPENED_MS);
    near.filter_map(FrameRecord::ears).map(|ears| ears.mean()).fold(None, |range, ear| {
        let (least, greatest) = range.unwrap_or((ear, ear));
        Some((ear.min(least), ear.max(greatest)))
    })
}

/// EAR that the transcript claims for a frame, mean of both eyes.
fn claimed(frame: &FrameRecord) -> f32 {
    frame.ears().map_or(0.0, |ears| ears.mean())
}

/// The half of the cells whose eyes are claimed to be open widest. Outside the eye closures that count, too, some cells
/// may show closed eyes: people blink on their own.
fn widest_half<T>(mut cells: Vec<T>, claimed: impl Fn(&T) -> f32) -> Vec<T> {
    cells.sort_by(|a, b| claimed(b).total_cmp(&claimed(a)));
    cells.truncate(cells.len().div_ceil(2));
    cells
}

/// How wide the eyes are open in cells of one moment. People open them further at some moments than at others.
fn open_level<'a>(cells: impl Iterator<Item = &'a CellFace> + Clone) -> EyeRatios {
    let of = |eye: fn(&EyeRatios) -> f32| median(cells.clone().map(|cell| eye(&cell.ears)).collect());
    EyeRatios { right: of(|ears| ears.right), left: of(|ears| ears.left) }
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
        let is_other_shape = cell.shape_distance.is_some_and(|d| d > limits.max_shape_distance);
        let is_other_face = cell.similarity.is_some_and(|similarity| similarity < limits.min_cell_similarity);
        cell.part != CellPart::Turned && (is_other_shape || is_other_face)
    };
    // A head may turn for a moment, but a whole step without similar cells shows somebody else.
    let unlike = |moment: &Moment| {
        let ends = moment.eye_closures.first().zip(moment.eye_closures.last());
        let near = |cell: &&CellScore| match ends {
            Some((a, b)) => (a.start_ms.saturating_sub(LEAD_MS)..=b.end_ms + LEAD_MS).contains(&cell.t_ms),
            None => cell.part == CellPart::Frontal,
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
    if !moments.iter().all(|moment| closures::shows(&score.closures, moment)) {
        return Err(Reason::StripNoBlink);
    }
    if outliers(&score.cells, moments, limits.max_share_difference) > limits.max_outliers {
        return Err(Reason::StripMismatch);
    }
    turn::check(score.turn, &score.cells, moments, limits)
}

/// Number of cells whose eyes are open wider or less wide than the transcript claims around their time, each as a share
/// of its own open level.
fn outliers(cells: &[CellScore], moments: &[Moment], max_difference: f32) -> usize {
    let lids = || cells.iter().filter(|cell| cell.part == CellPart::Lids);
    let open = lids().filter(|cell| !moments.iter().any(|moment| moment.is_closing(cell.t_ms)));
    let open = widest_half(open.collect(), |cell| cell.claimed);
    let level = median(open.iter().filter_map(|cell| cell.ear).collect());
    let claimed_level = median(open.iter().map(|cell| cell.claimed).collect());
    let differs = |cell: &&CellScore| {
        let (least, greatest) = cell.claimed_range.unwrap_or((cell.claimed, cell.claimed));
        let claimed = least / claimed_level - max_difference..=greatest / claimed_level + max_difference;
        cell.ear.is_some_and(|ear| !claimed.contains(&(ear / level)))
    };
    lids().filter(differs).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Counts the outliers of cells that read so although this is claimed; 33 ms apart.
    fn outliers_of(claimed: &[f32], read: &[f32]) -> usize {
        let frames: Vec<FrameRecord> = claimed
            .iter()
            .zip(0..)
            .map(|(ear, i)| FrameRecord(33 * i, (ear * 1e4) as i32, (ear * 1e4) as i32, 0, 0, 0))
            .collect();
        let cell = |(frame, (claimed, read)): (&FrameRecord, (&f32, &f32))| CellScore {
            ear: Some(*read),
            claimed_range: claimed_range(&frames, frame.t_ms()),
            ..CellScore::read_as_claimed(frame.t_ms(), *claimed)
        };
        let cells: Vec<CellScore> = frames.iter().zip(claimed.iter().zip(read)).map(cell).collect();
        outliers(&cells, &[], 0.3)
    }

    #[test]
    fn lids_that_move_may_read_as_they_do_a_moment_earlier_or_later() {
        let claimed = [0.26, 0.15, 0.16, 0.03, 0.03, 0.2, 0.19, 0.23, 0.23, 0.05, 0.04, 0.02, 0.06, 0.21, 0.23, 0.23];
        let blurred = [0.27, 0.07, 0.08, 0.04, 0.05, 0.08, 0.11, 0.2, 0.23, 0.03, 0.05, 0.02, 0.02, 0.18, 0.2, 0.2];
        assert_eq!(outliers_of(&claimed, &blurred), 0);
    }

    #[test]
    fn eyes_that_are_claimed_open_must_not_be_closed_in_the_cells_nor_the_reverse() {
        let open = [0.26; 13];
        let mut closed = open;
        closed[4..9].fill(0.03);
        assert_eq!(outliers_of(&open, &closed), 5, "closed in the cells only");
        assert_eq!(outliers_of(&[open, closed].concat(), &[open, open].concat()), 0, "as brief as a movement");
        closed[2..12].fill(0.03);
        assert_eq!(outliers_of(&[open, closed, open].concat(), &[0.26; 39]), 4, "claimed to be closed for longer");
    }
}
