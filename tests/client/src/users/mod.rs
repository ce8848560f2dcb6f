//! Many users who are ready to submit, at little cost: one attempt is recorded, and all submit copies of it.

mod copies;

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use anyhow::bail;
use fastrand::Rng;

use self::copies::Copies;
use crate::http::HttpClient;
use crate::outbox::Outbox;
use crate::parallel::for_each;
use crate::server_process::ServerProcess;
use crate::simulator::{AttemptOutcome, PersonSimulator};
use crate::submission::{Key, SubmissionParts};
use crate::user::UserClient;

/// A mail may be queued behind those of all other users.
const MAIL_TIMEOUT: Duration = Duration::from_secs(120);
/// Frames a second of the challenges.
const RATE: f64 = 25.0;
/// Threads on which users register.
const THREADS: usize = 8;

/// Makes users of one server.
pub struct UserPool {
    http: HttpClient,
    outbox: Outbox,
    copies: Copies,
    next: AtomicU32,
}

/// A user with a challenge, and the submission for it.
pub struct ReadyUser {
    /// The user.
    pub client: UserClient,
    /// The submission.
    pub submission: SubmissionParts,
    /// Before this the server rejects the submission: the challenge is younger than the recording is long.
    pub due: Instant,
}

impl UserPool {
    /// Records one attempt. The server's policy must be without prompts.
    ///
    /// # Errors
    /// A request failed, or nothing was recorded.
    pub fn new(server: &ServerProcess, simulator: &PersonSimulator, rng: &mut Rng) -> anyhow::Result<UserPool> {
        let (outbox, first) = (server.outbox(), rng.u32(..1 << 22));
        let mut user = UserClient::new(&server.http, first);
        user.open_session(&outbox, MAIL_TIMEOUT)?;
        let AttemptOutcome::Recorded(recorded) = simulator.attempt_fast(&user, rng)? else {
            bail!("nothing was recorded")
        };
        let http = server.http.clone();
        Ok(UserPool { http, outbox, copies: Copies::of(&recorded)?, next: AtomicU32::new(first + 1) })
    }

    /// Continues with a server that was restarted on the same data.
    pub fn reconnect(&mut self, server: &ServerProcess) {
        self.http = server.http.clone();
    }

    /// Sends requests to the server.
    pub fn http(&self) -> &HttpClient {
        &self.http
    }

    /// The server's outbox.
    pub fn outbox(&self) -> &Outbox {
        &self.outbox
    }

    /// A new user, not registered yet.
    pub fn new_user(&self) -> UserClient {
        UserClient::new(&self.http, self.next.fetch_add(1, Ordering::Relaxed))
    }

    /// A new user with a session, a challenge and a submission.
    ///
    /// # Errors
    /// A request failed, or the mail did not arrive.
    pub fn ready_user(&self) -> anyhow::Result<ReadyUser> {
        let mut client = self.new_user();
        client.open_session(&self.outbox, MAIL_TIMEOUT)?;
        let mut rng = Rng::new();
        let key = Key::draw(&mut rng);
        let terms = client.challenge(&key, RATE)?;
        let due = Instant::now() + Duration::from_millis(self.copies.lasted_ms);
        let submission = self.copies.sign_for(&terms, &key, &mut rng)?;
        Ok(ReadyUser { client, submission, due })
    }

    /// New users who may submit at once.
    ///
    /// # Errors
    /// As [`UserPool::ready_user`].
    pub fn ready_users(&self, count: usize) -> anyhow::Result<Vec<ReadyUser>> {
        let ready = for_each(THREADS, &vec![(); count], |()| self.ready_user())?;
        if let Some(last) = ready.iter().map(|user| user.due).max() {
            std::thread::sleep(last.saturating_duration_since(Instant::now()));
        }
        Ok(ready)
    }
}
