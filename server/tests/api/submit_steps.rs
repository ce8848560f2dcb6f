//! The steps of the submission protocol, sent to the router in this process. `test_client::UserClient` takes them as a whole
//! and over HTTP; tests of a single step need each one with its own response.

use axum::body::Body;
use axum::http::{HeaderValue, Method, Request, header};
use serde_json::Value;
use test_client::{CHUNK, SubmissionParts};

use crate::helpers::{Answer, TestServer, own_post};

/// A submission that is well-formed and worthless.
pub fn worthless(challenge: &Value) -> SubmissionParts {
    SubmissionParts {
        challenge: challenge["challenge_id"].as_str().unwrap().to_owned(),
        transcript: b"bm8.dHJhbnNjcmlwdA.YXQgYWxs".to_vec(),
        open: b"not a picture".to_vec(),
        closed: b"not one either".to_vec(),
        strip: b"nor this".to_vec(),
    }
}

/// A chunk as the page sends it.
pub fn chunk(submission: &SubmissionParts, cookie: Option<&str>, key: &str, start: u64, bytes: &[u8]) -> Request<Body> {
    let mut request = own_post(&submission.path(), cookie)
        .method(Method::PATCH)
        .header("idempotency-key", key)
        .header("upload-offset", start)
        .body(Body::from(bytes.to_vec()))
        .unwrap();
    request.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
    request
}

impl TestServer {
    /// Uploads and requests the decision. If a chunk is refused, the last response shows the effect.
    pub async fn submit(&self, cookie: &str, key: &str, submission: &SubmissionParts) -> Answer {
        self.upload(cookie, key, submission).await;
        self.finish(cookie, key, submission).await
    }

    pub async fn upload(&self, cookie: &str, key: &str, submission: &SubmissionParts) {
        for (index, bytes) in submission.bytes().chunks(CHUNK).enumerate() {
            self.append(cookie, key, submission, (index * CHUNK) as u64, bytes).await;
        }
    }

    pub async fn append(
        &self,
        cookie: &str,
        key: &str,
        submission: &SubmissionParts,
        start: u64,
        bytes: &[u8],
    ) -> Answer {
        self.send(chunk(submission, Some(cookie), key, start, bytes)).await
    }

    pub async fn received(&self, cookie: &str, key: &str, submission: &SubmissionParts) -> Answer {
        let request = Request::get(submission.path()).header(header::COOKIE, cookie).header("idempotency-key", key);
        self.send(request.body(Body::empty()).unwrap()).await
    }

    pub async fn finish(&self, cookie: &str, key: &str, submission: &SubmissionParts) -> Answer {
        let request = own_post(&submission.path(), Some(cookie)).header("idempotency-key", key);
        self.send(request.body(Body::from(submission.lengths().to_string())).unwrap()).await
    }
}
