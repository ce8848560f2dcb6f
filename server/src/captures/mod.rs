//! The captures' store: pictures are sealed, then kept in one of three places, before the database names them.
//!
//! Two layers: sealing (`sealed.rs`, `keys.rs`) knows nothing of places, places (`place.rs` and what it lists) see sealed
//! bytes only. What is called what stands in `refs.rs`.

mod cloudinary;
mod files;
mod keys;
mod place;
mod refs;
mod s3;
mod sealed;

use std::path::Path;
use std::sync::Arc;

use anyhow::Context as _;
use tokio::sync::OnceCell;

use crate::config::{CaptureConfig, PlaceConfig};
use crate::domain::{EventId, UserId};
use crate::sealing::Unopenable;
use crate::secrets;
use keys::MasterKeys;
pub use keys::Rotated;
use place::Place;
pub use place::PlaceError;
pub use refs::{CaptureRefs, event_of};

/// Captures, sealed, in one place.
#[derive(Clone, Debug)]
pub struct CaptureStore {
    place: Arc<Place>,
    masters: MasterKeys,
    /// Whether the place was seen to be usable.
    checked: Arc<OnceCell<()>>,
}

/// What became of a capture that is asked for.
#[derive(Debug, PartialEq, Eq)]
pub enum Found {
    /// Here it is.
    Picture(Vec<u8>),
    /// The place keeps none under this name.
    Nothing,
    /// Its bytes may be there, but its owner's key was erased: nobody can open them any more.
    Erased,
}

/// The store did not do what it was asked to.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// See [`PlaceError`].
    #[error(transparent)]
    Place(#[from] PlaceError),
    /// What is kept was changed, or belongs elsewhere.
    #[error(transparent)]
    Damaged(#[from] Unopenable),
    /// The keys that are kept are sealed with another master key.
    #[error(
        "the keys kept beside the captures are sealed with another master key (CAPTURE_MASTER_KEY, or \
         DATA_DIR/keys/capture-master.key). Bring that one back. If it is lost, so are the captures: remove keys/check, \
         keys/users and captures from the store, and start anew"
    )]
    OtherMasterKey,
    /// The place writes over what it was asked to leave.
    #[error(
        "the store does not keep `If-None-Match`, which Blinkgate needs to make each key once; use a store or a version of \
         it that does"
    )]
    Overwriting,
    /// What was written just now is not there.
    #[error("the store does not give back what was just written")]
    Forgetful,
    /// An id that cannot be part of a name.
    #[error("a user's id cannot be part of a name")]
    Nameless,
}

impl StoreError {
    /// Whether it makes sense to ask again later, with nothing changed.
    pub fn is_passing(&self) -> bool {
        matches!(self, StoreError::Place(PlaceError::Unavailable(_)) | StoreError::Forgetful)
    }
}

impl CaptureStore {
    /// Prepares the place and finds the master key, which is made at the first start where none is given.
    ///
    /// # Errors
    /// The settings lead nowhere, or the key's file cannot be read or made.
    pub fn open(config: &CaptureConfig, data_dir: &Path) -> anyhow::Result<Self> {
        let master = match &config.master_key {
            Some(key) => key.clone(),
            None => secrets::capture_master_key(data_dir)?,
        };
        let place = match &config.place {
            PlaceConfig::Files => Place::Files(files::Files::below(data_dir)),
            PlaceConfig::S3(config) => {
                Place::S3(s3::S3::new(config).context("the bucket cannot be used; see the S3_… settings")?)
            }
            PlaceConfig::Cloudinary(config) => Place::Cloudinary(
                cloudinary::Cloudinary::new(config)
                    .context("Cloudinary cannot be used; see the CLOUDINARY_… settings")?,
            ),
        };
        let masters = MasterKeys { new: master, old: config.old_master_key.clone() };
        Ok(Self { place: Arc::new(place), masters, checked: Arc::default() })
    }

    /// Makes sure that the place can be used, with these settings and this master key. Once it was seen that it can, this is no
    /// question any more.
    ///
    /// # Errors
    /// It cannot, or not now ([`StoreError::is_passing`]).
    pub async fn check(&self) -> Result<(), StoreError> {
        self.checked.get_or_try_init(|| keys::check(&self.place, &self.masters)).await.copied()
    }

    /// Whether the place answers now.
    ///
    /// # Errors
    /// As [`CaptureStore::check`].
    pub async fn answers(&self) -> Result<(), StoreError> {
        self.check().await?;
        keys::answers(&self.place).await
    }

    /// Seals and keeps the pictures of `user`: open, closed, strip. When this returns, all of them are kept for good; when it
    /// fails, what was written is removed again, as far as the place lets us.
    ///
    /// # Errors
    /// The place failed.
    pub async fn store(&self, user: &UserId, refs: &CaptureRefs, pictures: [&[u8]; 3]) -> Result<(), StoreError> {
        // Where the place could not be reached at the start.
        self.check().await?;
        let key = keys::find_or_make(&self.place, &self.masters, user).await?;
        let [open, closed, strip] = refs.each();
        let write = |name, picture| self.place.put(name, sealed::seal(&key, user, name, picture));
        // To their ends, all of them, so that none is written after it was removed.
        let (open, closed, strip) =
            tokio::join!(write(open, pictures[0]), write(closed, pictures[1]), write(strip, pictures[2]));
        let written = open.and(closed).and(strip);
        if written.is_err()
            && let Err(error) = self.remove(&refs.each()).await
        {
            tracing::warn!(reference = refs.open, %error, "captures that nothing refers to wait for the next sweep");
        }
        Ok(written?)
    }

    /// Returns a picture by its reference.
    ///
    /// # Errors
    /// The place failed, or what it keeps is not what was written there.
    pub async fn read(&self, reference: &str) -> Result<Found, StoreError> {
        let Some(bytes) = self.place.get(reference).await? else { return Ok(Found::Nothing) };
        let (owner, sealed) = sealed::parse(&bytes)?;
        match keys::find(&self.place, &self.masters, &owner).await? {
            Some(key) => Ok(Found::Picture(sealed.open(&key, reference)?)),
            None => Ok(Found::Erased),
        }
    }

    /// Removes captures by their references, as far as they are there. Leaves alone what is none of ours.
    ///
    /// # Errors
    /// The place failed; the others were removed all the same.
    pub async fn remove(&self, references: &[impl AsRef<str>]) -> Result<(), StoreError> {
        let mut done = Ok(());
        for reference in references.iter().map(AsRef::as_ref) {
            if refs::event_of_any(reference).is_some() {
                done = done.and(self.place.remove(reference).await);
            }
        }
        Ok(done?)
    }

    /// Every capture that is kept, by name, with its event; also what writes that were cut off left behind.
    ///
    /// # Errors
    /// The place failed.
    pub async fn list(&self) -> Result<Vec<(String, EventId)>, StoreError> {
        let names = self.place.list(refs::FOLDER).await?;
        Ok(names.into_iter().filter_map(|name| refs::event_of_any(&name).map(|event| (name, event))).collect())
    }

    /// Erases the user's key: from now on nobody can open a capture of theirs, wherever a copy of it lies.
    ///
    /// # Errors
    /// The place failed; to be called again.
    pub async fn erase_key(&self, user: &UserId) -> Result<(), StoreError> {
        keys::erase(&self.place, user).await
    }

    /// Removes what there may be of a key that was erased.
    ///
    /// # Errors
    /// The place failed.
    pub async fn remove_key(&self, user: &UserId) -> Result<(), StoreError> {
        keys::remove(&self.place, user).await
    }

    /// Seals every user's key with the master key, where the old one sealed it. Captures stay as they are.
    ///
    /// # Errors
    /// The place failed; to be called again, which goes on.
    pub async fn rotate(&self) -> Result<Rotated, StoreError> {
        self.check().await?;
        keys::rotate(&self.place, &self.masters).await
    }

    /// Returns everybody whose key was erased.
    ///
    /// # Errors
    /// The place failed.
    pub async fn erased(&self) -> Result<Vec<UserId>, StoreError> {
        keys::erased(&self.place).await
    }
}

#[cfg(test)]
mod tests;
