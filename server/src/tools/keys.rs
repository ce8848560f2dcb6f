//! `blinkgate keys`: creates, lists and revokes operators' keys.

use anyhow::{Context as _, ensure};
use serde_json::json;

use super::{command_line, print_json};
use crate::audit::{self, Action};
use crate::clock::{self, DAY_MS};
use crate::config::Config;
use crate::db::admin_keys::{self, AdminKey};
use crate::db::{Db, LockScope};
use crate::domain::{PlainAdminKey, Scope, Scopes};

/// Longest name of a key.
const MAX_NAME: usize = 64;

/// Creates a key, records that in the audit, and prints the key.
///
/// # Errors
/// The name is taken or invalid, or the database cannot be written.
pub async fn add_key(config: &Config, name: &str, scopes: Vec<Scope>, days: Option<u32>) -> anyhow::Result<()> {
    let name = name.trim();
    let is_name = (1..=MAX_NAME).contains(&name.chars().count()) && !name.chars().any(char::is_control);
    ensure!(is_name, "a key's name must have 1 to {MAX_NAME} characters, on one line");
    let scopes: Scopes = scopes.into_iter().collect();
    let now = clock::now_ms();
    let plain = PlainAdminKey::generate(now);
    let key = AdminKey {
        id: plain.id.clone(),
        name: name.to_owned(),
        secret_hash: plain.hash(),
        scopes: scopes.names(),
        created_at: now,
        expires_at: days.map(|days| now + i64::from(days) * DAY_MS),
        last_used_at: None,
        exposed_at: None,
        revoked_at: None,
    };
    let db = Db::open(&config.database_url).await?;
    let mut tx = db.write(LockScope::Nothing).await?;
    ensure!(
        admin_keys::insert(&mut tx, &key).await?,
        "a key named {name} exists already; revoke it first, or choose another name"
    );
    let figures = json!({ "key": key.id, "name": key.name, "scopes": scopes });
    audit::note(&mut tx, Action::KeyAdded, &command_line(), &figures, now).await?;
    tx.commit().await?;
    println!("{}", plain.expose());
    eprintln!("This key is shown only once. Send it as Authorization: Bearer, or as X-Admin-Key.");
    db.close().await;
    Ok(())
}

/// Prints every key, including revoked ones, without its secret.
///
/// # Errors
/// The database cannot be read.
pub async fn list_keys(config: &Config) -> anyhow::Result<()> {
    let db = Db::open(&config.database_url).await?;
    let now = clock::now_ms();
    for key in admin_keys::list(&mut db.read().await?).await? {
        let Ok(scopes): Result<Scopes, _> = key.scopes.parse();
        print_json(&json!({
            "id": key.id,
            "name": key.name,
            "scopes": scopes,
            "in_force": key.is_live(now),
            "created_at": clock::rfc3339(key.created_at),
            "expires_at": key.expires_at.map(clock::rfc3339),
            "last_used_at": key.last_used_at.map(clock::rfc3339),
            "exposed_at": key.exposed_at.map(clock::rfc3339),
            "revoked_at": key.revoked_at.map(clock::rfc3339),
        }))?;
    }
    db.close().await;
    Ok(())
}

/// Revokes a key and records that in the audit.
///
/// # Errors
/// There is no such key, it is revoked already, or the database cannot be written.
pub async fn revoke_key(config: &Config, id_or_name: &str) -> anyhow::Result<()> {
    let db = Db::open(&config.database_url).await?;
    let now = clock::now_ms();
    let mut tx = db.write(LockScope::Nothing).await?;
    let key = admin_keys::revoke(&mut tx, id_or_name, now)
        .await?
        .context("there is no such key, or it is revoked already")?;
    let figures = json!({ "key": key.id, "name": key.name });
    audit::note(&mut tx, Action::KeyRevoked, &command_line(), &figures, now).await?;
    tx.commit().await?;
    eprintln!("The key {} is revoked.", key.name);
    db.close().await;
    Ok(())
}
