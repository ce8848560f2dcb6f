//! The program, running in a folder of its own.

use std::fs::File;
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};

use crate::outbox::Outbox;
use crate::site::Site;

/// Loading the networks takes a second; on a busy machine, many.
const START: Duration = Duration::from_secs(60);
/// What opens `/admin/…`.
const ADMIN_KEY: &str = "the-admin-key-of-a-measurement";

/// A server that ends with this value. Its data stays.
#[derive(Debug)]
pub struct Served {
    child: Child,
    folder: PathBuf,
    /// How to ask it.
    pub site: Site,
}

impl Served {
    /// The program: this file, or the one beside the program that asks.
    ///
    /// # Errors
    /// There is none.
    pub fn program(file: Option<&Path>) -> anyhow::Result<PathBuf> {
        let program = match file {
            Some(file) => std::path::absolute(file)?,
            None => std::env::current_exe()?.with_file_name("blinkgate"),
        };
        ensure!(program.exists(), "{} is missing: build the workspace", program.display());
        Ok(program)
    }

    /// Starts the program on what lies in `folder`, with these settings beside those of its own, at a port of this machine
    /// that is the same each time.
    ///
    /// # Errors
    /// It does not start; its log is in the folder.
    pub fn start(program: &Path, folder: &Path, settings: &[(&str, &str)]) -> anyhow::Result<Served> {
        let port = port(folder)?;
        let log = File::options().create(true).append(true).open(folder.join("server.log"))?;
        let mut command = Command::new(program);
        command.arg("serve").env_clear().current_dir(folder).stdin(Stdio::null());
        command.stdout(log.try_clone()?).stderr(log);
        // Everybody comes from this machine; who they are, a header tells, as behind a proxy.
        command.envs([("HOST", "127.0.0.1"), ("ADMIN_API_KEY", ADMIN_KEY), ("DATA_DIR", "data")]);
        command.envs([("PORT", port.to_string().as_str()), ("MAILS_PER_HOUR", "1000000")]);
        command.envs(settings.iter().copied());
        let child = command.spawn().with_context(|| format!("{} cannot be started", program.display()))?;
        let mut served = Served { child, folder: folder.to_owned(), site: Site::on_this_machine(port) };
        served.wait_until_it_answers()?;
        Ok(served)
    }

    /// Its data folder.
    pub fn data_dir(&self) -> PathBuf {
        self.folder.join("data")
    }

    /// Its mails.
    pub fn outbox(&self) -> Outbox {
        Outbox::of(&self.data_dir())
    }

    /// Its process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// The newest events of the audit, at most 500.
    ///
    /// # Errors
    /// There was no answer.
    pub fn events(&self) -> anyhow::Result<Vec<serde_json::Value>> {
        let listing = self.site.get_as_admin("/admin/events?limit=500", ADMIN_KEY)?.expect(200)?;
        Ok(listing["events"].as_array().cloned().unwrap_or_default())
    }

    /// The picture that an event names.
    ///
    /// # Errors
    /// There was no answer, or no picture.
    pub fn capture(&self, reference: &str) -> anyhow::Result<Vec<u8>> {
        self.site.bytes_as_admin(&format!("/admin/{reference}"), ADMIN_KEY)
    }

    /// Ends it as a loss of power does: no handler runs, nothing is tidied up.
    ///
    /// # Errors
    /// It ended before by itself.
    pub fn kill(mut self) -> anyhow::Result<()> {
        if let Some(status) = self.child.try_wait()? {
            bail!("the server ended by itself: {status}");
        }
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    fn wait_until_it_answers(&mut self) -> anyhow::Result<()> {
        let start = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait()? {
                let log = std::fs::read_to_string(self.folder.join("server.log")).unwrap_or_default();
                bail!("the server did not start ({status}): {}", log.lines().last().unwrap_or_default());
            }
            if self.site.get("/health").is_ok_and(|answer| answer.status == 200) {
                return Ok(());
            }
            if start.elapsed() > START {
                bail!("the server did not answer within {} s", START.as_secs());
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The port of a folder: a free one, written down at the first start. Links and records name it.
fn port(folder: &Path) -> anyhow::Result<u16> {
    let file = folder.join("port");
    if let Ok(text) = std::fs::read_to_string(&file) {
        return Ok(text.parse()?);
    }
    let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port();
    std::fs::write(&file, port.to_string())?;
    Ok(port)
}
