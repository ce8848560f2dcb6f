use axum::http::StatusCode;
use serde_json::{Value, json};
use server::audit::{self, Action};
use server::clock;
use server::db::LockScope;
use server::db::events::Event;

use super::{add, event, ids, post};
use crate::helpers::{ADMIN_KEY, TestServer};

/// 2026-11-26T00:00:00Z.
const DAY: i64 = 1_795_651_200_000;
const HOUR: i64 = 3_600_000;

/// Events of every kind, some of the same millisecond.
fn of_every_kind() -> Vec<Event> {
    let mut events = Vec::new();
    for (index, at) in [DAY - HOUR, DAY - 1, DAY, DAY, DAY + HOUR, DAY + 24 * HOUR].into_iter().enumerate() {
        for (status, reason) in [("VERIFIED", None), ("FAILED", Some("no_blink")), ("FAILED", Some("timeout"))] {
            for (email, marked) in [("jo@example.com", false), ("Ann@example.com", index % 2 == 0)] {
                events.push(event(at, |event| {
                    event.status = status.to_owned();
                    event.reason = reason.map(str::to_owned);
                    event.email = email.to_owned();
                    event.review = marked.then(|| "{\"near_copy_of\":[]}".to_owned());
                }));
            }
        }
    }
    events
}

/// The review status of each event after some were reviewed.
async fn review_some(server: &TestServer, events: &[Event]) -> Vec<Option<&'static str>> {
    for email in ["jo@example.com", "Ann@example.com"] {
        assert_eq!(server.register(email).await.status, StatusCode::ACCEPTED);
    }
    let mut states: Vec<_> = events.iter().map(|event| event.review.as_ref().map(|_| "open")).collect();
    for (index, decision, state) in [
        (0, "decline", "declined"),
        (1, "approve", "approved"),
        (9, "approve", "approved"),
        (14, "decline", "declined"),
        (0, "approve", "approved"),
    ] {
        let path = format!("/admin/events/{}/review", events[index].id);
        let answer = post(server, &path, ADMIN_KEY, &json!({ "decision": decision, "note": "seen" })).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
        states[index] = Some(state);
    }
    states
}

#[tokio::test]
async fn filters_select_what_they_name_and_combine_with_and() {
    let server = TestServer::start().await;
    let events = of_every_kind();
    add(&server, &events).await;
    let states = review_some(&server, &events).await;

    type Test = fn(&Event) -> bool;
    let statuses: [(&str, Test); 3] = [
        ("", |_| true),
        ("&status=VERIFIED", |event| event.status == "VERIFIED"),
        ("&status=FAILED", |event| event.status == "FAILED"),
    ];
    let reasons: [(&str, Test); 3] = [
        ("", |_| true),
        ("&reason=no_blink", |event| event.reason.as_deref() == Some("no_blink")),
        ("&reason=capture_no_face", |_| false),
    ];
    let emails: [(&str, Test); 3] = [
        ("", |_| true),
        ("&email=ANN@Example.com", |event| event.email == "Ann@example.com"),
        ("&email=ann@example.co", |_| false),
    ];
    let times: [(&str, Test); 6] = [
        ("", |_| true),
        ("&from=2026-11-26", |event| event.created_at >= DAY),
        ("&to=2026-11-25", |event| event.created_at < DAY),
        ("&from=2026-11-26&to=2026-11-26", |event| (DAY..DAY + 24 * HOUR).contains(&event.created_at)),
        ("&from=2026-11-26T00:00:00Z&to=2026-11-26T02:00:00%2B01:00", |event| event.created_at == DAY),
        ("&from=2026-11-26T01:00:00.001Z", |event| event.created_at > DAY + HOUR),
    ];
    let reviews = [None, Some("open"), Some("approved"), Some("declined")];
    let mut let_through = 0;
    for (status, has_status) in statuses {
        for (reason, has_reason) in reasons {
            for (email, has_email) in emails {
                for (time, in_time) in times {
                    for review in reviews {
                        let query = format!("{status}{reason}{email}{time}")
                            + &review.map(|state| format!("&review={state}")).unwrap_or_default();
                        let passes = |(event, state): &(&Event, &Option<&str>)| {
                            [has_status, has_reason, has_email, in_time].iter().all(|test| test(event))
                                && (review.is_none() || **state == review)
                        };
                        let mut expected: Vec<&Event> =
                            events.iter().zip(&states).filter(passes).map(|(event, _)| event).collect();
                        expected.sort_by_key(|event| std::cmp::Reverse((event.created_at, event.id.to_string())));
                        let answer = server.admin(&format!("/admin/events?{}", query.trim_start_matches('&'))).await;
                        assert_eq!(answer.status, StatusCode::OK, "{query}: {}", answer.text);
                        let expected: Vec<String> = expected.iter().map(|event| event.id.to_string()).collect();
                        assert_eq!(ids(&answer.json()), expected, "{query}");
                        assert_eq!(answer.json()["next_cursor"], Value::Null, "{query}");
                        let_through += expected.len();
                    }
                }
            }
        }
    }
    assert!(let_through > 500, "{let_through}");

    let listed = server.events().await;
    for (event, state) in events.iter().zip(states) {
        let listed = listed.iter().find(|listed| listed["id"] == event.id.as_str()).unwrap();
        assert_eq!(listed["review_state"], json!(state));
    }
}

#[tokio::test]
async fn a_parameter_that_is_unknown_repeated_or_unreadable_is_refused_by_its_name() {
    let server = TestServer::start().await;
    let long = "x".repeat(255);
    let far = |text: &str| text.to_owned();
    for (query, name) in [
        (far("status=verified"), "status"),
        (far("status="), "status"),
        (far("reason=none"), "reason"),
        (format!("email={long}"), "email"),
        (far("email=a%00b"), "email"),
        (far("email="), "email"),
        (far("from=yesterday"), "from"),
        (far("from=2026-02-30"), "from"),
        (far("to=2026-11-26T00:00:00"), "to"),
        (far("to=1795651200"), "to"),
        (far("review=closed"), "review"),
        (far("cursor=x"), "cursor"),
        (far("cursor="), "cursor"),
        (far("status=FAILED&status=VERIFIED"), "status"),
        (far("Status=FAILED"), "Status"),
        (far("offset=100"), "offset"),
    ] {
        for path in ["/admin/events", "/admin/events.csv"] {
            let answer = server.admin(&format!("{path}?{query}")).await;
            answer.assert_problem(400, "filter_invalid");
            assert_eq!(answer.json()["parameter"], name, "{query}");
            assert!(answer.json()["detail"].as_str().unwrap().contains(name), "{query}");
        }
    }
    for (path, name) in [
        ("/admin/events?limit=501", "limit"),
        ("/admin/events.csv?limit=0", "limit"),
        ("/admin/audit?limit=0", "limit"),
        ("/admin/audit?cursor=x", "cursor"),
        ("/admin/audit?status=FAILED", "status"),
    ] {
        let answer = server.admin(path).await;
        answer.assert_problem(400, "filter_invalid");
        assert_eq!(answer.json()["parameter"], name, "{path}");
    }
}

/// Follows the cursors to the end. Calls `between` before each page but the first.
async fn all_pages(server: &TestServer, path: &str, list: &str, mut between: impl AsyncFnMut(usize)) -> Vec<String> {
    let (mut seen, mut cursor, mut pages) = (Vec::new(), Value::Null, 0);
    loop {
        let and = cursor.as_str().map(|cursor| format!("&cursor={cursor}")).unwrap_or_default();
        let page = server.admin(&format!("{path}{and}")).await.json();
        seen.extend(page[list].as_array().unwrap().iter().map(|row| row["id"].as_str().unwrap().to_owned()));
        cursor = page["next_cursor"].clone();
        pages += 1;
        if cursor.is_null() {
            assert!(pages > 3, "a single page has no cursor");
            return seen;
        }
        between(pages).await;
    }
}

#[tokio::test]
async fn paging_shows_every_event_once_while_events_are_added() {
    let server = TestServer::start().await;
    let events = of_every_kind();
    add(&server, &events).await;
    let newest_first = |keep: &dyn Fn(&Event) -> bool| {
        let mut kept: Vec<&Event> = events.iter().filter(|event| keep(event)).collect();
        kept.sort_by_key(|event| std::cmp::Reverse((event.created_at, event.id.to_string())));
        kept.iter().map(|event| event.id.to_string()).collect::<Vec<_>>()
    };
    type Keep = fn(&Event) -> bool;
    let cases: [(&str, Keep); 4] = [
        ("limit=5", |_| true),
        ("limit=3&status=FAILED", |event| event.status == "FAILED"),
        ("limit=2&reason=timeout&from=2026-11-26", |event| {
            event.reason.as_deref() == Some("timeout") && event.created_at >= DAY
        }),
        ("limit=1&review=open", |event| event.review.is_some()),
    ];
    let mut later = DAY + 48 * HOUR;
    for (query, keep) in cases {
        let before = server.number("select count(*) from verification_events").await;
        let path = format!("/admin/events?{query}");
        let paging = all_pages(&server, &path, "events", async |_| {
            later += 1;
            let newer =
                [("VERIFIED", None), ("FAILED", Some("timeout"))].map(|(status, reason): (&str, Option<&str>)| {
                    event(later, |event| {
                        event.status = status.to_owned();
                        event.reason = reason.map(str::to_owned);
                        event.review = Some("{}".to_owned());
                    })
                });
            add(&server, &newer).await;
        });
        // Events added in the previous cases come first.
        let seen = paging.await;
        let old: Vec<String> =
            seen.iter().filter(|id| events.iter().any(|event| event.id.as_str() == **id)).cloned().collect();
        assert_eq!(old, newest_first(&|event| keep(event)), "{query}");
        let mut once = seen.clone();
        once.sort_unstable();
        once.dedup();
        assert_eq!(once.len(), seen.len(), "{query}");
        assert!(server.number("select count(*) from verification_events").await > before + 3, "{query}");
    }
}

#[tokio::test]
async fn the_audit_is_paged_alike() {
    let server = TestServer::start().await;
    let note = async |count: usize| {
        let mut tx = server.app.db.write(LockScope::Nothing).await.unwrap();
        for _ in 0..count {
            audit::note(&mut tx, Action::OrphansRemoved, "a test", &json!({}), clock::now_ms()).await.unwrap();
        }
        tx.commit().await.unwrap();
    };
    // The first use of the key is an entry too.
    server.admin("/admin/me").await;
    server.execute("delete from audit_entries").await;
    note(10).await;
    let mut expected: Vec<String> =
        server.audit().await.iter().map(|entry| entry["id"].as_str().unwrap().to_owned()).collect();
    assert_eq!(expected.len(), 10);
    // Entries of the same millisecond are distinguished by their IDs.
    let seen = all_pages(&server, "/admin/audit?limit=3", "entries", async |_| note(1).await).await;
    assert_eq!(seen, expected);
    expected.dedup();
    assert_eq!(expected.len(), 10);
}
