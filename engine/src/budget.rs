//! What a submission may weigh, in bytes. Both sides keep to it: the browser when it compresses, the server when it
//! receives.

/// What a capture is compressed to where its eyes read alike at that size.
pub const CAPTURE_AIM_BYTES: usize = 20_000;

/// The most bytes of a capture.
pub const CAPTURE_MAX_BYTES: usize = 28_000;

/// The most bytes of the evidence strip: 24 cells of 96 pixels a side at about quality 75 (`engine-facts`, §5).
pub const STRIP_MAX_BYTES: usize = 40_000;

/// The most bytes of a transcript.
pub const TRANSCRIPT_MAX_BYTES: usize = 24_000;

/// The most bytes of everything that one attempt sends: two captures, the strip and the transcript.
pub const SUBMISSION_MAX_BYTES: usize = 2 * CAPTURE_MAX_BYTES + STRIP_MAX_BYTES + TRANSCRIPT_MAX_BYTES;

const _: () = assert!(SUBMISSION_MAX_BYTES <= 120_000);
