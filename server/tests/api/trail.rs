//! The audit trail: changes that nobody can make in the database without detection.

use std::time::Instant;

use serde_json::json;
use server::clock;
use server::config::BaseUrl;
use server::db::events::{self, Event};
use server::db::{self, Db, LockScope};
use server::domain::{Decision, EmailAddress, EventId, Note};
use server::erasure;
use server::retention::sweep;
use server::review;
use server::trail::{self, Checkpoint, TrailKey, TrailReport};

use crate::helpers::{BASE_URL, TestServer};
use crate::operators;
use crate::pixels::Person;
use crate::submit_steps::worthless;

const ATTEMPTS: usize = 6;

/// A server with this many failed attempts.
async fn with_attempts() -> TestServer {
    let server = TestServer::with(&[("MAX_ATTEMPTS", "100"), ("COOL_DOWN_FAILURES", "0")]).await;
    let cookie = server.open_session("jo@example.com").await;
    for _ in 0..ATTEMPTS {
        let challenge = server.challenge(&cookie).await;
        server.submit(&cookie, "k", &worthless(&challenge)).await;
    }
    server
}

async fn verified(server: &TestServer, checkpoints: &[Checkpoint]) -> TrailReport {
    trail::verify(&server.app.db, checkpoints, |_, _| {}).await.unwrap()
}

/// The first bad entry, and what is reported about it.
async fn first_bad(server: &TestServer, checkpoints: &[Checkpoint]) -> (Option<i64>, String) {
    let report = verified(server, checkpoints).await;
    let first = report.findings.first().unwrap_or_else(|| panic!("nothing was found: {report:?}"));
    (first.number, first.problem.clone())
}

async fn checkpoint(server: &TestServer) -> Checkpoint {
    let head = db::trail::head(&mut server.app.db.read().await.unwrap()).await.unwrap();
    let note = server.app.trail_key.sign(&head, clock::now_ms());
    Checkpoint::parse(&note, &server.app.trail_key.public()).unwrap()
}

#[tokio::test]
async fn an_untouched_trail_is_sound_with_and_without_a_checkpoint() {
    let server = with_attempts().await;
    let kept = checkpoint(&server).await;
    let challenge = server.challenge(&server.open_session("ann@example.com").await).await;
    assert!(challenge.is_object());
    let report = verified(&server, std::slice::from_ref(&kept)).await;
    assert_eq!((report.entries, report.findings.as_slice()), (ATTEMPTS as i64, [].as_slice()));
    assert_eq!(report.hash.len(), 64);
}

#[tokio::test]
async fn sr_41_an_edit_is_named() {
    let edits = [
        "update verification_events set status = 'VERIFIED', reason = null where id = $1",
        "update verification_events set email = 'ann@example.com' where id = $1",
        "update verification_events set details = '{}' where id = $1",
        "update verification_events set created_at = created_at + 1 where id = $1",
        "update verification_events set open_capture_ref = 'captures/2026/x/open.jpg' where id = $1",
        "update verification_events set trail_salt = null where id = $1",
        "update trail_entries set digest = hash where entry_id = $1",
        "update trail_entries set hash = digest where entry_id = $1",
    ];
    for edit in edits {
        let server = with_attempts().await;
        change(&server, edit, 3).await;
        let (number, problem) = first_bad(&server, &[]).await;
        assert_eq!(number, Some(3), "{edit}: {problem}");
    }
}

#[tokio::test]
async fn sr_41_a_deleted_added_or_moved_row_is_named() {
    let server = with_attempts().await;
    change(&server, "delete from verification_events where id = $1", 4).await;
    assert_eq!(first_bad(&server, &[]).await, (Some(4), "the row is missing".to_owned()));

    // Its entry as well.
    let server = with_attempts().await;
    change(&server, "delete from verification_events where id = $1", 4).await;
    change(&server, "delete from trail_entries where entry_id = $1", 4).await;
    assert_eq!(first_bad(&server, &[]).await, (Some(4), "the entry is missing".to_owned()));

    let server = with_attempts().await;
    let mut tx = server.app.db.write(LockScope::Nothing).await.unwrap();
    events::insert(&mut tx, &trail::salted(event(1))).await.unwrap();
    tx.commit().await.unwrap();
    let (number, problem) = first_bad(&server, &[]).await;
    assert!(number.is_none() && problem.contains("not in the trail"), "{problem}");

    // Two entries are swapped.
    let server = with_attempts().await;
    for (from, to) in [(2, 99), (5, 2), (99, 5)] {
        let sql: &'static str = format!("update trail_entries set number = {to} where number = {from}").leak();
        server.execute(sql).await;
    }
    assert_eq!(first_bad(&server, &[]).await.0, Some(2));
}

#[tokio::test]
async fn sr_41_a_truncation_after_a_checkpoint_is_named() {
    let server = with_attempts().await;
    let kept = checkpoint(&server).await;
    server
        .execute("delete from verification_events where id in (select entry_id from trail_entries where number > 4)")
        .await;
    server.execute("delete from trail_entries where number > 4").await;
    assert_eq!(first_bad(&server, &[]).await.0, Some(5), "the end is still recorded");
    server.execute("update trail_head set number = 4, hash = (select hash from trail_entries where number = 4)").await;
    assert_eq!(verified(&server, &[]).await.findings, [], "only the checkpoint proves them");
    let (number, problem) = first_bad(&server, &[kept]).await;
    assert_eq!(number, Some(5));
    assert!(problem.contains("6 entries"), "{problem}");
}

#[tokio::test]
async fn sr_41_a_wholly_rewritten_trail_is_named() {
    let server = with_attempts().await;
    let kept = checkpoint(&server).await;
    change(&server, "update verification_events set status = 'VERIFIED', reason = null where id = $1", 2).await;
    server.execute("update users set status = 'VERIFIED'").await;
    server.execute("delete from trail_entries").await;
    server.execute("update trail_head set number = 0, hash = '', begun = 0").await;
    trail::begin(&server.app.db).await.unwrap();
    assert_eq!(verified(&server, &[]).await.findings, [], "it is consistent in itself");
    let (number, problem) = first_bad(&server, &[kept]).await;
    assert_eq!(number, Some(ATTEMPTS as i64));
    assert!(problem.contains("rewritten"), "{problem}");
}

#[tokio::test]
async fn a_checkpoint_by_another_key_is_refused() {
    let server = with_attempts().await;
    let head = db::trail::head(&mut server.app.db.read().await.unwrap()).await.unwrap();
    let base_url: BaseUrl = BASE_URL.parse().unwrap();
    let note = TrailKey::new(&base_url, &[1; 32]).sign(&head, clock::now_ms());
    assert!(Checkpoint::parse(&note, &server.app.trail_key.public()).is_err());
}

#[tokio::test]
async fn sr_37_the_trail_is_sound_after_an_erasure_and_detects_a_faked_one() {
    let server = with_attempts().await;
    let kept = checkpoint(&server).await;
    let cookie = server.open_session("ann@example.com").await;
    server.submit(&cookie, "k", &worthless(&server.challenge(&cookie).await)).await;
    let found = erasure::find(&server.app.db, &EmailAddress::parse("jo@example.com").unwrap()).await.unwrap();
    for (user, _) in found {
        erasure::erase(&server.app.eraser(), &user, "a test", clock::now_ms()).await.unwrap();
    }
    let report = verified(&server, std::slice::from_ref(&kept)).await;
    assert_eq!((report.entries, report.findings.as_slice()), (ATTEMPTS as i64 + 2, [].as_slice()));

    // The outcome of an attempt still cannot be changed, and nobody can be erased without an entry.
    change(&server, "update verification_events set status = 'VERIFIED' where id = $1", 2).await;
    assert_eq!(first_bad(&server, &[]).await.0, Some(2));
    change(&server, "update verification_events set status = 'FAILED' where id = $1", 2).await;
    assert_eq!(verified(&server, &[]).await.findings, []);
    change(&server, "update verification_events set trail_salt = null, email = 'erased-x' where id = $1", 7).await;
    let (number, problem) = first_bad(&server, &[]).await;
    assert_eq!(number, Some(7));
    assert!(problem.contains("looks erased"), "{problem}");
}

/// A server with a verified user, one who failed, and one who only registered.
async fn with_three_users() -> TestServer {
    let server = TestServer::start().await;
    let jo = Person::blinks(&server, "jo@example.com").await;
    assert_eq!(jo.submit(&server, "k1").await.json()["status"], "VERIFIED");
    let cookie = server.open_session("ann@example.com").await;
    server.submit(&cookie, "k", &worthless(&server.challenge(&cookie).await)).await;
    server.register("bob@example.com").await;
    assert_eq!(verified(&server, &[]).await.findings, []);
    server
}

#[tokio::test]
async fn sr_41_a_status_or_an_address_that_does_not_follow_from_the_trail_is_named() {
    let server = with_three_users().await;
    let id = async |email: &str| {
        let sql: &'static str = format!("select id from users where email = '{email}'").leak();
        server.text(sql).await
    };
    let [jo, ann, bob] = [id("jo@example.com").await, id("ann@example.com").await, id("bob@example.com").await];
    let status_of =
        |email: &str, status: &str| vec![format!("update users set status = '{status}' where email = '{email}'")];
    let address_of = |id: &str, email: &str| format!("update users set email = '{email}' where id = '{id}'");
    let swap = |one: (&str, &str), other: (&str, &str)| {
        vec![address_of(one.0, "x@example.com"), address_of(other.0, one.1), address_of(one.0, other.1)]
    };
    let (of_jo, of_ann, of_bob) = ("jo@example.com", "ann@example.com", "bob@example.com");
    let cases = [
        (status_of(of_ann, "VERIFIED"), status_of(of_ann, "FAILED"), vec![&ann]),
        (status_of(of_bob, "VERIFIED"), status_of(of_bob, "PENDING"), vec![&bob]),
        (status_of(of_jo, "PENDING"), status_of(of_jo, "VERIFIED"), vec![&jo]),
        (swap((&jo, of_jo), (&bob, of_bob)), swap((&jo, of_bob), (&bob, of_jo)), vec![&jo, &bob]),
        (vec![address_of(&jo, "eve@example.com")], vec![address_of(&jo, of_jo)], vec![&jo]),
    ];
    for (tampering, undone, named) in cases {
        for sql in &tampering {
            server.execute(sql.clone().leak()).await;
        }
        let findings = verified(&server, &[]).await.findings;
        for id in named {
            assert!(findings.iter().any(|finding| finding.id.as_ref() == Some(id)), "{tampering:?}: {findings:?}");
        }
        for sql in undone {
            server.execute(sql.leak()).await;
        }
        assert_eq!(verified(&server, &[]).await.findings, []);
    }
    server.execute("delete from verification_tokens").await;
    server.execute(format!("update challenges set user_id = '{bob}' where user_id = '{jo}'").leak()).await;
    server.execute(format!("update capture_sessions set user_id = '{bob}' where user_id = '{jo}'").leak()).await;
    server.execute(format!("update mail_outbox set user_id = '{bob}' where user_id = '{jo}'").leak()).await;
    server.execute(format!("delete from users where id = '{jo}'").leak()).await;
    let (number, problem) = first_bad(&server, &[]).await;
    assert!(number == Some(1) && problem.contains("no user"), "{problem}");
}

#[tokio::test]
async fn the_trail_is_sound_after_reviews_whatever_they_decide() {
    let server = with_three_users().await;
    let events = server.events().await;
    for (n, decision) in [Decision::Decline, Decision::Approve, Decision::Decline].into_iter().enumerate() {
        for event in &events {
            let id = EventId::from_client(event["id"].as_str().unwrap());
            let note = Note::parse("seen").unwrap();
            review::decide(&server.app.db, &id, decision, &note, "a test", clock::now_ms()).await.unwrap();
        }
        assert_eq!(verified(&server, &[]).await.findings, [], "{n}");
    }
    server.execute("update users set status = 'VERIFIED' where email = 'jo@example.com'").await;
    assert!(first_bad(&server, &[]).await.1.contains("VERIFIED"), "a decline counts");
}

#[tokio::test]
async fn sr_41_pictures_and_transcripts_that_look_removed_are_named_unless_the_sweep_did_it() {
    const DAY_MS: i64 = 86_400_000;
    let nulled = "open_capture_ref = null, closed_capture_ref = null, strip_ref = null";
    for also in ["", ", captures_removed_at = created_at"] {
        let server = with_three_users().await;
        change(&server, format!("update verification_events set {nulled}{also} where id = $1").leak(), 1).await;
        assert_eq!(first_bad(&server, &[]).await.0, Some(1), "{also}");
    }
    let server = with_three_users().await;
    let gone = "update verification_events set transcript = null, issued = null, record_removed_at = 1 where id = $1";
    change(&server, gone, 1).await;
    assert_eq!(first_bad(&server, &[]).await.0, Some(1));

    let server = with_three_users().await;
    for days in [31, 91, 366] {
        sweep(&server.app.sweeper(), clock::now_ms() + days * DAY_MS).await.unwrap();
        assert_eq!(verified(&server, &[]).await.findings, [], "after {days} days");
    }
    assert_eq!(server.number("select count(*) from verification_events where transcript is not null").await, 0);
    change(&server, "update verification_events set details = '{}' where id = $1", 1).await;
    assert_eq!(first_bad(&server, &[]).await.0, Some(1), "the rest is still covered");
}

#[tokio::test]
async fn rows_older_than_the_trail_are_added_to_it_once() {
    let server = with_attempts().await;
    server.execute("delete from trail_entries").await;
    server.execute("update trail_head set number = 0, hash = '', begun = 0").await;
    server.execute("update verification_events set trail_salt = null, trail_personal = null").await;
    let server = server.restarted().await;
    let report = verified(&server, &[]).await;
    assert_eq!((report.entries, report.findings.as_slice()), (ATTEMPTS as i64, [].as_slice()));

    let mut tx = server.app.db.write(LockScope::Nothing).await.unwrap();
    events::insert(&mut tx, &event(1)).await.unwrap();
    tx.commit().await.unwrap();
    let server = server.restarted().await;
    assert_eq!(first_bad(&server, &[]).await.0, None, "rows that bypass the trail later are not added");
}

/// Prints figures for docs/audit.md; the command is there.
mod measure {
    use super::*;

    #[tokio::test]
    #[ignore = "a measurement: takes minutes"]
    async fn a_million_entries_are_verified() {
        const ALL: u32 = 1_000_000;
        let server = TestServer::start().await;
        fill(&server.app.db, ALL).await;
        let begun = Instant::now();
        let report = verified(&server, &[]).await;
        println!("{} entries in {:.1} s", report.entries, begun.elapsed().as_secs_f64());
        assert_eq!((report.entries, report.findings.as_slice()), (i64::from(ALL), [].as_slice()));
        change(&server, "update verification_events set status = 'VERIFIED' where id = $1", 765_432).await;
        assert_eq!(first_bad(&server, &[]).await.0, Some(765_432));
    }
}

async fn fill(db: &Db, all: u32) {
    for first in (0..all).step_by(10_000) {
        let mut tx = db.write(LockScope::Nothing).await.unwrap();
        for number in first..all.min(first + 10_000) {
            let event = trail::salted(event(number));
            events::insert(&mut tx, &event).await.unwrap();
            trail::add_event(&mut tx, &event).await.unwrap();
        }
        tx.commit().await.unwrap();
    }
}

/// A failed attempt that was decided before any pixel was read.
fn event(number: u32) -> Event {
    operators::event(1_700_000_000_000 + i64::from(number), |event| {
        event.email = format!("person-{}@example.com", number % 5000);
        event.details = json!({ "engine": engine::VERSION, "frames": number }).to_string();
    })
}

/// Runs a statement on the row that entry `number` refers to.
async fn change(server: &TestServer, sql: &'static str, number: i64) {
    let mut tx = server.app.db.write(LockScope::Nothing).await.unwrap();
    let entries = db::trail::entries(&mut tx, number, number).await.unwrap();
    let changed = tx.query(sql).bind(&entries[0].entry_id).execute().await.unwrap();
    assert_eq!(changed, 1, "{sql}");
    tx.commit().await.unwrap();
}
