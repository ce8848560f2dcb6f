//! `blinkgate signing-keys`: lists and rotates the keys that sign results.

use serde_json::{Value, json};

use super::{command_line, print_json};
use crate::audit::{self, Action};
use crate::clock;
use crate::config::Config;
use crate::db::signing_keys::{self, KeyRow};
use crate::db::{Db, LockScope};
use crate::results;
use crate::secrets;

/// Prints every key, newest first.
///
/// # Errors
/// The database cannot be read.
pub async fn list_signing_keys(config: &Config) -> anyhow::Result<()> {
    let db = Db::open(&config.database_url).await?;
    for key in signing_keys::list(&mut db.read().await?).await? {
        print_json(&view(&key))?;
    }
    db.close().await;
    Ok(())
}

/// Adds a key, records that in the audit, and prints the key.
///
/// # Errors
/// The server's key for sites cannot be used, or the database cannot be written.
pub async fn rotate_signing_key(config: &Config, revoke_old: bool) -> anyhow::Result<()> {
    let keys = results::SigningKeys::new(secrets::sites_key(config)?);
    let db = Db::open(&config.database_url).await?;
    let now = clock::now_ms();
    let mut tx = db.write(LockScope::Nothing).await?;
    let row = results::rotate(&mut tx, &keys, revoke_old, now).await?;
    let figures = json!({ "kid": row.kid, "revoked_old": revoke_old });
    audit::note(&mut tx, Action::SigningKeyRotated, &command_line(), &figures, now).await?;
    tx.commit().await?;
    db.close().await;
    print_json(&view(&row))?;
    match revoke_old {
        true => eprintln!(
            "Results that earlier keys signed are refused from now on, as soon as sites fetch the keys again."
        ),
        false => eprintln!("The key signs in ten minutes, when every site can know it. Earlier results stay valid."),
    }
    Ok(())
}

fn view(key: &KeyRow) -> Value {
    json!({
        "number": key.number,
        "kid": key.kid,
        "created_at": clock::rfc3339(key.created_at),
        "active_from": clock::rfc3339(key.active_from),
        "revoked_at": key.revoked_at.map(clock::rfc3339),
    })
}
