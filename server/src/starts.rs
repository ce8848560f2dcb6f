//! Starts of servers in the trail: which version, which important settings, and what of these changed since the start
//! before. Keys and other secrets appear as digests that only somebody with the trail's key can compute, so that a
//! change shows and nothing can be guessed.

use std::collections::BTreeMap;

use anyhow::Context as _;
use serde_json::{Map, Value, json};

use crate::audit::{self, Action};
use crate::config::{BaseUrl, Config, Retention};
use crate::db::audit::latest_start;
use crate::db::{Db, LockScope};
use crate::sealing::SealingKey;
use crate::secrets;

/// Bytes of a digest that are shown.
const SHOWN: usize = 8;

/// Records the start of a server with these settings.
///
/// # Errors
/// A key cannot be read, or the database cannot be written.
pub async fn note(db: &Db, config: &Config, base_url: &BaseUrl, now_ms: i64) -> anyhow::Result<()> {
    let settings = in_force(config, base_url)?;
    let mut tx = db.write(LockScope::Nothing).await?;
    let before = latest_start(&mut tx).await?;
    let changed = before.map(|start| changes(&start.details, &settings)).unwrap_or_default();
    let started = json!({ "version": env!("CARGO_PKG_VERSION"), "settings": settings });
    audit::note(&mut tx, Action::ServerStarted, audit::SERVER, &started, now_ms).await?;
    if !changed.is_empty() {
        audit::note(&mut tx, Action::SettingsChanged, audit::SERVER, &Value::Object(changed), now_ms).await?;
    }
    tx.commit().await.context("the start cannot be recorded in the audit trail")
}

fn in_force(config: &Config, base_url: &BaseUrl) -> anyhow::Result<BTreeMap<&'static str, String>> {
    let trail = secrets::trail_key(config)?;
    let digest = |name: &str, value: &str| digest(&trail, name, value);
    let mut settings = config.in_force(base_url, digest);
    let admin = match &config.admin_key {
        Some(key) => key.clone(),
        None => secrets::admin_key(&config.data_dir)?,
    };
    settings.insert("ADMIN_API_KEY", digest("ADMIN_API_KEY", admin.expose()));
    settings.insert("SITES_KEY", digest("SITES_KEY", &secrets::sites_key(config)?.to_text()));
    settings.insert("TRAIL_SIGNING_KEY", digest("TRAIL_SIGNING_KEY", &trail.to_text()));
    if config.retention != Retention::NONE {
        let master = match &config.captures.master_key {
            Some(key) => key.clone(),
            None => secrets::capture_master_key(&config.data_dir)?,
        };
        settings.insert("CAPTURE_MASTER_KEY", digest("CAPTURE_MASTER_KEY", &master.to_text()));
    }
    Ok(settings)
}

fn digest(trail: &SealingKey, name: &str, value: &str) -> String {
    let digest = SealingKey::derive(&trail.to_text(), &format!("blinkgate: a setting in the trail, {name}={value}"));
    format!("digest {}", hex::encode(&digest.as_bytes()[..SHOWN]))
}

/// What differs from the settings of an earlier start, by name: the value before and now.
fn changes(earlier: &str, now: &BTreeMap<&'static str, String>) -> Map<String, Value> {
    let earlier: Value = serde_json::from_str(earlier).unwrap_or_default();
    let Some(before) = earlier["settings"].as_object() else { return Map::new() };
    let names = before.keys().map(String::as_str).chain(now.keys().copied());
    let change = |name: &str| {
        let (before, now) = (before.get(name).and_then(Value::as_str), now.get(name).map(String::as_str));
        // A version that records more settings, or fewer, has changed none of them.
        let differ = before.is_some() && now.is_some() && before != now;
        differ.then(|| (name.to_owned(), json!({ "before": before, "now": now })))
    };
    names.filter_map(change).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_settings_that_both_starts_know_can_have_changed() {
        let now = BTreeMap::from([("A", "1".to_owned()), ("B", "2".to_owned()), ("NEW", "3".to_owned())]);
        let changed = changes(r#"{"settings":{"A":"1","B":"1","OLD":"0"}}"#, &now);
        assert_eq!(Value::Object(changed), json!({ "B": { "before": "1", "now": "2" } }));
        assert!(changes("{}", &now).is_empty());
    }

    #[test]
    fn a_digest_depends_on_the_name_the_value_and_the_trails_key() {
        let (one, other) = (SealingKey::from_bytes([1; 32]), SealingKey::from_bytes([2; 32]));
        let digests = [("A", "x"), ("A", "y"), ("B", "x")].map(|(name, value)| digest(&one, name, value));
        assert_eq!(digest(&one, "A", "x"), digests[0]);
        assert!(digests[0] != digests[1] && digests[0] != digests[2] && digests[0] != digest(&other, "A", "x"));
    }
}
