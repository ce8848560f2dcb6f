//! Runs the program `blinkgate` in a folder of its own.

use std::fs::File;
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};

use crate::http::HttpClient;
use crate::outbox::Outbox;

/// Loading the networks takes a second, and much longer on a busy machine.
const START_TIMEOUT: Duration = Duration::from_secs(60);
const ADMIN_KEY: &str = "the-admin-key-of-a-measurement";

/// A running server, killed when this is dropped. Its data stay.
#[derive(Debug)]
pub struct ServerProcess {
    child: Child,
    folder: PathBuf,
    program: PathBuf,
    settings: Vec<(String, String)>,
    /// Sends requests to it.
    pub http: HttpClient,
}

impl ServerProcess {
    /// The path of the program: `file`, or `blinkgate` beside the running program.
    ///
    /// # Errors
    /// The file does not exist.
    pub fn program(file: Option<&Path>) -> anyhow::Result<PathBuf> {
        let program = match file {
            Some(file) => std::path::absolute(file)?,
            None => std::env::current_exe()?.with_file_name("blinkgate"),
        };
        ensure!(program.exists(), "{} is missing: build the workspace", program.display());
        Ok(program)
    }

    /// Starts the program in `folder` with these settings and waits until it serves. A folder keeps its port, its data and
    /// its log (`server.log`) from one start to the next.
    ///
    /// # Errors
    /// The server does not start.
    pub fn start(program: &Path, folder: &Path, settings: &[(&str, &str)]) -> anyhow::Result<ServerProcess> {
        let port = port(folder)?;
        let log = File::options().create(true).append(true).open(folder.join("server.log"))?;
        let mut command = Command::new(program);
        command.arg("serve").env_clear().current_dir(folder).stdin(Stdio::null());
        command.stdout(log.try_clone()?).stderr(log);
        command.envs([("HOST", "127.0.0.1"), ("ADMIN_API_KEY", ADMIN_KEY), ("DATA_DIR", "data")]);
        command.envs([("PORT", port.to_string().as_str()), ("MAILS_PER_HOUR", "1000000")]);
        command.envs(settings.iter().copied());
        let child = command.spawn().with_context(|| format!("cannot start {}", program.display()))?;
        let mut server = ServerProcess {
            child,
            folder: folder.to_owned(),
            program: program.to_owned(),
            settings: settings.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())).collect(),
            http: HttpClient::on_this_machine(port),
        };
        server.wait_until_it_serves()?;
        Ok(server)
    }

    /// Its data folder.
    pub fn data_dir(&self) -> PathBuf {
        self.folder.join("data")
    }

    /// Its outbox.
    pub fn outbox(&self) -> Outbox {
        Outbox::of(&self.data_dir())
    }

    /// Its process ID.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// The newest events of the audit, at most 500.
    ///
    /// # Errors
    /// The request failed.
    pub fn events(&self) -> anyhow::Result<Vec<serde_json::Value>> {
        let page = self.http.get_with_headers("/admin/events?limit=500", &[("x-admin-key", ADMIN_KEY)])?.expect(200)?;
        Ok(page["events"].as_array().cloned().unwrap_or_default())
    }

    /// The picture that an event refers to.
    ///
    /// # Errors
    /// The request failed, or there is no such picture.
    pub fn capture(&self, reference: &str) -> anyhow::Result<Vec<u8>> {
        let (status, bytes) = self.http.bytes_as_admin(&format!("/admin/{reference}"), ADMIN_KEY)?;
        ensure!(status == 200, "status {status} for {reference}");
        Ok(bytes)
    }

    /// Runs another command of the program with the same settings, and returns what it printed.
    ///
    /// # Errors
    /// The command failed.
    pub fn command(&self, arguments: &[&str]) -> anyhow::Result<String> {
        let mut command = Command::new(&self.program);
        command.args(arguments).env_clear().current_dir(&self.folder).env("DATA_DIR", "data");
        command.envs(self.settings.iter().map(|(name, value)| (name, value)));
        let output = command.output()?;
        ensure!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        Ok(String::from_utf8(output.stdout)?.trim().to_owned())
    }

    /// Kills it (SIGKILL): no handler runs, nothing is tidied up.
    ///
    /// # Errors
    /// It had already exited.
    pub fn kill(mut self) -> anyhow::Result<()> {
        if let Some(status) = self.child.try_wait()? {
            bail!("the server had exited: {status}");
        }
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    fn wait_until_it_serves(&mut self) -> anyhow::Result<()> {
        let start = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait()? {
                let log = std::fs::read_to_string(self.folder.join("server.log")).unwrap_or_default();
                bail!("the server did not start ({status}): {}", log.lines().last().unwrap_or_default());
            }
            if self.http.get("/health").is_ok_and(|answer| answer.status == 200) {
                return Ok(());
            }
            if start.elapsed() > START_TIMEOUT {
                bail!("the server does not serve after {} s", START_TIMEOUT.as_secs());
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for ServerProcess {
    fn drop(&mut self) {
        // It may have exited already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The folder's port: a free one, saved at the first start, since links and records name it.
fn port(folder: &Path) -> anyhow::Result<u16> {
    let file = folder.join("port");
    if let Ok(text) = std::fs::read_to_string(&file) {
        return Ok(text.parse()?);
    }
    let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port();
    std::fs::write(&file, port.to_string())?;
    Ok(port)
}
