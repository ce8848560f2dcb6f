//! The transcript: what the browser says it saw, as signed integers. Version 4.
//!
//! A compact JWS (RFC 7515) over JSON of integers and strings; the frames are one of the strings (`frames.rs`). Its header
//! is one constant string except for the key's thumbprint, so a verifier compares bytes instead of negotiating. The
//! signature shows who holds the key registered for the challenge, and nothing more.

mod frames;
mod jws;

pub use frames::{pack, unpack};
use jws::verified_payload;
pub use jws::{key_id, public_key_is_acceptable, sign, signing_input};

use serde::{Deserialize, Serialize};

use crate::blink::Blink;
use crate::decide::sha256_text;
use crate::ear::EyeRatios;
use crate::gate::Gate;
use crate::prompt::{Outcome, Policy};
use crate::reason::Reason;
use crate::session::Observation;

/// The version of the payload this engine writes and reads.
pub const VERSION: u32 = 4;

/// The most frames a transcript holds. In a prompted challenge nothing more is recorded then; without prompts the oldest
/// fall away. Keeps its text under [`TRANSCRIPT_MAX_BYTES`].
///
/// [`TRANSCRIPT_MAX_BYTES`]: crate::budget::TRANSCRIPT_MAX_BYTES
pub const MAX_FRAMES: usize = 1500;

/// What the server lays down for one attempt and the transcript must repeat.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Terms {
    /// Origin of the site that asks (`APP_BASE_URL`).
    pub audience: String,
    /// The challenge.
    pub challenge_id: String,
    /// Fresh random text, base64url.
    pub nonce: String,
    /// Which attempt of the capture session this is, from 1.
    pub attempt: u32,
    /// Time for everything that is asked, from the start of the recording.
    pub timeout_ms: u32,
    /// Name of the thresholds in force.
    pub thresholds: String,
    /// How the challenge is put.
    pub policy: Policy,
    /// Frames a second that the browser analysed before the challenge, times ten, as it told the server.
    pub rate: u32,
    /// What the person was told before the camera was switched on ([`consent_hash`]), as the browser told the server.
    pub consent: String,
}

/// Names a text that people are told before they agree, by its SHA-256: base64url without padding.
pub fn consent_hash(text: &str) -> String {
    sha256_text(text.as_bytes())
}

/// Who made the signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum KeyKind {
    /// A non-extractable WebCrypto key.
    WebCrypto,
    /// A key made by ed25519-dalek inside the engine.
    Soft,
}

/// The signed payload.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Transcript {
    /// Payload version, [`VERSION`].
    pub v: u32,
    /// [`Terms::audience`].
    pub aud: String,
    /// [`Terms::challenge_id`].
    pub chal: String,
    /// [`Terms::nonce`].
    pub nonce: String,
    /// [`Terms::attempt`].
    pub att: u32,
    /// [`Terms::policy`].
    pub policy: Policy,
    /// [`Terms::consent`].
    pub consent: String,
    /// Where the key lives.
    pub key: KeyKind,
    /// What computed this.
    pub engine: EngineVersions,
    /// The camera.
    pub cam: Camera,
    /// The frames, oldest first; written as the text of [`pack`].
    #[serde(with = "frames")]
    pub frames: Vec<FrameRecord>,
    /// The rounds of a prompted challenge, oldest first.
    pub rounds: Vec<RoundRecord>,
    /// The closure that the captures show.
    pub blink: Blink,
    /// The two captures.
    pub cap: Captures,
    /// The evidence strip. Which frames its cells show, [`crate::strip::choose()`] tells.
    pub strip: StripRecord,
}

/// The versions of everything that the numbers depend on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EngineVersions {
    /// Version of this crate.
    pub ver: String,
    /// [`crate::Networks::id`].
    pub models: String,
    /// Name of the thresholds.
    pub thresholds: String,
}

/// The camera's frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Camera {
    /// Width in pixels.
    pub w: u32,
    /// Height in pixels.
    pub h: u32,
    /// [`Terms::rate`].
    pub rate: u32,
}

/// A round as the browser ran it. What was asked in it, the server knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RoundRecord {
    /// When its cue became known, in milliseconds from the start.
    pub received: u32,
    /// Frames that had been recorded when it ended.
    pub frames: u32,
    /// How it ended.
    pub outcome: Outcome,
}

/// The strip as it is uploaded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StripRecord {
    /// SHA-256 of the JPEG's bytes, base64url without padding.
    pub sha256: String,
    /// Bytes of the JPEG.
    pub bytes: u32,
}

/// One frame: milliseconds from the start, EAR right and left × 10⁴ (−1: not read), yaw and pitch in tenths of a degree,
/// the gate's number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FrameRecord(pub u32, pub i32, pub i32, pub i32, pub i32, pub u8);

impl FrameRecord {
    /// The record of an observation.
    pub fn of(seen: &Observation) -> FrameRecord {
        let e4 = |v: f32| (v * 1e4).round() as i32;
        let pose = seen.face.as_ref().map(|f| f.pose).unwrap_or_default();
        let tenths = |degrees: f32| (degrees * 10.0).round() as i32;
        FrameRecord(
            seen.t_ms,
            seen.ears.map_or(-1, |e| e4(e.right)),
            seen.ears.map_or(-1, |e| e4(e.left)),
            tenths(pose.yaw),
            tenths(pose.pitch),
            seen.gate.number(),
        )
    }

    /// The frame's time.
    pub fn t_ms(&self) -> u32 {
        self.0
    }

    /// The openness of the eyes, if it was read.
    pub fn ears(&self) -> Option<EyeRatios> {
        let FrameRecord(_, right, left, ..) = *self;
        (right >= 0 && left >= 0).then(|| EyeRatios { right: right as f32 / 1e4, left: left as f32 / 1e4 })
    }

    /// The frame's gate, if the number means one.
    pub fn gate(&self) -> Option<Gate> {
        Gate::from_number(self.5)
    }
}

/// The two captures of an attempt.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Captures {
    /// The best frame with open eyes.
    pub open: CaptureRecord,
    /// A frame within the blink: that of deepest closure, or a sharper one almost as deep.
    pub closed: CaptureRecord,
}

/// One capture as it is uploaded.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CaptureRecord {
    /// Time of its frame, in milliseconds from the start.
    pub t: u32,
    /// SHA-256 of the JPEG's bytes, base64url without padding.
    pub sha256: String,
    /// Bytes of the JPEG.
    pub bytes: u32,
    /// EAR of the right and left eye × 10⁴, read from the decoded JPEG.
    pub ear: [i32; 2],
}

impl Transcript {
    /// Reads a signed transcript: the signature over the received bytes first, then what they say.
    ///
    /// # Errors
    /// The first [`Reason`] why these bytes are no transcript of who holds `public_key`.
    pub fn verified(jws: &[u8], public_key: &[u8; 32]) -> Result<Transcript, Reason> {
        Transcript::parse(&verified_payload(jws, public_key)?)
    }

    /// Parses a payload whose signature was verified. Strict: unknown, missing and repeated keys are refused.
    ///
    /// # Errors
    /// [`Reason::TranscriptVersion`] if it says another version, else [`Reason::TranscriptMalformed`].
    pub fn parse(payload: &[u8]) -> Result<Transcript, Reason> {
        #[derive(Deserialize)]
        struct VersionOnly {
            v: u32,
        }
        let VersionOnly { v } = serde_json::from_slice(payload).map_err(|_| Reason::TranscriptMalformed)?;
        if v != VERSION {
            return Err(Reason::TranscriptVersion);
        }
        let transcript: Transcript = serde_json::from_slice(payload).map_err(|_| Reason::TranscriptMalformed)?;
        (!transcript.frames.is_empty()).then_some(transcript).ok_or(Reason::TranscriptMalformed)
    }
}

#[cfg(test)]
mod tests;
