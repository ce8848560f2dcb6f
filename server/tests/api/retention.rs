//! How long captures and other data are kept, and that nothing is kept if the settings say so.

use axum::http::StatusCode;
use serde_json::{Value, json};
use server::captures::CaptureRefs;
use server::clock;
use server::config::Config;
use server::db::{LockScope, leases};
use server::domain::{EventId, UserId};
use server::retention::{Swept, sweep};

use crate::captures::borrowed;
use crate::helpers::TestServer;
use crate::pixels::Person;
use crate::stores::Store;
use crate::submit_steps::worthless;

const HOUR_MS: i64 = 3_600_000;
const DAY_MS: i64 = 24 * HOUR_MS;

async fn swept(server: &TestServer, later_ms: i64) -> Swept {
    sweep(&server.app.sweeper(), clock::now_ms() + later_ms).await.unwrap()
}

/// The events of a verified user and of one who sent open eyes twice, with their captures.
async fn one_verified_and_one_failed(server: &TestServer) -> [Value; 2] {
    let jo = Person::blinks(server, "jo@example.com").await;
    assert_eq!(jo.submit(server, "k1").await.json()["status"], "VERIFIED");
    let mut ann = Person::blinks(server, "ann@example.com").await;
    crate::pixels::forge_two_open_eyes(&mut ann);
    assert_eq!(ann.submit(server, "k1").await.json()["reason"], "closed_not_closed");
    let mut events = server.events().await;
    events.reverse();
    events.try_into().unwrap()
}

#[tokio::test]
async fn sr_38_captures_are_removed_after_their_retention_and_figures_stay() {
    for store in [None, Some(Store::s3()), Some(Store::cloudinary())] {
        let place = store.as_ref().map(Store::settings).unwrap_or_default();
        let days = [("RETENTION_DAYS", "30"), ("RETENTION_DAYS_FAILED", "3")];
        let server = TestServer::with(&[borrowed(&place).as_slice(), &days].concat()).await;
        let [verified, failed] = one_verified_and_one_failed(&server).await;
        let shown = async |event: &Value| server.capture(event, "open_capture_ref").await.status.as_u16();

        assert_eq!(swept(&server, 3 * DAY_MS - HOUR_MS).await, Swept::default());
        assert_eq!((shown(&verified).await, shown(&failed).await), (200, 200));
        assert_eq!(swept(&server, 3 * DAY_MS + HOUR_MS).await.expired, 1);
        assert_eq!((shown(&verified).await, shown(&failed).await), (200, 410));
        // Links and sessions have ended by then, too.
        let Swept { expired, orphans, erased_again, .. } = swept(&server, 30 * DAY_MS - HOUR_MS).await;
        assert_eq!((expired, orphans, erased_again), (0, 0, 0));
        assert_eq!(shown(&verified).await, 200);
        assert_eq!(swept(&server, 30 * DAY_MS + HOUR_MS).await.expired, 1);
        assert_eq!((shown(&verified).await, shown(&failed).await), (410, 410));
        assert_eq!(swept(&server, 31 * DAY_MS).await, Swept::default(), "once");

        let left = server.app.captures.list().await.unwrap();
        assert!(left.is_empty(), "{left:?}");
        assert_eq!(
            server.number("select count(*) from picture_rows").await,
            0,
            "perceptual hashes are deleted with their pictures"
        );
        for (event, before) in server.events().await.iter().rev().zip([&verified, &failed]) {
            assert_eq!((&event["open_captured"], &event["open_capture_ref"]), (&json!(true), &Value::Null));
            assert_eq!((&event["details"], &event["email"]), (&before["details"], &before["email"]));
            assert!(event["captures_removed_at"].is_string());
        }
        let entries = server.audit().await;
        let removed: Vec<_> = entries
            .iter()
            .filter(|entry| entry["action"] == "captures_expired")
            .map(|entry| (entry["actor"].as_str().unwrap(), &entry["details"]))
            .collect();
        let figures =
            |event: &Value| json!({ "outcome": event["status"], "attempts": 1, "events": [event["id"].clone()] });
        assert_eq!(removed, [("the server", &figures(&verified)), ("the server", &figures(&failed))]);

        let data = [("DATA_DIR", server.data.path().to_str().unwrap()), ("DATABASE_URL", server.database.url())];
        let config = Config::from_pairs(data).unwrap();
        let id = verified["id"].as_str().unwrap();
        let error = server::tools::export_bundle(&config, id, &server.data.path().join("bundle")).await.unwrap_err();
        assert!(format!("{error:#}").contains("were removed at"), "{error:#}");
    }
}

#[tokio::test]
async fn a_sweep_that_cannot_reach_the_store_continues_later() {
    let store = Store::s3();
    let server = TestServer::with(&borrowed(&store.settings())).await;
    let person = Person::blinks(&server, "jo@example.com").await;
    assert_eq!(person.submit(&server, "k1").await.json()["status"], "VERIFIED");
    store.set_up(false);
    let later = clock::now_ms() + 31 * DAY_MS;
    assert!(sweep(&server.app.sweeper(), later).await.is_err());
    assert!(server.events().await[0]["open_capture_ref"].is_string(), "the remaining captures are still known");
    assert_eq!(server.number("select count(*) from capture_sessions").await, 0, "the rest is done");
    store.set_up(true);
    assert_eq!(sweep(&server.app.sweeper(), later).await.unwrap().expired, 1);
    assert_eq!(store.contents().keys().filter(|name| name.starts_with("captures/")).count(), 0);
}

#[tokio::test]
async fn sr_42_captures_that_no_event_names_are_removed_after_an_hour_and_others_are_not() {
    for store in [None, Some(Store::s3()), Some(Store::cloudinary())] {
        let place = store.as_ref().map(Store::settings).unwrap_or_default();
        let server = TestServer::with(&borrowed(&place)).await;
        let person = Person::blinks(&server, "jo@example.com").await;
        assert_eq!(person.submit(&server, "k1").await.json()["status"], "VERIFIED");
        let kept = server.events().await.remove(0);
        // A process died between writing its captures and the commit that refers to them.
        let now = clock::now_ms();
        let user = UserId::from_client(&server.text("select id from users").await);
        let orphan = CaptureRefs::new(&EventId::new(now), now);
        server.app.captures.store(&user, &orphan, [b"open", b"closed", b"strip"]).await.unwrap();
        // Another died while writing.
        let half = server.data.path().join(format!("captures/2026/.{}-open.jpg.part", EventId::new(now)));
        if store.is_none() {
            std::fs::write(&half, b"half").unwrap();
        }
        // A capture older than this database.
        let older = CaptureRefs::new(&EventId::new(now - DAY_MS), now);
        server.app.captures.store(&user, &older, [b"open", b"closed", b"strip"]).await.unwrap();

        assert_eq!(swept(&server, HOUR_MS / 2).await, Swept::default(), "an event may still refer to them");
        let removed = if store.is_none() { 4 } else { 3 };
        assert_eq!(swept(&server, HOUR_MS + 1000).await, Swept { orphans: removed, ..Swept::default() });
        assert_eq!(swept(&server, HOUR_MS + 1000).await, Swept::default());
        let mut left: Vec<_> = server.app.captures.list().await.unwrap().into_iter().map(|(name, _)| name).collect();
        left.sort();
        let named = ["open_capture_ref", "closed_capture_ref", "strip_ref"].map(|name| kept[name].as_str().unwrap());
        let mut expected: Vec<_> = older.each().into_iter().chain(named).collect();
        expected.sort_unstable();
        assert_eq!(left, expected);
        assert!(!half.exists());
        assert_eq!(server.capture(&kept, "open_capture_ref").await.status, StatusCode::OK);
        let entries = server.audit().await;
        let noted = entries.iter().find(|entry| entry["action"] == "orphans_removed").unwrap();
        assert_eq!(noted["details"], json!({ "captures": removed }));
    }
}

#[tokio::test]
async fn links_sessions_and_mails_are_removed_a_week_after_their_end() {
    let server = TestServer::start().await;
    let cookie = server.open_session("jo@example.com").await;
    let challenge = server.challenge(&cookie).await;
    server.submit(&cookie, "k1", &worthless(&challenge)).await;
    let counts = async || {
        let mut counts = Vec::new();
        for count in [
            "select count(*) from verification_tokens",
            "select count(*) from capture_sessions",
            "select count(*) from challenges",
            "select count(*) from mail_outbox",
            "select count(*) from mails_by_minute",
            "select count(*) from attempts",
        ] {
            counts.push(server.number(count).await);
        }
        counts.push(std::fs::read_dir(server.data.path().join("outbox")).unwrap().count() as i64);
        counts
    };
    assert_eq!(counts().await, [1; 7]);
    assert_eq!(swept(&server, HOUR_MS / 2).await, Swept::default());
    assert_eq!(counts().await, [1; 7]);
    swept(&server, 2 * DAY_MS + HOUR_MS).await;
    assert_eq!(counts().await, [1, 1, 1, 1, 1, 0, 1], "a failure matters for two days");
    // A session stays as long as a link to it.
    server.execute("update verification_tokens set expires_at = expires_at + 86400000").await;
    assert_eq!(swept(&server, 7 * DAY_MS + HOUR_MS).await.traces, 1);
    assert_eq!(counts().await, [1, 1, 1, 0, 0, 0, 0]);
    assert_eq!(swept(&server, 8 * DAY_MS + HOUR_MS).await.traces, 2);
    assert_eq!(counts().await, [0; 7]);
    assert_eq!(server.events().await.len(), 1, "the audit log stays");
    assert_eq!(server.text("select status from users").await, "FAILED");
}

#[tokio::test]
async fn transcripts_are_removed_after_a_year_and_figures_stay() {
    let server = TestServer::with(&[("RETENTION_DAYS_RECORDS", "365"), ("RETENTION_DAYS_UNVERIFIED", "36500")]).await;
    let [verified, _] = one_verified_and_one_failed(&server).await;
    assert_eq!(swept(&server, 365 * DAY_MS - HOUR_MS).await.records, 0);
    let transcripts = "select count(*) from verification_events where transcript is not null and issued is not null";
    assert_eq!(server.number(transcripts).await, 2);
    assert_eq!(swept(&server, 365 * DAY_MS + HOUR_MS).await.records, 2);
    assert_eq!(swept(&server, 366 * DAY_MS).await.records, 0, "once");
    let left = "select count(*) from verification_events where transcript is not null or issued is not null";
    assert_eq!(server.number(left).await, 0);
    let id = verified["id"].as_str().unwrap();
    let after = server.admin(&format!("/admin/events/{id}")).await;
    assert_eq!((after.status, &after.json()["details"]), (StatusCode::OK, &verified["details"]));
    let report = server::trail::verify(&server.app.db, &[], |_, _| {}).await.unwrap();
    assert_eq!(report.findings, []);
}

#[tokio::test]
async fn addresses_that_were_never_verified_are_removed_and_others_stay() {
    let days = [("RETENTION_DAYS_UNVERIFIED", "20"), ("RETENTION_DAYS", "1000")];
    let server = TestServer::with(&days).await;
    one_verified_and_one_failed(&server).await;
    server.register("typed-in@example.com").await;
    server.mails().await;
    assert_eq!(swept(&server, 20 * DAY_MS - HOUR_MS).await.unverified, 0);
    let users = "select count(*) from users";
    assert_eq!(server.number(users).await, 3);
    assert_eq!(swept(&server, 20 * DAY_MS + HOUR_MS).await.unverified, 2);
    assert_eq!(server.text("select email from users").await, "jo@example.com");
    // Who made an attempt was erased as a whole, and who did not left nothing to erase.
    assert_eq!(server.number("select count(*) from erased_users").await, 1);
    let events = server.events().await;
    let of_ann = events.iter().find(|event| event["status"] == "FAILED").unwrap();
    assert!(of_ann["email"].as_str().unwrap().starts_with("erased-"), "{of_ann}");
    let actions = server.audit().await;
    let expired = actions.iter().find(|entry| entry["action"] == "addresses_expired").unwrap();
    assert_eq!(expired["details"], json!({ "addresses": 1 }));
    let report = server::trail::verify(&server.app.db, &[], |_, _| {}).await.unwrap();
    assert_eq!(report.findings, []);
}

#[tokio::test]
async fn an_address_that_still_has_a_link_or_a_mail_stays() {
    let server = TestServer::with(&[("RETENTION_DAYS_UNVERIFIED", "1"), ("RETENTION_DAYS_SESSIONS", "7")]).await;
    server.mailed_token("jo@example.com").await;
    assert_eq!(swept(&server, 2 * DAY_MS).await.unverified, 0);
    assert_eq!(swept(&server, 8 * DAY_MS).await.unverified, 1);
    assert_eq!(server.number("select count(*) from users").await, 0);
}

#[tokio::test]
async fn perceptual_hashes_can_be_removed_before_their_pictures() {
    let server = TestServer::with(&[("RETENTION_DAYS_HASHES", "2")]).await;
    let [verified, _] = one_verified_and_one_failed(&server).await;
    let hashes = "select count(*) from picture_rows";
    swept(&server, 2 * DAY_MS - HOUR_MS).await;
    assert!(server.number(hashes).await > 0);
    swept(&server, 2 * DAY_MS + HOUR_MS).await;
    assert_eq!(server.number(hashes).await, 0);
    assert_eq!(server.capture(&verified, "open_capture_ref").await.status, StatusCode::OK, "the pictures stay");
}

#[tokio::test]
async fn one_server_at_a_time_has_a_lease_and_a_dead_ones_is_taken_over() {
    const LEASE: i64 = 1000;
    let server = TestServer::start().await;
    let take = async |holder: &str, now: i64, done_before: i64| {
        let mut tx = server.app.db.write(LockScope::Nothing).await.unwrap();
        let taken = leases::take(&mut tx, ("task", holder), now, now + LEASE, done_before).await.unwrap();
        tx.commit().await.unwrap();
        taken
    };
    let renew = async |holder: &str, now: i64| {
        let mut tx = server.app.db.write(LockScope::Nothing).await.unwrap();
        let renewed = leases::renew(&mut tx, ("task", holder), now + LEASE).await.unwrap();
        tx.commit().await.unwrap();
        renewed
    };
    let now = clock::now_ms();
    assert!(take("a", now, now).await && !take("b", now + 1, now).await);
    assert!(renew("a", now + 900).await && !take("b", now + 1500, now).await);
    assert!(take("b", now + 1900, now).await, "it was not renewed");
    assert!(!renew("a", now + 1901).await, "whoever lost it learns so");
    let mut tx = server.app.db.write(LockScope::Nothing).await.unwrap();
    leases::end(&mut tx, ("task", "b"), now + 2000, Some(now + 2000)).await.unwrap();
    tx.commit().await.unwrap();
    assert!(!take("a", now + 2001, now).await, "it was done a moment ago");
    assert!(take("a", now + 2001, now + 2000).await);
}

#[tokio::test]
async fn a_queued_mail_is_kept_however_old_it_is() {
    let server = TestServer::start().await;
    std::fs::remove_dir(server.data.path().join("outbox")).unwrap();
    server.register("jo@example.com").await;
    server::mail::deliver_due(&server.app.outbox()).await.unwrap();
    swept(&server, 8 * DAY_MS).await;
    assert_eq!(server.number("select count(*) from mail_outbox").await, 1);
}

/// Prints figures for docs/load.md; the command is there.
#[cfg(target_os = "linux")]
mod measure {
    use std::time::{Duration, Instant};

    use server::db::{events, trail as entries};
    use server::trail;

    use super::*;
    use crate::operators;

    const EVENTS: u32 = 1_000_000;
    const WITH_CAPTURES: u32 = 10_000;
    const ERASED: u32 = 10_000;

    fn resident_kb() -> i64 {
        let status = std::fs::read_to_string("/proc/self/status").unwrap();
        let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    }

    /// Adds events, captures of some of them, and erased users.
    async fn fill(server: &TestServer) {
        let now = clock::now_ms();
        let folder = server.data.path().join("captures/2026");
        std::fs::create_dir_all(&folder).unwrap();
        for first in (0..EVENTS).step_by(10_000) {
            let mut tx = server.app.db.write(LockScope::Nothing).await.unwrap();
            for number in first..first + 10_000 {
                let at = now - DAY_MS + i64::from(number);
                let event = trail::salted(operators::event(at, |event| {
                    event.email = format!("person-{number}@example.com");
                    if number < WITH_CAPTURES {
                        let refs = CaptureRefs::new(&event.id, at);
                        for name in refs.each() {
                            std::fs::create_dir_all(server.data.path().join(name).parent().unwrap()).unwrap();
                            std::fs::write(server.data.path().join(name), b"sealed").unwrap();
                        }
                        event.open_capture_ref = Some(refs.open);
                        event.closed_capture_ref = Some(refs.closed);
                        event.strip_ref = Some(refs.strip);
                    }
                }));
                events::insert(&mut tx, &event).await.unwrap();
            }
            tx.commit().await.unwrap();
        }
        let erased = server.data.path().join("keys/erased");
        std::fs::create_dir_all(&erased).unwrap();
        let mut tx = server.app.db.write(LockScope::Nothing).await.unwrap();
        for n in 0..ERASED {
            let id = UserId::new(now - DAY_MS - i64::from(n));
            std::fs::write(erased.join(id.as_str()), b"then").unwrap();
            let insert = "insert into erased_users (user_id, erased_at) values ($1, $2)";
            tx.query(insert).bind(&id).bind(now).execute().await.unwrap();
        }
        tx.commit().await.unwrap();
        let head = entries::head(&mut server.app.db.read().await.unwrap()).await.unwrap();
        println!("{EVENTS} events, {WITH_CAPTURES} with captures, {ERASED} erased users; {} entries", head.number);
    }

    #[tokio::test(flavor = "multi_thread")]
    #[ignore = "a measurement: takes minutes"]
    async fn a_sweep_over_a_million_events_holds_nobody_up() {
        let server = std::sync::Arc::new(TestServer::with(&[("MAILS_PER_HOUR", "1000000")]).await);
        server.register("first@example.com").await;
        fill(&server).await;
        let registering = tokio::spawn({
            let server = std::sync::Arc::clone(&server);
            async move {
                let mut slowest = Duration::ZERO;
                for n in 0.. {
                    let begun = Instant::now();
                    if server.register(&format!("{n}@gmail.com")).await.status != StatusCode::ACCEPTED {
                        server.refill();
                    }
                    slowest = slowest.max(begun.elapsed());
                    println!("slowest registration so far: {slowest:?}");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            }
        });
        for what in ["nothing is over", "the captures are over"] {
            let later = if what.starts_with("nothing") { 0 } else { 31 * DAY_MS };
            let (before, begun) = (resident_kb(), Instant::now());
            let swept = swept(&server, later).await;
            let grown = resident_kb() - before;
            println!("{what}: {swept:?} in {:.1} s; memory grew by {grown} kB", begun.elapsed().as_secs_f64());
        }
        registering.abort();
    }
}

#[cfg(unix)]
mod program_without_postgres {
    //! The same with the real program, on SQLite.

    use super::*;
    use crate::program::{Program, Visit, database_in, files, pieces_in, serving};

    /// How many pieces of the pictures the program has written, to its folders and its outputs.
    fn found(visit: &Visit, program: &Program, folder: &std::path::Path) -> usize {
        let written = files(folder);
        assert!(written.iter().any(|path| path.ends_with("blinkgate.db-wal")), "{written:?}");
        let bytes = written.iter().flat_map(|path| std::fs::read(path).unwrap_or_default());
        pieces_in(&bytes.chain(program.log()).collect::<Vec<_>>(), &visit.pictures())
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn sr_38_without_retention_no_byte_of_a_picture_is_written_anywhere() {
        let folder = tempfile::tempdir().unwrap();
        let temporary = folder.path().join("tmp");
        std::fs::create_dir(&temporary).unwrap();
        let settings = [("RETENTION", "none"), ("LOG_LEVEL", "trace"), ("TMPDIR", temporary.to_str().unwrap())];
        let database = database_in(folder.path());
        let program = Program::serve(folder.path(), &settings).await;
        // One user is verified, one's pictures are rejected, and one never requests the decision.
        let jo = Visit::begin(&program, &database, "jo@example.com").await;
        jo.upload();
        assert_eq!(found(&jo, &program, folder.path()), 0, "while it arrives");
        assert_eq!(jo.decision()["status"], "VERIFIED");
        assert_eq!(found(&jo, &program, folder.path()), 0, "when it is decided");
        let mut ann = Visit::begin(&program, &database, "ann@example.com").await;
        ann.evidence.closed = ann.evidence.open.clone();
        ann.upload();
        assert_eq!(ann.decision()["status"], "FAILED");
        let bob = Visit::begin(&program, &database, "bob@example.com").await;
        bob.upload();

        let limits = std::fs::read_to_string(format!("/proc/{}/limits", program.pid()));
        if let Ok(limits) = limits {
            let cores = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap();
            assert!(cores.split_whitespace().skip(4).all(|word| ["0", "bytes"].contains(&word)), "{cores}");
        }
        let events = program.events();
        assert_eq!(events.len(), 2);
        let of_jo = events.iter().find(|event| event["email"] == "jo@example.com").unwrap();
        assert_eq!((&of_jo["open_captured"], &of_jo["open_capture_ref"]), (&json!(true), &Value::Null));
        assert!(of_jo["details"]["open"]["ears"]["right"].is_number(), "figures are kept");
        let id = of_jo["id"].as_str().unwrap();

        // Killed meanwhile, it leaves no piece on the disk.
        for visit in [&jo, &ann, &bob] {
            assert_eq!(found(visit, &program, folder.path()), 0);
        }
        program.kill();
        let left: Vec<u8> = files(folder.path()).iter().flat_map(|path| std::fs::read(path).unwrap()).collect();
        for visit in [&jo, &ann, &bob] {
            assert_eq!(pieces_in(&left, &visit.pictures()), 0);
        }
        assert!(!folder.path().join("data/captures").exists());
        // The search does find a picture, in any form.
        let hex = hex::encode(&jo.evidence.strip);
        assert!(pieces_in(hex.as_bytes(), &jo.pictures()) > 20);
        assert!(pieces_in(&[left, jo.evidence.closed.clone()].concat(), &jo.pictures()) > 20);

        let output = serving(folder.path(), &settings).args(["export-bundle", id, "bundle"]).output().unwrap();
        let told = String::from_utf8(output.stderr).unwrap();
        assert!(told.contains("has no pictures") && told.contains("RETENTION"), "{told}");
        assert_eq!(output.status.code(), Some(1));
    }
}
