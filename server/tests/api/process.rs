//! Runs the program as a process.

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

pub fn blinkgate(folder: &Path, settings: &[(&str, &str)]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_blinkgate"));
    command.env_clear().current_dir(folder).stdin(Stdio::null()).envs(settings.iter().copied());
    command
}

/// Runs the program and asserts that it exits with an error that contains these texts, without a panic. Returns the error.
#[track_caller]
pub fn assert_fails(command: &mut Command, expected: &[&str]) -> String {
    let Output { status, stderr, .. } = command.output().unwrap();
    let stderr = String::from_utf8(stderr).unwrap();
    assert_eq!(status.code(), Some(1), "{stderr}");
    assert!(stderr.starts_with("blinkgate: ") && !stderr.contains("panicked"), "{stderr}");
    for text in expected {
        assert!(stderr.contains(text), "{text:?} is missing from {stderr}");
    }
    stderr
}

/// The program as it serves in a folder of its own, until it is dropped.
#[cfg(unix)]
pub struct RunningServer {
    child: Running,
    pub port: u16,
    _folder: TempDir,
}

#[cfg(unix)]
impl RunningServer {
    pub fn pid(&self) -> u32 {
        self.child.0.id()
    }

    /// Kills it (SIGKILL).
    pub fn kill(&mut self) {
        self.child.0.kill().unwrap();
        self.child.end();
    }
}

/// Serves on SQLite, with the fast runtime and a secret in its environment.
#[cfg(unix)]
pub fn served() -> RunningServer {
    let folder = tempfile::tempdir().unwrap();
    let settings = [("PORT", "0"), ("ENGINE_RUNTIME", "compact"), ("ADMIN_API_KEY", "a-secret-of-the-server")];
    let mut child = Running(blinkgate(folder.path(), &settings).stdout(Stdio::piped()).spawn().unwrap());
    let mut lines = lines_of(child.0.stdout.take().unwrap());
    let start = lines.find(|line| line.contains("open http://localhost:")).expect("it says where it serves");
    let (_, rest) = start.split_once("http://localhost:").unwrap();
    let port = rest.chars().take_while(char::is_ascii_digit).collect::<String>().parse().unwrap();
    RunningServer { child, port, _folder: folder }
}

/// The lines as they are written. Ends when none has come for 20 s.
pub fn lines_of(output: impl Read + Send + 'static) -> impl Iterator<Item = String> {
    let (sender, receiver) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            // The receiver is gone if the test has failed.
            let _ = sender.send(line);
        }
    });
    std::iter::from_fn(move || receiver.recv_timeout(Duration::from_secs(20)).ok())
}

/// A process that is killed when this is dropped.
pub struct Running(pub Child);

impl Running {
    /// Waits up to 30 s for the process to exit.
    pub fn end(&mut self) -> std::process::ExitStatus {
        let start = Instant::now();
        while start.elapsed() < Duration::from_secs(30) {
            if let Some(status) = self.0.try_wait().unwrap() {
                return status;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        panic!("it did not end");
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
