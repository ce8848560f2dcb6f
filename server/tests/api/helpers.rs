//! A server for each test, in this process, and the requests that a browser would send it.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock, Mutex};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Method, Request, StatusCode, header};
use axum::response::Response;
use serde_json::{Value, json};
use server::app::{App, AppState};
use server::config::{Config, LogLevel};
use server::db::LockScope;
use server::runtime::Runtime;
use server::scoring::{Capacity, Program, ScoringPool};
use tempfile::TempDir;
use test_client::Key;
use tower::ServiceExt;

use crate::database::TestDatabase;

pub const BASE_URL: &str = "http://localhost:8080";
pub const ADMIN_KEY: &str = "an-admin-key-for-tests";

/// The workers, shared by all tests because loading the networks takes a while. They run on `HOME`, not on a test's runtime.
static SCORING: LazyLock<ScoringPool> = LazyLock::new(|| start_scoring(this_program(), 2));

static HOME: LazyLock<tokio::runtime::Runtime> = LazyLock::new(|| tokio::runtime::Runtime::new().unwrap());

/// The program that workers are started from, with the reference runtime.
pub fn this_program() -> Program {
    let mut program = Program::this(Runtime::Tract, None).unwrap();
    program.path = env!("CARGO_BIN_EXE_blinkgate").into();
    program
}

/// A pool whose queue is four times as long as the number of workers.
pub fn start_scoring(program: Program, workers: usize) -> ScoringPool {
    let capacity = Capacity { workers, waiting: 4 * workers };
    at_home(|| ScoringPool::start(program, capacity)).unwrap()
}

/// Runs a future on `HOME` and waits for it, on another thread because a runtime cannot be entered from within another.
pub fn at_home<F: Future<Output: Send>>(work: impl FnOnce() -> F + Send) -> F::Output {
    std::thread::scope(|scope| scope.spawn(|| HOME.block_on(work())).join().unwrap())
}

/// The log of all servers in this process, at the lowest level.
pub static LOG: LazyLock<Log> = LazyLock::new(|| {
    let log = Log::default();
    let writer = log.clone();
    tracing_subscriber::fmt()
        .with_env_filter(server::logging::filter(LogLevel::Trace))
        .with_ansi(false)
        .with_writer(move || writer.clone())
        .init();
    log
});

/// Log lines in memory.
#[derive(Clone, Default)]
pub struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    pub fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl std::io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

pub struct TestServer {
    pub app: App,
    pub data: Arc<TempDir>,
    router: Router,
    pub database: Arc<TestDatabase>,
}

/// A response, read to its end.
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub bytes: Vec<u8>,
    pub text: String,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("{}: not JSON: {}", self.status, self.text))
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// Asserts that this is an error response in the API's form.
    #[track_caller]
    pub fn assert_problem(&self, status: u16, code: &str) {
        assert_eq!((self.status.as_u16(), self.json()["code"].as_str()), (status, Some(code)), "{}", self.text);
        let problem = self.json();
        assert_eq!(self.header("content-type"), "application/problem+json");
        assert_eq!((&problem["type"], &problem["status"]), (&json!("about:blank"), &json!(status)));
        assert!(problem["detail"].as_str().unwrap().ends_with('.') && !problem["title"].as_str().unwrap().is_empty());
        assert_eq!(problem["request_id"], self.header("x-request-id"));
        if [429, 503].contains(&status) {
            assert!(self.header("retry-after").parse::<u32>().unwrap() >= 1);
        }
    }
}

impl TestServer {
    pub async fn start() -> Self {
        Self::with(&[]).await
    }

    /// Starts with these settings and those that tests need.
    pub async fn with(settings: &[(&str, &str)]) -> Self {
        Self::changed(settings, |_| {}).await
    }

    /// Starts with these settings, and a change that no setting can make.
    pub async fn changed(settings: &[(&str, &str)], change: impl FnOnce(&mut AppState)) -> Self {
        let data = tempfile::tempdir().unwrap();
        let database = TestDatabase::new(&data.path().join("blinkgate.db"));
        Self::on(Arc::new(data), Arc::new(database), settings, change).await
    }

    /// Starts a second server on the same data.
    pub async fn beside(&self, settings: &[(&str, &str)]) -> Self {
        Self::on(Arc::clone(&self.data), Arc::clone(&self.database), settings, |_| {}).await
    }

    /// Ends this server and starts another on its data.
    pub async fn restarted(self) -> Self {
        self.app.db.close().await;
        Self::on(self.data, self.database, &[], |_| {}).await
    }

    /// Starts on existing data.
    pub async fn on(
        data: Arc<TempDir>,
        database: Arc<TestDatabase>,
        settings: &[(&str, &str)],
        change: impl FnOnce(&mut AppState),
    ) -> Self {
        LazyLock::force(&LOG);
        let dir = data.path().to_str().unwrap();
        let mut pairs = vec![("DATA_DIR", dir), ("ADMIN_API_KEY", ADMIN_KEY), ("APP_BASE_URL", BASE_URL)];
        pairs.push(("DATABASE_URL", database.url()));
        // One blink without prompts unless a test says otherwise: takes a tenth of the time.
        pairs.push(("CHALLENGE_POLICY", "natural"));
        // Most tests send drawn pictures, which signals are there to find.
        pairs.push(("REVIEW_SIGNALS", "false"));
        pairs.extend_from_slice(settings);
        let config = Config::from_pairs(pairs).unwrap();
        let mut app = AppState::build(&config, config.base_url(8080), SCORING.clone()).await.unwrap();
        change(Arc::get_mut(&mut app).unwrap());
        Self { router: server::routes::router(app.clone()), app, data, database }
    }

    pub async fn send(&self, request: Request<Body>) -> Answer {
        let (parts, body) = self.response(request).await.into_parts();
        let bytes = to_bytes(body, usize::MAX).await.unwrap();
        let text = String::from_utf8_lossy(&bytes).into_owned();
        Answer { status: parts.status, headers: parts.headers, bytes: bytes.into(), text }
    }

    /// The response before its body is read.
    pub async fn response(&self, request: Request<Body>) -> Response {
        self.router.clone().oneshot(request).await.unwrap()
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.send(Request::get(path).body(Body::empty()).unwrap()).await
    }

    /// Posts JSON as the pages do.
    pub async fn post(&self, path: &str, cookie: Option<&str>, body: &Value) -> Answer {
        self.send(own_post(path, cookie).body(Body::from(body.to_string())).unwrap()).await
    }

    pub async fn register(&self, email: &str) -> Answer {
        self.post("/register", None, &json!({ "email": email })).await
    }

    /// Sends the mails that are due and returns all mails, oldest first.
    pub async fn mails(&self) -> Vec<String> {
        server::mail::deliver_due(&self.app.outbox()).await.unwrap();
        let mut files: Vec<_> =
            std::fs::read_dir(self.data.path().join("outbox")).unwrap().map(|file| file.unwrap().path()).collect();
        files.sort();
        files.iter().map(|path| std::fs::read_to_string(path).unwrap()).collect()
    }

    /// Registers and returns the token from the mail.
    pub async fn mailed_token(&self, email: &str) -> String {
        self.execute("update mail_outbox set created_at = created_at - 60000").await; // the pause between two mails
        assert_eq!(self.register(email).await.status, StatusCode::ACCEPTED);
        let mails = self.mails().await;
        let to = format!("To: {email}\r\n");
        token_in(mails.iter().rfind(|mail| mail.contains(&to)).unwrap())
    }

    /// Registers, opens the link and returns the session's cookie.
    pub async fn open_session(&self, email: &str) -> String {
        let token = self.mailed_token(email).await;
        let answer = self.post("/verify", None, &json!({ "token": token })).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
        cookie_of(&answer)
    }

    pub async fn challenge(&self, cookie: &str) -> Value {
        let answer = self.post("/api/challenge", Some(cookie), &challenge_body(public_key())).await;
        assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.text);
        answer.json()
    }

    pub async fn session(&self, cookie: &str) -> Value {
        let request = Request::get("/api/session").header(header::COOKIE, cookie).body(Body::empty()).unwrap();
        let answer = self.send(request).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
        answer.json()
    }

    /// The operator's response.
    pub async fn admin(&self, path: &str) -> Answer {
        self.send(Request::get(path).header("x-admin-key", ADMIN_KEY).body(Body::empty()).unwrap()).await
    }

    pub async fn events(&self) -> Vec<Value> {
        self.admin("/admin/events?limit=500").await.json()["events"].as_array().unwrap().clone()
    }

    /// The audit log of operators' actions, newest first, without the entries that tell of the use of keys.
    pub async fn audit(&self) -> Vec<Value> {
        let mut entries = self.whole_audit().await;
        entries.retain(|entry| entry["action"] != "key_used");
        entries
    }

    /// The audit log, newest first.
    pub async fn whole_audit(&self) -> Vec<Value> {
        self.admin("/admin/audit").await.json()["entries"].as_array().unwrap().clone()
    }

    /// The operator's response for a capture that an event refers to.
    pub async fn capture(&self, event: &Value, name: &str) -> Answer {
        self.admin(&format!("/admin/{}", event[name].as_str().unwrap())).await
    }

    /// Runs a statement of the test, for instance to move stored times.
    pub async fn execute(&self, sql: &'static str) {
        let mut tx = self.app.db.write(LockScope::Nothing).await.unwrap();
        tx.query(sql).execute().await.unwrap();
        tx.commit().await.unwrap();
    }

    pub async fn number(&self, sql: &'static str) -> i64 {
        let (number,) = self.app.db.read().await.unwrap().query(sql).fetch_one().await.unwrap();
        number
    }

    /// Simulates a clock that jumps ahead by `ms` (back if negative), by moving every stored time back by `ms`.
    pub async fn jump_clock(&self, ms: i64) {
        let mut tx = self.app.db.write(LockScope::Nothing).await.unwrap();
        let mut columns = self.database.columns(&mut tx).await;
        columns.retain(|(_, column)| column.ends_with("_at") || column.ends_with("_until"));
        assert!(columns.len() >= 18, "{columns:?}");
        for (table, column) in columns {
            let sql: &'static str = format!("update {table} set {column} = {column} - $1").leak();
            tx.query(sql).bind(ms).execute().await.unwrap();
        }
        tx.commit().await.unwrap();
    }

    /// Every row of every table, as text.
    pub async fn contents(&self) -> BTreeMap<String, Vec<String>> {
        self.database.contents(&mut self.app.db.read().await.unwrap()).await
    }

    /// Resets the rate limits, as if two hours had passed.
    pub fn refill(&self) {
        self.app.rate.clear();
    }

    pub async fn text(&self, sql: &'static str) -> String {
        let (text,) = self.app.db.read().await.unwrap().query(sql).fetch_one().await.unwrap();
        text
    }
}

/// A POST with the headers that the pages send.
pub fn own_post(path: &str, cookie: Option<&str>) -> axum::http::request::Builder {
    let mut request = Request::builder()
        .method(Method::POST)
        .uri(path)
        .header("x-blinkgate", "1")
        .header(header::ORIGIN, BASE_URL)
        .header("sec-fetch-site", "same-origin")
        .header(header::CONTENT_TYPE, "application/json");
    if let Some(cookie) = cookie {
        request = request.header(header::COOKIE, cookie);
    }
    request
}

/// A new public key, as the page sends it.
pub fn public_key() -> String {
    Key::draw(&mut fastrand::Rng::new()).public_text()
}

/// The body of a request for a challenge.
pub fn challenge_body(public_key: impl serde::Serialize) -> Value {
    json!({ "public_key": public_key, "consent": test_client::consent() })
}

pub fn token_in(mail: &str) -> String {
    let start = format!("{BASE_URL}/verify?token=");
    let (_, rest) = mail.split_once(&start).unwrap_or_else(|| panic!("no link in {mail}"));
    rest.chars().take_while(|c| c.is_ascii_alphanumeric() || "-_".contains(*c)).collect()
}

/// The cookie in the form in which a browser sends it back.
pub fn cookie_of(answer: &Answer) -> String {
    answer.header("set-cookie").split(';').next().unwrap().to_owned()
}

/// Runs the futures concurrently and returns their results in order.
pub async fn join_all<T>(futures: Vec<impl Future<Output = T>>) -> Vec<T> {
    let mut pinned: Vec<_> = futures.into_iter().map(Box::pin).collect();
    let mut done: Vec<Option<T>> = pinned.iter().map(|_| None).collect();
    std::future::poll_fn(|context| {
        for (future, slot) in pinned.iter_mut().zip(&mut done) {
            if slot.is_none()
                && let std::task::Poll::Ready(value) = future.as_mut().poll(context)
            {
                *slot = Some(value);
            }
        }
        if done.iter().all(Option::is_some) { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
    })
    .await;
    done.into_iter().flatten().collect()
}
