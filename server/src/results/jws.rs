//! Signs claims, and verifies what was signed here: compact JWS with EdDSA and nothing else.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ed25519_dalek::{Signature, Signer as _};
use serde::{Deserialize, Serialize};

use super::claims::Claims;
use super::keys::{self, SigningKeys};
use crate::db::Connection;

/// The type of these tokens.
const TYPE: &str = "blinkgate-result+jwt";
/// The algorithm of these tokens.
const ALGORITHM: &str = "EdDSA";
/// Longest token; the largest of ours has about half of it.
const MAX_LENGTH: usize = 2048;

#[derive(Serialize, Deserialize)]
struct Header {
    alg: String,
    typ: String,
    kid: String,
}

/// The text is no result that this server has signed.
#[derive(Debug, thiserror::Error)]
pub enum Unreadable {
    /// It is none.
    #[error("this is no result of this server")]
    Foreign,
    /// The database failed.
    #[error("database: {0}")]
    Database(#[from] sqlx::Error),
}

/// Signs the claims with the key that is active at `now_ms`.
///
/// # Errors
/// The database failed, or the claims are no JSON.
pub async fn sign(db: &mut Connection, keys: &SigningKeys, claims: &Claims, now_ms: i64) -> anyhow::Result<String> {
    let (kid, key) = keys.current(db, now_ms).await?;
    let header = Header { alg: ALGORITHM.to_owned(), typ: TYPE.to_owned(), kid };
    let part = |text: Vec<u8>| URL_SAFE_NO_PAD.encode(text);
    let signed = format!("{}.{}", part(serde_json::to_vec(&header)?), part(serde_json::to_vec(claims)?));
    let signature = part(key.sign(signed.as_bytes()).to_bytes().into());
    Ok(format!("{signed}.{signature}"))
}

/// The claims of a token that one of the keys that count has signed. Whether they suit is for the caller to decide.
///
/// # Errors
/// [`Unreadable`].
pub async fn verify(db: &mut Connection, token: &str) -> Result<Claims, Unreadable> {
    let decode = |part: &str| URL_SAFE_NO_PAD.decode(part).ok();
    let parts = || {
        let (signed, signature) = token.rsplit_once('.').filter(|_| token.len() <= MAX_LENGTH)?;
        let (header, claims) = signed.split_once('.')?;
        let header: Header = serde_json::from_slice(&decode(header)?).ok()?;
        let signature = Signature::from_slice(&decode(signature)?).ok()?;
        (header.alg == ALGORITHM && header.typ == TYPE).then_some((header.kid, signed, decode(claims)?, signature))
    };
    let (kid, signed, claims, signature) = parts().ok_or(Unreadable::Foreign)?;
    let key = keys::find(db, &kid).await?.ok_or(Unreadable::Foreign)?;
    key.verify_strict(signed.as_bytes(), &signature).map_err(|_| Unreadable::Foreign)?;
    serde_json::from_slice(&claims).map_err(|_| Unreadable::Foreign)
}
