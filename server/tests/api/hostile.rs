//! Malicious input, against the program itself over TCP and against every field it parses.

use std::io::{ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderValue, Request, StatusCode, header};
use serde_json::json;
use server::connections::{self, ConnectionLimits};

use crate::helpers::{ADMIN_KEY, TestServer, own_post};
use crate::parcel::{chunk, worthless};
use crate::start::{Served, served};

const POST: &str = "POST /register HTTP/1.1\r\nhost: localhost\r\nx-blinkgate: 1\r\ncontent-type: application/json\r\n";

fn connect(server: &Served) -> TcpStream {
    let stream = TcpStream::connect(("127.0.0.1", server.port)).unwrap();
    // Only so that a failed test ends; longer than any limit of the server.
    stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    stream
}

/// Sends all of it, or as much as the server accepts, and returns the first line of the response.
fn status_line(mut stream: TcpStream, parts: impl Iterator<Item = Vec<u8>>) -> String {
    for part in parts {
        if stream.write_all(&part).is_err() {
            break;
        }
    }
    first_line(&mut stream)
}

fn first_line(stream: &mut TcpStream) -> String {
    let mut answer = Vec::new();
    let mut byte = [0];
    while !answer.ends_with(b"\r\n") {
        match stream.read(&mut byte) {
            Ok(1) => answer.push(byte[0]),
            Ok(_) => break,
            Err(error) if error.kind() == ErrorKind::ConnectionReset => break,
            Err(error) => panic!("neither an answer nor an end: {error}"),
        }
    }
    String::from_utf8(answer).unwrap()
}

#[cfg(target_os = "linux")]
fn resident_kb(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

#[cfg(target_os = "linux")]
#[test]
fn sr_27_large_endless_and_slow_bodies_are_refused_without_taking_memory() {
    let server = served();
    let before = resident_kb(server.pid());
    let mib = || vec![b'x'; 1 << 20];
    // Meanwhile, others run into their limits: one byte now and then, endless headers, and silence.
    let dripping: Vec<_> =
        ["content-length: 4000\r\n\r\n", "x-slow: ", ""].map(|rest| connect_and_drip(&server, rest)).into();
    let together: Vec<_> = (0..200)
        .map(|n| {
            let stream = connect(&server);
            std::thread::spawn(move || match n % 2 {
                0 => {
                    let head = format!("{POST}content-length: 104857600\r\n\r\n").into_bytes();
                    status_line(stream, std::iter::once(head).chain((0..100).map(|_| mib())))
                }
                _ => {
                    let head = format!("{POST}transfer-encoding: chunked\r\n\r\n").into_bytes();
                    let endless = (0..100).map(|_| [b"100000\r\n".to_vec(), mib(), b"\r\n".to_vec()].concat());
                    status_line(stream, std::iter::once(head).chain(endless))
                }
            })
        })
        .collect();
    for sent in together {
        let line = sent.join().unwrap();
        // A client that keeps sending may find the connection closed before it reads why.
        assert!(line.is_empty() || line.starts_with("HTTP/1.1 413 "), "{line}");
    }
    let grown = resident_kb(server.pid()).saturating_sub(before);
    assert!(grown < 32 * 1024, "{grown} kB more");
    let ends: Vec<String> = dripping.into_iter().map(|dripping| dripping.join().unwrap()).collect();
    assert!(ends[0].starts_with("HTTP/1.1 408 "), "{ends:?}");
    assert_eq!(ends[1..], ["", ""], "a connection without a request is closed");
    let alive = status_line(connect(&server), std::iter::once(b"GET /health HTTP/1.1\r\nhost: x\r\n\r\n".to_vec()));
    assert!(alive.starts_with("HTTP/1.1 200 "), "{alive}");
}

/// Sends the start of a request and then a byte per second, until the server closes the connection.
fn connect_and_drip(server: &Served, rest: &str) -> std::thread::JoinHandle<String> {
    let mut stream = connect(server);
    let start = if rest.is_empty() { String::new() } else { format!("{POST}{rest}") };
    std::thread::spawn(move || {
        stream.write_all(start.as_bytes()).unwrap();
        let mut writing = stream.try_clone().unwrap();
        let dripping = std::thread::spawn(move || {
            while !start.is_empty() && writing.write_all(b"x").is_ok() {
                std::thread::sleep(Duration::from_secs(1));
            }
        });
        let line = first_line(&mut stream);
        let _ = stream.shutdown(std::net::Shutdown::Both);
        dripping.join().unwrap();
        line
    })
}

#[tokio::test]
async fn sr_27_compressed_bodies_are_refused() {
    let server = TestServer::start().await;
    let cookie = server.open_session("jo@example.com").await;
    let parcel = worthless(&server.challenge(&cookie).await);
    for coding in ["gzip", "br", "identity, gzip", "made-up"] {
        let value = HeaderValue::from_static(coding);
        let mut upload = chunk(&parcel, Some(&cookie), "k1", 0, b"bytes");
        upload.headers_mut().insert(header::CONTENT_ENCODING, value.clone());
        server.send(upload).await.assert_problem(415, "content_encoding");
        let request = own_post("/register", None).header(header::CONTENT_ENCODING, value);
        let request = request.body(Body::from(r#"{"email":"jo@example.com"}"#)).unwrap();
        server.send(request).await.assert_problem(415, "content_encoding");
    }
    assert_eq!(server.number("select count(*) from upload_chunks").await, 0);
    let mut upload = chunk(&parcel, Some(&cookie), "k1", 0, b"bytes");
    upload.headers_mut().insert(header::CONTENT_ENCODING, HeaderValue::from_static("identity"));
    assert_eq!(server.send(upload).await.status, StatusCode::OK);
}

#[tokio::test(flavor = "multi_thread")]
async fn sr_27_connections_beyond_the_most_wait_and_idle_ones_make_room() {
    let server = TestServer::start().await;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let router = server::routes::router(server.app.clone());
    let limits = ConnectionLimits { most: 2, headers: Duration::from_millis(500), buffer: 16 * 1024 };
    let serving = tokio::spawn(connections::serve(listener, router, limits, std::future::pending()));
    let asked = tokio::task::spawn_blocking(move || {
        let open = || TcpStream::connect(address).unwrap();
        // Two silent clients take all connections; the third is served once one of them is dropped.
        let (_first, _second) = (open(), open());
        let mut third = open();
        third.write_all(b"GET /health HTTP/1.1\r\nhost: x\r\n\r\n").unwrap();
        let answered = first_line(&mut third);
        let mut long = open();
        let _ = long.write_all(format!("GET / HTTP/1.1\r\nhost: x\r\nx: {}\r\n\r\n", "y".repeat(20_000)).as_bytes());
        (answered, first_line(&mut long))
    });
    let (answered, too_long) = asked.await.unwrap();
    assert!(answered.starts_with("HTTP/1.1 200 "), "{answered}");
    assert!(too_long.starts_with("HTTP/1.1 431 ") || too_long.is_empty(), "{too_long}");
    serving.abort();
}

/// Paths that scanners try, and URLs that a server might be tricked into opening.
fn harmful(trap: u16) -> Vec<String> {
    let mut texts: Vec<String> = [
        "'",
        "\"",
        "' or '1'='1",
        "1; drop table users--",
        "' union select sql from sqlite_master--",
        "1) or 1=1--",
        "' and randomblob(100000000)--",
        "%27%20or%201=1--",
        "\\",
        "$(id)",
        "../../../etc/passwd",
    ]
    .map(str::to_owned)
    .into();
    texts.push(format!("http://127.0.0.1:{trap}/latest/meta-data"));
    texts.push(format!("jo@[127.0.0.1]:{trap}"));
    texts
}

/// SR-28 and SR-29: field values are only data. Nothing is opened, nothing changes, and no database error is returned.
#[tokio::test]
async fn sr_28_sr_29_what_stands_in_a_field_is_neither_run_nor_opened_nor_answered_with_an_error_of_the_database() {
    let trap = TcpListener::bind("127.0.0.1:0").unwrap();
    trap.set_nonblocking(true).unwrap();
    let server = TestServer::start().await;
    let cookie = server.open_session("jo@example.com").await;
    let parcel = worthless(&server.challenge(&cookie).await);
    let rows = "select (select count(*) from users) * 1000000 + (select count(*) from challenges) * 1000
         + (select count(*) from upload_chunks) + (select count(*) from verification_events)";
    let before = server.number(rows).await;
    for text in harmful(trap.local_addr().unwrap().port()) {
        let quoted: String = url::form_urlencoded::byte_serialize(text.as_bytes()).collect();
        let mut answers = Vec::new();
        for (path, body) in [
            ("/register", json!({ "email": text })),
            ("/verify", json!({ "token": text })),
            ("/api/challenge", json!({ "public_key": text, "consent": text })),
            ("/api/give-up", json!({ "challenge_id": text, "reason": "timeout" })),
            ("/api/give-up", json!({ "challenge_id": parcel.challenge, "reason": text })),
        ] {
            answers.push(server.post(path, Some(&cookie), &body).await);
        }
        for query in ["limit", "before", "after", "cursor", "order", "sort", "status", "email"] {
            for path in ["/admin/events", "/admin/events.csv"] {
                let request = Request::get(format!("{path}?{query}={quoted}")).header("x-admin-key", ADMIN_KEY);
                answers.push(server.send(request.body(Body::empty()).unwrap()).await);
            }
        }
        for path in
            [format!("/api/submission/{quoted}"), format!("/assets/{quoted}"), format!("/verify?token={quoted}")]
        {
            let request = Request::get(path).header(header::COOKIE, &cookie).header("idempotency-key", "k1");
            answers.push(server.send(request.body(Body::empty()).unwrap()).await);
        }
        for (name, value) in
            [("cookie", format!("blinkgate={text}")), ("idempotency-key", text.clone()), ("x-admin-key", text.clone())]
        {
            let mut request = chunk(&parcel, Some(&cookie), "k1", 0, b"bytes");
            request.headers_mut().insert(name, HeaderValue::from_str(&value).unwrap());
            if name != "x-admin-key" {
                answers.push(server.send(request).await);
            }
        }
        for answer in answers {
            assert!(!answer.status.is_server_error(), "{text}: {}", answer.text);
            for word in ["sqlite", "postgres", "sqlx", "syntax", "no such", "table", "near \""] {
                let is_page = answer.header("content-type").starts_with("text/html");
                assert!(is_page || !answer.text.to_lowercase().contains(word), "{text}: {}", answer.text);
            }
        }
    }
    assert_eq!(server.number(rows).await, before, "no row came or went");
    let opened = trap.accept().map(|_| ()).map_err(|error| error.kind());
    assert_eq!(opened, Err(ErrorKind::WouldBlock), "nobody opened the address");
}

#[test]
fn sr_29_every_statement_is_fixed_text() {
    fn look(folder: &Path, found: &mut Vec<PathBuf>) -> usize {
        let mut files = 0;
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                files += look(&path, found);
            } else {
                files += 1;
                let text = std::fs::read_to_string(&path).unwrap();
                if text.contains("AssertSqlSafe") || text.contains("QueryBuilder") {
                    found.push(path);
                }
            }
        }
        files
    }
    let mut found = Vec::new();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let files = look(&folder, &mut found);
    assert!(files > 50, "{files} files were read");
    // `db::listing` assembles its statements from literals only.
    let allowed = ["db/statement.rs"].map(|file| folder.join(file));
    assert_eq!(found, allowed, "sqlx accepts only fixed text unless told otherwise");
}

/// A killed server leaves no workers behind, and its workers had none of its secrets.
#[cfg(target_os = "linux")]
#[test]
fn sr_26_workers_know_no_secrets_and_end_with_a_server_that_is_killed() {
    let mut server = served();
    let workers: Vec<u32> = workers_of(server.pid());
    assert!(!workers.is_empty());
    for worker in &workers {
        assert_eq!(std::fs::read(format!("/proc/{worker}/environ")).unwrap(), b"", "an empty environment");
    }
    server.kill();
    let is_there =
        |worker: &u32| std::fs::read_to_string(format!("/proc/{worker}/cmdline")).is_ok_and(|c| !c.is_empty());
    for _ in 0..600 {
        if !workers.iter().any(is_there) {
            return;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    panic!("workers are still there");
}

#[cfg(target_os = "linux")]
fn workers_of(server: u32) -> Vec<u32> {
    let processes =
        std::fs::read_dir("/proc").unwrap().filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    let parent = |pid: &u32| {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        stat.rsplit_once(") ")?.1.split(' ').nth(1)?.parse::<u32>().ok()
    };
    processes.filter(|pid| parent(pid) == Some(server)).collect()
}
