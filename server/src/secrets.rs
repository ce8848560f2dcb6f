//! Secrets that the server creates for itself at its first start, under `DATA_DIR/keys`.

use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};

use crate::config::{Config, Secret};
use crate::domain::{SealingKey, random_base64url};
use crate::files;

/// Prefix of every admin key that we create, so that scanners for leaked secrets recognise it.
const ADMIN_KEY_PREFIX: &str = "bk_";

/// Path of the admin key if no setting gives one.
pub fn admin_key_path(data_dir: &Path) -> PathBuf {
    data_dir.join("keys").join("admin.key")
}

/// Returns the admin key in `DATA_DIR/keys/admin.key`, which is created if absent.
///
/// # Errors
/// The file cannot be read or created, is empty, or is readable by others.
pub fn admin_key(data_dir: &Path) -> anyhow::Result<Secret> {
    let path = admin_key_path(data_dir);
    let text = read_or_create(&path, || format!("{ADMIN_KEY_PREFIX}{}", random_base64url()))?;
    ensure!(!text.trim().is_empty(), "{} is empty; remove it, and a new key is created", path.display());
    Ok(Secret::new(text.trim()))
}

/// Path of the captures' master key if no setting gives one.
pub fn capture_master_key_path(data_dir: &Path) -> PathBuf {
    data_dir.join("keys").join("capture-master.key")
}

/// Returns the key in `DATA_DIR/keys/capture-master.key`, which is created if absent.
///
/// # Errors
/// The file cannot be read or created, contains no key, or is readable by others.
pub fn capture_master_key(data_dir: &Path) -> anyhow::Result<SealingKey> {
    let path = capture_master_key_path(data_dir);
    let text = read_or_create(&path, || SealingKey::generate().to_text().to_string())?;
    SealingKey::parse(&text)
        .with_context(|| format!("{} contains no key; restore the one that sealed the captures", path.display()))
}

/// Path of the key that signs checkpoints if no setting gives one.
pub fn trail_key_path(data_dir: &Path) -> PathBuf {
    data_dir.join("keys").join("trail.key")
}

/// Returns the key in the settings, or in `DATA_DIR/keys/trail.key`, which is created if absent.
///
/// # Errors
/// The file cannot be read or created, contains no key, or is readable by others.
pub fn trail_key(config: &Config) -> anyhow::Result<SealingKey> {
    if let Some(key) = &config.trail_key {
        return Ok(key.clone());
    }
    let path = trail_key_path(&config.data_dir);
    let text = read_or_create(&path, || SealingKey::generate().to_text().to_string())?;
    SealingKey::parse(&text).with_context(|| format!("{} contains no key", path.display()))
}

/// Path of the key for sites if no setting gives one.
pub fn sites_key_path(data_dir: &Path) -> PathBuf {
    data_dir.join("keys").join("sites.key")
}

/// Returns the key in the settings, or in `DATA_DIR/keys/sites.key`, which is created if absent.
///
/// # Errors
/// The file cannot be read or created, contains no key, or is readable by others.
pub fn sites_key(config: &Config) -> anyhow::Result<SealingKey> {
    if let Some(key) = &config.sites_key {
        return Ok(key.clone());
    }
    let path = sites_key_path(&config.data_dir);
    let text = read_or_create(&path, || SealingKey::generate().to_text().to_string())?;
    SealingKey::parse(&text).with_context(|| format!("{} contains no key", path.display()))
}

/// The text in a file, which is created if absent.
fn read_or_create(path: &Path, make: impl FnOnce() -> String) -> anyhow::Result<String> {
    if !path.exists() {
        let folder = path.parent().unwrap_or(Path::new(""));
        files::create_private_dir(folder)
            // If several servers start at once on one folder, one of them creates it.
            .and_then(|()| files::write_new_private(path, format!("{}\n", make()).as_bytes()))
            .with_context(|| format!("the key {} cannot be created", path.display()))?;
    }
    assert_private(path)?;
    std::fs::read_to_string(path).with_context(|| format!("{} cannot be read", path.display()))
}

#[cfg(unix)]
fn assert_private(path: &Path) -> anyhow::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let mode = std::fs::metadata(path).with_context(|| format!("{} cannot be read", path.display()))?.permissions();
    ensure!(mode.mode() & 0o077 == 0, "{0} is readable by others; run: chmod 600 {0}", path.display());
    Ok(())
}

#[cfg(not(unix))]
fn assert_private(_path: &Path) -> anyhow::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_admin_key_is_created_once_and_kept() {
        let data = tempfile::tempdir().unwrap();
        let key = admin_key(data.path()).unwrap();
        assert!(key.expose().starts_with("bk_") && key.expose().len() == 46);
        assert_eq!(admin_key(data.path()).unwrap(), key);
    }

    #[cfg(unix)]
    #[test]
    fn a_key_that_others_can_read_is_refused() {
        use std::os::unix::fs::PermissionsExt;
        let data = tempfile::tempdir().unwrap();
        let key = admin_key(data.path()).unwrap();
        let path = admin_key_path(data.path());
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
        let error = admin_key(data.path()).unwrap_err().to_string();
        assert!(error.contains("chmod 600") && !error.contains(key.expose()), "{error}");
    }
}
