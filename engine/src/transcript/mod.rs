//! The transcript, version 5: what the browser claims to have seen, as integers under a signature.
//!
//! A compact JWS (RFC 7515) over JSON of integers and strings; the frames are one of the strings (`frames.rs`). Its
//! header is one constant string except for the key's thumbprint, so a verifier compares bytes instead of negotiating.
//! The signature proves possession of the key that was registered for the challenge, and nothing more.

mod frames;
mod jws;

pub use crate::frame_record::{FrameRecord, MAX_FRAMES};
pub use frames::{pack, unpack};
use jws::verified_payload;
pub use jws::{key_id, public_key_is_acceptable, sign, signing_input};

use serde::{Deserialize, Serialize};

use crate::blink::Blink;
use crate::digest::sha256_text;
use crate::ear::EyeRatios;
use crate::prompt::{Outcome, Pictures, Policy};
use crate::reason::Reason;

/// The version of the payload this engine writes and reads.
pub const VERSION: u32 = 5;

/// What the server issues for one attempt and the transcript must repeat.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Terms {
    /// Origin of the site that issued the challenge (`APP_BASE_URL`).
    pub audience: String,
    /// The challenge.
    pub challenge_id: String,
    /// Random text made for this challenge, base64url.
    pub nonce: String,
    /// Number of the attempt within the capture session, from 1.
    pub attempt: u32,
    /// Time limit, from the start of the recording.
    pub timeout_ms: u32,
    /// Name of the thresholds in force.
    pub thresholds: String,
    /// The kind of challenge.
    pub policy: Policy,
    /// Whether one of the gestures is a turn of the head. People who cannot turn it make more gestures of the lids.
    #[serde(default)]
    pub turn: bool,
    /// Frames per second × 10 that the browser analysed before the challenge, as it reported to the server.
    pub rate: u32,
    /// Hash of the text shown before the camera was turned on ([`consent_hash`]), as the browser reported to the
    /// server.
    pub consent: String,
}

/// Names a consent text by its SHA-256: base64url without padding.
pub fn consent_hash(text: &str) -> String {
    sha256_text(text.as_bytes())
}

/// Where the signing key lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum KeyKind {
    /// In WebCrypto, not extractable.
    WebCrypto,
    /// Inside the engine, made by ed25519-dalek.
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
    /// Where the signing key lives.
    pub key: KeyKind,
    /// Versions of everything that computed it.
    pub engine: EngineVersions,
    /// The camera frames.
    pub cam: Camera,
    /// The frames, oldest first, written as the text of [`pack`].
    #[serde(with = "frames")]
    pub frames: Vec<FrameRecord>,
    /// The rounds of a prompted challenge, oldest first.
    pub rounds: Vec<RoundRecord>,
    /// The eye closure that the captures show.
    pub blink: Blink,
    /// The two captures.
    pub cap: Captures,
    /// The evidence strip. [`crate::strip::choose()`] says which frames its cells show.
    pub strip: StripRecord,
}

/// Versions of everything that the numbers depend on.
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

/// The size and rate of the camera's frames.
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

/// A round as the browser ran it. The server knows its cue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RoundRecord {
    /// When the browser received the cue, in milliseconds from the start.
    pub received: u32,
    /// Number of frames recorded when the round ended.
    pub frames: u32,
    /// How it ended.
    pub outcome: Outcome,
    /// The pictures that its commitment covers, if its step was done.
    pub pictures: Option<Pictures>,
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

/// The two captures of an attempt.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Captures {
    /// The best frame with open eyes.
    pub open: CaptureRecord,
    /// A frame within the blink: the one with the eyes closed furthest, or a sharper one nearly as far.
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

impl CaptureRecord {
    /// The claimed eye aspect ratios.
    pub fn ears(&self) -> EyeRatios {
        let [right, left] = self.ear.map(|e4| e4 as f32 / 1e4);
        EyeRatios { right, left }
    }
}

impl Transcript {
    /// Reads a signed transcript: verifies the signature over the received bytes, then parses them.
    ///
    /// # Errors
    /// The first [`Reason`] why these bytes are not a transcript signed with `public_key`.
    pub fn verified(jws: &[u8], public_key: &[u8; 32]) -> Result<Transcript, Reason> {
        Transcript::parse(&verified_payload(jws, public_key)?)
    }

    /// The same for a transcript of this version or the one before, to show what was recorded and not to judge it.
    ///
    /// # Errors
    /// As [`Transcript::verified`].
    pub fn readable(jws: &[u8], public_key: &[u8; 32]) -> Result<Transcript, Reason> {
        Transcript::parse_as(&verified_payload(jws, public_key)?, &[VERSION, VERSION - 1])
    }

    /// Parses a payload whose signature was verified. Strict: unknown, missing and repeated keys are rejected.
    ///
    /// # Errors
    /// [`Reason::TranscriptVersion`] if it states another version, else [`Reason::TranscriptMalformed`].
    pub fn parse(payload: &[u8]) -> Result<Transcript, Reason> {
        Transcript::parse_as(payload, &[VERSION])
    }

    fn parse_as(payload: &[u8], versions: &[u32]) -> Result<Transcript, Reason> {
        #[derive(Deserialize)]
        struct VersionOnly {
            v: u32,
        }
        let VersionOnly { v } = serde_json::from_slice(payload).map_err(|_| Reason::TranscriptMalformed)?;
        if !versions.contains(&v) {
            return Err(Reason::TranscriptVersion);
        }
        let transcript: Transcript = serde_json::from_slice(payload).map_err(|_| Reason::TranscriptMalformed)?;
        (!transcript.frames.is_empty()).then_some(transcript).ok_or(Reason::TranscriptMalformed)
    }
}

#[cfg(test)]
mod tests;
