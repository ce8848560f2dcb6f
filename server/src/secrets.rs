//! Secrets that the server makes for itself at its first start, under `DATA_DIR/keys`.

use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};

use crate::config::Secret;
use crate::domain::random_base64url;
use crate::files;

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
    if !path.exists() {
        let key = format!("{ADMIN_KEY_PREFIX}{}\n", random_base64url());
        files::create_private_dir(&data_dir.join("keys"))
            .and_then(|()| files::write_private_once(&path, key.as_bytes()))
            .with_context(|| format!("the admin key {} cannot be made", path.display()))?;
    }
    assert_private(&path)?;
    let text = std::fs::read_to_string(&path).with_context(|| format!("{} cannot be read", path.display()))?;
    ensure!(!text.trim().is_empty(), "{} is empty; remove it and a new key is made", path.display());
    Ok(Secret::new(text.trim()))
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
