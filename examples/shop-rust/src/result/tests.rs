//! The same table of refused results as in tests/browser/shop.test.mjs, with the reason for each.

use ed25519_dalek::{Signer as _, SigningKey};
use serde_json::{Value, json};

use super::*;

const NOW: i64 = 1_800_000_000;
const HEADER: &str = r#"{"alg":"EdDSA","typ":"blinkgate-result+jwt","kid":"k1"}"#;

/// A result that the key of [`keys`] has signed.
pub(crate) fn token(claims: &Value) -> String {
    signed(HEADER, claims, 1)
}

/// The public half, as Blinkgate publishes it.
pub(crate) fn keys() -> Value {
    let x = URL_SAFE_NO_PAD.encode(SigningKey::from_bytes(&[1; 32]).verifying_key().as_bytes());
    json!({ "keys": [
        { "kty": "RSA", "kid": "r1", "n": "AQAB" },
        { "kty": "OKP", "crv": "Ed25519", "use": "sig", "alg": "EdDSA", "kid": "k1", "x": x },
    ] })
}

fn signed(header: &str, claims: &Value, secret: u8) -> String {
    let signed = format!("{}.{}", encode(header), encode(&claims.to_string()));
    let signature = SigningKey::from_bytes(&[secret; 32]).sign(signed.as_bytes());
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature.to_bytes()))
}

fn encode(text: &str) -> String {
    URL_SAFE_NO_PAD.encode(text)
}

/// The claims of a good result, with some of them changed.
fn good_but(changed: Value) -> Value {
    let mut claims = json!({
        "iss": "https://blink.example", "aud": "shop", "sub": "chk_1", "jti": "j1", "iat": NOW - 10, "exp": NOW + 590,
        "nonce": "n1", "reference": "r1", "status": "verified", "mailbox": "proven_by_us", "method": "prompted",
        "test": false,
    });
    claims.as_object_mut().unwrap().extend(changed.as_object().unwrap().clone());
    claims
}

fn good() -> String {
    token(&good_but(json!({})))
}

fn accept_here(token: &str, used: &mut Used) -> Result<Claims, Refused> {
    let expected = Expected {
        issuer: "https://blink.example",
        site: "shop",
        tests: false,
        check: "chk_1",
        nonce: "n1",
        reference: "r1",
        methods: &["prompted"],
        mailboxes: &["proven_by_us"],
    };
    accept(token, &serde_json::from_value(keys()).unwrap(), &expected, used, NOW)
}

#[test]
fn a_good_result_is_accepted_and_every_other_refused() {
    assert_eq!(accept_here(&good(), &mut Used::default()).map(|claims| claims.sub), Ok("chk_1".to_owned()));

    let with_header = |changed: (&str, &str)| signed(&HEADER.replace(changed.0, changed.1), &good_but(json!({})), 1);
    let claims = |changed: Value| token(&good_but(changed));
    let parts = good();
    let parts: Vec<&str> = parts.split('.').collect();
    let forged = encode(&good_but(json!({ "reference": "r2" })).to_string());
    let unsigned = format!("{}.{}.", encode(&HEADER.replace("EdDSA", "none")), parts[1]);
    let cases: Vec<(&str, String, Refused)> = vec![
        ("forged by another key", signed(HEADER, &good_but(json!({})), 2), Refused::Signature),
        ("unsigned", unsigned, Refused::Unreadable),
        ("with an empty signature", format!("{}.{}.", parts[0], parts[1]), Refused::Signature),
        ("with another algorithm", with_header(("EdDSA", "HS256")), Refused::Unreadable),
        ("of another type", with_header(("blinkgate-result+jwt", "JWT")), Refused::Unreadable),
        ("by a revoked key", with_header(("k1", "k0")), Refused::Key),
        ("by a key of another kind", with_header(("k1", "r1")), Refused::Key),
        ("changed", format!("{}.{forged}.{}", parts[0], parts[2]), Refused::Signature),
        ("with a fourth part", format!("{}.x", good()), Refused::Signature),
        ("expired", claims(json!({ "iat": NOW - 4000, "exp": NOW - 3400 })), Refused::Time),
        ("from the future", claims(json!({ "iat": NOW + 4000, "exp": NOW + 4600 })), Refused::Time),
        ("by another server", claims(json!({ "iss": "https://evil.example" })), Refused::Issuer),
        ("for another site", claims(json!({ "aud": "bank" })), Refused::Audience),
        ("a test, in production", claims(json!({ "aud": "test:shop", "test": true })), Refused::Audience),
        ("a test for the site itself", claims(json!({ "test": true })), Refused::Audience),
        ("about another check", claims(json!({ "sub": "chk_2" })), Refused::Check),
        ("of another visit", claims(json!({ "nonce": "n2" })), Refused::Visit),
        ("without a nonce", claims(json!({ "nonce": null })), Refused::Visit),
        ("about somebody else", claims(json!({ "reference": "r2" })), Refused::Person),
        ("failed", claims(json!({ "status": "failed" })), Refused::Status("failed".to_owned())),
        ("under review", claims(json!({ "status": "review" })), Refused::Status("review".to_owned())),
        ("revoked", claims(json!({ "status": "revoked" })), Refused::Status("revoked".to_owned())),
        ("by a weaker method", claims(json!({ "method": "natural" })), Refused::Method("natural".to_owned())),
        ("by no method", claims(json!({ "method": null })), Refused::Method("none".to_owned())),
        (
            "vouched for",
            claims(json!({ "mailbox": "vouched_by_site" })),
            Refused::Mailbox("vouched_by_site".to_owned()),
        ),
        ("without a claim", token(&json!({ "iss": "https://blink.example" })), Refused::Unreadable),
        ("no token", "x".to_owned(), Refused::Unreadable),
        ("empty", String::new(), Refused::Unreadable),
    ];
    for (what, token, why) in cases {
        let mut used = Used::default();
        assert_eq!(accept_here(&token, &mut used), Err(why), "{what}");
        assert!(used.0.is_empty(), "{what}: a result that is refused is not used up");
    }
}

#[test]
fn a_result_is_accepted_once() {
    let mut used = Used::default();
    assert!(accept_here(&good(), &mut used).is_ok());
    assert_eq!(accept_here(&good(), &mut used), Err(Refused::Used));
}

#[test]
fn used_results_are_forgotten_only_when_their_time_is_over() {
    let mut used = Used::default();
    assert!(used.insert("j1", NOW, NOW - 600));
    assert!(!used.insert("j1", NOW, NOW + CLOCK_S));
    assert!(used.insert("j2", NOW + 700, NOW + CLOCK_S + 1));
    assert_eq!(used.0.len(), 1);
}
