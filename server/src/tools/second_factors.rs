//! `blinkgate keys second-factor`: adds and removes the second factors of operators' keys.

use std::io::BufRead as _;

use anyhow::{Context as _, ensure};
use qrcode::QrCode;
use qrcode::render::unicode::Dense1x2;
use serde_json::json;

use super::command_line;
use crate::audit::{self, Action};
use crate::clock;
use crate::config::Config;
use crate::db::admin_keys::{self, AdminKey};
use crate::db::second_factors::SecondFactor;
use crate::db::{Connection, Db, LockScope, admin_sessions, second_factors};
use crate::second_factor::{Factor, FactorKey};
use crate::secrets;

/// How many codes may be entered before the command gives up.
const TRIES: usize = 3;

/// Shows a new secret as an address and as a QR code, and stores it once a code of it was entered.
///
/// # Errors
/// There is no such key, it is a site's or has a second factor, or no right code was entered.
pub async fn add_second_factor(config: &Config, id_or_name: &str) -> anyhow::Result<()> {
    let factors = FactorKey::new(&secrets::sites_key(config)?);
    let db = Db::open(&config.database_url).await?;
    let mut read = db.read().await?;
    let key = find(&mut read, id_or_name).await?;
    ensure!(key.site_id.is_none(), "{} is a site's key; only operators' keys can have a second factor", key.name);
    let has_one = second_factors::has(&mut read, &key.id).await?;
    ensure!(!has_one, "{} has a second factor already; remove it first", key.name);
    drop(read);

    let factor = Factor::generate();
    let uri = factor.uri(config.base_url(config.port).host(), &key.name);
    let code = QrCode::new(&uri).context("the address does not fit into a QR code")?;
    println!("{}\n{uri}", code.render::<Dense1x2>().build());
    eprintln!("Scan this with an authenticator app, then enter the code that it shows. Nobody else must see it.");
    let last_step = tokio::task::block_in_place(|| ask_for_code(&factor))?;

    let now = clock::now_ms();
    let sealed_secret = factors.seal(&key.id, &factor);
    let row = SecondFactor {
        key_id: key.id.clone(),
        sealed_secret,
        last_step,
        wrong_codes: 0,
        wrong_at: None,
        created_at: now,
    };
    let mut tx = db.write(LockScope::Nothing).await?;
    ensure!(second_factors::insert(&mut tx, &row).await?, "{} has got a second factor meanwhile", key.name);
    note(&mut tx, Action::SecondFactorAdded, &key, now).await?;
    tx.commit().await?;
    eprintln!("From now on, the key {} opens the console only, and only with a code.", key.name);
    db.close().await;
    Ok(())
}

/// Removes the second factor of a key, and ends the sessions that it opened.
///
/// # Errors
/// There is no such key, or it has no second factor.
pub async fn remove_second_factor(config: &Config, id_or_name: &str) -> anyhow::Result<()> {
    let db = Db::open(&config.database_url).await?;
    let mut tx = db.write(LockScope::Nothing).await?;
    let key = find(&mut tx, id_or_name).await?;
    ensure!(second_factors::remove(&mut tx, &key.id).await?, "{} has no second factor", key.name);
    admin_sessions::end_all(&mut tx, &key.id).await?;
    note(&mut tx, Action::SecondFactorRemoved, &key, clock::now_ms()).await?;
    tx.commit().await?;
    eprintln!("The key {} opens everything in its scopes by itself again.", key.name);
    db.close().await;
    Ok(())
}

async fn find(db: &mut Connection, id_or_name: &str) -> anyhow::Result<AdminKey> {
    admin_keys::find_unrevoked(db, id_or_name).await?.context("there is no such key, or it is revoked")
}

async fn note(db: &mut Connection, action: Action, key: &AdminKey, now_ms: i64) -> sqlx::Result<()> {
    let figures = json!({ "key": key.id, "name": key.name });
    audit::note(db, action, &command_line(), &figures, now_ms).await
}

/// Reads codes from standard input until one is right. Returns its time step.
fn ask_for_code(factor: &Factor) -> anyhow::Result<i64> {
    let mut lines = std::io::stdin().lock().lines();
    for _ in 0..TRIES {
        eprint!("Code: ");
        let line = lines.next().context("no code was entered, so nothing was changed")??;
        match factor.step_of(line.trim(), clock::now_ms()) {
            Some(step) => return Ok(step),
            None => eprintln!("This is not the code now. Is the clock of this machine right?"),
        }
    }
    anyhow::bail!("no right code was entered, so nothing was changed")
}
