//! Forged keys and transcripts.

use axum::http::StatusCode;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use curve25519_dalek::scalar::Scalar;
use ed25519_dalek::{Signature, SigningKey, Verifier as _};
use engine::transcript::{FrameRecord, key_id, pack, sign, signing_input};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha512};
use test_client::SubmissionParts;

use crate::helpers::{TestServer, challenge_body};
use crate::submit_steps::worthless;

/// An attacker with a session and a key, who can sign anything.
struct Forger {
    server: TestServer,
    cookie: String,
    made: u8,
}

/// The attacker's challenge, and the key that it is bound to.
struct Target {
    challenge: Value,
    secret: [u8; 32],
    key: [u8; 32],
}

impl Forger {
    async fn new() -> Self {
        let server = TestServer::with(&[("MAX_ATTEMPTS", "100"), ("COOL_DOWN_FAILURES", "0")]).await;
        let cookie = server.open_session("forger@example.com").await;
        Self { server, cookie, made: 0 }
    }

    async fn target(&mut self) -> Target {
        self.made += 1;
        let secret = [self.made; 32];
        let key = SigningKey::from_bytes(&secret).verifying_key().to_bytes();
        let body = challenge_body(URL_SAFE_NO_PAD.encode(key));
        let answer = self.server.post("/api/challenge", Some(&self.cookie), &body).await;
        assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.text);
        Target { challenge: answer.json(), secret, key }
    }

    /// Sends the transcript and returns the reason for its rejection.
    async fn reason(&self, target: &Target, transcript: impl Into<Vec<u8>>) -> String {
        let submission = SubmissionParts { transcript: transcript.into(), ..worthless(&target.challenge) };
        let answer = self.server.submit(&self.cookie, "k", &submission).await;
        assert_eq!((answer.status, &answer.json()["status"]), (StatusCode::OK, &json!("FAILED")), "{}", answer.text);
        answer.json()["reason"].as_str().unwrap().to_owned()
    }
}

impl Target {
    /// A payload that is right except for the pictures.
    fn payload(&self) -> String {
        let text = |name: &str| self.challenge[name].as_str().unwrap().to_owned();
        let capture = json!({ "t": 0, "sha256": "A".repeat(43), "bytes": 1, "ear": [3000, 3000] });
        json!({
            "v": engine::transcript::VERSION, "aud": text("audience"), "chal": text("challenge_id"), "nonce": text("nonce"),
            "att": self.challenge["attempt"], "policy": text("policy"), "consent": text("consent"), "key": "soft",
            "engine": { "ver": engine::VERSION, "models": "none", "thresholds": text("thresholds") },
            "cam": { "w": 640, "h": 480, "rate": self.challenge["rate"] }, "frames": pack(&[FrameRecord(0, 3000, 3000, 0, 0, 0)]),
            "rounds": [], "blink": { "start_ms": 1, "closed_ms": 2, "end_ms": 3 },
            "cap": { "open": capture, "closed": capture },
            "strip": { "sha256": "A".repeat(43), "bytes": 1 },
        })
        .to_string()
    }

    fn signed(&self, payload: impl AsRef<[u8]>) -> String {
        sign(&signing_input(payload.as_ref(), &self.key), &self.secret)
    }

    /// Correctly signed, with a header of the attacker's choice.
    fn under(&self, header: &str) -> String {
        let payload = URL_SAFE_NO_PAD.encode("this is no transcript at all");
        sign(&format!("{}.{payload}", URL_SAFE_NO_PAD.encode(header)), &self.secret)
    }
}

/// Points of order 1, 2, 4 and 8: their canonical encoding, and others that a lenient decoder accepts.
const SMALL_ORDER: [&str; 14] = [
    "0100000000000000000000000000000000000000000000000000000000000000",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    "0000000000000000000000000000000000000000000000000000000000000080",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
    "0000000000000000000000000000000000000000000000000000000000000000",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
    "0100000000000000000000000000000000000000000000000000000000000080",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
];

fn hex(text: &str) -> [u8; 32] {
    std::array::from_fn(|at| u8::from_str_radix(&text[2 * at..2 * at + 2], 16).unwrap())
}

#[tokio::test]
async fn sr_06_weak_and_oddly_written_keys_are_refused() {
    let forger = Forger::new().await;
    // p + 0 … p + 18 still fit into 255 bits: all numbers with two encodings, with either sign.
    let twice = (0..19).flat_map(|n| [0x7F, 0xFF].map(|last| (n, last))).map(|(n, last)| {
        let mut bytes = [0xFF; 32];
        (bytes[0], bytes[31]) = (0xED + n, last);
        bytes
    });
    for key in SMALL_ORDER.map(hex).into_iter().chain(twice) {
        forger.server.refill();
        let body = challenge_body(URL_SAFE_NO_PAD.encode(key));
        let answer = forger.server.post("/api/challenge", Some(&forger.cookie), &body).await;
        assert_eq!((answer.status.as_u16(), &answer.json()["code"]), (422, &json!("key_invalid")), "{key:02x?}");
    }
    assert_eq!(forger.server.number("select count(*) from challenges").await, 0);
}

#[tokio::test]
async fn sr_06_a_signature_that_only_a_lenient_check_accepts_is_refused() {
    let mut forger = Forger::new().await;
    let target = forger.target().await;
    // R is the neutral point, so S = h·a is valid for every message without a nonce.
    let signing = SigningKey::from_bytes(&target.secret);
    let signed = signing_input(target.payload().as_bytes(), &target.key);
    let neutral = hex(SMALL_ORDER[0]);
    let hash = Sha512::new().chain_update(neutral).chain_update(target.key).chain_update(&signed).finalize();
    let s = Scalar::from_bytes_mod_order_wide(&hash.into()) * signing.to_scalar();
    let signature = Signature::from_components(neutral, s.to_bytes());
    assert!(signing.verifying_key().verify(signed.as_bytes(), &signature).is_ok(), "the lenient check accepts it");
    let transcript = format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature.to_bytes()));
    assert_eq!(forger.reason(&target, transcript).await, "transcript_signature");
}

#[tokio::test]
async fn sr_07_only_the_one_header_is_accepted_before_the_payload_is_read() {
    let mut forger = Forger::new().await;
    let target = forger.target().await;
    let kid = key_id(&target.key);
    let x = URL_SAFE_NO_PAD.encode(target.key);
    let typ = "blink-transcript+jws;v=4";
    // The right header, to show that an invalid payload has a reason of its own.
    let right = format!(r#"{{"alg":"EdDSA","kid":"{kid}","typ":"{typ}"}}"#);
    assert_eq!(forger.reason(&target, target.under(&right)).await, "transcript_malformed");
    let headers = |kid: &str| {
        [
            format!(r#"{{"alg":"none","kid":"{kid}","typ":"{typ}"}}"#),
            format!(r#"{{"alg":"HS256","kid":"{kid}","typ":"{typ}"}}"#),
            format!(r#"{{"alg":"ES256","kid":"{kid}","typ":"{typ}"}}"#),
            format!(r#"{{"alg":"Ed25519","kid":"{kid}","typ":"{typ}"}}"#),
            format!(r#"{{"alg":"EdDSA","jwk":{{"crv":"Ed25519","kty":"OKP","x":"{x}"}},"kid":"{kid}","typ":"{typ}"}}"#),
            format!(r#"{{"alg":"EdDSA","jku":"https://evil.example/keys","kid":"{kid}","typ":"{typ}"}}"#),
            format!(r#"{{"alg":"EdDSA","kid":"{kid}","typ":"JWT"}}"#),
            format!(r#"{{"alg":"EdDSA","kid":"{kid}","typ":"blink-transcript+jws;v=1"}}"#),
            format!(r#"{{"alg":"EdDSA","crit":["exp"],"kid":"{kid}","typ":"{typ}"}}"#),
            format!(r#"{{"alg":"EdDSA","kid":"{}","typ":"{typ}"}}"#, "A".repeat(43)),
            format!(r#"{{"typ":"{typ}","kid":"{kid}","alg":"EdDSA"}}"#),
            format!(r#"{{"alg": "EdDSA", "kid": "{kid}", "typ": "{typ}"}}"#),
        ]
    };
    for number in 0..12 {
        let target = forger.target().await;
        let header = &headers(&key_id(&target.key))[number];
        assert_eq!(forger.reason(&target, target.under(header)).await, "transcript_header", "{header}");
    }
}

#[tokio::test]
async fn sr_08_only_the_strict_form_of_a_payload_is_accepted() {
    let mut forger = Forger::new().await;
    let target = forger.target().await;
    let sound = target.payload();
    assert_eq!(forger.reason(&target, target.signed(&sound)).await, "engine_version", "the form itself is right");
    let nested = format!("{}{}", "[".repeat(200), "]".repeat(200));
    let cases = [
        sound.replacen("\"att\":1", "\"att\":1,\"att\":1", 1).into_bytes(),
        sound.replacen("\"w\":640", "\"w\":640,\"w\":640", 1).into_bytes(),
        sound.replacen("\"att\":1", "\"att\":1,\"verdict\":\"pass\"", 1).into_bytes(),
        sound.replacen("\"w\":640", "\"w\":640.0", 1).into_bytes(),
        sound.replacen("\"w\":640", "\"w\":6.4e2", 1).into_bytes(),
        sound.replacen("\"att\":1", &format!("\"att\":1,\"deep\":{nested}"), 1).into_bytes(),
        [sound.replacen("\"soft\"", "\"so", 1).as_bytes(), &[0xFF, 0xC0]].concat(),
        format!("{sound}{{}}").into_bytes(),
        format!("{sound}\0").into_bytes(),
        format!("\u{feff}{sound}").into_bytes(),
    ];
    for payload in cases {
        let text = String::from_utf8_lossy(&payload).into_owned();
        assert_ne!(text, sound, "each case changes something");
        let target = forger.target().await;
        // The form is checked before the challenge.
        assert_eq!(forger.reason(&target, target.signed(&payload)).await, "transcript_malformed", "{text:.300}");
    }
    let target = forger.target().await;
    let huge = SubmissionParts { transcript: vec![b'A'; 65_536], ..worthless(&target.challenge) };
    forger.server.finish(&forger.cookie, "k", &huge).await.assert_problem(413, "too_large");
}

#[tokio::test]
async fn a_transcript_with_another_consent_text_is_refused() {
    let mut forger = Forger::new().await;
    let target = forger.target().await;
    let payload = target.payload().replacen(&test_client::consent(), &"A".repeat(43), 1);
    assert_eq!(forger.reason(&target, target.signed(&payload)).await, "transcript_binding");
}

#[tokio::test]
async fn sr_10_an_unknown_engine_version_is_refused_and_costs_no_attempt() {
    let mut forger = Forger::new().await;
    for change in [("\"ver\":\"", "\"ver\":\"0."), ("\"models\":\"none\"", "\"models\":\"other\"")] {
        let target = forger.target().await;
        let payload = target.payload().replacen(change.0, change.1, 1);
        assert_eq!(forger.reason(&target, target.signed(&payload)).await, "engine_version");
    }
    assert_eq!(forger.server.session(&forger.cookie).await["attempts_left"], 100);
    assert_eq!(forger.server.text("select status from users").await, "PENDING");
    assert_eq!(forger.server.events().await.len(), 2, "it is recorded nevertheless");
}
