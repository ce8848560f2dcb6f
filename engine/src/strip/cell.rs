//! One cell of a strip: its picture in, the face that can be read in it and the figures that are recorded out.

use serde::{Deserialize, Serialize};

use super::layout::{CELL_SIDE, CELL_SPAN};
use crate::ear::EyeRatios;
use crate::error::EngineError;
use crate::frame::Frame;
use crate::geometry::{Point, Region};
use crate::mesh::Mesh;
use crate::pair::AlignedFace;
use crate::pose::Pose;
use crate::score::Scorer;
use crate::thresholds::Thresholds;

/// The readings of one cell.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct CellScore {
    /// Time of its frame.
    pub t_ms: u32,
    /// Its row and column in the sheet; absent in records from before the strip had a row for each step.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<(u8, u8)>,
    /// EAR that the transcript claims for that frame, mean of both eyes.
    pub claimed: f32,
    /// Least and greatest EAR that the transcript claims while the lids may be in the same movement, mean of both eyes;
    /// absent in records from before it was judged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub claimed_range: Option<(f32, f32)>,
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
    /// What it is judged for.
    #[serde(default)]
    pub part: CellPart,
    /// Yaw in degrees that the transcript claims for that frame.
    #[serde(default)]
    pub yaw_claimed: f32,
    /// Yaw in degrees that was read in the cell.
    #[serde(default)]
    pub yaw: Option<f32>,
}

/// What a cell is judged for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CellPart {
    /// It belongs to a gesture of the lids: what they do, and whose face it is.
    #[default]
    Lids,
    /// It belongs to a turn, but the head has not turned yet or is back: whose face it is.
    Frontal,
    /// The head is turned: its pose only.
    Turned,
}

/// A cell that was read: which of the recorded frames it shows, where it is within its moment's rows, and its face.
pub(super) struct ReadCell {
    pub(super) index: usize,
    pub(super) row: usize,
    pub(super) column: usize,
    pub(super) face: Option<CellFace>,
}

/// The face in a cell.
pub(super) struct CellFace {
    /// To compare it with others.
    pub(super) face: Option<AlignedFace>,
    pub(super) ears: EyeRatios,
    /// Yaw in degrees.
    pub(super) yaw: Option<f32>,
    /// Its landmarks, in pixels of the cell.
    pub(super) points: Vec<Point>,
}

/// The region of the face in the cell's own pixels: larger than the cell, and black outside of it. Each pixel of a cell is
/// the mean of four of the crop.
const REGION_OF_CELL: Region = Region {
    center: Point { x: CELL_SIDE as f32 / 2.0 - 0.25, y: CELL_SIDE as f32 / 2.0 - 0.25 },
    size: CELL_SIDE as f32 / CELL_SPAN,
    angle: 0.0,
};

/// Reads the face in a cell, if there is one.
///
/// # Errors
/// [`EngineError::Network`] if a network fails.
pub(super) fn read_cell(
    cell: &Frame,
    scorer: &mut Scorer,
    thresholds: &Thresholds,
) -> Result<Option<CellFace>, EngineError> {
    let mesh = scorer.read_mesh(cell, &REGION_OF_CELL, thresholds)?;
    let read = |mesh: Mesh| {
        let ears = EyeRatios::of(&mesh.points)?.quantized();
        let yaw = Pose::of(&mesh).map(|pose| pose.yaw);
        Some(CellFace { face: AlignedFace::of(cell, &mesh.points), ears, yaw, points: mesh.points })
    };
    Ok(mesh.and_then(read))
}

#[cfg(test)]
impl CellScore {
    /// A cell of the lids that reads as the transcript claims.
    pub(super) fn read_as_claimed(t_ms: u32, ear: f32) -> CellScore {
        CellScore {
            t_ms,
            place: None,
            claimed: ear,
            claimed_range: None,
            ear: Some(ear),
            ears: None,
            shape_distance: None,
            similarity: None,
            similarity_before: None,
            part: CellPart::Lids,
            yaw_claimed: 0.0,
            yaw: None,
        }
    }
}
