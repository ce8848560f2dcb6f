//! Test stores over real sockets: an S3 server that keeps its objects in a folder, and a server that behaves like Cloudinary and
//! checks every signature. Both can be taken down and brought back.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, LazyLock, Mutex};

use axum::body::{Body, Bytes};
use axum::extract::{Path, Query, Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use s3s::auth::SimpleAuth;
use s3s::service::S3ServiceBuilder;
use serde_json::json;
use sha1::{Digest, Sha1};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::sync::watch;

pub const SECRET: &str = "hunter2-of-the-store";
const KEY: &str = "key-of-the-store";
const BUCKET: &str = "captures";
const CLOUD: &str = "demo";

/// The stores' runtime, which outlives any test's.
static HOME: LazyLock<tokio::runtime::Runtime> =
    LazyLock::new(|| tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap());

/// A store that runs until it is dropped.
pub struct Store {
    pub port: u16,
    up: watch::Sender<bool>,
    kept: Kept,
}

enum Kept {
    Bucket(TempDir),
    Cloud(Cloud),
}

impl Store {
    /// An S3 server with one empty bucket.
    pub fn s3() -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join(BUCKET)).unwrap();
        let mut builder = S3ServiceBuilder::new(s3s_fs::FileSystem::new(folder.path()).unwrap());
        builder.set_auth(SimpleAuth::from_single(KEY, SECRET));
        let service = builder.build();
        let (port, up) = serve(Router::new().fallback(async move |request: Request| {
            let answer = tower::ServiceExt::oneshot(service, request).await;
            answer.map_or_else(
                |error| (StatusCode::INTERNAL_SERVER_ERROR, format!("{error:?}")).into_response(),
                |answer| answer.map(Body::new),
            )
        }));
        Self { port, up, kept: Kept::Bucket(folder) }
    }

    /// An S3 server without the bucket, which says so as Amazon does.
    pub fn s3_without_a_bucket() -> Self {
        let said = "<?xml version=\"1.0\"?><Error><Code>NoSuchBucket</Code><Message>The specified bucket does not exist</Message></Error>";
        let (port, up) = serve(Router::new().fallback(async move || (StatusCode::NOT_FOUND, said)));
        Self { port, up, kept: Kept::Bucket(tempfile::tempdir().unwrap()) }
    }

    /// An empty Cloudinary account.
    pub fn cloudinary() -> Self {
        let cloud = Cloud::default();
        let router = Router::new()
            .route("/v1_1/demo/raw/upload", post(upload))
            .route("/v1_1/demo/raw/destroy", post(destroy))
            .route("/v1_1/demo/raw/download", get(download))
            .route("/v1_1/demo/resources/raw/{type}", get(resources))
            .with_state(cloud.clone());
        let (port, up) = serve(router);
        Self { port, up, kept: Kept::Cloud(cloud) }
    }

    /// Takes the store down, so that connections break and no new ones are accepted, or brings it back.
    pub fn set_up(&self, up: bool) {
        self.up.send_replace(up);
    }

    /// The settings of a server that keeps its captures here.
    pub fn settings(&self) -> Vec<(&'static str, String)> {
        let address = format!("http://127.0.0.1:{}", self.port);
        let own = |text: &str| text.to_owned();
        match self.kept {
            Kept::Bucket(_) => vec![
                ("S3_BUCKET", own(BUCKET)),
                ("S3_ENDPOINT", address),
                ("S3_ACCESS_KEY_ID", own(KEY)),
                ("S3_SECRET_ACCESS_KEY", own(SECRET)),
                ("S3_PREFIX", own("blink")),
            ],
            Kept::Cloud(_) => vec![
                ("CLOUDINARY_CLOUD_NAME", own(CLOUD)),
                ("CLOUDINARY_API_KEY", own(KEY)),
                ("CLOUDINARY_API_SECRET", own(SECRET)),
                ("CLOUDINARY_UPLOAD_PREFIX", address),
            ],
        }
    }

    /// All objects by name, as stored.
    pub fn contents(&self) -> BTreeMap<String, Vec<u8>> {
        match &self.kept {
            Kept::Cloud(cloud) => cloud.0.lock().unwrap().clone(),
            Kept::Bucket(folder) => {
                let root = folder.path().join(BUCKET).join("blink");
                let name = |path: &PathBuf| path.strip_prefix(&root).unwrap().to_str().unwrap().to_owned();
                let files = if root.exists() { crate::program::files(&root) } else { Vec::new() };
                files.iter().map(|path| (name(path), std::fs::read(path).unwrap())).collect()
            }
        }
    }
}

/// Serves in the background.
fn serve(router: Router) -> (u16, watch::Sender<bool>) {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let port = listener.local_addr().unwrap().port();
    let (up, is_up) = watch::channel(true);
    HOME.spawn(async move {
        let listener = TcpListener::from_std(listener).unwrap();
        while let Ok((stream, _)) = listener.accept().await {
            let (mut is_up, service) = (is_up.clone(), TowerToHyperService::new(router.clone()));
            if is_up.has_changed().is_err() {
                return;
            }
            tokio::spawn(async move {
                let connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
                // While the store is down, connections are closed at once, before anything is read.
                tokio::select! {
                    biased;
                    _ = is_up.wait_for(|up| !up) => {}
                    _ = connection => {}
                }
            });
        }
    });
    (port, up)
}

/// The objects of an account, by name without the folder.
#[derive(Clone, Default)]
struct Cloud(Arc<Mutex<BTreeMap<String, Vec<u8>>>>);

type Fields = BTreeMap<String, String>;

/// An error response in Cloudinary's form.
fn refused(status: u16, why: &'static str) -> Response {
    (StatusCode::from_u16(status).unwrap(), [("x-cld-error", why)], Json(json!({ "error": { "message": why } })))
        .into_response()
}

/// Whether the fields are signed by the account: SHA-1 of all others in alphabetical order, followed by the secret.
fn are_signed(fields: &Fields) -> bool {
    let others = fields.iter().filter(|(name, _)| !["signature", "api_key", "file"].contains(&name.as_str()));
    let text = others.map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("&");
    let expected = hex::encode(Sha1::digest(text + SECRET));
    let now = server::clock::now_ms() / 1000;
    let is_fresh =
        fields.get("timestamp").and_then(|at| at.parse::<i64>().ok()).is_some_and(|at| (now - at).abs() < 3600);
    let is_late = fields.get("expires_at").is_some_and(|at| at.parse::<i64>().unwrap() < now);
    let signature = fields.get("signature");
    is_fresh && !is_late && signature == Some(&expected) && fields.get("api_key").map(String::as_str) == Some(KEY)
}

/// The name of a private resource in the folder.
fn name_of(fields: &Fields) -> Option<String> {
    let is_private = fields.get("type").map(String::as_str) == Some("private");
    fields.get("public_id").filter(|_| is_private)?.strip_prefix("blinkgate/").map(str::to_owned)
}

async fn upload(State(cloud): State<Cloud>, headers: HeaderMap, body: Bytes) -> Response {
    let (fields, file) = form(&headers, &body);
    if !are_signed(&fields) {
        return refused(401, "Invalid Signature");
    }
    let Some(name) = name_of(&fields) else { return refused(400, "not private") };
    let mut kept = cloud.0.lock().unwrap();
    let existing = kept.contains_key(&name) && fields["overwrite"] == "false";
    if !existing {
        kept.insert(name.clone(), file);
    }
    Json(json!({ "public_id": format!("blinkgate/{name}"), "existing": existing })).into_response()
}

async fn destroy(State(cloud): State<Cloud>, body: String) -> Response {
    let fields: Fields = url::form_urlencoded::parse(body.as_bytes()).into_owned().collect();
    if !are_signed(&fields) {
        return refused(401, "Invalid Signature");
    }
    let Some(name) = name_of(&fields) else { return refused(400, "not private") };
    let removed = cloud.0.lock().unwrap().remove(&name).is_some();
    Json(json!({ "result": if removed { "ok" } else { "not found" } })).into_response()
}

async fn download(State(cloud): State<Cloud>, Query(fields): Query<Fields>) -> Response {
    if !are_signed(&fields) {
        return refused(401, "Invalid Signature");
    }
    let Some(name) = name_of(&fields) else { return refused(400, "not private") };
    match cloud.0.lock().unwrap().get(&name) {
        Some(bytes) => bytes.clone().into_response(),
        None => refused(404, "Resource not found"),
    }
}

/// Pages of two, so that a listing takes more than one.
async fn resources(
    State(cloud): State<Cloud>,
    Path(kind): Path<String>,
    Query(fields): Query<Fields>,
    headers: HeaderMap,
) -> Response {
    let expected = format!("Basic {}", STANDARD.encode(format!("{KEY}:{SECRET}")));
    if headers.get("authorization").and_then(|value| value.to_str().ok()) != Some(&expected) || kind != "private" {
        return refused(401, "unknown api_key");
    }
    let prefix = fields["prefix"].strip_prefix("blinkgate/").unwrap().to_owned();
    // The last name of the page before: what is removed meanwhile moves no other name to another page.
    let after = fields.get("next_cursor").map_or("", String::as_str);
    let kept = cloud.0.lock().unwrap();
    let found: Vec<_> = kept.keys().filter(|name| name.starts_with(&prefix) && name.as_str() > after).collect();
    let page: Vec<_> = found.iter().take(2).map(|name| json!({ "public_id": format!("blinkgate/{name}") })).collect();
    let mut answer = json!({ "resources": page });
    if found.len() > 2 {
        answer["next_cursor"] = json!(found[1]);
    }
    Json(answer).into_response()
}

/// The fields of a form, and its only file.
fn form(headers: &HeaderMap, body: &[u8]) -> (Fields, Vec<u8>) {
    let kind = headers["content-type"].to_str().unwrap();
    let boundary = format!("\r\n--{}", kind.split_once("boundary=").unwrap().1);
    let body = [b"\r\n", body].concat();
    let (mut fields, mut file) = (Fields::new(), Vec::new());
    let mut starts: Vec<usize> = Vec::new();
    let mut at = 0;
    while let Some(found) = find(&body[at..], boundary.as_bytes()) {
        starts.push(at + found);
        at += found + boundary.len();
    }
    for pair in starts.windows(2) {
        let part = &body[pair[0] + boundary.len() + 2..pair[1]];
        let end = find(part, b"\r\n\r\n").unwrap();
        let (head, content) = (std::str::from_utf8(&part[..end]).unwrap(), &part[end + 4..]);
        let name = head.split_once("name=\"").unwrap().1.split('"').next().unwrap();
        match name {
            "file" => file = content.to_vec(),
            name => drop(fields.insert(name.to_owned(), String::from_utf8(content.to_vec()).unwrap())),
        }
    }
    (fields, file)
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack.windows(needle.len()).position(|window| window == needle)
}
