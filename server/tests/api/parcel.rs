//! Submissions as the page sends them: chunks, then the request for the decision.

use axum::body::Body;
use axum::http::{HeaderValue, Method, Request, header};
use serde_json::Value;
pub use test_client::Parcel;

use crate::helpers::{Answer, TestServer, own_post};

/// The largest accepted chunk.
pub const CHUNK: usize = 16 * 1024;

/// A submission with valid form and worthless content.
pub fn worthless(challenge: &Value) -> Parcel {
    Parcel {
        challenge: challenge["challenge_id"].as_str().unwrap().to_owned(),
        transcript: b"bm8.dHJhbnNjcmlwdA.YXQgYWxs".to_vec(),
        open: b"not a picture".to_vec(),
        closed: b"not one either".to_vec(),
        strip: b"nor this".to_vec(),
    }
}

/// A chunk as the page sends it.
pub fn chunk(parcel: &Parcel, cookie: Option<&str>, key: &str, start: u64, bytes: &[u8]) -> Request<Body> {
    let mut request = own_post(&parcel.path(), cookie)
        .method(Method::PATCH)
        .header("idempotency-key", key)
        .header("upload-offset", start)
        .body(Body::from(bytes.to_vec()))
        .unwrap();
    request.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
    request
}

impl TestServer {
    /// Uploads and requests the decision. Rejected chunks are skipped; the last answer shows the effect.
    pub async fn submit(&self, cookie: &str, key: &str, parcel: &Parcel) -> Answer {
        self.upload(cookie, key, parcel).await;
        self.finish(cookie, key, parcel).await
    }

    pub async fn upload(&self, cookie: &str, key: &str, parcel: &Parcel) {
        for (index, bytes) in parcel.bytes().chunks(CHUNK).enumerate() {
            self.append(cookie, key, parcel, (index * CHUNK) as u64, bytes).await;
        }
    }

    pub async fn append(&self, cookie: &str, key: &str, parcel: &Parcel, start: u64, bytes: &[u8]) -> Answer {
        self.send(chunk(parcel, Some(cookie), key, start, bytes)).await
    }

    pub async fn received(&self, cookie: &str, key: &str, parcel: &Parcel) -> Answer {
        let request = Request::get(parcel.path()).header(header::COOKIE, cookie).header("idempotency-key", key);
        self.send(request.body(Body::empty()).unwrap()).await
    }

    pub async fn finish(&self, cookie: &str, key: &str, parcel: &Parcel) -> Answer {
        let request = own_post(&parcel.path(), Some(cookie)).header("idempotency-key", key);
        self.send(request.body(Body::from(parcel.lengths().to_string())).unwrap()).await
    }
}
