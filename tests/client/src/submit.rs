//! Uploading: in chunks, then the question for the decision, again until there is one.

use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use serde_json::Value;
use ureq::http::Method;

use crate::parcel::Parcel;
use crate::site::{Answer, With};
use crate::visitor::Visitor;

/// Bytes of a chunk, as the page sends them.
const CHUNK: usize = 16 * 1024;

/// A decision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decided {
    /// Whether the person was verified.
    pub verified: bool,
    /// Why not.
    pub reason: Option<String>,
    /// Failed attempts that the session has left.
    pub attempts_left: u64,
}

/// What came of sending a parcel once.
#[derive(Clone, Debug)]
pub enum Sent {
    /// It was decided.
    Decided(Decided),
    /// To be sent again: the server is busy, has it in work, or failed.
    Later {
        /// After so long: what the server asks for, and up to half as much by chance.
        pause: Duration,
        /// Which of these, as the API names it.
        code: String,
    },
    /// Refused, and no retry helps.
    Refused(Answer),
}

impl Visitor {
    /// Uploads what has not arrived yet, and asks for the decision once.
    ///
    /// # Errors
    /// There was no answer.
    pub fn submit(&self, key: &str, parcel: &Parcel) -> anyhow::Result<Sent> {
        match self.upload(key, parcel)? {
            None => self.decide(key, parcel),
            Some(refused) => Ok(refused),
        }
    }

    /// As [`Visitor::submit`], after something went wrong: asks first how far the server is.
    ///
    /// # Errors
    /// As [`Visitor::submit`].
    pub fn resume(&self, key: &str, parcel: &Parcel) -> anyhow::Result<Sent> {
        let with = With { key: Some(key), ..self.with() };
        let answer = self.site.send(&Method::GET, &parcel.path(), with, None)?;
        match (answer.status, answer.code().as_deref()) {
            (200, _) => {}
            // Decided already: the question for it gets the same answer.
            (409, Some("challenge_used")) => return self.decide(key, parcel),
            _ => return Ok(refusal(answer)),
        }
        let received = answer.expect(200)?["received"].as_u64().context("no number")?;
        match self.upload_from(usize::try_from(received)?, key, parcel)? {
            None => self.decide(key, parcel),
            Some(refused) => Ok(refused),
        }
    }

    /// Sends the same again until it is decided, with the pauses that the server asks for.
    ///
    /// # Errors
    /// As [`Visitor::submit`]; it is refused, or `patience` is over.
    pub fn submit_until_decided(&self, key: &str, parcel: &Parcel, patience: Duration) -> anyhow::Result<Decided> {
        match self.submit(key, parcel)? {
            Sent::Decided(decided) => Ok(decided),
            Sent::Later { pause, .. } => {
                std::thread::sleep(pause);
                self.resume_until_decided(key, parcel, patience)
            }
            Sent::Refused(answer) => bail!("refused with {}: {}", answer.status, answer.text),
        }
    }

    /// As [`Visitor::submit_until_decided`], after something went wrong.
    ///
    /// # Errors
    /// As [`Visitor::submit_until_decided`].
    pub fn resume_until_decided(&self, key: &str, parcel: &Parcel, patience: Duration) -> anyhow::Result<Decided> {
        let start = Instant::now();
        loop {
            match self.resume(key, parcel)? {
                Sent::Decided(decided) => return Ok(decided),
                Sent::Later { .. } if start.elapsed() > patience => {
                    bail!("no decision within {} s", patience.as_secs())
                }
                Sent::Later { pause, .. } => std::thread::sleep(pause),
                Sent::Refused(answer) => bail!("refused with {}: {}", answer.status, answer.text),
            }
        }
    }

    /// Sends the same again while the server is only busy. Whatever else it says is its answer.
    ///
    /// # Errors
    /// As [`Visitor::submit`].
    pub fn submit_until_answered(&self, key: &str, parcel: &Parcel) -> anyhow::Result<Sent> {
        let mut sent = self.submit(key, parcel)?;
        while let Sent::Later { pause, code } = &sent
            && ["busy", "submission_in_progress"].contains(&code.as_str())
        {
            std::thread::sleep(*pause);
            sent = self.resume(key, parcel)?;
        }
        Ok(sent)
    }

    /// Uploads all of it. `Some` if the server does not take it.
    ///
    /// # Errors
    /// As [`Visitor::submit`].
    pub fn upload(&self, key: &str, parcel: &Parcel) -> anyhow::Result<Option<Sent>> {
        self.upload_from(0, key, parcel)
    }

    /// Sends the bytes from `received` on.
    fn upload_from(&self, received: usize, key: &str, parcel: &Parcel) -> anyhow::Result<Option<Sent>> {
        let bytes = parcel.bytes();
        let mut offset = received;
        for chunk in bytes.get(received..).unwrap_or_default().chunks(CHUNK) {
            let with = With { key: Some(key), offset: Some(offset), ..self.with() };
            let answer = self.site.send(&Method::PATCH, &parcel.path(), with, Some(chunk))?;
            if answer.status != 200 {
                return Ok(Some(refusal(answer)));
            }
            offset += chunk.len();
        }
        Ok(None)
    }

    /// Asks for the decision on what has arrived.
    ///
    /// # Errors
    /// As [`Visitor::submit`].
    pub fn decide(&self, key: &str, parcel: &Parcel) -> anyhow::Result<Sent> {
        let body = parcel.lengths().to_string();
        let with = With { key: Some(key), ..self.with() };
        let answer = self.site.send(&Method::POST, &parcel.path(), with, Some(body.as_bytes()))?;
        if answer.status != 200 {
            return Ok(refusal(answer));
        }
        let decision: Value = answer.expect(200)?;
        Ok(Sent::Decided(Decided {
            verified: decision["status"] == "VERIFIED",
            reason: decision["reason"].as_str().map(str::to_owned),
            attempts_left: decision["attempts_left"].as_u64().context("no number of attempts")?,
        }))
    }
}

/// Up to half as long again, as the page has it: those who were told the same at once do not come back at once.
fn spread(pause: Duration) -> Duration {
    pause.mul_f64(1.0 + fastrand::f64() / 2.0)
}

/// What an answer without a decision comes to.
fn refusal(answer: Answer) -> Sent {
    let code = answer.code().unwrap_or_default();
    let passes = answer.status == 503 || code == "submission_in_progress";
    match answer.retry_after.filter(|_| passes) {
        Some(pause) => Sent::Later { pause: spread(pause), code },
        None => Sent::Refused(answer),
    }
}
