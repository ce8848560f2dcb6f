//! What a submission may weigh, in bytes. Both sides keep to it: the browser when it compresses, the server when it
//! receives.

/// What a capture is compressed to where its eyes read alike at that size.
pub const CAPTURE_AIM_BYTES: usize = 20_000;

/// The most bytes of a capture.
pub const CAPTURE_MAX_BYTES: usize = 32_000;

/// The most bytes of a transcript.
pub const TRANSCRIPT_MAX_BYTES: usize = 12_000;

/// The most bytes of everything that one attempt sends: two captures and the transcript.
pub const SUBMISSION_MAX_BYTES: usize = 2 * CAPTURE_MAX_BYTES + TRANSCRIPT_MAX_BYTES;

// 120 kB are to hold a strip of face crops as well, of about 36 kB.
const _: () = assert!(SUBMISSION_MAX_BYTES <= 80_000);
