//! The admin API: access, what it shows, and what it changes.

mod event;
mod keys;
mod lists;
mod measure;
mod review;
mod second_factor;
mod sites;
mod table;
mod uses;

use axum::body::Body;
use axum::http::Request;
use serde_json::Value;
use server::clock;
use server::db::admin_keys::{self, AdminKey};
use server::db::events::{self, Event};
use server::db::second_factors::{self, SecondFactor};
use server::db::{Connection, LockScope};
use server::domain::{ChallengeId, EventId, PlainAdminKey, Scope, Scopes};
use server::second_factor::Factor;

use crate::helpers::{Answer, TestServer, own_post};

/// An attempt that failed at `at_ms`, modified by `change`.
pub fn event(at_ms: i64, change: impl FnOnce(&mut Event)) -> Event {
    let mut event = Event {
        id: EventId::new(at_ms),
        email: "jo@example.com".to_owned(),
        status: "FAILED".to_owned(),
        reason: Some("no_blink".to_owned()),
        open_captured: 0,
        captures_removed_at: None,
        open_capture_ref: None,
        closed_capture_ref: None,
        strip_ref: None,
        transcript: None,
        issued: None,
        created_at: at_ms,
        challenge_id: ChallengeId::new(at_ms),
        policy: "natural".to_owned(),
        attempt: 1,
        thresholds: "v8".to_owned(),
        engine: engine::VERSION.to_owned(),
        details: "{}".to_owned(),
        review: None,
        record_removed_at: None,
        trail_salt: None,
        trail_personal: None,
    };
    change(&mut event);
    event
}

/// Adds events, as finished attempts do.
pub async fn add(server: &TestServer, added: &[Event]) {
    let mut tx = server.app.db.write(LockScope::Nothing).await.unwrap();
    add_to(&mut tx, added).await;
    tx.commit().await.unwrap();
}

pub async fn add_to(db: &mut Connection, added: &[Event]) {
    for event in added {
        events::insert(db, event).await.unwrap();
    }
}

pub fn ids(listing: &Value) -> Vec<String> {
    listing["events"].as_array().unwrap().iter().map(|event| event["id"].as_str().unwrap().to_owned()).collect()
}

/// Adds an admin key with these scopes to the database and returns it.
pub async fn key(server: &TestServer, name: &str, scopes: &[Scope]) -> PlainAdminKey {
    key_with(server, name, scopes, |_| {}).await
}

pub async fn key_with(
    server: &TestServer,
    name: &str,
    scopes: &[Scope],
    change: impl FnOnce(&mut AdminKey),
) -> PlainAdminKey {
    let now = clock::now_ms();
    let plain = PlainAdminKey::generate(now);
    let mut key = AdminKey {
        id: plain.id.clone(),
        name: name.to_owned(),
        secret_hash: plain.hash(),
        scopes: scopes.iter().copied().collect::<Scopes>().names(),
        site_id: None,
        test: 0,
        created_at: now,
        expires_at: None,
        last_used_at: None,
        exposed_at: None,
        revoked_at: None,
    };
    change(&mut key);
    let mut tx = server.app.db.write(LockScope::Nothing).await.unwrap();
    assert!(admin_keys::insert(&mut tx, &key).await.unwrap());
    tx.commit().await.unwrap();
    plain
}

/// A GET with this key.
pub async fn get(server: &TestServer, path: &str, key: &str) -> Answer {
    let request = Request::get(path).header("authorization", format!("Bearer {key}"));
    server.send(request.body(Body::empty()).unwrap()).await
}

/// A POST with this key, as the console sends it.
pub async fn post(server: &TestServer, path: &str, key: &str, body: &Value) -> Answer {
    let request = own_post(path, None).header("authorization", format!("Bearer {key}"));
    server.send(request.body(Body::from(body.to_string())).unwrap()).await
}

/// Adds an operator's key with a second factor.
pub async fn key_with_factor(server: &TestServer, name: &str) -> (PlainAdminKey, Factor) {
    let (key, factor) = (key(server, name, &[Scope::Events, Scope::Audit]).await, Factor::generate());
    let row = SecondFactor {
        key_id: key.id.clone(),
        sealed_secret: server.app.factors.seal(&key.id, &factor),
        last_step: 0,
        wrong_codes: 0,
        wrong_at: None,
        created_at: clock::now_ms(),
    };
    let mut tx = server.app.db.write(LockScope::Nothing).await.unwrap();
    assert!(second_factors::insert(&mut tx, &row).await.unwrap());
    tx.commit().await.unwrap();
    (key, factor)
}

/// Ends a session.
pub async fn sign_out(server: &TestServer, token: &str) -> Answer {
    let request = own_post("/admin/session", None).method("DELETE").header("authorization", format!("Bearer {token}"));
    server.send(request.body(Body::empty()).unwrap()).await
}
