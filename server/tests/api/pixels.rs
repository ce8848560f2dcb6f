//! Submissions with real pixels: the free portrait blinks, the engine gathers the evidence as in the browser, and the server
//! decides. Frames are drawn in faster than real time, so the tests move the challenge back; `test_client::PersonSimulator`
//! cannot do that.

use std::path::Path;
use std::sync::LazyLock;

use axum::http::StatusCode;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use clip_maker::Scene;
use ed25519_dalek::SigningKey;
use engine::{Attempt, Evidence, KeyKind, Phase, Picture, Terms, Thresholds, transcript};
use serde_json::{Value, json};
use server::runtime::{Models, Runtime};
use sha2::{Digest as _, Sha256};
use test_client::{CHUNK, Key, SubmissionParts};

use crate::helpers::{Answer, TestServer, challenge_body, join_all, public_key};

pub const SECRET: [u8; 32] = [42; 32];
/// Frames a second.
pub const RATE: f64 = 25.0;
/// When the portrait's blink begins.
const BLINK_S: f32 = 0.6;

static SCENE: LazyLock<Scene> = LazyLock::new(|| {
    let models = Path::new(env!("CARGO_MANIFEST_DIR")).join("../models");
    let models = clip_maker::load_models(&models).unwrap();
    clip_maker::scene(Path::new(clip_maker::PORTRAIT), &models, vec![BLINK_S]).unwrap()
});

/// A user of a `TestServer` who has blinked: a session, a challenge, and the evidence.
pub struct Person {
    pub cookie: String,
    pub challenge: Value,
    pub evidence: Evidence,
    pub secret: [u8; 32],
}

impl Person {
    /// Opens a session and blinks.
    pub async fn blinks(server: &TestServer, email: &str) -> Self {
        Self::at(server, server.open_session(email).await).await
    }

    /// Blinks in this session.
    pub async fn at(server: &TestServer, cookie: String) -> Self {
        Self::framed(server, cookie, |picture| picture).await
    }

    /// Blinks in this session, in front of a camera whose frames are changed in this way.
    async fn framed(server: &TestServer, cookie: String, framing: fn(Picture) -> Picture) -> Self {
        let before = "select (select count(*) from challenges) + (select count(*) from erased_users)";
        let take = u32::try_from(server.number(before).await).unwrap();
        let secret = secret(take);
        let key = Key::from(secret);
        let body = challenge_body(key.public_text());
        let answer = server.post("/api/challenge", Some(&cookie), &body).await;
        assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.text);
        let challenge = answer.json();
        let terms = serde_json::from_value(challenge.clone()).unwrap();
        let evidence = record_framed(take, terms, key.public(), framing);
        // The frames were made faster than a camera takes them; the server compares their times with the challenge's.
        server.execute("update challenges set issued_at = issued_at - 10000 where state = 'issued'").await;
        Self { cookie, challenge, evidence, secret }
    }

    pub async fn submit(&self, server: &TestServer, key: &str) -> Answer {
        server.submit(&self.cookie, key, &self.sign()).await
    }

    pub fn sign(&self) -> SubmissionParts {
        let challenge = self.challenge["challenge_id"].as_str().unwrap();
        SubmissionParts::sign(challenge, &self.evidence, &Key::from(self.secret))
    }
}

/// A different secret key for each challenge of a server, since no key can be registered twice.
pub fn secret(take: u32) -> [u8; 32] {
    std::array::from_fn(|_| SECRET[0].wrapping_add(u8::try_from(take).unwrap()))
}

/// The evidence that the page gathers while the portrait blinks. Each `camera` has its own noise.
pub fn record_of(camera: u32, terms: Terms, key: [u8; 32]) -> Evidence {
    record_framed(camera, terms, key, |picture| picture)
}

fn record_framed(camera: u32, terms: Terms, key: [u8; 32], framing: fn(Picture) -> Picture) -> Evidence {
    // The browser's runtime; the server scores with the reference.
    let networks = Models::find(Runtime::Compact, None).unwrap().networks();
    let mut attempt = Attempt::new(networks, Thresholds::V8);
    attempt.begin(terms, KeyKind::Soft, key, 0.0);
    for index in 0..40 {
        let picture = framing(SCENE.picture(index as f32 / 25.0, camera * 1000 + index).unwrap());
        let (_, progress) = attempt.push(&picture.as_frame(), f64::from(index) * 40.0).unwrap();
        if progress.phase == Phase::Complete {
            return attempt.evidence().unwrap().clone();
        }
    }
    panic!("no blink was counted");
}

/// Submits the picture of the open eyes twice. The attacker holds the key, so hash and size are right.
pub fn forge_two_open_eyes(person: &mut Person) {
    let (header, payload) = person.evidence.signing_input.split_once('.').unwrap();
    let mut payload: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap();
    for field in ["sha256", "bytes"] {
        payload["cap"]["closed"][field] = payload["cap"]["open"][field].clone();
    }
    person.evidence.signing_input = format!("{header}.{}", URL_SAFE_NO_PAD.encode(payload.to_string()));
    person.evidence.closed = person.evidence.open.clone();
}

#[tokio::test]
async fn a_person_who_blinks_is_verified_and_the_evidence_is_kept() {
    let server = TestServer::start().await;
    let person = Person::blinks(&server, "jo@example.com").await;
    let answer = person.submit(&server, "k1").await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    assert_eq!((&answer.json()["status"], &answer.json()["reason"]), (&json!("VERIFIED"), &Value::Null));

    assert_eq!(server.text("select status from users").await, "VERIFIED");
    let events = server.events().await;
    let [event] = events.as_slice() else { panic!("{} events", events.len()) };
    assert_eq!((&event["status"], &event["reason"]), (&json!("VERIFIED"), &Value::Null));
    for (name, sent) in [
        ("open_capture_ref", &person.evidence.open),
        ("closed_capture_ref", &person.evidence.closed),
        ("strip_ref", &person.evidence.strip),
    ] {
        let shown = server.capture(event, name).await;
        assert_eq!((shown.status, shown.header("content-type")), (StatusCode::OK, "image/jpeg"), "{name}");
        assert_eq!(&shown.bytes, sent, "{name}");
    }
    let ear = |capture: &str| event["details"][capture]["ears"]["right"].as_f64().unwrap();
    assert!(ear("closed") < ear("open") / 2.0, "{}", event["details"]);
    assert!(!event["details"].to_string().contains("points"), "landmarks are not kept");

    let again = person.submit(&server, "k1").await;
    assert_eq!(again.text, answer.text, "the same request gets the same answer");
    person.submit(&server, "k2").await.assert_problem(409, "challenge_used");
    let another = challenge_body(public_key());
    server.post("/api/challenge", Some(&person.cookie), &another).await.assert_problem(409, "already_verified");
}

#[tokio::test]
async fn an_upload_continues_after_a_server_restart() {
    let server = TestServer::start().await;
    let person = Person::blinks(&server, "jo@example.com").await;
    let submission = person.sign();
    let bytes = submission.bytes();
    assert!(bytes.len() > CHUNK && bytes.len() <= 80_000, "{} bytes", bytes.len());
    let first = server.append(&person.cookie, "k1", &submission, 0, &bytes[..CHUNK]).await;
    assert_eq!(first.json()["received"], CHUNK);
    server.finish(&person.cookie, "k1", &submission).await.assert_problem(409, "upload_incomplete");

    let server = server.restarted().await;
    let mut received = server.received(&person.cookie, "k1", &submission).await.json()["received"].as_u64().unwrap();
    assert_eq!(received, CHUNK as u64, "nothing is lost");
    while received < bytes.len() as u64 {
        // In odd sizes, as after a lost chunk.
        let rest = &bytes[received as usize..];
        let answer = server.append(&person.cookie, "k1", &submission, received, &rest[..rest.len().min(5000)]).await;
        received = answer.json()["received"].as_u64().unwrap();
    }
    let answer = server.finish(&person.cookie, "k1", &submission).await;
    assert_eq!(answer.json()["status"], "VERIFIED", "{}", answer.text);
    let server = server.restarted().await;
    assert_eq!(
        server.finish(&person.cookie, "k1", &submission).await.text,
        answer.text,
        "the same request gets the same answer"
    );
    assert_eq!(server.number("select count(*) from upload_chunks").await, 0, "a decided upload is not kept");
}

#[tokio::test]
async fn pictures_of_open_eyes_fail_with_their_reason_and_can_be_viewed() {
    let server = TestServer::start().await;
    let mut person = Person::blinks(&server, "jo@example.com").await;
    forge_two_open_eyes(&mut person);
    let answer = person.submit(&server, "k1").await.json();
    assert_eq!((&answer["status"], &answer["reason"]), (&json!("FAILED"), &json!("closed_not_closed")));
    assert_eq!(answer["attempts_left"], 4);
    assert_eq!(server.text("select status from users").await, "FAILED");
    let event = &server.events().await[0];
    assert_eq!(server.capture(event, "closed_capture_ref").await.bytes, person.evidence.closed);
}

#[tokio::test]
async fn evidence_of_one_user_is_worthless_to_another() {
    let server = TestServer::start().await;
    let jo = Person::blinks(&server, "jo@example.com").await;
    // A key can be registered only once, so an attacker needs another one.
    let cookie = server.open_session("thief@example.com").await;
    let challenge = server.challenge(&cookie).await;
    let thief = Person { cookie, challenge, evidence: jo.evidence.clone(), secret: SECRET };
    let answer = thief.submit(&server, "k1").await.json();
    assert_eq!((&answer["status"], &answer["reason"]), (&json!("FAILED"), &json!("transcript_header")));
    assert_eq!(server.number("select count(*) from users where status = 'VERIFIED'").await, 0);
}

#[tokio::test]
async fn a_store_that_cannot_be_written_verifies_nobody_and_costs_nothing() {
    let server = TestServer::start().await;
    let person = Person::blinks(&server, "jo@example.com").await;
    let in_the_way = server.data.path().join("captures");
    std::fs::write(&in_the_way, "a file where the folder should be").unwrap();
    person.submit(&server, "k1").await.assert_problem(503, "unavailable");
    assert_eq!(server.text("select status from users").await, "PENDING");
    assert_eq!(server.session(&person.cookie).await["attempts_left"], 5);
    assert!(server.events().await.is_empty());

    std::fs::remove_file(&in_the_way).unwrap();
    let answer = person.submit(&server, "k1").await.json();
    assert_eq!(answer["status"], "VERIFIED", "the same submission succeeds once the fault is fixed");
}

#[tokio::test]
async fn of_many_equal_submissions_at_once_one_is_decided_and_one_event_written() {
    let server = TestServer::start().await;
    let person = Person::blinks(&server, "jo@example.com").await;
    let keys: Vec<String> = (0..12).map(|i| format!("k{i}")).collect();
    let answers = join_all(keys.iter().map(|key| person.submit(&server, key)).collect()).await;
    let verified = answers.iter().filter(|answer| answer.status == StatusCode::OK).count();
    assert_eq!(verified, 1, "{:?}", answers.iter().map(|answer| answer.status).collect::<Vec<_>>());
    assert_eq!(server.events().await.len(), 1);
}

#[tokio::test]
async fn sr_14_pictures_that_anybody_has_submitted_before_are_refused() {
    let server = TestServer::start().await;
    let first = Person::blinks(&server, "jo@example.com").await;
    assert_eq!(first.submit(&server, "k1").await.json()["status"], "VERIFIED");
    // Other users sign the same record and pictures for their own challenges; the second changes the files.
    let as_they_were = [&first.evidence.open, &first.evidence.closed, &first.evidence.strip].map(Vec::clone);
    let rewritten = as_they_were.clone().map(with_other_bytes);
    for (email, secret, pictures) in
        [("thief@example.com", [7; 32], as_they_were), ("forger@example.com", [8; 32], rewritten)]
    {
        let cookie = server.open_session(email).await;
        let submission = copy(&server, &cookie, &first, &secret, pictures).await;
        let answer = server.submit(&cookie, "k1", &submission).await.json();
        assert_eq!((&answer["status"], &answer["reason"]), (&json!("FAILED"), &json!("capture_replayed")), "{email}");
    }
}

/// Another file with the same pixels: only the density in its header differs.
fn with_other_bytes(mut jpeg: Vec<u8>) -> Vec<u8> {
    assert_eq!(&jpeg[6..11], b"JFIF\0");
    jpeg[15] ^= 1;
    jpeg
}

/// Another user's submission with these pictures, signed for a challenge of this session.
async fn copy(
    server: &TestServer,
    cookie: &str,
    of: &Person,
    secret: &[u8; 32],
    pictures: [Vec<u8>; 3],
) -> SubmissionParts {
    let key = SigningKey::from_bytes(secret).verifying_key().to_bytes();
    let body = challenge_body(URL_SAFE_NO_PAD.encode(key));
    let challenge = server.post("/api/challenge", Some(cookie), &body).await.json();
    server.execute("update challenges set issued_at = issued_at - 10000 where state = 'issued'").await;
    let (_, payload) = of.evidence.signing_input.split_once('.').unwrap();
    let mut payload: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap();
    (payload["chal"], payload["nonce"]) = (challenge["challenge_id"].clone(), challenge["nonce"].clone());
    let hash = |picture: &Vec<u8>| json!(URL_SAFE_NO_PAD.encode(Sha256::digest(picture)));
    payload["cap"]["open"]["sha256"] = hash(&pictures[0]);
    payload["cap"]["closed"]["sha256"] = hash(&pictures[1]);
    payload["strip"]["sha256"] = hash(&pictures[2]);
    let input = transcript::signing_input(payload.to_string().as_bytes(), &key);
    let transcript = transcript::sign(&input, secret).into_bytes();
    let challenge = challenge["challenge_id"].as_str().unwrap().to_owned();
    let [open, closed, strip] = pictures;
    SubmissionParts { challenge, transcript, open, closed, strip }
}

#[tokio::test]
async fn a_decision_can_be_exported_and_reproduced_offline() {
    let server = TestServer::start().await;
    let person = Person::blinks(&server, "jo@example.com").await;
    assert_eq!(person.submit(&server, "k1").await.json()["status"], "VERIFIED");
    let event = server.text("select id from verification_events").await;
    let data = server.data.path().to_str().unwrap();
    let config =
        server::config::Config::from_pairs([("DATA_DIR", data), ("DATABASE_URL", server.database.url())]).unwrap();
    let folder = server.data.path().join("bundle");
    server::tools::export_bundle(&config, &event, &folder).await.unwrap();
    let networks = || server::runtime::Models::find(Runtime::Tract, None).unwrap().networks();
    let again = server::bundle::verify(&folder, networks()).unwrap();
    assert!(again.same && again.first_difference.is_none(), "{:?}", again.first_difference);
    std::fs::write(folder.join("strip.jpg"), b"another").unwrap();
    let bent = server::bundle::verify(&folder, networks()).unwrap();
    assert!(!bent.same, "{:?}", bent.verdict);
    std::fs::remove_file(folder.join("issued.json")).unwrap();
    let missing = server::bundle::verify(&folder, networks()).unwrap_err();
    assert!(format!("{missing:#}").contains("issued.json"), "{missing:#}");
}

#[tokio::test]
async fn sr_14_near_copies_of_another_users_pictures_are_marked_for_review() {
    let server = TestServer::start().await;
    let first = Person::blinks(&server, "jo@example.com").await;
    assert_eq!(first.submit(&server, "k1").await.json()["status"], "VERIFIED");
    // The same portrait with other noise: none of its pictures was submitted before.
    let second = Person::blinks(&server, "al@example.com").await;
    let answer = second.submit(&server, "k1").await;
    assert_eq!(answer.json()["status"], "VERIFIED", "{} {}", answer.text, server.events().await[0]["details"]);

    let events = server.events().await;
    let [newer, older] = events.as_slice() else { panic!("{} events", events.len()) };
    assert_eq!(older["review"], Value::Null);
    assert_eq!(newer["review"], json!({ "near_copies": [older["id"]], "signals": [] }));
}

/// The mirror image, with less room to the right and below.
fn mirrored_and_cut(picture: Picture) -> Picture {
    let frame = picture.as_frame();
    let (width, height) = (frame.width(), frame.height());
    let mirror_image = (0..height).flat_map(|y| (0..width).rev().flat_map(move |x| frame.rgb(x, y)));
    let rgb: Vec<u8> = mirror_image.collect();
    let mirrored = Picture::from_rgb(&rgb, width, height).unwrap();
    mirrored.as_frame().part((0, 0), width * 15 / 16, height * 15 / 16).unwrap()
}

#[tokio::test]
async fn sr_14_near_copies_are_found_however_they_are_framed() {
    // The pictures are not kept, but their hashes are.
    let server = TestServer::with(&[("RETENTION", "none"), ("RETENTION_DAYS_HASHES", "30")]).await;
    let first = Person::blinks(&server, "jo@example.com").await;
    assert_eq!(first.submit(&server, "k1").await.json()["status"], "VERIFIED");
    let cookie = server.open_session("al@example.com").await;
    let second = Person::framed(&server, cookie, mirrored_and_cut).await;
    let answer = second.submit(&server, "k1").await;
    assert_eq!(answer.json()["status"], "VERIFIED", "{}", server.events().await[0]["details"]);

    let events = server.events().await;
    assert_eq!(events[0]["review"]["near_copies"], json!([events[1]["id"]]));
    assert_eq!(events[0]["open_capture_ref"], Value::Null);
    assert!(!events[0]["details"].to_string().contains("fingerprint"), "the record is kept longer than hashes");
}

#[tokio::test]
async fn hashes_of_pictures_that_are_not_kept_are_not_kept_either_unless_the_operator_says_so() {
    for (settings, kept) in [
        (&[("RETENTION", "none")][..], false),
        (&[("RETENTION", "none"), ("RETENTION_DAYS_HASHES", "0")], false),
        (&[("RETENTION", "none"), ("RETENTION_DAYS_HASHES", "30")], true),
    ] {
        let server = TestServer::with(settings).await;
        let person = Person::blinks(&server, "jo@example.com").await;
        assert_eq!(person.submit(&server, "k1").await.json()["status"], "VERIFIED");
        let rows = server.number("select count(*) from picture_rows").await;
        assert_eq!(rows > 0, kept, "{settings:?}: {rows} rows");
    }
}

#[tokio::test]
async fn signals_of_a_single_blink_are_recorded_and_mark_nothing() {
    let server = TestServer::with(&[("REVIEW_SIGNALS", "true")]).await;
    let person = Person::blinks(&server, "jo@example.com").await;
    assert_eq!(person.submit(&server, "k1").await.json()["status"], "VERIFIED");
    let [event]: [Value; 1] = server.events().await.try_into().unwrap();
    assert_eq!(event["review"], Value::Null);
    let signals = &event["details"]["strip"]["signals"];
    assert_eq!(signals["marks"], json!([]));
    // One photograph.
    assert!(signals["sameness"].as_f64().unwrap() > 0.99, "{signals}");
    assert!(signals["wobble"].as_f64().unwrap() < 0.0085, "{signals}");
}
