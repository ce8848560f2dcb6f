//! How the program starts, fails to start, and stops.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Command, Stdio};

use tempfile::TempDir;

use crate::process::{Running, assert_fails, blinkgate, lines_of};

#[test]
fn a_port_in_use_is_reported_with_a_remedy() {
    let folder = tempfile::tempdir().unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let expected = [&format!("127.0.0.1:{port}"), "in use", "PORT"];
    assert_fails(&mut blinkgate(folder.path(), &[("PORT", &port)]), &expected);
    assert!(!folder.path().join("data").exists(), "nothing was touched");
}

#[test]
fn a_data_folder_that_cannot_be_written_is_reported_with_a_remedy() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("file"), "in the way").unwrap();
    // Nobody can create a folder below a file, not even root.
    let settings = [("PORT", "0"), ("DATA_DIR", "file/data")];
    assert_fails(&mut blinkgate(folder.path(), &settings), &["file/data", "DATA_DIR", "not writable"]);
    let settings = [("PORT", "0"), ("DATABASE_URL", "sqlite://file/blink.db")];
    assert_fails(&mut blinkgate(folder.path(), &settings), &["database", "file"]);
}

#[test]
fn a_setting_that_only_the_original_needed_is_reported_and_stops_nobody() {
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
fn an_unreachable_postgresql_server_is_reported_without_its_password() {
    let folder = tempfile::tempdir().unwrap();
    // Bound and closed again, so nothing listens there.
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
fn it_says_where_it_serves_stops_when_told_and_restarts_with_its_data() {
    let folder = tempfile::tempdir().unwrap();
    let first_key = serve_register_and_stop(&folder, "jo@example.com");
    let second_key = serve_register_and_stop(&folder, "ann@example.com");
    assert_eq!(first_key, second_key);
    let mails = std::fs::read_dir(folder.path().join("data/outbox")).unwrap().count();
    assert_eq!(mails, 2);
}

/// Serves in the folder, registers and stops. Returns the admin key.
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

fn exchange(port: &str, request: &str) -> String {
    let mut stream = TcpStream::connect(format!("127.0.0.1:{port}")).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}
