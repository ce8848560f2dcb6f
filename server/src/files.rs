//! Files that must not be lost or read by others: written beside their place, synchronised, then moved there.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

use crate::domain::{random_base64url, random_u32};

/// Creates the folder and those above it, for its owner alone. A folder that exists is left as it is.
///
/// # Errors
/// What the file system says.
pub fn create_private_dir(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

/// Writes a file that only its owner may read. When this returns, the file is on the disk under its name, whole; when
/// it fails, there is no file under that name that was not there before.
///
/// # Errors
/// What the file system says.
pub fn write_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = path.parent().ok_or(io::ErrorKind::InvalidInput)?;
    let name = path.file_name().ok_or(io::ErrorKind::InvalidInput)?;
    let temporary = folder.join(format!(".{}.part", name.to_string_lossy()));
    let written = write_new(&temporary, bytes).and_then(|()| fs::rename(&temporary, path));
    if written.is_err() {
        // The first error is the one to report.
        let _ = fs::remove_file(&temporary);
        return written;
    }
    sync_dir(folder)
}

/// As [`write_private`], but a file that exists is left as it is. Returns whether there was none; of several who ask at once,
/// one gets that answer.
///
/// # Errors
/// What the file system says; also one that knows no second name for a file (hard link).
pub fn write_new_private(path: &Path, bytes: &[u8]) -> io::Result<bool> {
    let folder = path.parent().ok_or(io::ErrorKind::InvalidInput)?;
    let name = path.file_name().ok_or(io::ErrorKind::InvalidInput)?;
    // Others may be writing the same at this moment, so the name is nobody else's.
    let temporary = folder.join(format!(".{}.{:08x}.part", name.to_string_lossy(), random_u32()));
    let linked = write_new(&temporary, bytes).and_then(|()| fs::hard_link(&temporary, path));
    let removed = fs::remove_file(&temporary);
    match linked {
        Ok(()) => removed.and_then(|()| sync_dir(folder)).map(|()| true),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
        Err(error) => Err(error),
    }
}

/// Creates an empty file that only its owner may read. A file that exists is left as it is.
///
/// # Errors
/// What the file system says.
pub fn create_private_file(path: &Path) -> io::Result<()> {
    private(OpenOptions::new().append(true).create(true)).open(path).map(|_| ())
}

/// Makes sure that files can be made in the folder.
///
/// # Errors
/// What the file system says.
pub fn probe_writable(folder: &Path) -> io::Result<()> {
    // In containers that share a folder every process may have the same number.
    let probe = folder.join(format!(".probe-{}", random_base64url()));
    write_new(&probe, b"probe")?;
    fs::remove_file(&probe)
}

fn write_new(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = private(OpenOptions::new().write(true).create(true).truncate(true)).open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// New files are for their owner alone, where the system knows such a thing.
fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
    options
}

/// Puts the folder's list of names on the disk. Windows cannot open a folder, and needs none of this.
fn sync_dir(folder: &Path) -> io::Result<()> {
    if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn of_many_who_write_a_file_once_one_does() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        std::thread::scope(|scope| {
            for n in 0..8_u8 {
                let path = &path;
                scope.spawn(move || {
                    write_new_private(path, &[n; 100]).unwrap();
                    // What is there now stays.
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
    fn a_private_file_is_whole_and_for_its_owner_alone() {
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
    fn a_new_private_file_takes_nobodys_place() {
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
