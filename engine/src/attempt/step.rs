//! One step that was done, as it is committed to and uploaded: its rows of the strip and its candidates for the
//! captures. They are made when the step ends, so that they exist while the person is still there.

use super::cells::Cells;
use super::pairs::{CompressedPair, Pair};
use crate::digest::sha256_text;
use crate::error::EngineError;
use crate::frame_record::FrameRecord;
use crate::prompt::Pictures;
use crate::session::Session;
use crate::strip::{Moment, SheetEncoder, choose};

/// The pictures of a step.
#[derive(Clone, Debug)]
pub(super) struct Step {
    /// The rows of the strip, each a JPEG of its own.
    pub(super) rows: Vec<Vec<u8>>,
    /// The captures, if any eye closure of the step has a pair that can be sent.
    pub(super) pair: Option<CompressedPair>,
}

impl Step {
    /// Compresses the pictures of a moment that has just ended. `None` if a row makes too many bytes.
    ///
    /// # Errors
    /// [`EngineError`] if a network fails or a picture cannot be encoded.
    pub(super) fn of(
        mut moment: Moment,
        recorded: &[FrameRecord],
        (pairs, cells): (&[Pair], &Cells),
        encoder: &mut SheetEncoder,
        session: &mut Session,
    ) -> Result<Option<Step>, EngineError> {
        let own = pairs.iter().filter(|pair| moment.has(&pair.eye_closure));
        let (pair, compressed) = CompressedPair::best_of(own, session)?.unzip();
        moment.captures = pair.map(Pair::times).map(Vec::from).unwrap_or_default();
        let mut rows = Vec::with_capacity(moment.rows);
        for row in choose(recorded, &moment) {
            let times = row.into_iter().map(|index| recorded[index].t_ms());
            let row: Vec<_> =
                times.map(|t_ms| cells.at(t_ms).or_else(|| pair.and_then(|pair| pair.cell_at(t_ms)))).collect();
            let Some(row) = encoder.encode(&row)? else { return Ok(None) };
            rows.push(row);
        }
        Ok(Some(Step { rows, pair: compressed }))
    }

    /// What the commitment to the step covers. A step that was asked for has one row.
    pub(super) fn pictures(&self) -> Pictures {
        let row = self.rows.first().map(|row| sha256_text(row)).unwrap_or_default();
        Pictures { row, captures: self.pair.as_ref().map(CompressedPair::candidates) }
    }
}
