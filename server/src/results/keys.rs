//! The keys that sign results: made at the first start, rotated by an operator.

use anyhow::ensure;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ed25519_dalek::{SigningKey, VerifyingKey};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::db::signing_keys::{self, KeyRow};
use crate::db::{Connection, Db, LockScope};
use crate::sealing::SealingKey;

/// How long a new key is published before it signs: longer than anybody may cache the old list.
const PUBLISHED_BEFORE_MS: i64 = 600_000;

/// Derives the secret halves.
#[derive(Clone, Debug)]
pub struct SigningKeys(SealingKey);

impl SigningKeys {
    /// From the server's key for sites.
    pub fn new(root: SealingKey) -> Self {
        Self(root)
    }

    pub(super) fn secret(&self, number: i64) -> SigningKey {
        let secret = SealingKey::derive(&self.0.to_text(), &format!("blinkgate: results, key {number}"));
        SigningKey::from_bytes(secret.as_bytes())
    }

    fn row(&self, number: i64, now_ms: i64, active_from: i64) -> KeyRow {
        let public = self.secret(number).verifying_key();
        KeyRow {
            number,
            kid: thumbprint(&public),
            public_key: URL_SAFE_NO_PAD.encode(public.as_bytes()),
            created_at: now_ms,
            active_from,
            revoked_at: None,
        }
    }

    /// The key that signs now, with its name.
    pub(super) async fn current(&self, db: &mut Connection, now_ms: i64) -> sqlx::Result<(String, SigningKey)> {
        let mut keys = signing_keys::list(db).await?;
        keys.retain(|key| key.revoked_at.is_none());
        // If the others are revoked, a new key cannot wait until it is known.
        let active = keys.iter().find(|key| key.active_from <= now_ms).or(keys.first());
        let active = active.ok_or(sqlx::Error::RowNotFound)?;
        Ok((active.kid.clone(), self.secret(active.number)))
    }
}

/// Makes the first key, and checks that the keys in the database are this server's.
///
/// # Errors
/// The database failed, or was used by a server with another key for sites.
pub async fn begin(db: &Db, keys: &SigningKeys, now_ms: i64) -> anyhow::Result<()> {
    if signing_keys::list(&mut db.read().await?).await?.is_empty() {
        let mut tx = db.write(LockScope::Nothing).await?;
        signing_keys::insert(&mut tx, &keys.row(1, now_ms, now_ms)).await?;
        tx.commit().await?;
    }
    ensure!(
        are_ours(&mut db.read().await?, keys).await?,
        "the database's key for results was made with another SITES_KEY. Give all servers the same one (it is in \
         keys/sites.key of the data folder of the first); if it is lost: blinkgate signing-keys rotate --revoke-old"
    );
    Ok(())
}

/// Whether the keys in the database, if there are any, were made with this server's key for sites.
///
/// # Errors
/// The database failed.
pub async fn are_ours(db: &mut Connection, keys: &SigningKeys) -> sqlx::Result<bool> {
    let newest = signing_keys::list(db).await?.into_iter().next();
    Ok(newest.is_none_or(|newest| keys.row(newest.number, 0, 0).kid == newest.kid))
}

/// Adds a key. It signs as soon as everybody can know it, or at once if the earlier ones are revoked.
///
/// # Errors
/// The database failed.
pub async fn rotate(db: &mut Connection, keys: &SigningKeys, revoke_old: bool, now_ms: i64) -> sqlx::Result<KeyRow> {
    let number = signing_keys::list(db).await?.first().map_or(1, |newest| newest.number + 1);
    let row = keys.row(number, now_ms, if revoke_old { now_ms } else { now_ms + PUBLISHED_BEFORE_MS });
    signing_keys::insert(db, &row).await?;
    if revoke_old {
        signing_keys::revoke_before(db, number, now_ms).await?;
    }
    Ok(row)
}

/// The public halves of all keys that count, as a JWK Set (RFC 7517, RFC 8037). Old ones stay, for results that sites
/// have kept.
///
/// # Errors
/// The database failed.
pub async fn jwks(db: &mut Connection) -> sqlx::Result<Value> {
    let keys = signing_keys::list(db).await?;
    let keys = keys.into_iter().filter(|key| key.revoked_at.is_none());
    let view = |key: KeyRow| json!({ "kty": "OKP", "crv": "Ed25519", "use": "sig", "alg": "EdDSA", "kid": key.kid, "x": key.public_key });
    Ok(json!({ "keys": keys.map(view).collect::<Vec<_>>() }))
}

/// The key of this name, if it counts.
pub(super) async fn find(db: &mut Connection, kid: &str) -> sqlx::Result<Option<VerifyingKey>> {
    let keys = signing_keys::list(db).await?;
    let found = keys.into_iter().find(|key| key.kid == kid && key.revoked_at.is_none());
    let public = found.and_then(|key| URL_SAFE_NO_PAD.decode(key.public_key).ok()?.try_into().ok());
    Ok(public.and_then(|bytes: [u8; 32]| VerifyingKey::from_bytes(&bytes).ok()))
}

/// The key's name: its thumbprint (RFC 7638).
fn thumbprint(key: &VerifyingKey) -> String {
    let x = URL_SAFE_NO_PAD.encode(key.as_bytes());
    URL_SAFE_NO_PAD.encode(Sha256::digest(format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{x}"}}"#)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_a_key_is_its_thumbprint() {
        // RFC 8037, appendices A.2 and A.3.
        let public = URL_SAFE_NO_PAD.decode("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo").unwrap();
        let key = VerifyingKey::from_bytes(&public.try_into().unwrap()).unwrap();
        assert_eq!(thumbprint(&key), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
    }
}
