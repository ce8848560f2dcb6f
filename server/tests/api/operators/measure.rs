//! Figures for docs/admin.md. They are printed and not asserted, because machines differ. Run:
//!
//! ```sh
//! cargo test --locked --release -p server --test api -- --ignored --nocapture --test-threads 1 operators::measure::
//! ```
//!
//! That is on SQLite; with `scripts/lib/postgres.sh` before the command, on PostgreSQL. `--release`, because the dev
//! profile does not optimise the server's own code.

use std::time::{Duration, Instant};

use axum::body::Body;
use axum::http::{Request, StatusCode};
use futures_util::StreamExt as _;
use serde_json::{Value, json};
use server::audit::{self, Action};
use server::db::LockScope;
use server::db::events::Event;
use server::db::reviews::{self, Review};
use server::domain::{Decision, ReviewId, Scope, random_u32};

use super::{add_to, event, get, key};
use crate::helpers::{ADMIN_KEY, TestServer};

const EVENTS: i64 = 100_000;
/// 2026-01-01T00:00:00Z. From then on, an event every five minutes.
const BEGIN: i64 = 1_767_225_600_000;
const EVERY: i64 = 300_000;
const PAGES: usize = 100;

/// Attempts of 20,000 users: a third verified, with full-size records, two thirds failed for nine reasons. One in a hundred is
/// marked for review, and half of those were reviewed.
fn one(index: i64) -> Event {
    const REASONS: [&str; 9] = [
        "no_blink",
        "timeout",
        "prompt_missed",
        "cancelled",
        "strip_mismatch",
        "score_mismatch",
        "transcript_times",
        "captures_differ",
        "capture_replayed",
    ];
    event(BEGIN + index * EVERY, |event| {
        event.email = format!("person{}@example.com", index * 7919 % 20_000);
        if index % 3 == 0 {
            event.status = "VERIFIED".to_owned();
            event.reason = None;
            event.details = json!({ "cells": vec![json!({ "t_ms": index, "claimed": 0.3011, "ear": 0.2987, "likeness": 0.9861 }); 90] }).to_string();
            event.transcript = Some("x".repeat(5000));
            event.issued = Some("x".repeat(1200));
        } else {
            event.reason = Some(REASONS[usize::try_from(index / 3 % 9).unwrap()].to_owned());
        }
        event.review = (index % 100 == 0).then(|| "{\"near_copy_of\":[]}".to_owned());
    })
}

async fn filled() -> TestServer {
    let server = TestServer::start().await;
    let begun = Instant::now();
    for start in (0..EVENTS).step_by(10_000) {
        let mut tx = server.app.db.write(LockScope::Nothing).await.unwrap();
        let events: Vec<Event> = (start..start + 10_000).map(one).collect();
        add_to(&mut tx, &events).await;
        for (number, event) in
            events.iter().filter(|event| event.review.is_some()).enumerate().filter(|(n, _)| n % 2 == 0)
        {
            let review = Review {
                id: ReviewId::new(event.created_at),
                event_id: event.id.clone(),
                event_at: event.created_at,
                decision: if number % 4 == 0 { Decision::Approve } else { Decision::Decline },
                note: Some("looked at".to_owned()),
                actor: "a test".to_owned(),
                created_at: event.created_at,
            };
            reviews::insert(&mut tx, &review).await.unwrap();
        }
        for _ in 0..1000 {
            audit::note(&mut tx, Action::CaptureViewed, "a test", &json!({}), start).await.unwrap();
        }
        tx.commit().await.unwrap();
    }
    let place = if server.database.is_postgres() { "PostgreSQL" } else { "SQLite" };
    println!("{place}: {EVENTS} events added in {:.1} s", begun.elapsed().as_secs_f32());
    server
}

fn quantile(sorted: &[Duration], part: f64) -> f64 {
    sorted[((sorted.len() - 1) as f64 * part).round() as usize].as_secs_f64() * 1000.0
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a measurement: see the head of the file"]
async fn pages_of_100_000_events() {
    let server = filled().await;
    let mut all = Vec::new();
    for query in [
        "limit=100",
        "limit=500",
        "status=VERIFIED",
        "status=FAILED",
        "reason=no_blink",
        "status=FAILED&reason=timeout",
        "status=VERIFIED&reason=timeout",
        "email=Person7@example.com",
        "status=VERIFIED&email=person7@example.com",
        "review=open",
        "review=approved",
        "review=declined&status=FAILED",
        "review=open&status=VERIFIED&reason=timeout",
        "from=2026-06-01&to=2026-06-07",
        "status=FAILED&from=2026-06-01&to=2026-06-07",
        "reason=cancelled&to=2026-03-01",
        "email=nobody@example.com",
    ] {
        let mut times = Vec::new();
        let mut cursor: Option<String> = None;
        for _ in 0..PAGES {
            let and = cursor.as_ref().map(|cursor| format!("&cursor={cursor}")).unwrap_or_default();
            let begun = Instant::now();
            let answer = server.admin(&format!("/admin/events?{query}{and}")).await;
            times.push(begun.elapsed());
            assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
            // The next page, or the first after the last.
            cursor = answer.json()["next_cursor"].as_str().map(str::to_owned);
        }
        all.extend(times.iter().copied());
        times.sort_unstable();
        println!("{query:45} p50 {:6.1} ms   p99 {:6.1} ms", quantile(&times, 0.5), quantile(&times, 0.99));
    }
    all.sort_unstable();
    println!("{:45} p50 {:6.1} ms   p99 {:6.1} ms", "all", quantile(&all, 0.5), quantile(&all, 0.99));
}

/// A line of `/proc/self/status`, in kB.
fn memory(name: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with(name)).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a measurement: see the head of the file"]
async fn the_table_of_100_000_events() {
    let server = filled().await;
    let begun = Instant::now();
    let request = Request::get("/admin/events.csv").header("x-admin-key", ADMIN_KEY).body(Body::empty()).unwrap();
    let mut body = server.response(request).await.into_body().into_data_stream();
    let (mut bytes, mut lines, mut pieces) = (0_u64, 0_u64, 0);
    let mut after_ten = 0;
    while let Some(piece) = body.next().await {
        let piece = piece.unwrap();
        bytes += piece.len() as u64;
        lines += piece.iter().filter(|byte| **byte == b'\n').count() as u64;
        pieces += 1;
        if pieces == 10 {
            after_ten = memory("VmHWM");
        }
    }
    let (peak, took) = (memory("VmHWM"), begun.elapsed().as_secs_f32());
    assert_eq!(lines, EVENTS as u64 + 1);
    println!(
        "{lines} lines, {} MB in {took:.1} s; VmHWM after 10 of {pieces} pieces {after_ten} kB, at the end {peak} kB",
        bytes / 1_000_000
    );
}

/// Welch's t of two classes of times, each without its slowest twentieth, which is noise of the machine.
fn t_value(mut classes: [Vec<f64>; 2]) -> f64 {
    let [a, b] = &mut classes;
    let [(mean_a, var_a), (mean_b, var_b)] = [a, b].map(|times| {
        times.sort_unstable_by(f64::total_cmp);
        times.truncate(times.len() * 19 / 20);
        let n = times.len() as f64;
        let mean = times.iter().sum::<f64>() / n;
        (mean, times.iter().map(|time| (time - mean).powi(2)).sum::<f64>() / (n - 1.0) / n)
    });
    (mean_a - mean_b) / (var_a + var_b).sqrt()
}

#[tokio::test]
#[ignore = "a measurement: see the head of the file"]
async fn sr_36_keys_that_are_right_but_for_their_end_and_keys_that_are_wrong_from_their_beginning() {
    const TIMES: usize = 20_000;
    let server = TestServer::start().await;
    let good = key(&server, "good", &[Scope::Events]).await;
    let (start, secret) = super::keys::halves(good.expose());
    let other = |letter: u8| if letter == b'A' { 'B' } else { 'A' };
    let late = format!("{start}_{}{}", &secret[..42], other(secret.as_bytes()[42]));
    let early: String = secret.bytes().map(other).collect();
    let early = format!("{start}_{early}");
    let mut classes = [Vec::new(), Vec::new()];
    while classes.iter().any(|times| times.len() < TIMES) {
        let class = (random_u32() % 2) as usize;
        let wrong = [&late, &early][class];
        server.refill();
        let begun = Instant::now();
        let answer = get(&server, "/admin/me", wrong).await;
        classes[class].push(begun.elapsed().as_secs_f64());
        assert_eq!(answer.json()["code"], Value::from("admin_key_wrong"));
    }
    println!(
        "t = {:.2} over {} and {} requests (bar: 4.5 either way)",
        t_value(classes.clone()),
        classes[0].len(),
        classes[1].len()
    );
}
