//! How large a submission may be, in bytes. The browser keeps to it when it compresses, the server checks it on
//! receipt.

/// Target size of a capture, used if its eyes read alike at that size.
pub const CAPTURE_AIM_BYTES: usize = 20_000;

/// Greatest size of a capture.
pub const CAPTURE_MAX_BYTES: usize = 28_000;

/// Greatest size of the evidence strip: 24 cells of 96 pixels a side at about quality 75.
pub const STRIP_MAX_BYTES: usize = 40_000;

/// Greatest size of a transcript.
pub const TRANSCRIPT_MAX_BYTES: usize = 24_000;

/// Greatest size of everything that one attempt sends: two captures, the strip and the transcript.
pub const SUBMISSION_MAX_BYTES: usize = 2 * CAPTURE_MAX_BYTES + STRIP_MAX_BYTES + TRANSCRIPT_MAX_BYTES;

const _: () = assert!(SUBMISSION_MAX_BYTES <= 120_000);
