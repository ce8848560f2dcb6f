//! One attempt: frames in until a blink was counted, then two captures and the transcript to sign. The browser and
//! native test clients share it.

use std::collections::VecDeque;

use serde::Serialize;

use crate::blink::{Blink, EyeState};
use crate::capture::{Capture, Selector};
use crate::compress::{Compressed, compress};
use crate::decide::{check_blink, sha256_text};
use crate::error::EngineError;
use crate::frame::Frame;
use crate::network::Networks;
use crate::score;
use crate::session::{Observation, Session};
use crate::thresholds::Thresholds;
use crate::transcript::{
    self, CameraSize, CaptureRecord, Captures, EngineVersions, FrameRecord, KeyKind, MAX_FRAMES, Terms, Transcript,
};

/// Where an attempt stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Frames are observed so that the person can be guided; nothing is recorded.
    Idle,
    /// Recording against the terms of a challenge.
    Recording,
    /// The evidence is ready.
    Complete,
}

/// How far an attempt is after a frame.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Progress {
    /// Where it stands.
    pub phase: Phase,
    /// 0 to 1: a third for open eyes, two thirds for closed ones, 1 when complete.
    pub progress: f32,
    /// Time that is left while recording.
    pub remaining_ms: Option<u32>,
    /// The time is over without a blink.
    pub timed_out: bool,
}

/// What is uploaded.
#[derive(Clone, Debug)]
pub struct Evidence {
    /// The text to sign.
    pub signing_input: String,
    /// JPEG of the open eyes.
    pub open: Vec<u8>,
    /// JPEG of the closed eyes.
    pub closed: Vec<u8>,
    /// By how much compression changed an eye's ratio at most: in the open and in the closed capture.
    pub losses: [f32; 2],
}

/// A session with the recording of at most one attempt.
pub struct Attempt {
    session: Session,
    models: String,
    recording: Option<Recording>,
}

struct Recording {
    terms: Terms,
    key: KeyKind,
    public_key: [u8; 32],
    started_ms: f64,
    frames: VecDeque<FrameRecord>,
    selector: Selector,
    progress: f32,
    evidence: Option<Evidence>,
}

impl Attempt {
    /// Nothing seen, nothing recorded.
    pub fn new(networks: Networks, thresholds: Thresholds) -> Attempt {
        let models = networks.id.clone();
        Attempt { session: Session::new(networks, thresholds), models, recording: None }
    }

    /// Starts to record for the challenge `terms`. The recording's time 0 is `now_ms`, on the clock of [`Attempt::push`].
    pub fn begin(&mut self, terms: Terms, key: KeyKind, public_key: [u8; 32], now_ms: f64) {
        self.session.restart();
        self.recording = Some(Recording {
            terms,
            key,
            public_key,
            started_ms: now_ms,
            frames: VecDeque::new(),
            selector: Selector::default(),
            progress: 0.0,
            evidence: None,
        });
    }

    /// Analyses the next frame; while recording, its observation's time counts from the start.
    ///
    /// # Errors
    /// As [`Session::push`]; also [`EngineError::Encode`] if a capture could not be made.
    pub fn push(&mut self, frame: &Frame, t_ms: f64) -> Result<(Observation, Progress), EngineError> {
        let Some(recording) = self.recording.as_mut().filter(|r| r.evidence.is_none()) else {
            let seen = self.session.push(frame, t_ms)?;
            return Ok((seen, self.progress(0)));
        };
        let seen = self.session.push(frame, t_ms - recording.started_ms)?;
        if seen.t_ms <= recording.terms.timeout_ms {
            recording.push(frame, &seen)?;
            if let Some(blink) = seen.blink {
                recording.evidence = recording.gather(&blink, frame, &mut self.session, &self.models)?;
            }
        }
        let t_ms = seen.t_ms;
        Ok((seen, self.progress(t_ms)))
    }

    /// What to upload, once the attempt is complete.
    pub fn evidence(&self) -> Option<&Evidence> {
        self.recording.as_ref()?.evidence.as_ref()
    }

    /// Whether the person's open level is known.
    pub fn is_settled(&self) -> bool {
        self.session.is_settled()
    }

    /// Forgets the recording and the tracked face.
    pub fn reset(&mut self) {
        self.recording = None;
        self.session.reset();
    }

    fn progress(&self, t_ms: u32) -> Progress {
        let Some(recording) = &self.recording else {
            return Progress { phase: Phase::Idle, progress: 0.0, remaining_ms: None, timed_out: false };
        };
        if recording.evidence.is_some() {
            return Progress { phase: Phase::Complete, progress: 1.0, remaining_ms: None, timed_out: false };
        }
        Progress {
            phase: Phase::Recording,
            progress: recording.progress,
            remaining_ms: Some(recording.terms.timeout_ms.saturating_sub(t_ms)),
            timed_out: t_ms > recording.terms.timeout_ms,
        }
    }
}

impl Recording {
    fn push(&mut self, frame: &Frame, seen: &Observation) -> Result<(), EngineError> {
        if self.frames.len() == MAX_FRAMES {
            self.frames.pop_front();
        }
        self.frames.push_back(FrameRecord::of(seen));
        self.progress = match seen.state {
            EyeState::Unknown | EyeState::Closing => self.progress,
            EyeState::Open => 1.0 / 3.0,
            EyeState::Closed | EyeState::Opening => 2.0 / 3.0,
        };
        self.selector.push(frame, seen)
    }

    /// The evidence for a counted blink, if it would stand before the server: both captures are scored as they will
    /// arrive there, decoded from their JPEG bytes. `None` lets the attempt go on.
    fn gather(
        &self,
        blink: &Blink,
        frame: &Frame,
        session: &mut Session,
        models: &str,
    ) -> Result<Option<Evidence>, EngineError> {
        let Some((open, closed)) = self.selector.captures(blink) else { return Ok(None) };
        let thresholds = session.thresholds().clone();
        let tracker = session.tracker_mut();
        let Some(sent_open) = compress(&open.picture, tracker, &thresholds)? else { return Ok(None) };
        let Some(sent_closed) = compress(&closed.picture, tracker, &thresholds)? else { return Ok(None) };
        let Some(pair) = sent_open.score.compare(&sent_closed.score) else { return Ok(None) };
        if score::judge(&sent_open.score, &sent_closed.score, &pair, &thresholds).is_err() {
            return Ok(None);
        }
        let record = |capture: &Capture, sent: &Compressed| CaptureRecord {
            t: capture.t_ms,
            sha256: sha256_text(&sent.jpeg.bytes),
            bytes: sent.jpeg.bytes.len() as u32,
            ear: [sent.score.ears.right, sent.score.ears.left].map(|v| (v * 1e4).round() as i32),
        };
        let transcript = Transcript {
            v: transcript::VERSION,
            aud: self.terms.audience.clone(),
            chal: self.terms.challenge_id.clone(),
            nonce: self.terms.nonce.clone(),
            att: self.terms.attempt,
            key: self.key,
            engine: EngineVersions {
                ver: crate::VERSION.into(),
                models: models.into(),
                thresholds: thresholds.name.into(),
            },
            cam: CameraSize { w: frame.width() as u32, h: frame.height() as u32 },
            frames: self.frames.iter().copied().collect(),
            blink: *blink,
            cap: Captures { open: record(open, &sent_open), closed: record(closed, &sent_closed) },
        };
        // The oldest frames may have fallen away: the server sees only what is left, and must come to the same blink.
        if check_blink(&transcript, &thresholds).is_err() {
            return Ok(None);
        }
        let payload = serde_json::to_vec(&transcript)?;
        let signing_input = transcript::signing_input(&payload, &self.public_key);
        let losses = [sent_open.loss, sent_closed.loss];
        Ok(Some(Evidence { signing_input, open: sent_open.jpeg.bytes, closed: sent_closed.jpeg.bytes, losses }))
    }
}
