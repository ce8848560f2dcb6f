//! The captures' files: written whole before the database names them, under names made by the server alone.

use std::io;
use std::path::{Path, PathBuf};

use crate::clock;
use crate::domain::EventId;
use crate::files;

/// Captures under `DATA_DIR/captures`.
#[derive(Clone, Debug)]
pub struct CaptureStore {
    data_dir: PathBuf,
}

/// Where the pictures of one event are kept, as the audit names them: `captures/2026/<event>-open.jpg`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaptureRefs {
    /// The capture with open eyes.
    pub open: String,
    /// The capture with closed eyes.
    pub closed: String,
    /// The evidence strip.
    pub strip: String,
}

impl CaptureRefs {
    /// The references of an event. The event's id is new with every claim, so no two claims write the same file.
    pub fn new(event: &EventId, now_ms: i64) -> Self {
        let year = clock::year(now_ms);
        Self {
            open: format!("captures/{year}/{event}-open.jpg"),
            closed: format!("captures/{year}/{event}-closed.jpg"),
            strip: format!("captures/{year}/{event}-strip.jpg"),
        }
    }
}

impl CaptureStore {
    /// A store below `data_dir`.
    pub fn new(data_dir: &Path) -> Self {
        Self { data_dir: data_dir.to_owned() }
    }

    /// Writes the pictures: open, closed, strip. Blocks until they are on the disk; on failure none is left.
    ///
    /// # Errors
    /// What the file system says.
    pub fn store(&self, refs: &CaptureRefs, pictures: &[&[u8]; 3]) -> io::Result<()> {
        let places = [&refs.open, &refs.closed, &refs.strip];
        let written = places.into_iter().zip(pictures).try_for_each(|(reference, bytes)| self.write(reference, bytes));
        if written.is_err() {
            self.remove(refs);
        }
        written
    }

    /// Removes the pictures, as far as they are there.
    pub fn remove(&self, refs: &CaptureRefs) {
        for reference in [&refs.open, &refs.closed, &refs.strip] {
            if let Err(error) = std::fs::remove_file(self.data_dir.join(reference))
                && error.kind() != io::ErrorKind::NotFound
            {
                tracing::warn!(%reference, %error, "a capture that nothing refers to could not be removed");
            }
        }
    }

    fn write(&self, reference: &str, bytes: &[u8]) -> io::Result<()> {
        let path = self.data_dir.join(reference);
        files::create_private_dir(path.parent().ok_or(io::ErrorKind::InvalidInput)?)?;
        files::write_private(&path, bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn captures_are_stored_under_their_references_and_removed_again() {
        let data = tempfile::tempdir().unwrap();
        let store = CaptureStore::new(data.path());
        let refs = CaptureRefs::new(&EventId::from_client("0123"), 1_798_761_599_999);
        assert_eq!(refs.open, "captures/2026/0123-open.jpg");
        store.store(&refs, &[b"open", b"closed", b"strip"]).unwrap();
        assert_eq!(std::fs::read(data.path().join(&refs.closed)).unwrap(), b"closed");
        store.remove(&refs);
        assert_eq!(std::fs::read_dir(data.path().join("captures/2026")).unwrap().count(), 0);
    }

    #[test]
    fn a_failure_leaves_no_picture() {
        let data = tempfile::tempdir().unwrap();
        let store = CaptureStore::new(data.path());
        let refs = CaptureRefs::new(&EventId::from_client("0123"), 0);
        std::fs::create_dir_all(data.path().join(&refs.closed)).unwrap();
        assert!(store.store(&refs, &[b"open", b"closed", b"strip"]).is_err());
        assert!(!data.path().join(&refs.open).exists());
    }
}
