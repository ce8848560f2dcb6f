//! Verifies webhooks (Standard Webhooks 1.0) by their HMAC, `v1`. Its libraries do the same: <https://www.standardwebhooks.com>

use axum::http::HeaderMap;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde::Deserialize;
use sha2::Sha256;

/// How old a request may be, so that nobody can send an old one again.
const TOLERANCE_S: i64 = 300;

/// What a webhook and the shop know, and nobody else. Has no `Debug`.
pub(crate) struct Secret(Vec<u8>);

impl Secret {
    /// From `whsec_…`. `None` if it is something else, such as the public key `whpk_…`.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let bytes = STANDARD.decode(text.strip_prefix("whsec_")?).ok()?;
        (!bytes.is_empty()).then_some(Self(bytes))
    }
}

/// What happened to a check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Event {
    /// The same in every try.
    pub(crate) id: String,
    /// Such as `check.revoked`.
    pub(crate) kind: String,
    /// The check; `webhook.test` has none.
    pub(crate) check: Option<String>,
}

/// Returns the event in a request. `None` if it was not sent by the holder of the secret, just now.
///
/// `body`: as it arrived, because that is what is signed; `now_s`: seconds since 1970.
pub(crate) fn event_of(secret: &Secret, headers: &HeaderMap, body: &[u8], now_s: i64) -> Option<Event> {
    let header = |name| headers.get(name)?.to_str().ok();
    let (id, timestamp) = (header("webhook-id")?, header("webhook-timestamp")?);
    let sent_s: i64 = timestamp.parse().ok()?;
    if now_s.abs_diff(sent_s) > TOLERANCE_S.unsigned_abs() {
        return None;
    }
    let signed = [id.as_bytes(), b".", timestamp.as_bytes(), b".", body].concat();
    if !is_signed(secret, &signed, header("webhook-signature")?) {
        return None;
    }
    let Payload { kind, data } = serde_json::from_slice(body).ok()?;
    Some(Event { id: id.to_owned(), kind, check: data.check })
}

/// Whether one of the signatures is good. There are several: of other kinds, and by a secret that was just replaced.
fn is_signed(secret: &Secret, signed: &[u8], signatures: &str) -> bool {
    let mut given = signatures.split(' ').filter_map(|signature| STANDARD.decode(signature.strip_prefix("v1,")?).ok());
    given.any(|given| {
        let mac = Hmac::<Sha256>::new_from_slice(&secret.0).expect("HMAC takes keys of any length");
        // Compares in constant time.
        mac.chain_update(signed).verify_slice(&given).is_ok()
    })
}

#[derive(Deserialize)]
struct Payload {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    data: Data,
}

#[derive(Default, Deserialize)]
struct Data {
    check: Option<String>,
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    const NOW: i64 = 1_800_000_000;
    const BODY: &str = r#"{"type":"check.revoked","data":{"check":"chk_1"}}"#;
    pub(crate) const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

    /// The headers of a genuine request.
    pub(crate) fn headers(id: &str, sent_s: i64, body: &str) -> HeaderMap {
        let mac = Hmac::<Sha256>::new_from_slice(&secret().0).unwrap();
        let mac = mac.chain_update(format!("{id}.{sent_s}.{body}")).finalize().into_bytes();
        let signature = format!("v1a,AAAA v1,{}", STANDARD.encode(mac));
        let pairs = [("webhook-id", id), ("webhook-timestamp", &sent_s.to_string()), ("webhook-signature", &signature)];
        pairs.into_iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect()
    }

    fn secret() -> Secret {
        Secret::parse(SECRET).unwrap()
    }

    #[test]
    fn the_published_example_is_genuine() {
        // From the tests of the standard's libraries: github.com/standard-webhooks/standard-webhooks/tree/main/libraries.
        let signed = br#"msg_p5jXN8AQM9LWM0D4loKWxJek.1614265330.{"test": 2432232314}"#;
        let signature = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
        assert!(is_signed(&secret(), signed, signature));
        assert!(!is_signed(&secret(), b"else", signature));
    }

    #[test]
    fn an_event_that_was_sent_just_now_is_taken() {
        let event = Event { id: "e1".to_owned(), kind: "check.revoked".to_owned(), check: Some("chk_1".to_owned()) };
        for sent_s in [NOW - TOLERANCE_S, NOW, NOW + TOLERANCE_S] {
            let taken = event_of(&secret(), &headers("e1", sent_s, BODY), BODY.as_bytes(), NOW);
            assert_eq!(taken, Some(event.clone()), "{sent_s}");
        }
        let test = r#"{"type":"webhook.test","data":{}}"#;
        let taken = event_of(&secret(), &headers("e2", NOW, test), test.as_bytes(), NOW);
        assert_eq!(taken.map(|event| event.check), Some(None));
    }

    #[test]
    fn nothing_is_taken_that_is_not_signed_for_the_shop_just_now() {
        let good = headers("e1", NOW, BODY);
        let with = |name: &'static str, value: &str| {
            let mut headers = good.clone();
            headers.insert(name, value.parse().unwrap());
            headers
        };
        let without = |name| {
            let mut headers = good.clone();
            headers.remove(name);
            headers
        };
        let signature = good["webhook-signature"].to_str().unwrap();
        let cases = [
            ("no headers", HeaderMap::new()),
            ("no id", without("webhook-id")),
            ("no time", without("webhook-timestamp")),
            ("no signature", without("webhook-signature")),
            ("another id", with("webhook-id", "e2")),
            ("another time", with("webhook-timestamp", &(NOW + 1).to_string())),
            ("no number", with("webhook-timestamp", "x")),
            ("too old", headers("e1", NOW - TOLERANCE_S - 1, BODY)),
            ("from the future", headers("e1", NOW + TOLERANCE_S + 1, BODY)),
            ("another signature", with("webhook-signature", "v1,AAAA v1a,AAAA")),
            ("a signature of another kind", with("webhook-signature", &signature.replace("v1,", "v1a,"))),
            ("half a signature", with("webhook-signature", "v1,")),
        ];
        for (what, headers) in cases {
            assert_eq!(event_of(&secret(), &headers, BODY.as_bytes(), NOW), None, "{what}");
        }
        assert_eq!(event_of(&secret(), &good, BODY.replace("chk_1", "chk_2").as_bytes(), NOW), None, "another body");
        let stranger = Secret::parse("whsec_AAAA").unwrap();
        assert_eq!(event_of(&stranger, &good, BODY.as_bytes(), NOW), None, "another secret");
        for other in ["", "whsec_", "whpk_AAAA", "whsec_!"] {
            assert!(Secret::parse(other).is_none(), "{other}");
        }
    }
}
