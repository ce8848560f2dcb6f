//! Mails by SMTP, to a test mail server over a real socket.

use std::sync::{Arc, Mutex};

use axum::http::StatusCode;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

use crate::helpers::{TestServer, token_in};

/// What the mail server received: commands and mails.
#[derive(Default)]
pub struct Heard {
    pub commands: Vec<String>,
    pub mails: Vec<String>,
}

/// A mail server that answers `RCPT` with `rcpt_answer`.
pub async fn mail_server(rcpt_answer: &'static str) -> (u16, Arc<Mutex<Heard>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let heard = Arc::new(Mutex::new(Heard::default()));
    let shared = Arc::clone(&heard);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let shared = Arc::clone(&shared);
            // A client that disconnects ends its session, not the server.
            tokio::spawn(async move { talk(stream, &shared, rcpt_answer).await });
        }
    });
    (port, heard)
}

async fn talk(stream: TcpStream, heard: &Mutex<Heard>, rcpt_answer: &str) -> std::io::Result<()> {
    let (reader, mut writer) = stream.into_split();
    let mut lines = BufReader::new(reader).lines();
    writer.write_all(b"220 mail.test ESMTP\r\n").await?;
    while let Some(line) = lines.next_line().await? {
        heard.lock().unwrap().commands.push(line.clone());
        let verb: String = line.chars().take(4).collect::<String>().to_uppercase();
        let answer = match verb.as_str() {
            "EHLO" => "250-mail.test\r\n250-AUTH PLAIN\r\n250 8BITMIME",
            "AUTH" => "235 welcome",
            "RCPT" => rcpt_answer,
            "DATA" => {
                writer.write_all(b"354 go on\r\n").await?;
                let mut mail = String::new();
                while let Some(line) = lines.next_line().await? {
                    if line == "." {
                        break;
                    }
                    mail.push_str(&line);
                    mail.push_str("\r\n");
                }
                heard.lock().unwrap().mails.push(mail);
                "250 taken"
            }
            "QUIT" => "221 bye",
            _ => "250 ok",
        };
        writer.write_all(format!("{answer}\r\n").as_bytes()).await?;
    }
    Ok(())
}

async fn server_with_mail(port: u16, settings: &[(&str, &str)]) -> TestServer {
    let port = port.to_string();
    let mut all = vec![
        ("MAIL_SERVER", "127.0.0.1"),
        ("MAIL_PORT", port.as_str()),
        ("MAIL_SECURITY", "none"),
        ("MAIL_SENDER", "Blinkgate <noreply@example.com>"),
    ];
    all.extend_from_slice(settings);
    TestServer::with(&all).await
}

#[tokio::test]
async fn a_mail_leaves_by_smtp_and_its_link_works() {
    let (port, heard) = mail_server("250 ok").await;
    let login = [("MAIL_USERNAME", "jo"), ("MAIL_PASSWORD", "hunter2")];
    let server = server_with_mail(port, &login).await;
    server.register("jo@example.org").await;
    server::mail::deliver_due(&server.app.outbox()).await.unwrap();
    let (commands, mails) = {
        let heard = heard.lock().unwrap();
        (heard.commands.join("\n"), heard.mails.clone())
    };
    assert!(commands.contains("MAIL FROM:<noreply@example.com>") && commands.contains("RCPT TO:<jo@example.org>"));
    assert!(commands.contains("AUTH PLAIN "), "{commands}");
    assert_eq!(mails.len(), 1);
    assert!(mails[0].contains("Auto-Submitted: auto-generated\r\n") && mails[0].contains("text/html"));
    assert!(!server.data.path().join("outbox").exists(), "no file is written");
    let token = token_in(&mails[0]);
    let answer = server.post("/verify", None, &serde_json::json!({ "token": token })).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    assert_eq!(server.number("select count(*) from mail_outbox where sent_at is not null").await, 1);
}

#[tokio::test]
async fn a_temporary_refusal_is_retried_and_a_permanent_one_is_not() {
    let cases = [("451 greylisted, come back", 0, 1), ("550 no such mailbox", 1, 0)];
    for (rcpt_answer, given_up, waiting) in cases {
        let (port, heard) = mail_server(rcpt_answer).await;
        let server = server_with_mail(port, &[]).await;
        server.register("jo@example.org").await;
        server::mail::deliver_due(&server.app.outbox()).await.unwrap();
        assert!(heard.lock().unwrap().mails.is_empty());
        let count = server.number("select count(*) from mail_outbox where given_up_at is not null").await;
        assert_eq!(count, given_up, "{rcpt_answer}");
        let open = "select count(*) from mail_outbox where given_up_at is null and sent_at is null and tries = 1";
        assert_eq!(server.number(open).await, waiting, "{rcpt_answer}");
        assert!(!server.text("select last_error from mail_outbox").await.is_empty());
    }
}

#[tokio::test]
async fn an_unreachable_mail_server_delays_the_mail_and_nothing_else() {
    let gone = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port();
    let server = server_with_mail(gone, &[]).await;
    assert_eq!(server.register("jo@example.org").await.status, StatusCode::ACCEPTED);
    let next = server::mail::deliver_due(&server.app.outbox()).await.unwrap();
    assert!(next.unwrap() > server::clock::now_ms());
}

#[tokio::test]
async fn nothing_is_sent_without_tls_if_tls_is_required() {
    let (port, heard) = mail_server("250 ok").await;
    let login = [("MAIL_SECURITY", "starttls"), ("MAIL_USERNAME", "jo"), ("MAIL_PASSWORD", "hunter2")];
    let server = server_with_mail(port, &login).await;
    server.register("jo@example.org").await;
    server::mail::deliver_due(&server.app.outbox()).await.unwrap();
    let heard = heard.lock().unwrap();
    assert!(heard.mails.is_empty(), "{:?}", heard.commands);
    assert!(!heard.commands.iter().any(|line| line.starts_with("AUTH") || line.starts_with("MAIL")));
}

#[tokio::test]
async fn a_mail_server_that_hangs_up_or_says_nothing_delays_the_mail() {
    for says_nothing in [true, false] {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move {
            let mut held = Vec::new();
            while let Ok((stream, _)) = listener.accept().await {
                if says_nothing {
                    held.push(stream);
                }
            }
        });
        let server = server_with_mail(port, &[("MAIL_TIMEOUT_SECONDS", "1")]).await;
        server.register("jo@example.org").await;
        server::mail::deliver_due(&server.app.outbox()).await.unwrap();
        let waiting = "select count(*) from mail_outbox where given_up_at is null and sent_at is null and tries = 1";
        assert_eq!(server.number(waiting).await, 1, "says nothing: {says_nothing}");
    }
}
