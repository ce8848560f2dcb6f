//! The servers, the database and the mail server, and what happens to them.

use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use server::db::{Db, LockScope};
use server::domain::random_u32;
use tempfile::TempDir;

use super::{FALLS, KILLS, PATIENCE};
use crate::database::{TestDatabase, parsed};
use crate::helpers::BASE_URL;
use crate::mail_smtp::{Heard, mail_server};
use crate::process::{Running, blinkgate, lines_of};

/// Three servers, the database and the mail server.
pub struct Fleet {
    pub folder: TempDir,
    database: TestDatabase,
    pub db: Db,
    mail_port: u16,
    pub heard: Arc<Mutex<Heard>>,
    pub servers: [Mutex<Option<(Running, u16)>>; 3],
}

impl Fleet {
    pub async fn start() -> Self {
        let database = TestDatabase::postgres();
        let db = Db::open(&parsed(database.url())).await.unwrap();
        let (mail_port, heard) = mail_server("250 ok").await;
        let folder = tempfile::tempdir().unwrap();
        let fleet = Self { folder, database, db, mail_port, heard, servers: Default::default() };
        // All at once: they race to create the admin key and the tables.
        std::thread::scope(|scope| {
            let fleet = &fleet;
            for n in 0..3 {
                scope.spawn(move || fleet.launch(n));
            }
        });
        fleet
    }

    /// Starts a server, and retries until the database is up.
    fn launch(&self, n: usize) {
        let mail_port = self.mail_port.to_string();
        let settings = [
            ("PORT", "0"),
            ("DATABASE_URL", self.database.url()),
            ("APP_BASE_URL", BASE_URL),
            ("CHALLENGE_POLICY", "natural"),
            ("ENGINE_RUNTIME", "compact"),
            ("MAIL_SERVER", "127.0.0.1"),
            ("MAIL_PORT", &mail_port),
            ("MAIL_SECURITY", "none"),
            ("MAIL_SENDER", "noreply@example.com"),
        ];
        for _ in 0..100 {
            let mut command = blinkgate(self.folder.path(), &settings);
            let mut program =
                Running(command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("it can be started"));
            let mut lines = lines_of(program.0.stdout.take().unwrap());
            if let Some(line) = lines.find(|line| line.contains("address=127.0.0.1:")) {
                let digits = line.split_once("address=127.0.0.1:").unwrap().1;
                let port = digits.chars().take_while(char::is_ascii_digit).collect::<String>().parse().unwrap();
                *self.servers[n].lock().unwrap() = Some((program, port));
                return;
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        panic!("server {n} did not start");
    }

    fn kill(&self, n: usize) {
        // Dropping `Running` sends SIGKILL.
        self.servers[n].lock().unwrap().take();
    }

    /// Restarts the database without warning, or at least cuts every connection if it may not be restarted.
    fn fall_over(&self) {
        match std::env::var("TEST_POSTGRES_RESTART") {
            Ok(restart) => assert!(Command::new("sh").arg("-c").arg(restart).status().unwrap().success()),
            Err(_) => self.database.cut_connections(),
        }
    }

    /// Kills and restarts servers, and makes the database fail.
    pub fn trouble(&self) {
        for kill in 0..KILLS {
            std::thread::sleep(Duration::from_millis(400));
            let n = random_u32() as usize % 3;
            self.kill(n);
            if FALLS.contains(&kill) {
                self.fall_over();
            }
            self.launch(n);
        }
    }

    /// Changes the database directly, to let time pass.
    pub async fn change(&self, sql: &'static str, id: &str) {
        eventually(async || {
            let mut tx = self.db.write(LockScope::Nothing).await.ok()?;
            tx.query(sql).bind(id).execute().await.ok()?;
            tx.commit().await.ok()
        })
        .await;
    }

    /// Makes mails due again that dead servers had claimed.
    pub async fn pass_time_for_mails(&self, to: &str) {
        let over = "update mail_outbox set next_try_at = 0 where sent_at is null and given_up_at is null
                    and user_id in (select id from users where email like $1)";
        self.change(over, to).await;
    }

    pub async fn number(&self, sql: &'static str) -> i64 {
        let (number,) = self.db.read().await.unwrap().query(sql).fetch_one().await.unwrap();
        number
    }
}

/// Repeats an attempt until it returns something, for up to `PATIENCE`.
pub async fn eventually<T>(mut attempt: impl AsyncFnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    while begun.elapsed() < PATIENCE {
        if let Some(found) = attempt().await {
            return found;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("nothing came of it");
}
