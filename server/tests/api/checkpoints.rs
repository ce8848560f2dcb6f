//! Checkpoints that are kept elsewhere, and what `doctor` makes of them.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::State;
use axum::http::{Method, StatusCode};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use server::app::AppState;
use server::audit::{self, Action};
use server::checkpoints::{self, Place};
use server::config::Config;
use server::db::LockScope;
use server::domain::SealingKey;
use server::trail::Checkpoint;
use server::{clock, db};

use crate::helpers::TestServer;
use crate::process::blinkgate;

/// Adds entries to the trail.
async fn grow(server: &TestServer, entries: usize) {
    let mut tx = server.app.db.write(LockScope::Nothing).await.unwrap();
    for _ in 0..entries {
        audit::note(&mut tx, Action::OrphansRemoved, "a test", &json!({}), clock::now_ms()).await.unwrap();
    }
    tx.commit().await.unwrap();
}

async fn send(app: &AppState) -> bool {
    checkpoints::send_due(app.courier().unwrap(), clock::now_ms()).await.unwrap()
}

/// The checkpoints in a folder, oldest first.
fn kept_in(folder: &Path, server: &TestServer) -> Vec<Checkpoint> {
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).collect();
    files.sort();
    let read =
        |path| Checkpoint::parse(&std::fs::read_to_string(path).unwrap(), &server.app.trail_key.public()).unwrap();
    files.into_iter().map(read).collect()
}

/// Somebody who keeps what is posted, and shows all of it.
#[derive(Clone, Default)]
struct Keeper {
    kept: Arc<Mutex<Vec<String>>>,
    /// The status of the next answers.
    refuses: Arc<Mutex<Option<StatusCode>>>,
}

impl Keeper {
    async fn start(&self) -> SocketAddr {
        let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let service = Router::new().fallback(keep).with_state(self.clone());
        tokio::spawn(async move { axum::serve(listener, service).await.unwrap() });
        address
    }
}

async fn keep(State(keeper): State<Keeper>, method: Method, body: String) -> (StatusCode, String) {
    if let Some(status) = *keeper.refuses.lock().unwrap() {
        return (status, String::new());
    }
    let mut kept = keeper.kept.lock().unwrap();
    if method == Method::POST {
        kept.push(body);
    }
    (StatusCode::OK, kept.concat())
}

/// What `doctor` says about checkpoints: health and text of each finding.
async fn doctor(server: &TestServer, settings: &[(&str, &str)]) -> Vec<(String, String)> {
    let folder = server.data.path();
    let mut all = vec![
        ("DATABASE_URL", server.database.url()),
        ("DATA_DIR", folder.to_str().unwrap()),
        ("PORT", "0"),
        ("APP_BASE_URL", crate::helpers::BASE_URL),
        ("ENGINE_RUNTIME", "compact"),
    ];
    all.extend_from_slice(settings);
    let mut command = blinkgate(folder, &all);
    command.args(["doctor", "--json"]);
    // This thread has to go on: whoever keeps checkpoints answers on it.
    let output = tokio::process::Command::from(command).output().await.unwrap();
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let findings = report["findings"].as_array().unwrap();
    let text = |finding: &Value, name: &str| finding[name].as_str().unwrap().to_owned();
    findings
        .iter()
        .filter(|finding| finding["part"] == "checkpoints")
        .map(|finding| (text(finding, "health"), text(finding, "seen")))
        .collect()
}

#[tokio::test]
async fn a_checkpoint_is_sent_once_a_day_and_after_so_many_entries() {
    let folder = tempfile::tempdir().unwrap();
    let to = format!("file://{}", folder.path().join("kept").display());
    let settings = [("CHECKPOINTS_TO", to.as_str()), ("CHECKPOINTS_EVERY_ENTRIES", "5")];
    let server = TestServer::with(&settings).await;
    grow(&server, 2).await;
    let kept = || kept_in(&folder.path().join("kept"), &server);
    assert!(send(&server.app).await && !send(&server.app).await, "the first one at once, and no second one");
    let head = db::trail::head(&mut server.app.db.read().await.unwrap()).await.unwrap();
    assert_eq!(kept(), [Checkpoint { number: 2, hash: head.hash }]);
    grow(&server, 4).await;
    assert!(!send(&server.app).await);
    grow(&server, 1).await;
    assert!(send(&server.app).await && !send(&server.app).await);
    server.execute("update sent_checkpoints set sent_at = sent_at - 86400000").await;
    assert!(send(&server.app).await && !send(&server.app).await);
    let numbers: Vec<i64> = kept().iter().map(|checkpoint| checkpoint.number).collect();
    assert_eq!(numbers, [2, 7, 7]);
    // The same setting at another server means the same place.
    let other = server.beside(&settings).await;
    assert!(!send(&other.app).await);
}

#[tokio::test]
async fn of_several_servers_one_sends() {
    let folder = tempfile::tempdir().unwrap();
    let to = format!("file://{}", folder.path().display());
    let settings = [("CHECKPOINTS_TO", to.as_str())];
    let server = TestServer::with(&settings).await;
    let others = [server.beside(&settings).await, server.beside(&settings).await];
    let tries = [&server, &others[0], &others[1], &server, &others[0]].map(|server| send(&server.app));
    let sent = crate::helpers::join_all(tries.into_iter().collect()).await;
    assert_eq!(sent.into_iter().filter(|sent| *sent).count(), 1);
    assert_eq!(kept_in(folder.path(), &server).len(), 1);
}

#[tokio::test]
async fn a_failure_is_a_warning_and_is_tried_again_after_a_pause() {
    server::metrics::begin();
    let keeper = Keeper::default();
    let to = format!("http://{}/?token=hunter2", keeper.start().await);
    let settings = [("CHECKPOINTS_TO", to.as_str()), ("CHECKPOINTS_ALLOW_PRIVATE", "true")];
    let server = TestServer::with(&settings).await;
    grow(&server, 3).await;
    *keeper.refuses.lock().unwrap() = Some(StatusCode::INTERNAL_SERVER_ERROR);
    assert!(!send(&server.app).await && !send(&server.app).await);
    assert_eq!(server.number("select failures from sent_checkpoints").await, 1, "the second try came too early");
    let ready = server.get("/ready").await;
    assert_eq!((ready.status, &ready.json()["parts"]["checkpoints"]), (StatusCode::OK, &json!("late")));
    server.execute("update sent_checkpoints set failed_at = failed_at - 120000").await;
    assert!(!send(&server.app).await);
    let seen = doctor(&server, &settings).await;
    assert_eq!(seen[0].0, "doubtful");
    assert!(seen[0].1.contains("2 tries") && seen[1].1.contains("cannot be read"), "{seen:?}");
    assert!(seen.iter().all(|(_, seen)| !seen.contains("hunter2")), "{seen:?}");

    *keeper.refuses.lock().unwrap() = None;
    server.execute("update sent_checkpoints set failed_at = failed_at - 240000").await;
    assert!(send(&server.app).await);
    server.app.readiness.lock().await.take();
    assert_eq!(server.get("/ready").await.json()["parts"]["checkpoints"], "ok");
    let metrics = server.admin("/metrics").await.text;
    for outcome in ["sent", "failed"] {
        assert!(metrics.contains(&format!("liveness_checkpoints_total{{outcome=\"{outcome}\"}}")), "{metrics}");
    }
    assert!(!crate::helpers::LOG.text().contains("hunter2"));
    let seen = doctor(&server, &settings).await;
    assert!(seen.len() == 1 && seen[0].0 == "ok" && seen[0].1.starts_with("1 in 127.0.0.1 agree"), "{seen:?}");
}

#[tokio::test]
async fn doctor_names_the_checkpoints_that_contradict_the_trail() {
    let keeper = Keeper::default();
    let address = format!("http://{}/", keeper.start().await);
    let folder = tempfile::tempdir().unwrap();
    let by_file = format!("file://{}", folder.path().display());
    for to in [by_file.as_str(), &address] {
        let settings =
            [("CHECKPOINTS_TO", to), ("CHECKPOINTS_ALLOW_PRIVATE", "true"), ("CHECKPOINTS_EVERY_ENTRIES", "3")];
        let server = TestServer::with(&settings).await;
        assert_eq!(doctor(&server, &settings).await[0].0, "ok", "none is there yet");
        for _ in 0..3 {
            grow(&server, 3).await;
            assert!(send(&server.app).await);
        }
        let seen = doctor(&server, &settings).await;
        assert!(seen.len() == 1 && seen[0].0 == "ok" && seen[0].1.starts_with("3 in "), "{seen:?}");

        // One entry is rewritten, and the end is cut off.
        server.execute("update trail_entries set hash = digest where number = 6").await;
        server.execute("delete from trail_entries where number = 9").await;
        server.execute("update trail_head set number = 8").await;
        let seen = doctor(&server, &settings).await;
        assert_eq!(seen[0].0, "wrong", "{seen:?}");
        assert!(seen[0].1.contains("entry 6 has another hash") && seen[0].1.contains("counts 9 entries"), "{seen:?}");
        let name = if to == address { "checkpoint 2 at the address" } else { "-6.txt" };
        assert!(seen[0].1.contains(name) && !seen[0].1.contains("entry 3 "), "{seen:?}");

        // Whoever keeps them is not to be believed either.
        server.execute("delete from trail_entries").await;
        server.execute("update trail_head set number = 0, hash = ''").await;
        keeper.kept.lock().unwrap().retain(|_| false);
        keeper.kept.lock().unwrap().push("hello\n".to_owned());
        let files = std::fs::read_dir(folder.path()).unwrap();
        files.for_each(|file| std::fs::write(file.unwrap().path(), "hello\n").unwrap());
        let seen = doctor(&server, &settings).await;
        assert!(seen.iter().all(|(health, _)| health == "doubtful"), "{seen:?}");
        assert!(seen[0].1.contains("this is not a checkpoint") && seen[1].1.contains("lacks the latest"), "{seen:?}");
        keeper.kept.lock().unwrap().clear();
    }
}

#[tokio::test]
async fn a_checkpoint_that_was_mailed_can_be_verified() {
    let server = TestServer::with(&[("CHECKPOINTS_TO", "mailto:auditor@example.org")]).await;
    grow(&server, 1).await;
    assert!(send(&server.app).await);
    let mail = server.mails().await.remove(0);
    assert!(mail.contains("To: auditor@example.org\r\n") && mail.contains("Subject: Checkpoint of the audit trail"));
    let note = text_of(&mail);
    let read = Checkpoint::parse(&note, &server.app.trail_key.public());
    assert_eq!(read.map(|checkpoint| checkpoint.number), Ok(1), "{mail}");
    assert!(!server.text("select place from sent_checkpoints").await.contains("auditor"), "nobody is named");
}

/// The text of a mail, decoded.
fn text_of(mail: &str) -> String {
    let part = mail.split("Content-Type: text/plain").nth(1).unwrap();
    let (headers, rest) = part.split_once("\r\n\r\n").unwrap();
    let (body, _) = rest.split_once("\r\n--").unwrap();
    let bytes = if headers.contains("base64") {
        STANDARD.decode(body.split_whitespace().collect::<String>()).unwrap()
    } else {
        assert!(headers.contains("quoted-printable"), "{headers}");
        let mut bytes = Vec::new();
        let joined = body.replace("=\r\n", "");
        let mut rest = joined.as_bytes();
        while let Some((first, after)) = rest.split_first() {
            if *first == b'=' {
                bytes.push(u8::from_str_radix(std::str::from_utf8(&after[..2]).unwrap(), 16).unwrap());
                rest = &after[2..];
            } else {
                bytes.push(*first);
                rest = after;
            }
        }
        bytes
    };
    String::from_utf8(bytes).unwrap().replace("\r\n", "\n")
}

#[tokio::test]
async fn private_addresses_are_refused_as_for_webhooks() {
    let prepared = |to: &str, allow: &str| {
        let config = Config::from_pairs([("CHECKPOINTS_TO", to), ("CHECKPOINTS_ALLOW_PRIVATE", allow)]).unwrap();
        Place::new(config.checkpoints.as_ref().unwrap(), &SealingKey::generate())
    };
    let refused = prepared("https://10.0.0.1/trail", "false").unwrap_err().to_string();
    assert!(refused.contains("CHECKPOINTS_ALLOW_PRIVATE"), "{refused}");
    assert!(prepared("https://10.0.0.1/trail", "true").is_ok());
    // A name that leads to such an address is refused when it is used.
    let keeper = Keeper::default();
    let port = keeper.start().await.port();
    let to = format!("https://localhost:{port}/");
    let server = TestServer::with(&[("CHECKPOINTS_TO", &to)]).await;
    assert!(!send(&server.app).await);
    let error = prepared(&to, "false").unwrap().kept().await.unwrap_err();
    assert!(format!("{error:#}").contains("private"), "{error:#}");
}
