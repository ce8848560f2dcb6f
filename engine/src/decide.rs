//! The decision: what the server laid down, what came back, and how long it took in; a verdict and its record out.
//!
//! A function of its arguments alone, so that it can be repeated offline. Checks run from cheap to expensive, and the
//! first that fails gives the reason. The transcript is believed in nothing that the pixels could show otherwise.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::blink::{Blink, BlinkDetector};
use crate::ear::EyeRatios;
use crate::error::EngineError;
use crate::gate::Gate;
use crate::pair::PairScore;
use crate::reason::Reason;
use crate::score::{self, CaptureScore, Scorer};
use crate::thresholds::Thresholds;
use crate::transcript::{CaptureRecord, Captures, FrameRecord, KeyKind, Terms, Transcript, verified_payload};

/// What came back from the browser.
#[derive(Clone, Copy, Debug)]
pub struct Submission<'a> {
    /// The compact JWS.
    pub transcript: &'a [u8],
    /// JPEG of the open eyes.
    pub open: &'a [u8],
    /// JPEG of the closed eyes.
    pub closed: &'a [u8],
}

/// The outcome of an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Verdict {
    /// Everything the server could recompute agrees.
    Accepted,
    /// The first thing that does not.
    Rejected(Reason),
}

/// A verdict and what it rests on.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Decision {
    /// The outcome.
    pub verdict: Verdict,
    /// What was found on the way to it; fields that were not reached are `None`.
    pub record: Record,
}

/// What the audit event keeps of a decision: figures, no landmarks.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Record {
    /// Version of the engine that decided.
    pub engine: String,
    /// The weights it scored with.
    pub models: String,
    /// Name of the thresholds it judged by.
    pub thresholds: String,
    /// Where the transcript says its key lives.
    pub key: Option<KeyKind>,
    /// Frames in the transcript.
    pub frames: Option<usize>,
    /// The blink that the transcript's own values give.
    pub blink: Option<Blink>,
    /// EAR that the transcript claims for the open capture.
    pub open_claimed: Option<EyeRatios>,
    /// The server's reading of the open capture.
    pub open: Option<CaptureScore>,
    /// EAR that the transcript claims for the closed capture.
    pub closed_claimed: Option<EyeRatios>,
    /// The server's reading of the closed capture.
    pub closed: Option<CaptureScore>,
    /// How the captures compare.
    pub pair: Option<PairScore>,
}

/// The server saw this much more or less time pass than the browser: message delays and unequal clocks.
const CLOCK_SLACK_MS: u64 = 250;

/// Judges a submission for the challenge `terms`, signed with the key registered for it, received `elapsed_ms` after the
/// challenge was issued.
///
/// # Errors
/// [`EngineError`] if it could not be computed: that is a fault of ours and says nothing about the person.
pub fn decide(
    terms: &Terms,
    public_key: &[u8; 32],
    submission: &Submission,
    elapsed_ms: u64,
    scorer: &mut Scorer,
    thresholds: &Thresholds,
) -> Result<Decision, EngineError> {
    let mut record = Record {
        engine: crate::VERSION.into(),
        models: scorer.models().into(),
        thresholds: thresholds.name.into(),
        key: None,
        frames: None,
        blink: None,
        open_claimed: None,
        open: None,
        closed_claimed: None,
        closed: None,
        pair: None,
    };
    let outcome = judge_transcript(terms, public_key, submission, elapsed_ms, thresholds, &mut record);
    let outcome = match outcome {
        Ok(transcript) => judge_pixels(&transcript, submission, scorer, thresholds, &mut record)?,
        Err(reason) => Err(reason),
    };
    let verdict = outcome.map_or_else(Verdict::Rejected, |()| Verdict::Accepted);
    Ok(Decision { verdict, record })
}

fn judge_transcript(
    terms: &Terms,
    public_key: &[u8; 32],
    submission: &Submission,
    elapsed_ms: u64,
    thresholds: &Thresholds,
    record: &mut Record,
) -> Result<Transcript, Reason> {
    let payload = verified_payload(submission.transcript, public_key)?;
    let transcript = Transcript::parse(&payload)?;
    record.key = Some(transcript.key);
    record.frames = Some(transcript.frames.len());
    check_binding(&transcript, terms)?;
    check_versions(&transcript, record)?;
    check_times(&transcript.frames, terms, elapsed_ms)?;
    record.blink = Some(check_blink(&transcript, thresholds)?);
    check_hash(&transcript.cap.open, submission.open)?;
    check_hash(&transcript.cap.closed, submission.closed)?;
    Ok(transcript)
}

fn check_binding(transcript: &Transcript, terms: &Terms) -> Result<(), Reason> {
    let bound = transcript.aud == terms.audience
        && transcript.chal == terms.challenge_id
        && transcript.nonce == terms.nonce
        && transcript.att == terms.attempt;
    bound.then_some(()).ok_or(Reason::TranscriptBinding)
}

fn check_versions(transcript: &Transcript, record: &Record) -> Result<(), Reason> {
    let theirs = &transcript.engine;
    let same = theirs.ver == record.engine && theirs.models == record.models && theirs.thresholds == record.thresholds;
    same.then_some(()).ok_or(Reason::EngineVersion)
}

fn check_times(frames: &[FrameRecord], terms: &Terms, elapsed_ms: u64) -> Result<(), Reason> {
    let rising = frames.is_sorted_by(|a, b| a.t_ms() < b.t_ms());
    let last = frames.last().map_or(0, |frame| u64::from(frame.t_ms()));
    let seen_to_pass = last <= elapsed_ms + CLOCK_SLACK_MS;
    let in_time = last <= u64::from(terms.timeout_ms) + CLOCK_SLACK_MS;
    (rising && seen_to_pass && in_time).then_some(()).ok_or(Reason::TranscriptTimes)
}

/// Runs the same detector over the transcript's own values: its last blink must be the one it claims; the captures must
/// come from just before or after it (open) and from within it (closed), and read about as their frames did. How far the
/// eyes are closed in the capture, its pixels tell.
pub(crate) fn check_blink(transcript: &Transcript, thresholds: &Thresholds) -> Result<Blink, Reason> {
    if transcript.frames.iter().any(|frame| frame.gate().is_none()) {
        return Err(Reason::TranscriptMalformed);
    }
    let blink = last_blink(&transcript.frames, thresholds).filter(|found| *found == transcript.blink);
    let blink = blink.ok_or(Reason::NoBlink)?;
    let Captures { open, closed } = &transcript.cap;
    let limits = &thresholds.capture;
    let open_outside = open.t < blink.start_ms || open.t >= blink.end_ms;
    let of_one_moment = open.t.abs_diff(closed.t) <= limits.max_capture_gap_ms;
    let closed_inside = (blink.start_ms..blink.end_ms).contains(&closed.t);
    if !(open_outside && of_one_moment && closed_inside) {
        return Err(Reason::NoBlink);
    }
    let as_recorded = |capture: &CaptureRecord| {
        let frame = transcript.frames.iter().find(|frame| frame.t_ms() == capture.t);
        let ears = frame.filter(|frame| frame.gate().is_some_and(Gate::eyes_usable)).and_then(FrameRecord::ears);
        ears.is_some_and(|ears| ears.greatest_difference(claimed_ears(capture)) <= limits.max_frame_difference)
    };
    (as_recorded(open) && as_recorded(closed)).then_some(blink).ok_or(Reason::ScoreMismatch)
}

/// The last blink that the detector finds in recorded frames.
fn last_blink(frames: &[FrameRecord], thresholds: &Thresholds) -> Option<Blink> {
    let mut detector = BlinkDetector::new(thresholds.blink.clone());
    let mut find = |frame: &FrameRecord| {
        let usable = frame.gate().is_some_and(Gate::eyes_usable);
        detector.update(frame.t_ms(), frame.ears().filter(|_| usable)).blink
    };
    frames.iter().fold(None, |last, frame| find(frame).or(last))
}

fn check_hash(claimed: &CaptureRecord, jpeg: &[u8]) -> Result<(), Reason> {
    let same = claimed.sha256 == sha256_text(jpeg) && claimed.bytes as usize == jpeg.len();
    same.then_some(()).ok_or(Reason::CaptureHash)
}

fn judge_pixels(
    transcript: &Transcript,
    submission: &Submission,
    scorer: &mut Scorer,
    thresholds: &Thresholds,
    record: &mut Record,
) -> Result<Result<(), Reason>, EngineError> {
    let claims = &transcript.cap;
    let open = match scorer.score(submission.open, thresholds)? {
        Ok(open) => record.open.insert(open),
        Err(reason) => return Ok(Err(reason)),
    };
    let closed = match scorer.score(submission.closed, thresholds)? {
        Ok(closed) => record.closed.insert(closed),
        Err(reason) => return Ok(Err(reason)),
    };
    record.open_claimed = Some(claimed_ears(&claims.open));
    record.closed_claimed = Some(claimed_ears(&claims.closed));
    let Some(pair) = open.compare(closed) else { return Ok(Err(Reason::CaptureUnclear)) };
    record.pair = Some(pair);
    if let Err(reason) = score::judge(open, closed, &pair, thresholds) {
        return Ok(Err(reason));
    }
    let agrees = |claim: &CaptureRecord, scored: EyeRatios| {
        claimed_ears(claim).greatest_difference(scored) <= thresholds.capture.max_ear_difference
    };
    let both = agrees(&claims.open, open.ears) && agrees(&claims.closed, closed.ears);
    Ok(both.then_some(()).ok_or(Reason::ScoreMismatch))
}

fn claimed_ears(claim: &CaptureRecord) -> EyeRatios {
    let [right, left] = claim.ear.map(|e4| e4 as f32 / 1e4);
    EyeRatios { right, left }
}

/// SHA-256 as transcripts write it: base64url without padding.
pub(crate) fn sha256_text(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(bytes))
}
