//! Verifies results of checks: the signature, and everything else that a site must look at. Knows no HTTP and no clock.
//!
//! What each comparison prevents: "What your backend must check" in docs/sites.md.

use std::collections::HashMap;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ed25519_dalek::{Signature, VerifyingKey};
use serde::Deserialize;
use serde::de::DeserializeOwned;

/// How far the clocks of two machines may be apart.
const CLOCK_S: i64 = 60;

/// Returns the claims of a result if the site may rely on it, and remembers in `used` that it has.
///
/// `keys`: from `/.well-known/jwks.json`; `now_s`: seconds since 1970.
///
/// # Errors
/// Why it may not.
pub(crate) fn accept(
    token: &str,
    keys: &Keys,
    expected: &Expected<'_>,
    used: &mut Used,
    now_s: i64,
) -> Result<Claims, Refused> {
    let claims = signed_claims(token, keys)?;
    let audience = if expected.tests { format!("test:{}", expected.site) } else { expected.site.to_owned() };

    refuse_if(claims.iss != expected.issuer, Refused::Issuer)?;
    // Two claims say that it is a test. In production, neither may pass.
    refuse_if(claims.aud != audience || claims.test != expected.tests, Refused::Audience)?;
    refuse_if(claims.iat > now_s + CLOCK_S || claims.exp < now_s - CLOCK_S, Refused::Time)?;
    refuse_if(claims.sub != expected.check, Refused::Check)?;
    refuse_if(claims.nonce.as_deref() != Some(expected.nonce), Refused::Visit)?;
    refuse_if(claims.reference.as_deref() != Some(expected.reference), Refused::Person)?;
    refuse_if(claims.status != "verified", Refused::Status(claims.status.clone()))?;
    let method = claims.method.as_deref().unwrap_or("none");
    refuse_if(!expected.methods.contains(&method), Refused::Method(method.to_owned()))?;
    refuse_if(!expected.mailboxes.contains(&claims.mailbox.as_str()), Refused::Mailbox(claims.mailbox.clone()))?;
    refuse_if(!used.insert(&claims.jti, claims.exp, now_s), Refused::Used)?;
    Ok(claims)
}

/// What a result must say to count.
#[derive(Clone, Copy)]
pub(crate) struct Expected<'a> {
    /// Blinkgate's address.
    pub(crate) issuer: &'a str,
    pub(crate) site: &'a str,
    /// Whether results of test mode count, and no others.
    pub(crate) tests: bool,
    pub(crate) check: &'a str,
    /// The one stored for this browser session: others' results have another.
    pub(crate) nonce: &'a str,
    pub(crate) reference: &'a str,
    pub(crate) methods: &'a [&'a str],
    pub(crate) mailboxes: &'a [&'a str],
}

/// The claims that a site looks at.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(crate) struct Claims {
    iss: String,
    aud: String,
    pub(crate) sub: String,
    jti: String,
    /// Seconds since 1970, as `exp`.
    iat: i64,
    exp: i64,
    nonce: Option<String>,
    reference: Option<String>,
    status: String,
    mailbox: String,
    method: Option<String>,
    test: bool,
}

/// Why a result is refused, in words for the person.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refused {
    #[error("it is no result")]
    Unreadable,
    #[error("its key is unknown or revoked")]
    Key,
    #[error("its signature is wrong")]
    Signature,
    #[error("another server made it")]
    Issuer,
    #[error("it is for another site, or a test")]
    Audience,
    #[error("it is too old")]
    Time,
    #[error("it is about another check")]
    Check,
    #[error("it belongs to another visit")]
    Visit,
    #[error("it is about somebody else")]
    Person,
    #[error("the check is {0}")]
    Status(String),
    #[error("the method {0} is not enough here")]
    Method(String),
    #[error("a mailbox {0} is not enough here")]
    Mailbox(String),
    #[error("it was used before")]
    Used,
}

/// The keys that sign results: a JWK Set (RFC 7517, RFC 8037).
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Keys {
    keys: Vec<Key>,
}

/// Defaults, so that a key of another kind in the list is passed over instead of making the list unreadable.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Key {
    kid: String,
    crv: String,
    /// The public key, 32 bytes as base64url.
    x: String,
}

/// Results that were accepted, until they have expired.
#[derive(Debug, Default)]
pub(crate) struct Used(HashMap<String, i64>);

impl Used {
    /// Whether it was not there before.
    fn insert(&mut self, jti: &str, exp: i64, now_s: i64) -> bool {
        self.0.retain(|_, exp| *exp >= now_s - CLOCK_S);
        self.0.insert(jti.to_owned(), exp).is_none()
    }
}

#[derive(Deserialize)]
struct Header {
    alg: String,
    typ: String,
    kid: String,
}

/// The claims of a compact JWS (RFC 7515). None is read before its signature is known to be good.
fn signed_claims(token: &str, keys: &Keys) -> Result<Claims, Refused> {
    let (signed, signature) = token.rsplit_once('.').ok_or(Refused::Unreadable)?;
    let (header, claims) = signed.split_once('.').ok_or(Refused::Unreadable)?;
    let header: Header = json(header)?;
    // The token does not choose how it is verified: there is one algorithm.
    refuse_if(header.alg != "EdDSA" || header.typ != "blinkgate-result+jwt", Refused::Unreadable)?;
    let key = keys.keys.iter().find(|key| key.kid == header.kid && key.crv == "Ed25519").ok_or(Refused::Key)?;
    let key: [u8; 32] = bytes(&key.x).and_then(|x| x.try_into().ok()).ok_or(Refused::Key)?;
    let key = VerifyingKey::from_bytes(&key).map_err(|_| Refused::Key)?;
    let signature = bytes(signature).and_then(|bytes| Signature::from_slice(&bytes).ok()).ok_or(Refused::Signature)?;
    key.verify_strict(signed.as_bytes(), &signature).map_err(|_| Refused::Signature)?;
    json(claims)
}

fn json<T: DeserializeOwned>(part: &str) -> Result<T, Refused> {
    bytes(part).and_then(|bytes| serde_json::from_slice(&bytes).ok()).ok_or(Refused::Unreadable)
}

fn bytes(part: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(part).ok()
}

fn refuse_if(condition: bool, why: Refused) -> Result<(), Refused> {
    if condition { Err(why) } else { Ok(()) }
}

#[cfg(test)]
pub(crate) mod tests;
