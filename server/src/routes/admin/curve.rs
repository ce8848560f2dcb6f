//! Eye openness over time as the browser signed it, and as the server measured it in the strip's cells: data for a
//! chart.

use engine::blink::Blink;
use engine::ear::EyeRatios;
use engine::transcript::{FrameRecord, Transcript};
use engine::{Gate, Record};
use serde::Serialize;

/// Times are milliseconds from the start of the recording.
#[derive(Serialize)]
pub(super) struct Curve {
    frames: Vec<Frame>,
    /// The eye closures that were counted.
    closures: Vec<Blink>,
    captures: Captures,
    cells: Vec<Cell>,
}

#[derive(Serialize)]
struct Frame {
    t: u32,
    /// `None` if the eyes could not be read.
    left: Option<f32>,
    right: Option<f32>,
    gate: Option<Gate>,
}

/// When the captures were taken.
#[derive(Serialize)]
struct Captures {
    open: u32,
    closed: u32,
}

#[derive(Serialize)]
struct Cell {
    t: u32,
    /// Its row and column in the sheet; `None` in sheets that were filled row by row, six cells each.
    place: Option<(u8, u8)>,
    /// What the transcript says for its frame.
    claimed: Option<EyeRatios>,
    /// What the server measured; `None` if it could not.
    scored: Option<EyeRatios>,
}

impl Curve {
    /// `None` if the text is not a transcript signed with this key, for example after the database was tampered with.
    pub(super) fn of(transcript: &str, public_key: &[u8; 32], record: Option<&Record>) -> Option<Self> {
        let transcript = Transcript::readable(transcript.as_bytes(), public_key).ok()?;
        let claimed = |t_ms: u32| {
            let frame = transcript.frames.iter().find(|frame| frame.t_ms() == t_ms);
            frame.and_then(FrameRecord::ears)
        };
        let strip = record.and_then(|record| record.strip.as_ref());
        let cells = strip.into_iter().flat_map(|strip| &strip.cells);
        Some(Self {
            cells: cells
                .map(|cell| Cell { t: cell.t_ms, place: cell.place, claimed: claimed(cell.t_ms), scored: cell.ears })
                .collect(),
            closures: record.and_then(|record| record.closures.clone()).unwrap_or_default(),
            captures: Captures { open: transcript.cap.open.t, closed: transcript.cap.closed.t },
            frames: transcript.frames.iter().map(Frame::from).collect(),
        })
    }
}

impl From<&FrameRecord> for Frame {
    fn from(frame: &FrameRecord) -> Self {
        let ears = frame.ears();
        Self {
            t: frame.t_ms(),
            left: ears.map(|ears| ears.left),
            right: ears.map(|ears| ears.right),
            gate: frame.gate(),
        }
    }
}
