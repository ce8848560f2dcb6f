//! The real program, and users who get verified by it over real connections.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use engine::{Evidence, Terms};
use serde_json::Value;
use server::db::{Db, LockScope};
use test_client::{HttpClient, Key, SubmissionParts, SubmitOutcome, UserClient};

use crate::database::parsed;
use crate::pixels;
use crate::process::{Running, blinkgate};

pub const ADMIN: &str = "admin-key-that-nobody-may-read";

/// What a program has written to its outputs so far.
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

/// Waits up to 30 s until `look` finds something.
pub async fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    for _ in 0..1500 {
        if let Some(found) = look() {
            return found;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("{what} did not come");
}

/// The program as it serves, with its log. Killed when this is dropped.
pub struct Program {
    child: Running,
    output: Output,
    readers: Vec<JoinHandle<()>>,
    pub port: u16,
    pub http: HttpClient,
}

impl Program {
    /// Starts this command and waits until it serves.
    pub async fn start(command: &mut Command) -> Self {
        let mut child = Running(command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap());
        let output = Output::default();
        let readers =
            vec![output.follow(child.0.stdout.take().unwrap()), output.follow(child.0.stderr.take().unwrap())];
        let port = until("the port", || {
            let log = String::from_utf8_lossy(&output.bytes()).into_owned();
            let (_, rest) = log.split_once("open http://localhost:")?;
            // Only once the whole line is there.
            let port: String = rest.split_once('\n')?.0.chars().take_while(char::is_ascii_digit).collect();
            port.parse().ok()
        })
        .await;
        Self { child, output, readers, port, http: HttpClient::on_this_machine(port) }
    }

    /// Serves in this folder on SQLite, with the fast runtime, without prompts, and with these settings.
    pub async fn serve(folder: &Path, settings: &[(&str, &str)]) -> Self {
        Self::start(&mut serving(folder, settings)).await
    }

    pub fn pid(&self) -> u32 {
        self.child.0.id()
    }

    /// A user with this mail address, not registered yet.
    pub fn user(&self, email: &str) -> UserClient {
        UserClient::without_proxy(&self.http, email)
    }

    /// Registers a user, takes the link from the log and opens it.
    pub async fn open_session(&self, email: &str) -> UserClient {
        let mut user = self.user(email);
        let links = |log: &[u8]| String::from_utf8_lossy(log).matches("/verify?token=").count();
        let before = links(&self.log());
        user.register().unwrap().expect(202).unwrap();
        let token = until("the link", || {
            let log = self.log();
            let text = String::from_utf8_lossy(&log);
            (links(&log) > before)
                .then(|| text.rsplit_once("/verify?token=").unwrap().1.get(..43).map(str::to_owned))?
        })
        .await;
        user.open_link(&token).unwrap();
        user
    }

    /// The status and the body of the operator's response.
    pub fn admin(&self, path: &str) -> (u16, Vec<u8>) {
        self.http.bytes_as_admin(path, ADMIN).unwrap()
    }

    /// The operator's list of events.
    pub fn events(&self) -> Vec<Value> {
        let (_, body) = self.admin("/admin/events?limit=500");
        serde_json::from_slice::<Value>(&body).unwrap()["events"].as_array().unwrap().clone()
    }

    /// Everything that the program has written so far.
    pub fn log(&self) -> Vec<u8> {
        self.output.bytes()
    }

    /// Stops it (SIGTERM) and returns everything that it wrote.
    pub fn stop(mut self) -> Vec<u8> {
        let stopped = Command::new("kill").arg("-TERM").arg(self.pid().to_string()).status().unwrap();
        assert!(stopped.success() && self.child.end().success());
        self.readers.drain(..).for_each(|reader| reader.join().unwrap());
        self.output.bytes()
    }

    /// Kills it (SIGKILL).
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

/// The idempotency key of every submission.
pub const KEY: &str = "k1";
/// Longer than a recording.
const RECORDED: Duration = Duration::from_secs(2);

/// A user at the camera page: a session, a challenge, and an attempt that is ready to be submitted.
pub struct Visit {
    pub user: UserClient,
    pub challenge: Terms,
    pub evidence: Evidence,
    key: Key,
}

impl Visit {
    /// Registers, opens the link, gets a challenge and blinks.
    pub async fn begin(program: &Program, database: &str, email: &str) -> Self {
        Self::at(program.open_session(email).await, database).await
    }

    /// Gets a challenge in this user's session and blinks.
    pub async fn at(user: UserClient, database: &str) -> Self {
        let db = Db::open(&parsed(database)).await.unwrap();
        let count = "select count(*) from challenges";
        let (take,): (i64,) = db.read().await.unwrap().query(count).fetch_one().await.unwrap();
        let visit = Self::blinking(user, u32::try_from(take).unwrap());
        // The frames were made faster than a camera takes them.
        let earlier = "update challenges set issued_at = issued_at - 10000 where state = 'issued'";
        let mut tx = db.write(LockScope::Nothing).await.unwrap();
        tx.query(earlier).execute().await.unwrap();
        tx.commit().await.unwrap();
        db.close().await;
        visit
    }

    /// As `begin`, where the database cannot be reached from here: takes as long as a camera. There may be no other challenge.
    pub async fn in_time(program: &Program, email: &str) -> Self {
        let visit = Self::blinking(program.open_session(email).await, 0);
        tokio::time::sleep(RECORDED).await;
        visit
    }

    fn blinking(user: UserClient, take: u32) -> Self {
        let key = Key::from(pixels::secret(take));
        let challenge = user.challenge(&key, pixels::RATE).unwrap();
        let evidence = pixels::record_of(take, challenge.clone(), key.public());
        Self { user, challenge, evidence, key }
    }

    pub fn signed(&self) -> SubmissionParts {
        SubmissionParts::sign(&self.challenge.challenge_id, &self.evidence, &self.key)
    }

    /// Sends everything but the request for the decision.
    pub fn upload(&self) {
        let refused = self.user.upload(KEY, &self.signed()).unwrap();
        assert!(refused.is_none(), "{refused:?}");
    }

    /// Requests the decision.
    pub fn finish(&self) -> SubmitOutcome {
        self.user.decide(KEY, &self.signed()).unwrap()
    }

    /// Requests the decision and expects one. Returns the response.
    #[track_caller]
    pub fn decision(&self) -> Value {
        match self.finish() {
            SubmitOutcome::Decided(decision) => decision.body,
            other => panic!("no decision: {other:?}"),
        }
    }

    /// The pictures: open, closed, strip.
    pub fn pictures(&self) -> [&Vec<u8>; 3] {
        [&self.evidence.open, &self.evidence.closed, &self.evidence.strip]
    }
}

/// Whether the server is unavailable and asks for a retry.
pub fn is_unavailable(outcome: &SubmitOutcome) -> bool {
    matches!(outcome, SubmitOutcome::Later { code, .. } if code == "unavailable")
}

/// How many pieces of these pictures the bytes contain: raw, in hexadecimal, as base64 or as a list of numbers.
pub fn pieces_in(bytes: &[u8], pictures: &[&Vec<u8>; 3]) -> usize {
    let mut found = 0;
    for picture in pictures {
        // From the whole picture except its first bytes, which are alike in all pictures.
        for at in (700..picture.len() - 48).step_by(picture.len() / 40) {
            let piece = &picture[at..at + 24];
            let hex = hex::encode(piece);
            let list = piece[..8].iter().map(u8::to_string).collect::<Vec<_>>().join(", ");
            // The base64 form depends on where in the text the piece begins.
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
    !needle.is_empty() && memchr::memmem::find(haystack, needle).is_some()
}
