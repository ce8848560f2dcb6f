//! Hostile input: slow and compressed requests, too many connections, and harmful text in every field.

use std::io::{ErrorKind, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use axum::body::Body;
use axum::http::{HeaderValue, Request, StatusCode, header};
use serde_json::json;
use server::connections::{self, ConnectionLimits};

use crate::helpers::{ADMIN_KEY, TestServer, own_post};
use crate::raw_http::{POST, connect, first_line};
use crate::submit_steps::{chunk, worthless};

/// The same limits as in production, only shorter.
#[tokio::test(flavor = "multi_thread")]
async fn sr_27_slow_bodies_and_headers_are_cut_off() {
    const LIMIT: Duration = Duration::from_secs(1);
    let server = TestServer::changed(&[], |app| app.limits.body_timeout = LIMIT).await;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let (router, proxies) = (server::routes::router(server.app.clone()), server.app.trusted_proxies.clone());
    let limits = ConnectionLimits { headers: LIMIT, ..ConnectionLimits::USUAL };
    let serving = tokio::spawn(connections::serve(listener, router, limits, proxies, std::future::pending()));
    let start = Instant::now();
    // A body that comes byte by byte, headers that never end, and nothing at all.
    let dripping = ["content-length: 4000\r\n\r\n", "x-slow: ", ""].map(|rest| connect_and_drip(port, rest));
    let ends = tokio::task::spawn_blocking(|| dripping.map(|dripping| dripping.join().unwrap())).await.unwrap();
    for (end, after) in &ends {
        assert!(*after >= start + LIMIT, "{end}: cut off after {:?}", *after - start);
    }
    let [(body, _), (headers, _), (nothing, _)] = ends;
    assert!(body.starts_with("HTTP/1.1 408 "), "{body}");
    assert_eq!([headers.as_str(), nothing.as_str()], ["", ""], "a connection without a request is closed");
    serving.abort();
}

/// Sends the start of a request and then a byte ten times a second, until the server answers or closes the connection. Returns
/// the first line of the response and when it came.
fn connect_and_drip(port: u16, rest: &str) -> JoinHandle<(String, Instant)> {
    let mut stream = connect(port);
    let start = if rest.is_empty() { String::new() } else { format!("{POST}{rest}") };
    std::thread::spawn(move || {
        stream.write_all(start.as_bytes()).unwrap();
        let mut writing = stream.try_clone().unwrap();
        let dripping = std::thread::spawn(move || {
            while !start.is_empty() && writing.write_all(b"x").is_ok() {
                std::thread::sleep(Duration::from_millis(100));
            }
        });
        let line = first_line(&mut stream);
        let ended = Instant::now();
        let _ = stream.shutdown(Shutdown::Both);
        dripping.join().unwrap();
        (line, ended)
    })
}

#[tokio::test]
async fn sr_27_headers_may_take_20_seconds_and_bodies_25() {
    let server = TestServer::start().await;
    assert_eq!(ConnectionLimits::USUAL.headers, Duration::from_secs(20));
    assert_eq!(server.app.limits.body_timeout, Duration::from_secs(25));
}

#[tokio::test]
async fn sr_27_compressed_bodies_are_refused() {
    let server = TestServer::start().await;
    let cookie = server.open_session("jo@example.com").await;
    let submission = worthless(&server.challenge(&cookie).await);
    for coding in ["gzip", "br", "identity, gzip", "made-up"] {
        let value = HeaderValue::from_static(coding);
        let mut upload = chunk(&submission, Some(&cookie), "k1", 0, b"bytes");
        upload.headers_mut().insert(header::CONTENT_ENCODING, value.clone());
        server.send(upload).await.assert_problem(415, "content_encoding");
        let request = own_post("/register", None).header(header::CONTENT_ENCODING, value);
        let request = request.body(Body::from(r#"{"email":"jo@example.com"}"#)).unwrap();
        server.send(request).await.assert_problem(415, "content_encoding");
    }
    assert_eq!(server.number("select count(*) from upload_chunks").await, 0);
    let mut upload = chunk(&submission, Some(&cookie), "k1", 0, b"bytes");
    upload.headers_mut().insert(header::CONTENT_ENCODING, HeaderValue::from_static("identity"));
    assert_eq!(server.send(upload).await.status, StatusCode::OK);
}

#[tokio::test(flavor = "multi_thread")]
async fn sr_27_headers_larger_than_the_buffer_are_refused() {
    let server = TestServer::start().await;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let limits = ConnectionLimits { buffer: 16 * 1024, ..ConnectionLimits::USUAL };
    let (router, proxies) = (server::routes::router(server.app.clone()), server.app.trusted_proxies.clone());
    let serving = tokio::spawn(connections::serve(listener, router, limits, proxies, std::future::pending()));
    let asked = tokio::task::spawn_blocking(move || {
        let mut long = TcpStream::connect(address).unwrap();
        let _ = long.write_all(format!("GET / HTTP/1.1\r\nhost: x\r\nx: {}\r\n\r\n", "y".repeat(20_000)).as_bytes());
        first_line(&mut long)
    });
    let too_long = asked.await.unwrap();
    assert!(too_long.starts_with("HTTP/1.1 431 ") || too_long.is_empty(), "{too_long}");
    serving.abort();
}

/// What scanners try, and URLs that a server might be tricked into opening.
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

/// SR-28 and SR-29: the content of a field is data. Nothing is opened, no row changes, and no response contains a database
/// error.
#[tokio::test]
async fn sr_28_sr_29_the_content_of_a_field_is_never_run_opened_or_answered_with_a_database_error() {
    let trap = TcpListener::bind("127.0.0.1:0").unwrap();
    trap.set_nonblocking(true).unwrap();
    let server = TestServer::start().await;
    let cookie = server.open_session("jo@example.com").await;
    let submission = worthless(&server.challenge(&cookie).await);
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
            ("/api/give-up", json!({ "challenge_id": submission.challenge, "reason": text })),
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
            let mut request = chunk(&submission, Some(&cookie), "k1", 0, b"bytes");
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
    assert_eq!(server.number(rows).await, before, "no row was added or removed");
    let opened = trap.accept().map(|_| ()).map_err(|error| error.kind());
    assert_eq!(opened, Err(ErrorKind::WouldBlock), "the URL was not opened");
}
