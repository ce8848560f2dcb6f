//! Erasure of a user, and what an older backup brings back.

use std::path::Path;
use std::sync::Arc;

use axum::http::StatusCode;
use serde_json::{Value, json};
use server::captures::Found;
use server::clock;
use server::db::retention_queries;
use server::domain::{EmailAddress, UserId};
use server::erasure::{erase, find, repeat};
use tempfile::TempDir;

use crate::captures::borrowed;
use crate::database::TestDatabase;
use crate::helpers::{TestServer, join_all};
use crate::pixels::Person;
use crate::stores::Store;

async fn verified(server: &TestServer, email: &str) {
    let person = Person::blinks(server, email).await;
    let answer = person.submit(server, "k1").await;
    assert_eq!(answer.json()["status"], "VERIFIED", "{answer:?}", answer = answer.text);
}

async fn erased(server: &TestServer, email: &str) {
    let found = find(&server.app.db, &EmailAddress::parse(email).unwrap()).await.unwrap();
    assert_eq!(found.len(), 1);
    for (user, _) in found {
        erase(&server.app.eraser(), &user, "a test", clock::now_ms()).await.unwrap();
    }
}

#[tokio::test]
async fn an_erased_user_leaves_a_pseudonym_an_outcome_and_an_audit_entry() {
    for store in [None, Some(Store::s3()), Some(Store::cloudinary())] {
        let place = store.as_ref().map(Store::settings).unwrap_or_default();
        let server = TestServer::with(&borrowed(&place)).await;
        verified(&server, "jo@example.com").await;
        verified(&server, "ann@example.com").await;
        let jo = UserId::from_client(&server.text("select id from users where email = 'jo@example.com'").await);
        let events = server.events().await;
        let of = |email: &str| events.iter().find(|event| event["email"] == email).unwrap().clone();
        let (of_jo, of_ann) = (of("jo@example.com"), of("ann@example.com"));

        erased(&server, "JO@example.com").await;
        server.capture(&of_jo, "open_capture_ref").await.assert_problem(410, "capture_gone");
        assert_eq!(server.capture(&of_ann, "open_capture_ref").await.status, StatusCode::OK);
        for reference in ["open_capture_ref", "closed_capture_ref", "strip_ref"] {
            let read = server.app.captures.read(of_jo[reference].as_str().unwrap()).await.unwrap();
            assert_eq!(read, Found::Nothing, "{reference}");
        }
        assert_eq!(server.app.captures.erased().await.unwrap(), std::slice::from_ref(&jo));
        if let Some(store) = &store {
            assert!(!store.contents().contains_key(&format!("keys/users/{jo}")));
        }
        for (table, rows) in server.contents().await {
            let about_jo = rows.iter().filter(|row| row.contains("jo@example.com")).count();
            assert_eq!(about_jo, 0, "{table}");
            let by_id = rows.iter().filter(|row| row.contains(jo.as_str())).count();
            let known = usize::from(["verification_events", "erased_users"].contains(&table.as_str()));
            assert_eq!(by_id, known, "{table}");
        }
        let events = server.events().await;
        let event = events.iter().find(|event| event["id"] == of_jo["id"]).unwrap();
        assert_eq!(event["email"], format!("erased-{jo}"));
        for same in ["status", "reason", "created_at", "attempt", "thresholds", "open_captured"] {
            assert_eq!(event[same], of_jo[same], "{same}");
        }
        assert_eq!(event["details"], json!({ "erased": true }), "no figures of the eyes are kept");
        let signed = server.number("select count(*) from verification_events where transcript is not null").await;
        assert_eq!(signed, 1, "only Ann's");

        let entries = server.audit().await;
        let entry = entries.iter().find(|entry| entry["action"] == "user_erased").unwrap();
        assert_eq!(entry["actor"], "a test");
        let removed = &entry["details"]["removed"];
        assert_eq!((&removed["attempts"], &removed["attempts_with_captures"]), (&json!(1), &json!(1)));
        assert!(!entry.to_string().contains("jo@"), "{entry}");

        // The address can be registered again, as an unknown user.
        verified(&server, "jo@example.com").await;
        assert_eq!(server.number("select count(*) from users where status = 'VERIFIED'").await, 2);
    }
}

#[tokio::test]
async fn an_interrupted_erasure_continues_where_it_stopped() {
    let store = Store::s3();
    let server = TestServer::with(&borrowed(&store.settings())).await;
    verified(&server, "jo@example.com").await;
    store.set_up(false);
    let (user, _) = find(&server.app.db, &EmailAddress::parse("jo@example.com").unwrap()).await.unwrap().remove(0);
    assert!(erase(&server.app.eraser(), &user, "a test", clock::now_ms()).await.is_err());
    assert_eq!(server.number("select count(*) from users").await, 1, "the address is needed to continue");
    store.set_up(true);
    // The process died after it had removed the key.
    server.app.captures.erase_key(&user.id).await.unwrap();
    assert_eq!(repeat(&server.app.eraser(), clock::now_ms()).await.unwrap(), 1);
    assert_eq!(server.number("select count(*) from users").await, 0);
    assert_eq!(repeat(&server.app.eraser(), clock::now_ms()).await.unwrap(), 0);
    assert!(server.app.captures.list().await.unwrap().is_empty());
}

#[tokio::test]
async fn a_user_erased_while_an_attempt_is_decided_is_erased_completely() {
    let server = TestServer::start().await;
    let person = Person::blinks(&server, "jo@example.com").await;
    let submission = person.sign();
    server.upload(&person.cookie, "k1", &submission).await;
    let deciding = server.finish(&person.cookie, "k1", &submission);
    let erasing = async {
        while server.text("select state from challenges").await != "scoring" {
            tokio::time::sleep(std::time::Duration::from_millis(2)).await;
        }
        erased(&server, "jo@example.com").await;
    };
    let (answer, ()) = tokio::join!(deciding, erasing);
    answer.assert_problem(404, "challenge_unknown");
    assert_eq!(server.number("select count(*) from users").await, 0);
    assert!(server.events().await.is_empty());
    repeat(&server.app.eraser(), clock::now_ms()).await.unwrap();
    assert!(server.app.captures.list().await.unwrap().is_empty());
    let keys = std::fs::read_dir(server.data.path().join("keys/users")).unwrap().count();
    assert_eq!(keys, 0, "no key was created for the erased user");
}

/// Copies a folder and its contents.
pub fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap().map(Result::unwrap) {
        let to = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &to);
        } else {
            std::fs::copy(entry.path(), to).unwrap();
        }
    }
}

mod without_postgres {
    //! Backups of an SQLite file.

    use super::*;

    /// A server on SQLite in this folder, even if TEST_DATABASE_URL is set: the test copies files.
    async fn on_file(data: TempDir) -> TestServer {
        let database = TestDatabase::sqlite(&data.path().join("blinkgate.db"));
        TestServer::on(Arc::new(data), Arc::new(database), &[], |_| {}).await
    }

    /// Copies as docs/captures.md says: the database first, then the captures, and never the keys.
    async fn back_up(server: &TestServer, to: &Path) {
        let into: &'static str = format!("vacuum into '{}'", to.join("blinkgate.db").display()).leak();
        server.app.db.read().await.unwrap().query(into).execute().await.unwrap();
        copy(&server.data.path().join("captures"), &to.join("captures"));
    }

    #[tokio::test]
    async fn sr_37_after_an_erasure_an_older_backup_shows_no_capture_of_the_user() {
        let server = on_file(tempfile::tempdir().unwrap()).await;
        verified(&server, "jo@example.com").await;
        verified(&server, "ann@example.com").await;
        let events = server.events().await;
        let of = |email: &str| events.iter().find(|event| event["email"] == email).unwrap().clone();
        let (of_jo, of_ann) = (of("jo@example.com"), of("ann@example.com"));
        let backup = tempfile::tempdir().unwrap();
        back_up(&server, backup.path()).await;
        copy(&server.data.path().join("keys"), &backup.path().join("keys-of-then"));
        erased(&server, "jo@example.com").await;

        // The backup replaces the database and the captures.
        server.app.db.close().await;
        let data = server.data.path();
        std::fs::remove_file(data.join("blinkgate.db")).unwrap();
        std::fs::copy(backup.path().join("blinkgate.db"), data.join("blinkgate.db")).unwrap();
        copy(&backup.path().join("captures"), &data.join("captures"));
        let server = server.restarted().await;
        assert_eq!(server.number("select count(*) from users where email = 'jo@example.com'").await, 1, "it is back");
        for reference in ["open_capture_ref", "closed_capture_ref", "strip_ref"] {
            assert!(server.data.path().join(of_jo[reference].as_str().unwrap()).exists(), "so are the sealed pictures");
            server.capture(&of_jo, reference).await.assert_problem(410, "capture_gone");
            let read = server.app.captures.read(of_jo[reference].as_str().unwrap()).await.unwrap();
            assert_eq!(read, Found::Erased);
            assert_eq!(
                server.capture(&of_ann, reference).await.status,
                StatusCode::OK,
                "other users' captures can be read"
            );
        }
        // What the server does before it serves, and in each sweep.
        assert_eq!(repeat(&server.app.eraser(), clock::now_ms()).await.unwrap(), 1);
        assert_eq!(server.number("select count(*) from users where email = 'jo@example.com'").await, 0);
        let left = server.app.captures.list().await.unwrap();
        assert!(left.len() == 3 && left.iter().all(|(_, event)| event.as_str() == of_ann["id"].as_str().unwrap()));

        // The keys are restored against the rules, together with the captures; the database still knows about the erasure.
        std::fs::remove_dir_all(server.data.path().join("keys")).unwrap();
        copy(&backup.path().join("keys-of-then"), &server.data.path().join("keys"));
        copy(&backup.path().join("captures"), &server.data.path().join("captures"));
        let open = of_jo["open_capture_ref"].as_str().unwrap();
        assert!(
            matches!(server.app.captures.read(open).await.unwrap(), Found::Picture(_)),
            "without the rule the captures could be read again"
        );
        server.capture(&of_jo, "open_capture_ref").await.assert_problem(410, "capture_gone");
        repeat(&server.app.eraser(), clock::now_ms()).await.unwrap();
        assert_eq!(server.app.captures.read(open).await.unwrap(), Found::Erased);
    }

    #[tokio::test]
    async fn sr_46_a_backup_taken_under_load_restores_with_every_capture_that_it_names() {
        let server = on_file(tempfile::tempdir().unwrap()).await;
        verified(&server, "first@example.com").await;
        let mut people = Vec::new();
        for n in 0..6 {
            people.push(Person::blinks(&server, &format!("jo{n}@example.com")).await);
        }
        let backup = tempfile::tempdir().unwrap();
        let submitting = join_all(people.iter().map(|person| person.submit(&server, "k1")).collect());
        let backing_up = async {
            while server.number("select count(*) from verification_events").await < 3 {
                tokio::time::sleep(std::time::Duration::from_millis(5)).await;
            }
            back_up(&server, backup.path()).await;
        };
        let (answers, ()) = tokio::join!(submitting, backing_up);
        assert!(answers.iter().all(|answer| answer.json()["status"] == "VERIFIED"));

        let data = tempfile::tempdir().unwrap();
        copy(backup.path(), data.path());
        copy(&server.data.path().join("keys"), &data.path().join("keys"));
        let restored = on_file(data).await;
        let events = restored.events().await;
        assert!((3..=7).contains(&events.len()), "{}", events.len());
        for event in &events {
            for reference in ["open_capture_ref", "closed_capture_ref", "strip_ref"] {
                let (there, here) = (server.capture(event, reference).await, restored.capture(event, reference).await);
                assert_eq!((here.status, here.bytes), (StatusCode::OK, there.bytes), "{reference}");
            }
        }
        let counts = async |server: &TestServer, sql| server.number(sql).await;
        let verified = "select count(*) from users where status = 'VERIFIED'";
        assert_eq!(
            counts(&restored, verified).await,
            events.len() as i64,
            "no outcome without its event, and no event lost"
        );
        let seen = counts(&restored, "select count(*) from seen_pictures").await;
        assert_eq!(seen, 6 * events.len() as i64, "the file and the pixels of each picture");
        // Captures in the copy that its database does not name are swept; others stay.
        server::retention::sweep(&restored.app.sweeper(), clock::now_ms() + 3_700_000).await.unwrap();
        let named = retention_queries::until(&mut restored.app.db.read().await.unwrap(), "VERIFIED", i64::MAX, 100)
            .await
            .unwrap();
        assert_eq!(restored.app.captures.list().await.unwrap().len(), 3 * named.len());
    }
}

#[cfg(unix)]
mod program_without_postgres {
    //! The same with the real program, on SQLite.

    use super::*;
    use crate::program::{Program, Visit, database_in, files, holds, serving};

    fn erase_by_command(folder: &Path, arguments: &[&str]) -> (Option<i32>, Value, String) {
        let output = serving(folder, &[]).arg("erase").args(arguments).output().unwrap();
        let printed = serde_json::from_slice(&output.stdout).unwrap_or(Value::Null);
        (output.status.code(), printed, String::from_utf8(output.stderr).unwrap())
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn sr_37_the_command_first_says_what_it_erases_and_leaves_no_trace_of_the_address() {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        let database = database_in(folder.path());
        let program = Program::serve(folder.path(), &[]).await;
        let jo = Visit::begin(&program, &database, "jo.erased@example.com").await;
        jo.upload();
        assert_eq!(jo.decision()["status"], "VERIFIED");
        let event = program.events().remove(0);
        let traces = || -> Vec<_> {
            let names = |bytes: &[u8]| holds(bytes, b"jo.erased");
            files(&data).into_iter().filter(|path| names(&std::fs::read(path).unwrap_or_default())).collect()
        };
        assert!(traces().len() >= 2, "the database and the mail: {:?}", traces());

        let before = files(&data);
        let (code, printed, told) = erase_by_command(folder.path(), &["jo.erased@example.com"]);
        assert_eq!(code, Some(0), "{told}");
        assert_eq!((&printed["would_erase"]["attempts"], &printed["would_erase"]["mails"]), (&json!(1), &json!(1)));
        assert!(told.contains("--yes"), "{told}");
        assert_eq!(program.events()[0], event, "nothing was changed");
        assert_eq!(files(&data).len(), before.len());

        let arguments = ["jo.erased@example.com", "--yes", "--by", "the data protection officer"];
        let (code, printed, told) = erase_by_command(folder.path(), &arguments);
        assert_eq!((code, &printed["erased"]["attempts_with_captures"]), (Some(0), &json!(1)), "{told}");
        assert!(!printed.to_string().contains("jo.erased"));
        let (_, body) = program.admin("/admin/audit");
        let entry = serde_json::from_slice::<Value>(&body).unwrap()["entries"][0].clone();
        assert_eq!((&entry["action"], &entry["actor"]), (&json!("user_erased"), &json!("the data protection officer")));
        let reference = event["open_capture_ref"].as_str().unwrap();
        assert_eq!(program.admin(&format!("/admin/{reference}")).0, 410);
        assert_eq!(jo.user.get("/api/session").unwrap().status, 401, "the session is over");
        let (code, _, told) = erase_by_command(folder.path(), &arguments);
        assert_eq!((code, told.contains("no user")), (Some(1), true), "{told}");
        assert_eq!(files(&data).iter().filter(|path| path.starts_with(data.join("captures"))).count(), 0);
        let log = program.stop();
        assert!(!holds(&log, b"jo.erased"));
        assert_eq!(traces(), Vec::<std::path::PathBuf>::new());
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn sr_37_a_restored_database_is_erased_again_before_anybody_is_served() {
        let folder = tempfile::tempdir().unwrap();
        let (database, file) = (database_in(folder.path()), folder.path().join("data/blinkgate.db"));
        let program = Program::serve(folder.path(), &[]).await;
        let jo = Visit::begin(&program, &database, "jo@example.com").await;
        jo.upload();
        assert_eq!(jo.decision()["status"], "VERIFIED");
        let event = program.events().remove(0);
        program.stop();
        let backup = tempfile::tempdir().unwrap();
        std::fs::copy(&file, backup.path().join("blinkgate.db")).unwrap();
        copy(&folder.path().join("data/captures"), &backup.path().join("captures"));
        assert_eq!(erase_by_command(folder.path(), &["jo@example.com", "--yes"]).0, Some(0));
        std::fs::copy(backup.path().join("blinkgate.db"), &file).unwrap();
        copy(&backup.path().join("captures"), &folder.path().join("data/captures"));

        let program = Program::serve(folder.path(), &[]).await;
        let again = program.events().remove(0);
        assert_eq!(again["id"], event["id"]);
        assert!(again["email"].as_str().unwrap().starts_with("erased-"), "{again}");
        assert_eq!(program.admin(&format!("/admin/{}", event["strip_ref"].as_str().unwrap())).0, 410);
        assert_eq!(std::fs::read_dir(folder.path().join("data/captures/2026")).map_or(0, Iterator::count), 0);
        program.stop();
    }
}
