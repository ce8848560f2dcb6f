//! Files that must be durable and private: written to a temporary file in the same folder, synced, then renamed.

use std::ffi::OsStr;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::domain::{random_base64url, random_u32};

/// Creates the folder and its parents with access for the owner only. An existing folder does not change.
pub fn create_private_dir(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

/// Writes a file that only its owner can read. When this returns, the whole file is durable; if it fails, the previous
/// file, if any, is unchanged.
pub fn write_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = path.parent().ok_or(io::ErrorKind::InvalidInput)?;
    let name = path.file_name().ok_or(io::ErrorKind::InvalidInput)?;
    let temporary = temporary(folder, name);
    let written = write_new(&temporary, bytes).and_then(|()| fs::rename(&temporary, path));
    if written.is_err() {
        // Report the first error.
        let _ = fs::remove_file(&temporary);
        return written;
    }
    sync_dir(folder)
}

/// As [`write_private`], but an existing file does not change. Returns whether the file was new; exactly one of several
/// concurrent callers gets `true`.
///
/// # Errors
/// Also if the file system has no hard links.
pub fn write_new_private(path: &Path, bytes: &[u8]) -> io::Result<bool> {
    let folder = path.parent().ok_or(io::ErrorKind::InvalidInput)?;
    let name = path.file_name().ok_or(io::ErrorKind::InvalidInput)?;
    let temporary = temporary(folder, name);
    let linked = write_new(&temporary, bytes).and_then(|()| fs::hard_link(&temporary, path));
    let removed = fs::remove_file(&temporary);
    match linked {
        Ok(()) => removed.and_then(|()| sync_dir(folder)).map(|()| true),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
        Err(error) => Err(error),
    }
}

/// A random name, since others may write the same file at this moment.
fn temporary(folder: &Path, name: &OsStr) -> PathBuf {
    folder.join(format!(".{}.{:08x}.part", name.to_string_lossy(), random_u32()))
}

/// Creates an empty file that only its owner can read. An existing file does not change.
pub fn create_private_file(path: &Path) -> io::Result<()> {
    private(OpenOptions::new().append(true).create(true)).open(path).map(|_| ())
}

/// Checks that files can be created in the folder.
pub fn probe_writable(folder: &Path) -> io::Result<()> {
    // A random name: in containers that share a folder, process ids may be equal.
    let probe = folder.join(format!(".probe-{}", random_base64url()));
    write_new(&probe, b"probe")?;
    fs::remove_file(&probe)
}

fn write_new(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = private(OpenOptions::new().write(true).create(true).truncate(true)).open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// Restricts new files to their owner, on systems that support it.
fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
    options
}

/// Syncs the folder's entries to disk. Windows cannot open a folder and does not need this.
fn sync_dir(folder: &Path) -> io::Result<()> {
    if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn of_many_concurrent_writers_exactly_one_creates_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        std::thread::scope(|scope| {
            for n in 0..8_u8 {
                let path = &path;
                scope.spawn(move || {
                    write_new_private(path, &[n; 100]).unwrap();
                    // The content never changes again.
                    let seen = fs::read(path).unwrap();
                    std::thread::yield_now();
                    assert_eq!((seen.len(), fs::read(path).unwrap()), (100, seen));
                });
            }
        });
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "the temporary files are gone");
    }

    #[test]
    fn a_private_file_is_complete_and_readable_only_by_its_owner() {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("a/b");
        create_private_dir(&folder).unwrap();
        let path = folder.join("secret");
        write_private(&path, b"first").unwrap();
        write_private(&path, b"second").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"second");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::metadata(&folder).unwrap().permissions().mode() & 0o777, 0o700);
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 1, "the temporary file is gone");
    }

    #[test]
    fn a_new_private_file_replaces_no_other() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("key");
        assert!(write_new_private(&path, b"first").unwrap());
        assert!(!write_new_private(&path, b"second").unwrap());
        assert_eq!(fs::read(&path).unwrap(), b"first");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(root.path()).unwrap().count(), 1, "the temporary files are gone");
        assert!(write_new_private(&root.path().join("absent/key"), b"third").is_err());
    }

    #[test]
    fn a_failed_write_leaves_nothing_behind() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("taken");
        fs::create_dir(&path).unwrap();
        assert!(write_private(&path, b"bytes").is_err());
        assert_eq!(fs::read_dir(root.path()).unwrap().count(), 1);
        assert!(probe_writable(&root.path().join("absent")).is_err());
    }
}
