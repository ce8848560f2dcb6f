//! Captures in every kind of store (files, a bucket, Cloudinary), and stores that fail.

use axum::http::StatusCode;
use serde_json::json;
use server::config::Config;

use crate::helpers::TestServer;
use crate::pixels::Person;
use crate::program::pieces_in;
use crate::stores::Store;

const REFS: [&str; 3] = ["open_capture_ref", "closed_capture_ref", "strip_ref"];

pub fn borrowed<'a>(settings: &'a [(&'static str, String)]) -> Vec<(&'static str, &'a str)> {
    settings.iter().map(|(name, value)| (*name, value.as_str())).collect()
}

fn remote() -> [(&'static str, Store); 2] {
    [("s3", Store::s3()), ("cloudinary", Store::cloudinary())]
}

#[tokio::test]
async fn a_remote_store_keeps_captures_sealed_and_returns_them_to_the_operator() {
    for (place, store) in remote() {
        let settings = store.settings();
        let server = TestServer::with(&borrowed(&settings)).await;
        let person = Person::blinks(&server, "jo@example.com").await;
        let answer = person.submit(&server, "k1").await;
        assert_eq!(answer.json()["status"], "VERIFIED", "{place}: {}", answer.text);
        assert!(!server.data.path().join("captures").exists(), "{place}: nothing is stored on this machine");

        let sent = [&person.evidence.open, &person.evidence.closed, &person.evidence.strip];
        let (event, contents) = (server.events().await.remove(0), store.contents());
        for (name, sent) in REFS.iter().zip(sent) {
            assert_eq!(&server.capture(&event, name).await.bytes, sent, "{place} {name}");
            assert!(contents.contains_key(event[name].as_str().unwrap()), "{place} {name}");
        }
        let user = server.text("select id from users").await;
        let keys: Vec<&String> = contents.keys().filter(|name| name.starts_with("keys/")).collect();
        assert_eq!(keys, ["keys/check", &format!("keys/users/{user}")], "{place}");
        for (name, bytes) in &contents {
            assert_eq!(pieces_in(bytes, &sent), 0, "{place}: a picture is not sealed in {name}");
        }
        assert_eq!(contents.len(), 5, "{place}");

        let viewed = &server.audit().await[0];
        assert_eq!(
            (&viewed["action"], &viewed["details"]["reference"]),
            (&json!("capture_viewed"), &event["strip_ref"])
        );

        let data = [("DATA_DIR", server.data.path().to_str().unwrap()), ("DATABASE_URL", server.database.url())];
        let pairs = [borrowed(&settings).as_slice(), &data].concat();
        let config = Config::from_pairs(pairs).unwrap();
        let bundle = server.data.path().join("bundle");
        server::tools::export_bundle(&config, event["id"].as_str().unwrap(), &bundle).await.unwrap();
        assert_eq!(&std::fs::read(bundle.join("strip.jpg")).unwrap(), sent[2], "{place}");
    }
}

#[tokio::test]
async fn sr_43_a_store_that_is_down_verifies_nobody_costs_nothing_and_loses_nothing() {
    for (place, store) in remote() {
        // Also at the start.
        store.set_up(false);
        let server = TestServer::with(&borrowed(&store.settings())).await;
        let person = Person::blinks(&server, "jo@example.com").await;
        let refused = person.submit(&server, "k1").await;
        refused.assert_problem(503, "unavailable");
        store.set_up(true);
        store.set_up(false);
        server.finish(&person.cookie, "k1", &person.sign()).await.assert_problem(503, "unavailable");
        assert_eq!(server.text("select status from users").await, "PENDING", "{place}");
        assert_eq!(server.session(&person.cookie).await["attempts_left"], 5, "{place}");
        assert!(server.events().await.is_empty() && store.contents().is_empty(), "{place}");

        store.set_up(true);
        let answer = server.finish(&person.cookie, "k1", &person.sign()).await;
        assert_eq!(answer.json()["status"], "VERIFIED", "{place}: {}", answer.text);
        let event = server.events().await.remove(0);
        store.set_up(false);
        server.capture(&event, "strip_ref").await.assert_problem(503, "unavailable");
        store.set_up(true);
        assert_eq!(server.capture(&event, "strip_ref").await.status, StatusCode::OK, "{place}");
    }
}

#[tokio::test]
async fn a_reference_opens_its_own_picture_and_no_other_file() {
    let server = TestServer::start().await;
    let person = Person::blinks(&server, "jo@example.com").await;
    assert_eq!(person.submit(&server, "k1").await.json()["status"], "VERIFIED");
    let event = server.events().await.remove(0);
    let open = event["open_capture_ref"].as_str().unwrap();
    let id = event["id"].as_str().unwrap();
    for other in [
        "keys/admin.key",
        "captures/../keys/capture-master.key",
        "captures/..%2Fkeys%2Fcapture-master.key",
        &format!("captures/2001/{id}-open.jpg"),
        &format!("captures/2026/{id}-open.jpg.part"),
        &open.replace("open", "else"),
        &open.replace(id, "0123456789abcdef0123456789abcdef"),
    ] {
        let answer = server.admin(&format!("/admin/{other}")).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{other}");
    }
    // Write access to the files is not enough to choose what the operator sees.
    let path = |name: &str| server.data.path().join(event[name].as_str().unwrap());
    std::fs::copy(path("closed_capture_ref"), path("open_capture_ref")).unwrap();
    server.capture(&event, "open_capture_ref").await.assert_problem(500, "internal");
    std::fs::write(path("closed_capture_ref"), &person.evidence.open).unwrap();
    server.capture(&event, "closed_capture_ref").await.assert_problem(500, "internal");
    std::fs::remove_file(path("strip_ref")).unwrap();
    server.capture(&event, "strip_ref").await.assert_problem(410, "capture_gone");
}

#[tokio::test]
async fn opening_the_link_again_during_an_upload_restarts_the_upload() {
    let server = TestServer::start().await;
    let token = server.mailed_token("jo@example.com").await;
    let first = server.post("/verify", None, &json!({ "token": token })).await;
    let mut person = Person::at(&server, crate::helpers::cookie_of(&first)).await;
    let submission = person.sign();
    let bytes = submission.bytes();
    server.append(&person.cookie, "k1", &submission, 0, &bytes[..10_000]).await;
    // In another tab of the same browser: the session continues under another cookie.
    let again = server.post("/verify", Some(&person.cookie), &json!({ "token": token })).await;
    person.cookie = crate::helpers::cookie_of(&again);
    for (index, rest) in bytes[10_000..].chunks(test_client::CHUNK).enumerate() {
        let start = 10_000 + index * test_client::CHUNK;
        server.append(&person.cookie, "k1", &submission, start as u64, rest).await;
    }
    server.finish(&person.cookie, "k1", &submission).await.assert_problem(409, "upload_incomplete");
    assert_eq!(server.received(&person.cookie, "k1", &submission).await.json()["received"], 0);
    assert_eq!(server.session(&person.cookie).await["attempts_left"], 5);
    let answer = person.submit(&server, "k1").await;
    assert_eq!(answer.json()["status"], "VERIFIED", "{}", answer.text);
}

#[tokio::test]
async fn servers_with_one_store_share_its_keys_and_one_with_another_master_key_does_not_start() {
    const KEY: &str = "q83vASNFZ4mrze8BI0VniavN7wEjRWeJq83vASNFZ4k=";
    for (place, store) in remote() {
        let settings = store.settings();
        let with = |key: &'static str| [borrowed(&settings).as_slice(), &[("CAPTURE_MASTER_KEY", key)]].concat();
        let first = TestServer::with(&with(KEY)).await;
        assert!(!first.data.path().join("keys/capture-master.key").exists(), "{place}");
        let person = Person::blinks(&first, "jo@example.com").await;
        assert_eq!(person.submit(&first, "k1").await.json()["status"], "VERIFIED");
        let reference = first.text("select strip_ref from verification_events").await;
        let second = TestServer::with(&with(KEY)).await;
        let read = second.app.captures.read(&reference).await.unwrap();
        assert_eq!(read, server::captures::Found::Picture(person.evidence.strip.clone()), "{place}");

        let dir = tempfile::tempdir().unwrap();
        let other = "AAAAASNFZ4mrze8BI0VniavN7wEjRWeJq83vASNFZ4k=";
        let pairs = [with(other).as_slice(), &[("DATA_DIR", dir.path().to_str().unwrap())]].concat();
        let config = Config::from_pairs(pairs).unwrap();
        let scoring = first.app.scoring.clone();
        let error = server::app::AppState::build(&config, config.base_url(1), scoring).await.unwrap_err();
        assert!(format!("{error:#}").contains("another master key"), "{place}: {error:#}");
    }
}

#[cfg(unix)]
mod program_without_postgres {
    //! The same with the real program, on SQLite.

    use super::*;
    use server::db::{Db, LockScope};

    use crate::database::parsed;
    use test_client::{SubmitOutcome, UserClient};

    use crate::program::{KEY, Program, Visit, database_in, is_unavailable, serving};
    #[cfg(target_os = "linux")]
    use crate::small_disk::SmallDisk;

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn the_program_serves_a_whole_verification_with_each_store() {
        let files = (Vec::new(), None);
        let others = remote().map(|(_, store)| (store.settings(), Some(store)));
        for (settings, store) in std::iter::once(files).chain(others) {
            let folder = tempfile::tempdir().unwrap();
            let program = Program::serve(folder.path(), &borrowed(&settings)).await;
            let visit = Visit::begin(&program, &database_in(folder.path()), "jo@example.com").await;
            visit.upload();
            let answer = visit.decision();
            assert_eq!(answer["status"], "VERIFIED", "{answer}");
            let event = program.events().remove(0);
            for (name, sent) in REFS.iter().zip(visit.pictures().map(Vec::clone)) {
                let (status, shown) = program.admin(&format!("/admin/{}", event[name].as_str().unwrap()));
                assert_eq!((status, shown), (200, sent), "{name}");
            }
            let log = String::from_utf8(program.stop()).unwrap();
            assert!(log.contains("sealed") && !log.contains(crate::stores::SECRET), "{log}");
            assert_eq!(store.is_some_and(|store| store.contents().len() == 5), !settings.is_empty());
        }
    }

    #[test]
    fn a_store_that_refuses_access_stops_the_start() {
        for ((place, store), secret) in remote().into_iter().zip(["S3_SECRET_ACCESS_KEY", "CLOUDINARY_API_SECRET"]) {
            let mut settings = store.settings();
            settings.retain(|(name, _)| *name != secret);
            let wrong = [borrowed(&settings).as_slice(), &[(secret, "another-secret")]].concat();
            let folder = tempfile::tempdir().unwrap();
            let output = serving(folder.path(), &wrong).output().unwrap();
            let told = String::from_utf8(output.stderr).unwrap();
            assert_eq!(output.status.code(), Some(1), "{place}: {told}");
            assert!(told.contains("CAPTURE_STORE") && !told.contains("another-secret"), "{place}: {told}");
        }
        let store = Store::s3_without_a_bucket();
        let nowhere = store.settings();
        let folder = tempfile::tempdir().unwrap();
        let told = String::from_utf8(serving(folder.path(), &borrowed(&nowhere)).output().unwrap().stderr).unwrap();
        assert!(told.contains("CAPTURE_STORE") && told.contains("NoSuchBucket"), "{told}");
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn sr_42_a_verified_user_has_all_pictures_however_often_the_server_is_killed() {
        let folder = tempfile::tempdir().unwrap();
        let database = database_in(folder.path());
        let mut program = Program::serve(folder.path(), &[]).await;
        let mut answered = 0;
        for n in 0..10 {
            let mut visit = Visit::begin(&program, &database, &format!("jo{n}@example.com")).await;
            visit.upload();
            let (user, submission) = (visit.user.clone(), visit.signed());
            let asking = std::thread::spawn(move || user.decide(KEY, &submission));
            // From the request for the decision until a while after its response, in steps.
            tokio::time::sleep(std::time::Duration::from_millis(n * 25)).await;
            program.kill();
            let answer = asking.join().unwrap();
            // The lease of the dead server's claim ends.
            let over = "update challenges set lease_until = issued_at where state = 'scoring'";
            let db = Db::open(&parsed(&database)).await.unwrap();
            let mut tx = db.write(LockScope::Nothing).await.unwrap();
            tx.query(over).execute().await.unwrap();
            tx.commit().await.unwrap();
            db.close().await;

            program = Program::serve(folder.path(), &[]).await;
            visit.user.http = program.http.clone();
            let again = visit.decision();
            assert_eq!(again["status"], "VERIFIED", "kill {n}: the same request, {again}");
            if let Ok(SubmitOutcome::Decided(before)) = answer {
                answered += 1;
                assert_eq!(before.body, again, "a decision does not change");
            }
            let events = program.events();
            assert_eq!(events.len(), n as usize + 1, "one event for each user, none lost and none twice");
            for name in REFS {
                let reference = events[0][name].as_str().unwrap();
                assert_eq!(program.admin(&format!("/admin/{reference}")).0, 200, "kill {n}: {name}");
            }
        }
        println!("{answered} of 10 were answered before the kill");
    }

    #[cfg(target_os = "linux")]
    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn sr_43_a_full_disk_verifies_nobody_costs_nothing_and_lets_the_operator_read() {
        let folder = tempfile::tempdir().unwrap();
        let database = format!("sqlite://{}", folder.path().join("blinkgate.db").display());
        let Some(disk) = SmallDisk::serve(folder.path(), "256k", &[("DATABASE_URL", &database)]).await else { return };
        let first = Visit::begin(&disk.program, &database, "ann@example.com").await;
        first.upload();
        assert_eq!(first.decision()["status"], "VERIFIED");

        let visit = Visit::begin(&disk.program, &database, "jo@example.com").await;
        disk.fill();
        visit.upload();
        let outcome = visit.finish();
        assert!(is_unavailable(&outcome), "{outcome:?}");
        let events = disk.program.events();
        assert_eq!((events.len(), &events[0]["email"]), (1, &json!("ann@example.com")));
        let reference = events[0]["open_capture_ref"].as_str().unwrap();
        assert_eq!(disk.program.admin(&format!("/admin/{reference}")).1, first.evidence.open, "reading still works");
        let session = visit.user.session().unwrap();
        assert_eq!((&session["attempts_left"], &session["status"]), (&json!(5), &json!("PENDING")));

        disk.clear();
        assert_eq!(visit.decision()["status"], "VERIFIED", "the same submission succeeds once there is room");
        disk.program.kill();
    }

    /// The same with the database on that disk: whatever cannot be written any more is reported.
    #[cfg(target_os = "linux")]
    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn sr_43_a_full_disk_with_the_database_on_it_verifies_nobody_and_costs_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let database = "sqlite://disk/data/blinkgate.db";
        let Some(disk) = SmallDisk::serve(folder.path(), "12m", &[("DATABASE_URL", database)]).await else { return };
        let visit = Visit::in_time(&disk.program, "jo@example.com").await;
        visit.upload();
        disk.fill();
        let mut refused = 0;
        for n in 0..200 {
            let outcome = visit.finish();
            assert!(is_unavailable(&outcome), "{outcome:?}");
            // The write-ahead log may have some room left in the space it already takes.
            let response = UserClient::new(&disk.program.http, n).register().unwrap();
            let status = response.status;
            if status != 202 {
                assert_eq!((status, response.code().as_deref()), (503, Some("unavailable")));
            }
            refused += u32::from(status == 503);
            if refused == 3 {
                break;
            }
        }
        assert_eq!(refused, 3, "the disk is full in the end");
        assert!(disk.program.events().is_empty(), "reading still works");
        let session = visit.user.session().unwrap();
        assert_eq!((&session["attempts_left"], &session["status"]), (&json!(5), &json!("PENDING")));
        disk.clear();
        // The server may ask for a few retries.
        let mut told = Vec::new();
        while told.len() < 5 {
            match visit.finish() {
                SubmitOutcome::Decided(decision) if decision.verified => break,
                other => told.push(other),
            }
            tokio::time::sleep(std::time::Duration::from_secs(1)).await;
        }
        let log = String::from_utf8_lossy(&disk.program.log()).into_owned();
        assert!(told.len() < 5, "the same submission succeeds once there is room: {told:?}\n{log}");
        disk.program.kill();
    }
}
