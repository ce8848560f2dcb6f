//! The program itself: successful starts, failed starts, and shutdown.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use server::db::{Db, LockScope};
use tempfile::TempDir;

use crate::database::{TestDatabase, parsed};
use crate::helpers::at_home;

pub fn blinkgate(folder: &Path, settings: &[(&str, &str)]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_blinkgate"));
    command.env_clear().current_dir(folder).stdin(Stdio::null()).envs(settings.iter().copied());
    command
}

/// Runs the program, which must exit, and asserts that it fails with this message and nothing worse. Returns the whole
/// message.
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

#[test]
fn a_port_in_use_is_said_with_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let expected = [&format!("127.0.0.1:{port}"), "in use", "PORT"];
    assert_fails(&mut blinkgate(folder.path(), &[("PORT", &port)]), &expected);
    assert!(!folder.path().join("data").exists(), "nothing was touched");
}

#[test]
fn a_data_folder_that_cannot_be_written_is_said_with_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("file"), "in the way").unwrap();
    // Nobody, not even root, can create a folder below a file.
    let settings = [("PORT", "0"), ("DATA_DIR", "file/data")];
    assert_fails(&mut blinkgate(folder.path(), &settings), &["file/data", "DATA_DIR", "cannot be written"]);
    let settings = [("PORT", "0"), ("DATABASE_URL", "sqlite://file/blink.db")];
    assert_fails(&mut blinkgate(folder.path(), &settings), &["database", "file"]);
}

#[test]
fn what_the_original_needed_and_this_does_not_is_said_and_stops_nobody() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join(".env"), "SECRET_KEY=flask-session-secret\n").unwrap();
    let mut command = blinkgate(folder.path(), &[("PORT", "0"), ("ENGINE_RUNTIME", "compact")]);
    let mut program = Running(command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap());
    let told: Vec<_> =
        lines_of(program.0.stdout.take().unwrap()).take_while(|line| !line.contains("the admin key is in")).collect();
    let told: Vec<_> = told.into_iter().filter(|line| line.contains("SECRET_KEY")).collect();
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].contains("is not needed") && !told[0].contains("flask"), "{told:?}");
}

#[test]
fn a_corrupt_or_missing_model_stops_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let models = Path::new(env!("CARGO_MANIFEST_DIR")).join("../models");
    let names = ["face_detector.onnx", "mesh_trunk.onnx", "eye_right.onnx", "eye_left.onnx"];
    let settings = [("PORT", "0"), ("MODELS_DIR", ".")];
    assert_fails(&mut blinkgate(folder.path(), &settings), &["MODELS_DIR", "face_detector.onnx"]);
    for name in names {
        std::fs::copy(models.join(name), folder.path().join(name)).unwrap();
    }
    let damaged = folder.path().join("eye_left.onnx");
    let mut bytes = std::fs::read(&damaged).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&damaged, bytes).unwrap();
    assert_fails(&mut blinkgate(folder.path(), &settings), &["MODELS_DIR", "eye_left.onnx", "damaged"]);

    let settings = [("PORT", "0"), ("MODELS_DIR", "."), ("ENGINE_RUNTIME", "compact")];
    assert_fails(&mut blinkgate(folder.path(), &settings), &["MODELS_DIR", "networks.pack"]);
    let mut pack = std::fs::read(models.join("networks.pack")).unwrap();
    pack.truncate(1000);
    std::fs::write(folder.path().join("networks.pack"), pack).unwrap();
    let told = ["MODELS_DIR", "1000 bytes, expected"];
    assert_fails(&mut blinkgate(folder.path(), &settings), &told);
}

#[test]
fn a_damaged_database_stops_the_start() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("data")).unwrap();
    std::fs::write(folder.path().join("data/blinkgate.db"), "this is no database, ".repeat(100)).unwrap();
    assert_fails(&mut blinkgate(folder.path(), &[("PORT", "0")]), &["data/blinkgate.db"]);
}

#[test]
fn a_database_newer_than_the_program_stops_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let database = TestDatabase::new(&folder.path().join("blinkgate.db"));
    let settings = [("PORT", "0"), ("DATABASE_URL", database.url())];
    assert!(blinkgate(folder.path(), &settings).arg("migrate").status().unwrap().success());
    at_home(async || {
        let db = Db::open(&parsed(database.url())).await.unwrap();
        let mut tx = db.write(LockScope::Nothing).await.unwrap();
        let newer = "insert into _sqlx_migrations (version, description, success, checksum, execution_time)
                     values (9999, 'from the future', true, $1, 0)";
        tx.query(newer).bind(vec![0_u8]).execute().await.unwrap();
        tx.commit().await.unwrap();
        db.close().await;
    });
    assert_fails(&mut blinkgate(folder.path(), &settings), &["9999"]);
}

#[test]
fn a_postgresql_server_that_is_not_there_is_said_without_its_password() {
    let folder = tempfile::tempdir().unwrap();
    // Bound and closed again, so nobody listens there.
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let url = format!("postgresql+psycopg2://jo:hunter2@127.0.0.1:{port}/blink");
    let mut command = blinkgate(folder.path(), &[("PORT", "0"), ("DATABASE_URL", &url)]);
    let told = assert_fails(&mut command, &[&format!("blink at 127.0.0.1:{port}"), "DATABASE_URL"]);
    assert!(!told.contains("hunter2"), "{told}");
}

#[test]
fn a_setting_that_cannot_be_used_is_named() {
    let folder = tempfile::tempdir().unwrap();
    assert_fails(&mut blinkgate(folder.path(), &[("PORT", "eighty")]), &["PORT", "eighty"]);
    assert_fails(&mut blinkgate(folder.path(), &[("DATABASE_URL", "mysql://db/x")]), &["DATABASE_URL", "postgres://"]);
    assert_fails(&mut blinkgate(folder.path(), &[("ENV_FILE", "absent.env")]), &["absent.env"]);
    std::fs::write(folder.path().join(".env"), "PROT=8081\n").unwrap();
    assert_fails(&mut blinkgate(folder.path(), &[]), &[".env", "PROT"]);
    std::fs::write(folder.path().join("other.env"), "LOG_LEVEL=loud\n").unwrap();
    assert_fails(&mut blinkgate(folder.path(), &[("ENV_FILE", "other.env")]), &["LOG_LEVEL", "loud"]);
}

#[test]
fn help_names_the_subcommands() {
    let folder = tempfile::tempdir().unwrap();
    let output = blinkgate(folder.path(), &[]).arg("--help").output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    for word in ["serve", "migrate", "http://localhost:8080", "ENV_FILE"] {
        assert!(text.contains(word), "{word} is missing from {text}");
    }
}

#[cfg(unix)]
#[test]
fn it_says_where_it_serves_answers_stops_when_told_and_starts_again_with_what_it_had() {
    let folder = tempfile::tempdir().unwrap();
    let first_key = serve_register_and_stop(&folder, "jo@example.com");
    let second_key = serve_register_and_stop(&folder, "ann@example.com");
    assert_eq!(first_key, second_key);
    let mails = std::fs::read_dir(folder.path().join("data/outbox")).unwrap().count();
    assert_eq!(mails, 2);
}

/// The program, serving in a folder of its own until it is dropped.
#[cfg(unix)]
pub struct Served {
    child: Running,
    pub port: u16,
    _folder: TempDir,
}

#[cfg(unix)]
impl Served {
    pub fn pid(&self) -> u32 {
        self.child.0.id()
    }

    /// Kills it without a chance to clean up.
    pub fn kill(&mut self) {
        self.child.0.kill().unwrap();
        self.child.end();
    }
}

/// Serves with the fast runtime and a secret in its environment.
#[cfg(unix)]
pub fn served() -> Served {
    let folder = tempfile::tempdir().unwrap();
    let settings = [("PORT", "0"), ("ENGINE_RUNTIME", "compact"), ("ADMIN_API_KEY", "a-secret-of-the-server")];
    let mut child = Running(blinkgate(folder.path(), &settings).stdout(Stdio::piped()).spawn().unwrap());
    let mut lines = lines_of(child.0.stdout.take().unwrap());
    let start = lines.find(|line| line.contains("open http://localhost:")).expect("it says where it serves");
    let (_, rest) = start.split_once("http://localhost:").unwrap();
    let port = rest.chars().take_while(char::is_ascii_digit).collect::<String>().parse().unwrap();
    Served { child, port, _folder: folder }
}

/// Serves once in the folder; returns the admin key.
#[cfg(unix)]
fn serve_register_and_stop(folder: &TempDir, email: &str) -> String {
    let mut child = Running(blinkgate(folder.path(), &[("PORT", "0")]).stdout(Stdio::piped()).spawn().unwrap());
    let mut lines = lines_of(child.0.stdout.take().unwrap());
    let start = lines.find(|line| line.contains("open http://localhost:")).expect("it says where it serves");
    let (_, rest) = start.split_once("http://localhost:").unwrap();
    let port: String = rest.chars().take_while(char::is_ascii_digit).collect();
    assert!(lines.any(|line| line.contains("mails are written to files") && line.contains("outbox")));
    let body = format!("{{\"email\":\"{email}\"}}");
    let answer = exchange(
        &port,
        &format!(
            "POST /register HTTP/1.1\r\nhost: localhost\r\nx-blinkgate: 1\r\ncontent-type: application/json\r\n\
             content-length: {}\r\nconnection: close\r\n\r\n{body}",
            body.len()
        ),
    );
    assert!(answer.starts_with("HTTP/1.1 202 "), "{answer}");
    assert!(lines.any(|line| line.contains("/verify?token=")), "the development transport logs the link");
    let stopped = Command::new("kill").arg("-TERM").arg(child.0.id().to_string()).status().unwrap();
    assert!(stopped.success());
    assert!(lines.any(|line| line.contains("stopped")));
    assert_eq!(child.end().code(), Some(0));
    std::fs::read_to_string(folder.path().join("data/keys/admin.key")).unwrap()
}

/// The lines as they arrive; ends after a long silence.
pub fn lines_of(output: impl Read + Send + 'static) -> impl Iterator<Item = String> {
    let (sender, receiver) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            // Nobody listens any more once the test has failed.
            let _ = sender.send(line);
        }
    });
    std::iter::from_fn(move || receiver.recv_timeout(Duration::from_secs(20)).ok())
}

fn exchange(port: &str, request: &str) -> String {
    let mut stream = TcpStream::connect(format!("127.0.0.1:{port}")).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

/// Ends together with the test, however that ends.
pub struct Running(pub Child);

impl Running {
    /// Waits for the exit, with a timeout.
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
