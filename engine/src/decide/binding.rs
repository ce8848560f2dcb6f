//! What binds a transcript to its challenge: terms, versions, times, and the hashes of its parts.

use super::record::Record;
use super::submission::Issued;
use crate::digest::sha256_text;
use crate::reason::Reason;
use crate::transcript::{FrameRecord, Terms, Transcript};

/// Allowance for message delays and unequal clocks: the recording may be this much longer than the time the server saw
/// pass.
const CLOCK_SLACK_MS: u64 = 250;

/// The transcript repeats the terms that were issued.
pub(super) fn check_terms(transcript: &Transcript, terms: &Terms) -> Result<(), Reason> {
    let bound = transcript.aud == terms.audience
        && transcript.chal == terms.challenge_id
        && transcript.nonce == terms.nonce
        && transcript.att == terms.attempt
        && transcript.policy == terms.policy
        && transcript.consent == terms.consent
        && transcript.cam.rate == terms.rate;
    bound.then_some(()).ok_or(Reason::TranscriptBinding)
}

/// The transcript was made by the engine that judges it.
pub(super) fn check_versions(transcript: &Transcript, record: &Record) -> Result<(), Reason> {
    let theirs = &transcript.engine;
    let same = theirs.ver == record.engine && theirs.models == record.models && theirs.thresholds == record.thresholds;
    same.then_some(()).ok_or(Reason::EngineVersion)
}

/// The times increase, and no more time passed than the server saw pass.
pub(super) fn check_times(frames: &[FrameRecord], issued: &Issued) -> Result<(), Reason> {
    let rising = frames.is_sorted_by(|a, b| a.t_ms() < b.t_ms());
    let last = frames.last().map_or(0, |frame| u64::from(frame.t_ms()));
    let seen_to_pass = last <= issued.elapsed_ms + CLOCK_SLACK_MS;
    let in_time = last <= u64::from(issued.terms.timeout_ms) + CLOCK_SLACK_MS;
    (rising && seen_to_pass && in_time).then_some(()).ok_or(Reason::TranscriptTimes)
}

/// A part has the hash and length that the transcript states.
pub(super) fn check_hash(sha256: &str, bytes: u32, part: &[u8]) -> Result<(), Reason> {
    let same = sha256 == sha256_text(part) && bytes as usize == part.len();
    same.then_some(()).ok_or(Reason::CaptureHash)
}
