use axum::body::Body;
use axum::http::{Request, StatusCode};
use futures_util::StreamExt as _;

use super::{add, event, ids};
use crate::helpers::{ADMIN_KEY, TestServer};

/// More rows than are held in memory at a time.
const MANY: i64 = 450;

fn rows(text: &str) -> Vec<csv::StringRecord> {
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    assert_eq!(reader.headers().unwrap().len(), 19);
    reader.records().collect::<Result<_, _>>().unwrap()
}

#[tokio::test]
async fn sr_30_no_field_of_the_table_starts_like_a_formula() {
    const STARTS: [&str; 12] = ["=", "+", "-", "@", "\t", "\r", "\n", "\0", "＝", "＋", "－", "＠"];
    let server = TestServer::start().await;
    let is_postgres = server.database.is_postgres();
    // PostgreSQL text cannot contain NUL; the guard's own test covers it.
    let starts: Vec<&str> = STARTS.into_iter().filter(|start| !(is_postgres && *start == "\0")).collect();
    let evil = |start: &str| format!("{start}cmd|' /C calc'!A0,\"x\"\r\ny");
    // All fields whose content comes from others.
    let events = starts.iter().zip(0..).map(|(start, at)| {
        event(at, |event| {
            event.email = evil(start);
            event.reason = Some(evil(start));
            event.engine = evil(start);
            event.details = evil(start);
        })
    });
    let events: Vec<_> = events.collect();
    add(&server, &events).await;
    let answer = server.admin("/admin/events.csv").await;
    assert_eq!(answer.header("cache-control"), "no-store");
    let rows = rows(&answer.text);
    assert_eq!(rows.len(), starts.len());
    for (row, start) in rows.iter().rev().zip(&starts) {
        for column in [1, 3, 12, 13] {
            assert_eq!(&row[column], format!("'{}", evil(start)), "{start:?}");
        }
        assert!(row.iter().all(|field| !field.starts_with(STARTS.map(|start| start.chars().next().unwrap()))));
    }
    let listed = server.events().await;
    assert_eq!(listed.last().unwrap()["email"], evil("="), "JSON stays as it is");
}

#[tokio::test]
async fn the_table_is_longer_than_what_is_held_in_memory() {
    let server = TestServer::start().await;
    let events: Vec<_> = (0..MANY).map(|at| event(at / 7, |event| event.email = format!("{at}@example.com"))).collect();
    add(&server, &events).await;
    let whole = rows(&server.admin("/admin/events.csv").await.text);
    let of_whole: Vec<&str> = whole.iter().map(|row| &row[0]).collect();
    let mut listed = ids(&server.admin("/admin/events?limit=500").await.json());
    assert_eq!(of_whole, listed);
    assert_eq!(listed.len() as i64, MANY);
    for (query, expected) in [("limit=1", 1), ("limit=200", 200), ("limit=201", 201), ("limit=100000", 450)] {
        let rows = rows(&server.admin(&format!("/admin/events.csv?{query}")).await.text);
        assert_eq!(rows.iter().map(|row| &row[0]).collect::<Vec<_>>(), of_whole[..expected], "{query}");
    }
    let page = server.admin("/admin/events?limit=30").await.json();
    let rest = server.admin(&format!("/admin/events.csv?cursor={}", page["next_cursor"].as_str().unwrap())).await;
    let rest: Vec<String> = rows(&rest.text).iter().map(|row| row[0].to_owned()).collect();
    assert_eq!(rest, listed.split_off(30));
    let one = rows(&server.admin("/admin/events.csv?email=7@example.com").await.text);
    assert_eq!((one.len(), &one[0][1]), (1, "7@example.com"));
    let none = server.admin("/admin/events.csv?email=nobody@example.com").await;
    assert_eq!((none.status, rows(&none.text).len()), (StatusCode::OK, 0));
}

#[tokio::test]
async fn a_table_that_breaks_off_does_not_look_complete() {
    let server = TestServer::start().await;
    add(&server, &(0..MANY).map(|at| event(at, |_| {})).collect::<Vec<_>>()).await;
    let request = || Request::get("/admin/events.csv").header("x-admin-key", ADMIN_KEY).body(Body::empty()).unwrap();
    let mut body = server.response(request()).await.into_body().into_data_stream();
    assert!(body.next().await.unwrap().unwrap().len() > 1000);
    server.app.db.close().await;
    let mut last = body.next().await.unwrap();
    while last.is_ok() {
        last = body.next().await.expect("the table ended as if it were whole");
    }
    server.send(request()).await.assert_problem(503, "unavailable");
}
