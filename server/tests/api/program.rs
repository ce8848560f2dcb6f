//! The real program and a browser that completes a verification, over real connections.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ed25519_dalek::SigningKey;
use engine::{Evidence, transcript};
use serde_json::{Value, json};
use server::db::{Db, LockScope};

use crate::database::parsed;
use crate::pixels;
use crate::start::{Running, blinkgate};

pub const ADMIN: &str = "admin-key-that-nobody-may-read";

/// The output of a program as it arrives.
#[derive(Clone, Default)]
pub struct Output(Arc<Mutex<Vec<u8>>>);

impl Output {
    pub fn follow(&self, mut from: impl Read + Send + 'static) -> JoinHandle<()> {
        let kept = Arc::clone(&self.0);
        std::thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(count @ 1..) = from.read(&mut bytes) {
                kept.lock().unwrap().extend_from_slice(&bytes[..count]);
            }
        })
    }

    pub fn bytes(&self) -> Vec<u8> {
        self.0.lock().unwrap().clone()
    }
}

/// Waits for an effect of a program or a server.
pub async fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    for _ in 0..1500 {
        if let Some(found) = look() {
            return found;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("{what} did not come");
}

/// The program, serving until it is dropped.
pub struct Program {
    child: Running,
    output: Output,
    readers: Vec<JoinHandle<()>>,
    pub port: u16,
}

impl Program {
    /// Starts a serving command and waits until it serves.
    pub async fn start(command: &mut Command) -> Self {
        let mut child = Running(command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap());
        let output = Output::default();
        let readers =
            vec![output.follow(child.0.stdout.take().unwrap()), output.follow(child.0.stderr.take().unwrap())];
        let port = until("the port", || {
            let log = String::from_utf8_lossy(&output.bytes()).into_owned();
            let (_, rest) = log.split_once("open http://localhost:")?;
            // The rest of the line has arrived too.
            let port: String = rest.split_once('\n')?.0.chars().take_while(char::is_ascii_digit).collect();
            port.parse().ok()
        })
        .await;
        Self { child, output, readers, port }
    }

    /// Serves in this folder with the fast runtime, one blink at any time, and these settings.
    pub async fn serve(folder: &Path, settings: &[(&str, &str)]) -> Self {
        Self::start(&mut serving(folder, settings)).await
    }

    pub fn pid(&self) -> u32 {
        self.child.0.id()
    }

    pub fn browser(&self) -> Browser {
        Browser { port: self.port, cookie: "none=1".to_owned() }
    }

    /// Everything written so far.
    pub fn log(&self) -> Vec<u8> {
        self.output.bytes()
    }

    /// Stops it, and returns everything that it wrote.
    pub fn stop(mut self) -> Vec<u8> {
        let stopped = Command::new("kill").arg("-TERM").arg(self.pid().to_string()).status().unwrap();
        assert!(stopped.success() && self.child.end().success());
        self.readers.drain(..).for_each(|reader| reader.join().unwrap());
        self.output.bytes()
    }

    /// Kills it without a chance to clean up.
    pub fn kill(mut self) {
        self.child.0.kill().unwrap();
        self.child.end();
    }
}

/// The command that serves in this folder.
pub fn serving(folder: &Path, settings: &[(&str, &str)]) -> Command {
    let usual =
        [("PORT", "0"), ("CHALLENGE_POLICY", "natural"), ("ENGINE_RUNTIME", "compact"), ("ADMIN_API_KEY", ADMIN)];
    blinkgate(folder, &[usual.as_slice(), settings].concat())
}

/// The database of a program that serves in this folder.
pub fn database_in(folder: &Path) -> String {
    format!("sqlite://{}", folder.join("data/blinkgate.db").display())
}

/// A browser that speaks to the program over a real connection.
pub struct Browser {
    pub port: u16,
    pub cookie: String,
}

impl Browser {
    /// Sends a request; returns the status and the body's bytes.
    pub fn fetch(&mut self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> (u16, Vec<u8>) {
        self.try_fetch(method, path, headers, body).unwrap()
    }

    /// As `fetch`, but the server may close the connection.
    pub fn try_fetch(
        &mut self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> std::io::Result<(u16, Vec<u8>)> {
        let mut head = format!(
            "{method} {path} HTTP/1.1\r\nhost: localhost:{0}\r\norigin: http://localhost:{0}\r\nx-blinkgate: 1\r\n\
             connection: close\r\ncookie: {1}\r\ncontent-length: {2}\r\n",
            self.port,
            self.cookie,
            body.len()
        );
        for (name, value) in headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        let mut stream = TcpStream::connect(("127.0.0.1", self.port))?;
        stream.write_all(&[head.as_bytes(), b"\r\n", body].concat())?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer)?;
        let end =
            answer.windows(4).position(|window| window == b"\r\n\r\n").ok_or(std::io::ErrorKind::UnexpectedEof)?;
        let head = String::from_utf8(answer[..end].to_vec()).unwrap();
        if let Some((_, rest)) = head.split_once("set-cookie: ") {
            self.cookie = rest.split(';').next().unwrap().to_owned();
        }
        Ok((head[9..12].parse().unwrap(), answer.split_off(end + 4)))
    }

    pub fn send(&mut self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> (u16, Value) {
        let (status, body) = self.fetch(method, path, headers, body);
        (status, serde_json::from_slice(&body).unwrap_or(Value::Null))
    }

    pub fn post(&mut self, path: &str, body: &Value) -> (u16, Value) {
        self.send("POST", path, &[("content-type", "application/json")], body.to_string().as_bytes())
    }

    /// An operator's GET.
    pub fn admin(&mut self, path: &str) -> (u16, Vec<u8>) {
        self.fetch("GET", path, &[("x-admin-key", ADMIN)], b"")
    }

    /// The operator's list of events.
    pub fn events(&mut self) -> Vec<Value> {
        let (_, body) = self.admin("/admin/events?limit=500");
        serde_json::from_slice::<Value>(&body).unwrap()["events"].as_array().unwrap().clone()
    }

    /// Registers, takes the link from the program's log, and opens it.
    pub async fn sit_down(&mut self, program: &Program, email: &str) {
        let links = |log: &[u8]| String::from_utf8_lossy(log).matches("/verify?token=").count();
        let before = links(&program.log());
        assert_eq!(self.post("/register", &json!({ "email": email })).0, 202);
        let token = until("the link", || {
            let log = program.log();
            let text = String::from_utf8_lossy(&log);
            (links(&log) > before)
                .then(|| text.rsplit_once("/verify?token=").unwrap().1.get(..43).map(str::to_owned))?
        })
        .await;
        assert_eq!(self.post("/verify", &json!({ "token": token })).0, 200);
    }
}

/// Longer than any recording.
const RECORDED: Duration = Duration::from_secs(5);

/// An attempt: a challenge, and the page's submission for it.
pub struct Visit {
    pub browser: Browser,
    pub challenge: Value,
    pub evidence: Evidence,
    pub signed: String,
}

impl Visit {
    /// Registers, opens the link, gets a challenge and blinks.
    pub async fn begin(program: &Program, database: &str, email: &str) -> Self {
        let mut browser = program.browser();
        browser.sit_down(program, email).await;
        Self::at(browser, database).await
    }

    /// Gets a challenge in this session and blinks.
    pub async fn at(browser: Browser, database: &str) -> Self {
        let db = Db::open(&parsed(database)).await.unwrap();
        let count = "select count(*) from challenges";
        let (take,): (i64,) = db.read().await.unwrap().query(count).fetch_one().await.unwrap();
        let take = u32::try_from(take).unwrap();
        let visit = Self::blinking(browser, take);
        // The frames were made faster than a camera delivers them.
        let earlier = "update challenges set issued_at = issued_at - 10000 where state = 'issued'";
        let mut tx = db.write(LockScope::Nothing).await.unwrap();
        tx.query(earlier).execute().await.unwrap();
        tx.commit().await.unwrap();
        db.close().await;
        visit
    }

    /// The same if the test cannot reach the database: waits as long as a camera would have taken. There is no other
    /// challenge.
    pub async fn in_time(program: &Program, email: &str) -> Self {
        let mut browser = program.browser();
        browser.sit_down(program, email).await;
        let visit = Self::blinking(browser, 0);
        tokio::time::sleep(RECORDED).await;
        visit
    }

    fn blinking(mut browser: Browser, take: u32) -> Self {
        let secret = pixels::secret(take);
        let key = SigningKey::from_bytes(&secret).verifying_key().to_bytes();
        let body = json!({ "public_key": URL_SAFE_NO_PAD.encode(key), "consent": test_client::consent() });
        let (status, challenge) = browser.post("/api/challenge", &body);
        assert_eq!(status, 201, "{challenge}");
        let evidence = pixels::record_of(take, serde_json::from_value(challenge.clone()).unwrap(), key);
        let signed = transcript::sign(&evidence.signing_input, &secret);
        Self { browser, challenge, evidence, signed }
    }

    pub fn path(&self) -> String {
        format!("/api/submission/{}", self.challenge["challenge_id"].as_str().unwrap())
    }

    /// Sends everything except the request for the decision.
    pub fn upload(&mut self) {
        let Evidence { open, closed, strip, .. } = &self.evidence;
        let bytes = [self.signed.as_bytes(), open, closed, strip].concat();
        let (path, mut sent) = (self.path(), 0);
        for chunk in bytes.chunks(16 * 1024) {
            let offset = sent.to_string();
            let headers =
                [("content-type", "application/octet-stream"), ("idempotency-key", "k1"), ("upload-offset", &offset)];
            let (status, answer) = self.browser.send("PATCH", &path, &headers, chunk);
            assert_eq!(status, 200, "{answer}");
            sent += chunk.len();
        }
    }

    /// The request for the decision.
    pub fn question(&self) -> Vec<u8> {
        let Evidence { open, closed, strip, .. } = &self.evidence;
        let [open, closed, strip] = [open, closed, strip].map(Vec::len);
        let lengths = json!({ "transcript": self.signed.len(), "open": open, "closed": closed, "strip": strip });
        lengths.to_string().into_bytes()
    }

    /// Requests the decision.
    pub fn finish(&mut self) -> (u16, Value) {
        let (path, question) = (self.path(), self.question());
        self.browser.send("POST", &path, &QUESTION, &question)
    }

    /// The pictures: open, closed, strip.
    pub fn pictures(&self) -> [&Vec<u8>; 3] {
        [&self.evidence.open, &self.evidence.closed, &self.evidence.strip]
    }
}

/// The headers of the request for the decision.
pub const QUESTION: [(&str, &str); 2] = [("content-type", "application/json"), ("idempotency-key", "k1")];

/// Counts pieces of these pictures in the bytes: raw, hexadecimal, base64 or a list of numbers.
pub fn pieces_in(bytes: &[u8], pictures: &[&Vec<u8>; 3]) -> usize {
    let mut found = 0;
    for picture in pictures {
        // From all over the picture; the first bytes are the same in all pictures.
        for at in (700..picture.len() - 48).step_by(picture.len() / 40) {
            let piece = &picture[at..at + 24];
            let hex = hex::encode(piece);
            let list = piece[..8].iter().map(u8::to_string).collect::<Vec<_>>().join(", ");
            // In base64, the encoding depends on the offset of the piece.
            let mut forms = vec![piece.to_vec(), hex.to_uppercase().into_bytes(), hex.into_bytes(), list.into_bytes()];
            for skipped in 0..3 {
                forms.push(STANDARD.encode(&piece[skipped..skipped + 18]).into_bytes());
                forms.push(URL_SAFE_NO_PAD.encode(&piece[skipped..skipped + 18]).into_bytes());
            }
            found += forms.iter().filter(|form| holds(bytes, form)).count();
        }
    }
    found
}

pub fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

pub fn holds(haystack: &[u8], needle: &[u8]) -> bool {
    let Some((&first, rest)) = needle.split_first() else { return false };
    let mut at = 0;
    while let Some(found) = haystack[at..].iter().position(|&byte| byte == first) {
        if haystack[at + found + 1..].starts_with(rest) {
            return true;
        }
        at += found + 1;
    }
    false
}
