//! `blinkgate keys`: creates, lists and revokes operators' keys.

use anyhow::{Context as _, ensure};
use serde_json::json;

use super::{command_line, print_json};
use crate::audit::{self, Action};
use crate::clock::{self, DAY_MS};
use crate::config::Config;
use crate::db::admin_keys::{self, AdminKey};
use crate::db::{Db, LockScope, second_factors, sites};
use crate::domain::{PlainAdminKey, Scope, Scopes, SiteId};

/// Longest name of a key.
const MAX_NAME: usize = 64;

/// A key to create.
#[derive(Clone, Debug)]
pub struct NewKey<'a> {
    /// Its name.
    pub name: &'a str,
    /// What it opens.
    pub scopes: Vec<Scope>,
    /// The site that it belongs to.
    pub site: Option<&'a str>,
    /// Whether its checks are decided without a camera.
    pub test: bool,
    /// Days until it expires.
    pub days: Option<u32>,
}

/// Creates a key, records that in the audit, and prints the key.
///
/// # Errors
/// The name is taken or invalid, or the database cannot be written.
pub async fn add_key(config: &Config, new: NewKey<'_>) -> anyhow::Result<()> {
    let NewKey { name, scopes, site, test, days } = new;
    let name = name.trim();
    let is_name = (1..=MAX_NAME).contains(&name.chars().count()) && !name.chars().any(char::is_control);
    ensure!(is_name, "a key's name must have 1 to {MAX_NAME} characters, on one line");
    let scopes: Scopes = scopes.into_iter().collect();
    ensure!(scopes.are_of_one_kind(), "a key is an operator's or a site's: do not mix their scopes");
    let is_of_site = scopes.are_of_sites();
    ensure!(is_of_site || site.is_none() && !test, "--site and --test need scopes of sites, such as checks:write");
    let site = match site {
        Some(id) => Some(SiteId::parse(id).context("this is no site's id")?),
        None => is_of_site.then(SiteId::of_front_door),
    };
    let now = clock::now_ms();
    let plain = if test { PlainAdminKey::generate_for_tests(now) } else { PlainAdminKey::generate(now) };
    let key = AdminKey {
        id: plain.id.clone(),
        name: name.to_owned(),
        secret_hash: plain.hash(),
        scopes: scopes.names(),
        site_id: site.clone(),
        test: test.into(),
        created_at: now,
        expires_at: days.map(|days| now + i64::from(days) * DAY_MS),
        last_used_at: None,
        exposed_at: None,
        revoked_at: None,
    };
    let db = Db::open(&config.database_url).await?;
    let mut tx = db.write(LockScope::Nothing).await?;
    if let Some(site) = &site {
        let known = sites::find(&mut tx, site).await?.is_some();
        ensure!(known, "there is no site {site}; add it first: blinkgate sites add {site}");
    }
    ensure!(
        admin_keys::insert(&mut tx, &key).await?,
        "a key named {name} exists already; revoke it first, or choose another name"
    );
    let figures = json!({ "key": key.id, "name": key.name, "scopes": scopes, "site": site, "test": test });
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
    let mut read = db.read().await?;
    for key in admin_keys::list(&mut read).await? {
        let Ok(scopes): Result<Scopes, _> = key.scopes.parse();
        print_json(&json!({
            "id": key.id,
            "name": key.name,
            "scopes": scopes,
            "site": key.site_id,
            "test": key.test != 0,
            "second_factor": second_factors::has(&mut read, &key.id).await?,
            "in_force": key.is_live(now),
            "created_at": clock::rfc3339(key.created_at),
            "expires_at": key.expires_at.map(clock::rfc3339),
            "last_used_at": key.last_used_at.map(clock::rfc3339),
            "exposed_at": key.exposed_at.map(clock::rfc3339),
            "revoked_at": key.revoked_at.map(clock::rfc3339),
        }))?;
    }
    drop(read);
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
