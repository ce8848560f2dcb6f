//! Three server processes on one PostgreSQL database and one folder. Servers are killed one after the other, and the database
//! fails twice: nobody loses anything, nothing is decided twice, and each mail arrives.
//!
//! Ignored by `cargo test`: it needs TEST_DATABASE_URL, and its database failures would break every other test.
#![cfg(unix)]

mod fleet;
mod person;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use engine::Evidence;
use fleet::{Fleet, eventually};
use person::Person;
use server::captures::{CaptureStore, Found};
use server::config::{BlobStoreConfig, CaptureConfig};

use crate::helpers::join_all;

/// How often a server is killed, and after which kills the database fails.
const KILLS: usize = 12;
const FALLS: [usize; 2] = [4, 8];
/// Users at a time; each is followed by another.
const QUEUES: u32 = 5;
/// No step of a user may take longer than this.
const PATIENCE: Duration = Duration::from_secs(60);

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
#[ignore = "needs TEST_DATABASE_URL, alone"]
async fn killed_servers_and_a_failing_database_lose_nothing_and_decide_nothing_twice() {
    let fleet = Arc::new(Fleet::start().await);
    let is_over = Arc::new(AtomicBool::new(false));
    let trouble = std::thread::spawn({
        let (fleet, is_over) = (Arc::clone(&fleet), Arc::clone(&is_over));
        move || {
            let troubled = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| fleet.trouble()));
            is_over.store(true, Ordering::Relaxed);
            troubled.unwrap();
        }
    });
    let queues = (0..QUEUES).map(|queue| {
        let (fleet, is_over) = (Arc::clone(&fleet), Arc::clone(&is_over));
        async move {
            let (mut people, mut number) = (Vec::new(), queue);
            while people.is_empty() || !is_over.load(Ordering::Relaxed) {
                people.push(Person::new(&fleet, number).come().await);
                number += QUEUES;
            }
            people
        }
    });
    let mut people = BTreeMap::new();
    for of_queue in join_all(queues.collect()).await {
        people.extend(of_queue);
    }
    trouble.join().unwrap();

    let count = people.len() as i64;
    let failed = fleet.number("select count(*) from verification_events where status = 'FAILED'").await;
    let even = people.keys().filter(|email| email.split(['-', '@']).nth(1).unwrap().parse::<u32>().unwrap() % 2 == 0);
    assert_eq!(failed, even.count() as i64, "each failure once");
    for (sql, expected) in [
        ("select count(*) from users where status = 'VERIFIED'", count),
        ("select count(*) from users", count),
        ("select count(*) from verification_events where status = 'VERIFIED'", count),
        ("select count(distinct email) from verification_events where status = 'VERIFIED'", count),
        ("select count(*) from challenges where state = 'decided'", count + failed),
        ("select count(*) from challenges where state = 'scoring'", 0),
        ("select count(*) from attempts where ended_as = 'counted'", failed),
        ("select max(attempts) from capture_sessions", 1),
        // The file and the pixels of each picture.
        ("select count(*) from seen_pictures", 6 * count),
        ("select count(*) from upload_chunks", 0),
    ] {
        assert_eq!(fleet.number(sql).await, expected, "{sql}");
    }
    let kept = "select email, open_capture_ref, closed_capture_ref, strip_ref from verification_events
                where status = 'VERIFIED'";
    let kept: Vec<(String, String, String, String)> =
        fleet.db.read().await.unwrap().query(kept).fetch_all().await.unwrap();
    let config = CaptureConfig { store: BlobStoreConfig::Files, master_key: None, old_master_key: None };
    let captures = CaptureStore::open(&config, &fleet.folder.path().join("data")).unwrap();
    for (email, open, closed, strip) in kept {
        let Evidence { open: open_sent, closed: closed_sent, strip: strip_sent, .. } = &people[&email];
        for (reference, sent) in [(open, open_sent), (closed, closed_sent), (strip, strip_sent)] {
            assert_eq!(captures.read(&reference).await.unwrap(), Found::Picture(sent.clone()));
        }
    }
    let unsent = "select count(*) from mail_outbox where sent_at is null and given_up_at is null";
    eventually(async || {
        // Any registration wakes a mail worker.
        Person::new(&fleet, 0).register().await;
        tokio::time::sleep(Duration::from_secs(1)).await;
        if fleet.number(unsent).await == 0 {
            return Some(());
        }
        fleet.pass_time_for_mails("%").await;
        None
    })
    .await;
    // A server may die after the mail server accepted a mail and before it could record that; the mail is then sent again.
    let mails = fleet.heard.lock().unwrap().mails.len();
    let sent = fleet.number("select count(*) from mail_outbox where sent_at is not null").await as usize;
    assert!(
        sent >= people.len() && (sent..=sent + KILLS).contains(&mails),
        "{mails} mails, {sent} sent, {count} people"
    );
    println!(
        "{count} people verified, {failed} failures, {mails} mails for {sent}, {KILLS} kills, {} falls",
        FALLS.len()
    );
}
