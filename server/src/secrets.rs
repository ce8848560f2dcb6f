//! Secrets that the server makes for itself at its first start, under `DATA_DIR/keys`.

use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};

use crate::config::Secret;
use crate::domain::random_base64url;
use crate::files;
use crate::sealing::SealingKey;

/// What every admin key that we make begins with, so that scanners for leaked secrets know it.
const ADMIN_KEY_PREFIX: &str = "bk_";

/// Where the admin key is kept when the environment gives none.
pub fn admin_key_path(data_dir: &Path) -> PathBuf {
    data_dir.join("keys").join("admin.key")
}

/// Returns the admin key in `DATA_DIR/keys/admin.key`, which is made if absent.
///
/// # Errors
/// The file cannot be read or made, is empty, or others may read it.
pub fn admin_key(data_dir: &Path) -> anyhow::Result<Secret> {
    let path = admin_key_path(data_dir);
    let text = kept(&path, || format!("{ADMIN_KEY_PREFIX}{}", random_base64url()))?;
    ensure!(!text.trim().is_empty(), "{} is empty; remove it and a new key is made", path.display());
    Ok(Secret::new(text.trim()))
}

/// Where the key that seals the captures' keys is kept when the environment gives none.
pub fn capture_master_key_path(data_dir: &Path) -> PathBuf {
    data_dir.join("keys").join("capture-master.key")
}

/// Returns the key in `DATA_DIR/keys/capture-master.key`, which is made if absent.
///
/// # Errors
/// The file cannot be read or made, holds no key, or others may read it.
pub fn capture_master_key(data_dir: &Path) -> anyhow::Result<SealingKey> {
    let path = capture_master_key_path(data_dir);
    let text = kept(&path, || SealingKey::generate().to_text().to_string())?;
    SealingKey::parse(&text)
        .with_context(|| format!("{} holds no key; bring back the one that captures were sealed with", path.display()))
}

/// Where the key that signs checkpoints is kept when the environment gives none.
pub fn trail_key_path(data_dir: &Path) -> PathBuf {
    data_dir.join("keys").join("trail.key")
}

/// Returns the key in `DATA_DIR/keys/trail.key`, which is made if absent.
///
/// # Errors
/// The file cannot be read or made, holds no key, or others may read it.
pub fn trail_key(data_dir: &Path) -> anyhow::Result<SealingKey> {
    let path = trail_key_path(data_dir);
    let text = kept(&path, || SealingKey::generate().to_text().to_string())?;
    SealingKey::parse(&text).with_context(|| format!("{} holds no key", path.display()))
}

/// The text in a file, which is made if absent.
fn kept(path: &Path, make: impl FnOnce() -> String) -> anyhow::Result<String> {
    if !path.exists() {
        let folder = path.parent().unwrap_or(Path::new(""));
        files::create_private_dir(folder)
            // Of several servers that start at once on one folder, one makes it.
            .and_then(|()| files::write_new_private(path, format!("{}\n", make()).as_bytes()))
            .with_context(|| format!("the key {} cannot be made", path.display()))?;
    }
    assert_private(path)?;
    std::fs::read_to_string(path).with_context(|| format!("{} cannot be read", path.display()))
}

#[cfg(unix)]
fn assert_private(path: &Path) -> anyhow::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let mode = std::fs::metadata(path).with_context(|| format!("{} cannot be read", path.display()))?.permissions();
    ensure!(mode.mode() & 0o077 == 0, "{0} can be read by others; run: chmod 600 {0}", path.display());
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
    fn the_admin_key_is_made_once_and_kept() {
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
