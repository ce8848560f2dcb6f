//! The audit trail: changes that nobody can make in the database without detection.

use std::time::Instant;

use serde_json::json;
use server::clock;
use server::config::BaseUrl;
use server::db::events::{self, Event};
use server::db::{self, Db, LockScope};
use server::domain::EmailAddress;
use server::erasure;
use server::trail::{self, Checkpoint, TrailKey, TrailReport};

use crate::helpers::{BASE_URL, TestServer};
use crate::operators;
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
