//! The captures' store: pictures are sealed, then stored in files, S3 or Cloudinary, before the database refers to
//! them.
//!
//! Two layers: sealing (`sealed.rs`, `keys.rs`) does not know the stores, and the stores (`blob_store.rs` and its three
//! kinds) see only sealed bytes. `refs.rs` defines the names.

mod blob_store;
mod cloudinary;
mod error;
mod files;
mod keys;
mod pages;
mod refs;
mod s3;
mod sealed;

use std::path::Path;
use std::sync::Arc;

use anyhow::Context as _;
use tokio::sync::OnceCell;

use crate::config::{BlobStoreConfig, CaptureConfig};
use crate::domain::{EventId, UserId};
use crate::secrets;
use blob_store::BlobStore;
pub use error::{BlobError, StoreError};
use keys::MasterKeys;
pub use keys::{Rotated, UserPages};
pub use refs::{CaptureRefs, event_of};

/// Sealed captures in one store.
#[derive(Clone, Debug)]
pub struct CaptureStore {
    blobs: Arc<BlobStore>,
    masters: MasterKeys,
    /// Set once a check of the store has succeeded.
    checked: Arc<OnceCell<()>>,
}

/// A list of captures, as the store gives it.
#[derive(Debug)]
pub struct CapturePages(pages::Pages);

impl CapturePages {
    /// The next page; `None` after the last one.
    pub async fn recv(&mut self) -> Option<Result<Vec<(String, EventId)>, StoreError>> {
        let named = |name: String| refs::event_of_any(&name).map(|event| (name, event));
        let page = self.0.recv().await?;
        Some(page.map(|names| names.into_iter().filter_map(named).collect()).map_err(StoreError::from))
    }
}

/// Result of reading a capture.
#[derive(Debug, PartialEq, Eq)]
pub enum Found {
    /// The picture.
    Picture(Vec<u8>),
    /// The store has nothing under this name.
    Nothing,
    /// The owner's key was erased, so nobody can open the bytes any more.
    Erased,
}

impl CaptureStore {
    /// Prepares the store and loads the master key. If the settings give none, one is created at the first start.
    ///
    /// # Errors
    /// A setting is invalid, or the key's file cannot be read or created.
    pub fn open(config: &CaptureConfig, data_dir: &Path) -> anyhow::Result<Self> {
        let master = match &config.master_key {
            Some(key) => key.clone(),
            None => secrets::capture_master_key(data_dir)?,
        };
        let blobs = match &config.store {
            BlobStoreConfig::Files => BlobStore::Files(files::Files::below(data_dir)),
            BlobStoreConfig::S3(config) => {
                BlobStore::S3(s3::S3::new(config).context("the bucket cannot be used; see the S3_… settings")?)
            }
            BlobStoreConfig::Cloudinary(config) => BlobStore::Cloudinary(
                cloudinary::Cloudinary::new(config)
                    .context("Cloudinary cannot be used; see the CLOUDINARY_… settings")?,
            ),
        };
        let masters = MasterKeys { new: master, old: config.old_master_key.clone() };
        Ok(Self { blobs: Arc::new(blobs), masters, checked: Arc::default() })
    }

    /// Checks that the store works with these settings and this master key. After one success, it is not checked again.
    ///
    /// # Errors
    /// The store cannot be used, perhaps only for now ([`StoreError::is_passing`]).
    pub async fn check(&self) -> Result<(), StoreError> {
        self.checked.get_or_try_init(|| keys::check(&self.blobs, &self.masters)).await.copied()
    }

    /// Checks that the store answers now.
    pub async fn answers(&self) -> Result<(), StoreError> {
        self.check().await?;
        keys::answers(&self.blobs).await
    }

    /// Seals and stores the pictures of `user`: open, closed, strip. All of them are durable when this returns. If it
    /// fails, what was written is removed again as far as possible.
    pub async fn store(&self, user: &UserId, refs: &CaptureRefs, pictures: [&[u8]; 3]) -> Result<(), StoreError> {
        // The store may have been unreachable at the start.
        self.check().await?;
        let key = keys::find_or_make(&self.blobs, &self.masters, user).await?;
        let [open, closed, strip] = refs.each();
        let write = |name, picture| self.blobs.put(name, sealed::seal(&key, user, name, picture));
        // Wait for all of them, so that none is written after it was removed.
        let (open, closed, strip) =
            tokio::join!(write(open, pictures[0]), write(closed, pictures[1]), write(strip, pictures[2]));
        let written = open.and(closed).and(strip);
        if written.is_err()
            && let Err(error) = self.remove(&refs.each()).await
        {
            tracing::warn!(reference = refs.open, %error, "could not remove unreferenced captures; the next sweep will");
        }
        Ok(written?)
    }

    /// Returns a picture by its reference.
    ///
    /// # Errors
    /// The store failed, or the stored bytes were changed.
    pub async fn read(&self, reference: &str) -> Result<Found, StoreError> {
        let Some(bytes) = self.blobs.get(reference).await? else { return Ok(Found::Nothing) };
        let (owner, sealed) = sealed::parse(&bytes)?;
        match keys::find(&self.blobs, &self.masters, &owner).await? {
            Some(key) => Ok(Found::Picture(sealed.open(&key, reference)?)),
            None => Ok(Found::Erased),
        }
    }

    /// Removes captures by their references. Missing captures are skipped, and names that are not captures ignored.
    ///
    /// # Errors
    /// The first failure. The other captures are removed all the same.
    pub async fn remove(&self, references: &[impl AsRef<str>]) -> Result<(), StoreError> {
        let mut done = Ok(());
        for reference in references.iter().map(AsRef::as_ref) {
            if refs::event_of_any(reference).is_some() {
                done = done.and(self.blobs.remove(reference).await);
            }
        }
        Ok(done?)
    }

    /// Lists the name and event of every stored capture, and of leftovers of interrupted writes.
    pub fn pages(&self) -> CapturePages {
        CapturePages(blob_store::pages(&self.blobs, refs::FOLDER))
    }

    /// Returns all of [`pages`](Self::pages).
    pub async fn list(&self) -> Result<Vec<(String, EventId)>, StoreError> {
        let (mut pages, mut all) = (self.pages(), Vec::new());
        while let Some(page) = pages.recv().await {
            all.append(&mut page?);
        }
        Ok(all)
    }

    /// Erases the user's key: from now on nobody can open any copy of their captures.
    ///
    /// # Errors
    /// The store failed; call again.
    pub async fn erase_key(&self, user: &UserId) -> Result<(), StoreError> {
        keys::erase(&self.blobs, user).await
    }

    /// Removes a key that was created after its user was erased.
    pub async fn remove_key(&self, user: &UserId) -> Result<(), StoreError> {
        keys::remove(&self.blobs, user).await
    }

    /// Lists the users who have a key.
    pub fn users(&self) -> UserPages {
        UserPages::of_keys(&self.blobs)
    }

    /// Seals every user's key with the new master key. Captures do not change.
    ///
    /// # Errors
    /// The store failed; the next call continues.
    pub async fn rotate(&self) -> Result<Rotated, StoreError> {
        self.check().await?;
        keys::rotate(&self.blobs, &self.masters).await
    }

    /// Returns the users whose keys were erased.
    pub async fn erased(&self) -> Result<Vec<UserId>, StoreError> {
        keys::erased(&self.blobs).await
    }
}

#[cfg(test)]
mod tests;
