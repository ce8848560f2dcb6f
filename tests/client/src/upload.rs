//! The submission protocol: uploads the parts in chunks, requests the decision, and retries as the server asks.

use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use serde_json::Value;
use ureq::http::Method;

use crate::http::{Headers, Response};
use crate::submission::SubmissionParts;
use crate::user::UserClient;

/// Bytes of a chunk: the most that the server takes, and what the page sends.
pub const CHUNK: usize = 16 * 1024;

/// The server's decision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// Whether the user was verified.
    pub verified: bool,
    /// Why the user was not verified.
    pub reason: Option<String>,
    /// Failed attempts that the session has left.
    pub attempts_left: u64,
    /// The whole response.
    pub body: Value,
}

/// What one try to submit led to.
#[derive(Clone, Debug)]
pub enum SubmitOutcome {
    /// The server decided.
    Decided(Decision),
    /// The server asks for a retry: it is busy, still deciding, or has failed.
    Later {
        /// The server's `Retry-After`, plus up to half as much at random.
        pause: Duration,
        /// The error's code.
        code: String,
    },
    /// An error that a retry does not help with.
    Refused(Response),
}

// `key` is the submission's idempotency key throughout.
impl UserClient {
    /// Uploads everything and requests the decision, once.
    ///
    /// # Errors
    /// No response arrived.
    pub fn submit(&self, key: &str, submission: &SubmissionParts) -> anyhow::Result<SubmitOutcome> {
        match self.upload(key, submission)? {
            None => self.decide(key, submission),
            Some(refused) => Ok(refused),
        }
    }

    /// Continues a submission that failed: asks how many bytes have arrived, sends the rest and requests the decision.
    ///
    /// # Errors
    /// No response arrived.
    pub fn resume(&self, key: &str, submission: &SubmissionParts) -> anyhow::Result<SubmitOutcome> {
        let headers = Headers { idempotency_key: Some(key), ..self.headers() };
        let response = self.http.send(&Method::GET, &submission.path(), headers, None)?;
        match (response.status, response.code().as_deref()) {
            (200, _) => {}
            // Decided already: the same request gets the same decision.
            (409, Some("challenge_used")) => return self.decide(key, submission),
            _ => return Ok(failure(response)),
        }
        let received = response.expect(200)?["received"].as_u64().context("no number of bytes received")?;
        match self.upload_from(usize::try_from(received)?, key, submission)? {
            None => self.decide(key, submission),
            Some(refused) => Ok(refused),
        }
    }

    /// Submits, and retries until the server decides.
    ///
    /// # Errors
    /// No response arrived, the server refuses the submission, or `timeout` is over.
    pub fn submit_until_decided(
        &self,
        key: &str,
        submission: &SubmissionParts,
        timeout: Duration,
    ) -> anyhow::Result<Decision> {
        match self.submit(key, submission)? {
            SubmitOutcome::Decided(decision) => Ok(decision),
            SubmitOutcome::Later { pause, .. } => {
                std::thread::sleep(pause);
                self.resume_until_decided(key, submission, timeout)
            }
            SubmitOutcome::Refused(response) => bail!("refused with {}: {}", response.status, response.text),
        }
    }

    /// Resumes, and retries until the server decides.
    ///
    /// # Errors
    /// As [`UserClient::submit_until_decided`].
    pub fn resume_until_decided(
        &self,
        key: &str,
        submission: &SubmissionParts,
        timeout: Duration,
    ) -> anyhow::Result<Decision> {
        let start = Instant::now();
        loop {
            match self.resume(key, submission)? {
                SubmitOutcome::Decided(decision) => return Ok(decision),
                SubmitOutcome::Later { .. } if start.elapsed() > timeout => {
                    bail!("no decision within {} s", timeout.as_secs())
                }
                SubmitOutcome::Later { pause, .. } => std::thread::sleep(pause),
                SubmitOutcome::Refused(response) => bail!("refused with {}: {}", response.status, response.text),
            }
        }
    }

    /// Submits, and retries only while the server is busy or still deciding.
    ///
    /// # Errors
    /// No response arrived.
    pub fn submit_until_answered(&self, key: &str, submission: &SubmissionParts) -> anyhow::Result<SubmitOutcome> {
        let mut outcome = self.submit(key, submission)?;
        while let SubmitOutcome::Later { pause, code } = &outcome
            && ["busy", "submission_in_progress"].contains(&code.as_str())
        {
            std::thread::sleep(*pause);
            outcome = self.resume(key, submission)?;
        }
        Ok(outcome)
    }

    /// Uploads all parts. `Some` if the server refuses a chunk.
    ///
    /// # Errors
    /// No response arrived.
    pub fn upload(&self, key: &str, submission: &SubmissionParts) -> anyhow::Result<Option<SubmitOutcome>> {
        self.upload_from(0, key, submission)
    }

    /// Uploads all but the first `received` bytes.
    fn upload_from(
        &self,
        received: usize,
        key: &str,
        submission: &SubmissionParts,
    ) -> anyhow::Result<Option<SubmitOutcome>> {
        let bytes = submission.bytes();
        let mut offset = received;
        for chunk in bytes.get(received..).unwrap_or_default().chunks(CHUNK) {
            let headers = Headers { idempotency_key: Some(key), upload_offset: Some(offset), ..self.headers() };
            let response = self.http.send(&Method::PATCH, &submission.path(), headers, Some(chunk))?;
            if response.status != 200 {
                return Ok(Some(failure(response)));
            }
            offset += chunk.len();
        }
        Ok(None)
    }

    /// Requests the decision on what was uploaded.
    ///
    /// # Errors
    /// No response arrived.
    pub fn decide(&self, key: &str, submission: &SubmissionParts) -> anyhow::Result<SubmitOutcome> {
        let body = submission.lengths().to_string();
        let headers = Headers { idempotency_key: Some(key), ..self.headers() };
        let response = self.http.send(&Method::POST, &submission.path(), headers, Some(body.as_bytes()))?;
        if response.status != 200 {
            return Ok(failure(response));
        }
        let body = response.expect(200)?;
        Ok(SubmitOutcome::Decided(Decision {
            verified: body["status"] == "VERIFIED",
            reason: body["reason"].as_str().map(str::to_owned),
            attempts_left: body["attempts_left"].as_u64().context("no number of attempts left")?,
            body,
        }))
    }
}

/// Adds up to half as much at random, as the page does, so that clients rejected together do not return together.
fn with_jitter(pause: Duration) -> Duration {
    pause.mul_f64(1.0 + fastrand::f64() / 2.0)
}

fn failure(response: Response) -> SubmitOutcome {
    let code = response.code().unwrap_or_default();
    let is_temporary = response.status == 503 || code == "submission_in_progress";
    match response.retry_after.filter(|_| is_temporary) {
        Some(pause) => SubmitOutcome::Later { pause: with_jitter(pause), code },
        None => SubmitOutcome::Refused(response),
    }
}
