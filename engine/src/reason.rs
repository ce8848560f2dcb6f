//! Why an attempt was not accepted: one closed list of stable codes, shared by page, API, CSV and audit. Holds no
//! thresholds and makes no decisions.

use serde::{Deserialize, Serialize};

/// The reason for a rejected attempt. A rejection is a value, never an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// No blink was completed in time.
    Timeout,
    /// The person ended the attempt.
    Cancelled,
    /// The attempt was left: a new one replaced it, or its time ran out without an answer.
    Abandoned,
    /// The transcript is not a compact JWS with the header required for this challenge.
    TranscriptHeader,
    /// The signature does not verify under the key registered for the challenge.
    TranscriptSignature,
    /// The payload is not a transcript in strict JSON.
    TranscriptMalformed,
    /// The server does not read this version of the transcript format.
    TranscriptVersion,
    /// Audience, challenge, nonce, attempt or key do not belong to the claimed challenge.
    TranscriptBinding,
    /// Made by an engine or with thresholds that this server does not accept.
    EngineVersion,
    /// Frame times do not increase, or cover more time than the server saw pass.
    TranscriptTimes,
    /// Too many gestures were missed.
    PromptMissed,
    /// The transcript's rounds are not those that were served, or do not show what they claim.
    PromptMismatch,
    /// The transcript is not what the browser committed to before it learned the next cue.
    PromptCommitment,
    /// The pictures are not those that the browser committed to when their step ended.
    PictureCommitment,
    /// Cues were answered before they could have been seen, or much too late.
    PromptTimes,
    /// The commitment to a step came so late that its pictures could have been made afterwards.
    PromptLate,
    /// The recorded frames hold no completed blink.
    NoBlink,
    /// The bytes of a capture or of the strip do not have the hash in the transcript.
    CaptureHash,
    /// A capture or the strip has been sent before.
    CaptureReplayed,
    /// A capture is not a baseline JPEG of the kind the page makes.
    CaptureFormat,
    /// A capture has more pixels than are accepted or fewer than can be read.
    CaptureSize,
    /// A capture's image data is damaged or truncated.
    CaptureDamaged,
    /// No face was found in a capture.
    CaptureNoFace,
    /// More than one face was found in a capture.
    CaptureSeveralFaces,
    /// The face in a capture is turned away or too small, dark, bright or blurred to be read.
    CaptureUnclear,
    /// The capture that should show open eyes does not.
    OpenNotOpen,
    /// The capture that should show closed eyes does not.
    ClosedNotClosed,
    /// Both captures are the same picture.
    CapturesIdentical,
    /// The captures do not show the same face in the same scene.
    CapturesDiffer,
    /// The server's reading of the captures differs from the transcript's.
    ScoreMismatch,
    /// Too many cells of the strip show no face that can be read.
    StripUnclear,
    /// A cell of the strip does not show the face of the open capture.
    StripDiffers,
    /// The strip does not show the blinks that the transcript claims.
    StripNoBlink,
    /// The server's reading of the strip differs from the transcript's frames.
    StripMismatch,
    /// A head in the strip is not turned as the transcript's frames say.
    PoseMismatch,
    /// The strip does not show the turn of the head that was asked for.
    TurnNotShown,
}

impl Reason {
    /// Every reason, in the order of the checks.
    pub const ALL: [Reason; 36] = [
        Reason::Timeout,
        Reason::Cancelled,
        Reason::Abandoned,
        Reason::TranscriptHeader,
        Reason::TranscriptSignature,
        Reason::TranscriptMalformed,
        Reason::TranscriptVersion,
        Reason::TranscriptBinding,
        Reason::EngineVersion,
        Reason::TranscriptTimes,
        Reason::PromptMissed,
        Reason::PromptMismatch,
        Reason::PromptCommitment,
        Reason::PictureCommitment,
        Reason::PromptTimes,
        Reason::PromptLate,
        Reason::NoBlink,
        Reason::CaptureHash,
        Reason::CaptureReplayed,
        Reason::CaptureFormat,
        Reason::CaptureSize,
        Reason::CaptureDamaged,
        Reason::CaptureNoFace,
        Reason::CaptureSeveralFaces,
        Reason::CaptureUnclear,
        Reason::OpenNotOpen,
        Reason::ClosedNotClosed,
        Reason::CapturesIdentical,
        Reason::CapturesDiffer,
        Reason::ScoreMismatch,
        Reason::StripUnclear,
        Reason::StripDiffers,
        Reason::StripNoBlink,
        Reason::StripMismatch,
        Reason::PoseMismatch,
        Reason::TurnNotShown,
    ];

    /// The stable code, `snake_case`. Codes are never renamed or reused.
    pub fn code(self) -> &'static str {
        match self {
            Reason::Timeout => "timeout",
            Reason::Cancelled => "cancelled",
            Reason::Abandoned => "abandoned",
            Reason::TranscriptHeader => "transcript_header",
            Reason::TranscriptSignature => "transcript_signature",
            Reason::TranscriptMalformed => "transcript_malformed",
            Reason::TranscriptVersion => "transcript_version",
            Reason::TranscriptBinding => "transcript_binding",
            Reason::EngineVersion => "engine_version",
            Reason::TranscriptTimes => "transcript_times",
            Reason::PromptMissed => "prompt_missed",
            Reason::PromptMismatch => "prompt_mismatch",
            Reason::PromptCommitment => "prompt_commitment",
            Reason::PictureCommitment => "picture_commitment",
            Reason::PromptTimes => "prompt_times",
            Reason::PromptLate => "prompt_late",
            Reason::NoBlink => "no_blink",
            Reason::CaptureHash => "capture_hash",
            Reason::CaptureReplayed => "capture_replayed",
            Reason::CaptureFormat => "capture_format",
            Reason::CaptureSize => "capture_size",
            Reason::CaptureDamaged => "capture_damaged",
            Reason::CaptureNoFace => "capture_no_face",
            Reason::CaptureSeveralFaces => "capture_several_faces",
            Reason::CaptureUnclear => "capture_unclear",
            Reason::OpenNotOpen => "open_not_open",
            Reason::ClosedNotClosed => "closed_not_closed",
            Reason::CapturesIdentical => "captures_identical",
            Reason::CapturesDiffer => "captures_differ",
            Reason::ScoreMismatch => "score_mismatch",
            Reason::StripUnclear => "strip_unclear",
            Reason::StripDiffers => "strip_differs",
            Reason::StripNoBlink => "strip_no_blink",
            Reason::StripMismatch => "strip_mismatch",
            Reason::PoseMismatch => "pose_mismatch",
            Reason::TurnNotShown => "turn_not_shown",
        }
    }

    /// A message for the person that says what to do. It does not say which check failed if that would only help
    /// someone who forges submissions.
    pub fn message(self) -> &'static str {
        match self {
            Reason::Timeout => "The time ran out before you were done. Try again at your own pace.",
            Reason::Cancelled => "You ended the check. You can try again.",
            Reason::Abandoned => "The last check was left before it ended. You can try again.",
            Reason::NoBlink => "No complete blink was recorded. Try again and blink once, slowly.",
            Reason::PromptMissed => "Not every prompt was answered. Try again and wait for each one.",
            Reason::PromptTimes => "Your answers came too late or too early. Try again and wait for each prompt.",
            Reason::EngineVersion => "This page is out of date. Reload it and try again.",
            Reason::CaptureNoFace => "No face could be found in a picture. Try again in better light.",
            Reason::CaptureSeveralFaces => "More than one face was in the picture. Make sure that you are alone.",
            Reason::CaptureUnclear | Reason::StripUnclear => {
                "Your face could not be read clearly. Find more light and look straight ahead."
            }
            Reason::OpenNotOpen => "Your open eyes could not be read. Look straight at the camera and try again.",
            Reason::ClosedNotClosed => "Your closed eyes could not be read. Blink a little more slowly and try again.",
            Reason::TurnNotShown => {
                "Your head's turn could not be seen. Turn it a little further, slowly, and try again."
            }
            Reason::CapturesDiffer => "The two pictures do not match. Keep still while you blink and try again.",
            Reason::PromptLate => {
                "Your connection was too slow while you followed the prompts. Try again where the network is better."
            }
            Reason::TranscriptHeader
            | Reason::TranscriptSignature
            | Reason::TranscriptMalformed
            | Reason::TranscriptVersion
            | Reason::TranscriptBinding
            | Reason::TranscriptTimes
            | Reason::PromptMismatch
            | Reason::PromptCommitment
            | Reason::PictureCommitment
            | Reason::CaptureHash
            | Reason::CaptureReplayed
            | Reason::CaptureFormat
            | Reason::CaptureSize
            | Reason::CaptureDamaged
            | Reason::CapturesIdentical
            | Reason::ScoreMismatch
            | Reason::StripDiffers
            | Reason::StripNoBlink
            | Reason::StripMismatch
            | Reason::PoseMismatch => "The recording could not be accepted. Reload the page and try again.",
        }
    }

    /// The reason with this code, or `None` if no such code exists.
    pub fn from_code(code: &str) -> Option<Reason> {
        Reason::ALL.into_iter().find(|reason| reason.code() == code)
    }
}

impl std::fmt::Display for Reason {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_is_found_again_by_its_code_and_serializes_as_it() {
        for reason in Reason::ALL {
            assert_eq!(Reason::from_code(reason.code()), Some(reason));
            assert_eq!(serde_json::to_value(reason).unwrap(), reason.code());
            assert!(reason.message().ends_with('.'), "{reason}: {}", reason.message());
        }
        assert_eq!(Reason::from_code("verified"), None);
    }
}
