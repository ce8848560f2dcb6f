//! Checks that a site makes and reads per second.

use std::sync::Mutex;

use anyhow::Context as _;
use serde::Serialize;
use serde_json::{Value, json};
use test_client::ServerProcess;

use crate::registrations::{Pace, pace};

/// The results.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Checks {
    /// Checks made. The site vouches for the mailbox, so no mails are sent.
    pub(crate) making: Pace,
    /// The same checks, read.
    pub(crate) reading: Pace,
    /// Checks made and read alternating.
    pub(crate) both: Pace,
}

/// A site's backend, as several threads share it.
struct Backend<'a> {
    server: &'a ServerProcess,
    authorization: String,
    /// Ids of checks that were made.
    made: Mutex<Vec<String>>,
}

/// Makes checks for some seconds, reads them for as long, and then does both.
pub(crate) fn measure(server: &ServerProcess, seconds: u64) -> anyhow::Result<Checks> {
    server.command(&["sites", "add", "load"])?;
    let key = server.command(&["keys", "add", "load", "--site", "load", "--scope", "checks:write,checks:read"])?;
    let backend = Backend { server, authorization: format!("Bearer {key}"), made: Mutex::default() };
    let pid = server.pid();
    let making = pace(pid, seconds, |_| backend.make())?;
    let reading = pace(pid, seconds, |turn| backend.read(turn))?;
    let both = pace(pid, seconds, |turn| if turn % 2 == 0 { backend.make() } else { backend.read(turn) })?;
    Ok(Checks { making, reading, both })
}

impl Backend<'_> {
    fn make(&self) -> anyhow::Result<()> {
        let request = format!("{:032x}", fastrand::u128(..));
        let check = json!({ "email": format!("{request}@example.org"), "gate": "site", "reference": request });
        let headers = [("authorization", self.authorization.as_str()), ("idempotency-key", request.as_str())];
        let made = self.server.http.post_with_headers("/v1/checks", &headers, &check)?.expect(201)?;
        let id = made["id"].as_str().context("a check without an id")?.to_owned();
        self.made.lock().map_err(|_| anyhow::anyhow!("another thread failed"))?.push(id);
        Ok(())
    }

    /// Reads one of the newest checks.
    fn read(&self, turn: usize) -> anyhow::Result<()> {
        let id = {
            let made = self.made.lock().map_err(|_| anyhow::anyhow!("another thread failed"))?;
            made.iter().rev().nth(turn % 100.min(made.len())).context("no check was made")?.clone()
        };
        let headers = [("authorization", self.authorization.as_str())];
        let check: Value = self.server.http.get_with_headers(&format!("/v1/checks/{id}"), &headers)?.expect(200)?;
        anyhow::ensure!(check["id"] == id, "another check was returned");
        Ok(())
    }
}
