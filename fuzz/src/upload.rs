//! Uploads of submissions to the real router, database and scoring.

use std::cell::RefCell;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode, header};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ed25519_dalek::SigningKey;
use serde_json::{Value, json};
use server::app::{App, AppState};
use server::config::Config;
use server::runtime::Runtime;
use server::scoring::{Capacity, Program, ScoringPool};
use tempfile::TempDir;
use tower::ServiceExt;

const BASE_URL: &str = "http://localhost:8080";
/// Maximum number of requests per input.
const MOST_REQUESTS: usize = 8;
/// Number of inputs before a new server replaces the old one. Each request of an input can come with two queries of how
/// much has arrived, and a session may make 400 requests in all.
const INPUTS_PER_SERVER: usize = 400 / (3 * MOST_REQUESTS);

thread_local! {
    static WORLD: RefCell<Option<World>> = const { RefCell::new(None) };
}

/// Sends a series of requests to one challenge, each made from a few bytes. Whatever they are, the server responds
/// without a server error, counts the received bytes correctly, and verifies nobody.
pub fn run(bytes: &[u8]) {
    WORLD.with_borrow_mut(|world| {
        let world = world.get_or_insert_with(World::new);
        world.begin();
        let mut input = Input(bytes);
        for _ in 0..MOST_REQUESTS {
            if input.0.is_empty() {
                break;
            }
            world.send_one(&mut input);
        }
    });
}

struct World {
    runtime: tokio::runtime::Runtime,
    scoring: ScoringPool,
    server: Option<Server>,
    inputs: usize,
    challenge: String,
}

struct Server {
    app: App,
    router: Router,
    cookie: String,
    _data: TempDir,
}

/// The remaining bytes; reading past their end gives zeros.
struct Input<'a>(&'a [u8]);

impl<'a> Input<'a> {
    fn u8(&mut self) -> u8 {
        let (first, rest) = self.0.split_first().unwrap_or((&0, &[]));
        self.0 = rest;
        *first
    }

    fn u16(&mut self) -> u16 {
        u16::from_le_bytes([self.u8(), self.u8()])
    }

    fn bytes(&mut self) -> &'a [u8] {
        let length = usize::from(self.u8()).min(self.0.len());
        let (taken, rest) = self.0.split_at(length);
        self.0 = rest;
        taken
    }
}

impl World {
    fn new() -> World {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let mut program = Program::this(Runtime::Compact, None).unwrap();
        program.path = std::env::var_os("BLINKGATE").expect("BLINKGATE names the program").into();
        let scoring = runtime.block_on(ScoringPool::start(program, Capacity { workers: 1, waiting: 4 })).unwrap();
        World { runtime, scoring, server: None, inputs: 0, challenge: String::new() }
    }

    /// Starts a new challenge, and from time to time a new server.
    fn begin(&mut self) {
        if self.inputs.is_multiple_of(INPUTS_PER_SERVER) {
            let server = self.runtime.block_on(Server::start(self.scoring.clone()));
            if let Some(old) = self.server.replace(server) {
                self.runtime.block_on(old.app.db.close());
            }
        }
        self.inputs += 1;
        let mut key = [0; 32];
        key[..8].copy_from_slice(&self.inputs.to_le_bytes());
        let key = URL_SAFE_NO_PAD.encode(SigningKey::from_bytes(&key).verifying_key().to_bytes());
        let server = self.server.as_ref().unwrap();
        let body = json!({ "public_key": key, "consent": server::consent::hashes().next() }).to_string();
        let answer = self.runtime.block_on(server.post("/api/challenge", &body));
        match answer {
            (StatusCode::CREATED, answer) => self.challenge = answer["challenge_id"].as_str().unwrap().to_owned(),
            // The session has no attempts left: the last challenge stays, and everything is refused.
            (StatusCode::TOO_MANY_REQUESTS, _) => self.inputs = self.inputs.next_multiple_of(INPUTS_PER_SERVER),
            other => panic!("{other:?}"),
        }
    }

    fn send_one(&self, input: &mut Input) {
        let server = self.server.as_ref().unwrap();
        let path = format!("/api/submission/{}", self.challenge);
        let key = ["k1", "k2", "k3", "a key", ""][usize::from(input.u8()) % 5];
        let request = match input.u8() % 6 {
            0 | 1 => {
                let received = self.received(server, &path, key).unwrap_or_default();
                let start = received.saturating_add_signed(i64::from(input.u8().cast_signed()) / 64);
                let length = usize::from(input.u16()) % 17_000;
                let (status, answer) =
                    self.answer(server, patch(&path, key, start.to_string().as_bytes(), vec![input.u8(); length]));
                if status == StatusCode::OK {
                    assert_eq!((start, answer["received"].as_u64()), (received, Some(start + length as u64)));
                    assert_eq!(self.received(server, &path, key), answer["received"].as_u64());
                }
                return;
            }
            2 => {
                let [transcript, open, closed, strip] = std::array::from_fn(|_| input.u16());
                let lengths = json!({ "transcript": transcript, "open": open, "closed": closed, "strip": strip });
                post(&path, key, lengths.to_string().into_bytes())
            }
            3 => post(&path, key, input.bytes().to_vec()),
            4 => patch(&path, key, input.bytes(), input.bytes().to_vec()),
            _ => {
                let other = URL_SAFE_NO_PAD.encode(input.bytes());
                patch(&format!("/api/submission/{other}"), key, b"0", input.bytes().to_vec())
            }
        };
        let (status, answer) = self.answer(server, request);
        if status == StatusCode::OK && answer.get("status").is_some() {
            assert_eq!(answer["status"], "FAILED");
        }
    }

    fn received(&self, server: &Server, path: &str, key: &str) -> Option<u64> {
        let request = Request::get(path).header("idempotency-key", key).body(Body::empty());
        let (status, answer) = self.answer(server, request.ok());
        answer["received"].as_u64().filter(|_| status == StatusCode::OK)
    }

    /// Sends the request if it could be built.
    fn answer(&self, server: &Server, request: Option<Request<Body>>) -> (StatusCode, Value) {
        let Some(request) = request else { return (StatusCode::BAD_REQUEST, Value::Null) };
        self.runtime.block_on(server.send(request))
    }
}

fn patch(path: &str, key: &str, start: &[u8], bytes: Vec<u8>) -> Option<Request<Body>> {
    let request = Request::patch(path).header("idempotency-key", key).header("upload-offset", start);
    request.header(header::CONTENT_TYPE, "application/octet-stream").body(Body::from(bytes)).ok()
}

fn post(path: &str, key: &str, body: Vec<u8>) -> Option<Request<Body>> {
    let request = Request::post(path).header("idempotency-key", key);
    request.header(header::CONTENT_TYPE, "application/json").body(Body::from(body)).ok()
}

impl Server {
    /// Starts a server and opens a session.
    async fn start(scoring: ScoringPool) -> Server {
        let data = tempfile::tempdir().unwrap();
        let pairs = [
            ("DATA_DIR", data.path().to_str().unwrap()),
            ("APP_BASE_URL", BASE_URL),
            ("ADMIN_API_KEY", "0123456789abcdefghijkl"),
        ];
        let config = Config::from_pairs(pairs.to_vec()).unwrap();
        let app = AppState::build(&config, config.base_url(8080), scoring).await.unwrap();
        let router = server::routes::router(app.clone());
        let mut server = Server { app, router, cookie: String::new(), _data: data };
        server.post("/register", r#"{"email":"jo@example.com"}"#).await;
        server::mail::deliver_due(&server.app.outbox()).await.unwrap();
        let mail = std::fs::read_dir(server._data.path().join("outbox")).unwrap().next().unwrap().unwrap().path();
        let mail = std::fs::read_to_string(mail).unwrap();
        let (_, rest) = mail.split_once("/verify?token=").unwrap();
        let token: String = rest.chars().take_while(|c| c.is_ascii_alphanumeric() || "-_".contains(*c)).collect();
        let request = Request::post("/verify").header(header::CONTENT_TYPE, "application/json");
        let request = own(request.body(Body::from(json!({ "token": token }).to_string())).unwrap(), "");
        let answer = server.router.clone().oneshot(request).await.unwrap();
        let cookie = answer.headers()["set-cookie"].to_str().unwrap();
        server.cookie = cookie.split(';').next().unwrap().to_owned();
        server
    }

    async fn post(&self, path: &str, body: &str) -> (StatusCode, Value) {
        let request = Request::post(path).header(header::CONTENT_TYPE, "application/json");
        self.send(request.body(Body::from(body.to_owned())).unwrap()).await
    }

    async fn send(&self, request: Request<Body>) -> (StatusCode, Value) {
        let answer = self.router.clone().oneshot(own(request, &self.cookie)).await.unwrap();
        let status = answer.status();
        let body = to_bytes(answer.into_body(), usize::MAX).await.unwrap();
        assert!(!status.is_server_error(), "{status}: {}", String::from_utf8_lossy(&body));
        (status, serde_json::from_slice(&body).unwrap_or_default())
    }
}

/// Adds the headers that our own pages send with every request.
fn own(mut request: Request<Body>, cookie: &str) -> Request<Body> {
    let headers = request.headers_mut();
    headers.insert("x-blinkgate", "1".parse().unwrap());
    headers.insert(header::COOKIE, cookie.parse().unwrap());
    request
}

/// A complete upload with its decision requested, an interrupted one, and one of every other kind.
pub(crate) fn seeds() -> Vec<Vec<u8>> {
    vec![
        vec![0, 0, 0, 100, 0, 1, 0, 0, 0, 200, 0, 2, 0, 2, 44, 1, 0, 0, 0, 0],
        vec![0, 0, 0, 100, 0, 1, 1, 0, 0, 10, 0, 1, 0, 0, 64, 1, 0, 9],
        [
            vec![0, 3, 30],
            br#"{"transcript":1,"open":1,"closed":1,"strip":1}"#[..30].to_vec(),
            vec![0, 4, 1, b'0', 3, 1, 2, 3, 0, 5, 2, 7, 7],
        ]
        .concat(),
    ]
}
