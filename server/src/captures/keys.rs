//! The keys that seal captures: one per user, itself sealed with the master key and stored with the captures, under
//! `keys/`. Erasing a user's key erases every copy of that user's captures, wherever it is.
//!
//! The keys are kept out of the database on purpose: a database is backed up with its history, and a key in an old
//! backup is not erased. `keys/erased/` lists erased users, so that anything restored from an older backup is erased
//! again.

use std::sync::Arc;

use super::blob_store::{self, BlobStore};
use super::error::StoreError;
use super::pages::Pages;
use crate::clock;
use crate::domain::UserId;
use crate::sealing::{DecryptFailed, SealingKey};

/// The master key, and the previous one while it is being replaced. Either opens; only the new one seals.
#[derive(Clone, Debug)]
pub(super) struct MasterKeys {
    pub(super) new: SealingKey,
    pub(super) old: Option<SealingKey>,
}

impl MasterKeys {
    fn seal(&self, name: &str, plain: &[u8]) -> Vec<u8> {
        self.new.seal(name.as_bytes(), plain)
    }

    fn open(&self, name: &str, sealed: &[u8]) -> Result<Vec<u8>, DecryptFailed> {
        let with_old = |error| self.old.as_ref().ok_or(error)?.open(name.as_bytes(), sealed);
        self.new.open(name.as_bytes(), sealed).or_else(with_old)
    }
}

/// Result of sealing the users' keys with a new master key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Rotated {
    /// Keys that this run sealed with the new master key.
    pub sealed_anew: u64,
    /// Keys that were sealed with it before.
    pub were_sealed: u64,
    /// Damaged keys that neither master key opens. They are left alone.
    pub unopenable: u64,
}

/// A constant that is sealed with the master key at the first start, so that a server with another key notices.
const CHECK: &str = "keys/check";
const CHECKED: &[u8] = b"blinkgate captures";
const USERS: &str = "keys/users";
const ERASED: &str = "keys/erased";

/// Checks that the store was set up with this master key, and that it is durable and supports conditional writes.
pub(super) async fn check(blobs: &BlobStore, masters: &MasterKeys) -> Result<(), StoreError> {
    let kept = match blobs.get(CHECK).await? {
        Some(kept) => kept,
        None => {
            blobs.create(CHECK, masters.seal(CHECK, CHECKED)).await?;
            // If several servers start at once, the first one wins.
            blobs.get(CHECK).await?.ok_or(StoreError::NotDurable)?
        }
    };
    if masters.open(CHECK, &kept).ok().as_deref() != Some(CHECKED) {
        return Err(StoreError::OtherMasterKey);
    }
    if blobs.create(CHECK, kept).await? { Err(StoreError::NoConditionalPut) } else { Ok(()) }
}

/// Checks that the store returns what was written at the first start.
pub(super) async fn answers(blobs: &BlobStore) -> Result<(), StoreError> {
    blobs.get(CHECK).await?.map(drop).ok_or(StoreError::NotDurable)
}

/// Returns the user's key; creates it if there is none.
pub(super) async fn find_or_make(
    blobs: &BlobStore,
    masters: &MasterKeys,
    user: &UserId,
) -> Result<SealingKey, StoreError> {
    if let Some(key) = find(blobs, masters, user).await? {
        return Ok(key);
    }
    let (name, key) = (name(USERS, user)?, SealingKey::generate());
    if blobs.create(&name, masters.seal(&name, key.as_bytes())).await? {
        return Ok(key);
    }
    // Another request created one at the same moment.
    find(blobs, masters, user).await?.ok_or(StoreError::NotDurable)
}

/// Returns the user's key, if there is one.
pub(super) async fn find(
    blobs: &BlobStore,
    masters: &MasterKeys,
    user: &UserId,
) -> Result<Option<SealingKey>, StoreError> {
    let name = name(USERS, user)?;
    let Some(sealed) = blobs.get(&name).await? else { return Ok(None) };
    let opened = zeroize::Zeroizing::new(masters.open(&name, &sealed)?);
    let bytes = opened.as_slice().try_into().map_err(|_| DecryptFailed)?;
    Ok(Some(SealingKey::from_bytes(bytes)))
}

/// Erases the user's key, and records that it was erased.
pub(super) async fn erase(blobs: &BlobStore, user: &UserId) -> Result<(), StoreError> {
    // The record comes first, so that an interrupted erasure is completed later.
    blobs.put(&name(ERASED, user)?, clock::rfc3339(clock::now_ms()).into_bytes()).await?;
    remove(blobs, user).await
}

/// Removes the user's key.
pub(super) async fn remove(blobs: &BlobStore, user: &UserId) -> Result<(), StoreError> {
    Ok(blobs.remove(&name(USERS, user)?).await?)
}

/// Returns the users whose keys were erased.
pub(super) async fn erased(blobs: &Arc<BlobStore>) -> Result<Vec<UserId>, StoreError> {
    let (mut pages, mut all) = (UserPages::of(blobs, ERASED), Vec::new());
    while let Some(page) = pages.recv().await {
        all.append(&mut page?);
    }
    Ok(all)
}

/// A list of users, as the store gives it.
#[derive(Debug)]
pub struct UserPages {
    folder: &'static str,
    pages: Pages,
}

impl UserPages {
    /// Those who have a key.
    pub(super) fn of_keys(blobs: &Arc<BlobStore>) -> Self {
        Self::of(blobs, USERS)
    }

    /// Those with a file in this folder.
    fn of(blobs: &Arc<BlobStore>, folder: &'static str) -> Self {
        Self { folder, pages: blob_store::pages(blobs, folder) }
    }

    /// The next page; `None` after the last one.
    pub async fn recv(&mut self) -> Option<Result<Vec<UserId>, StoreError>> {
        let user = |name: String| {
            let id = name.strip_prefix(self.folder)?.strip_prefix('/')?;
            is_plain(id).then(|| UserId::from_client(id))
        };
        let page = self.pages.recv().await?;
        Some(page.map(|names| names.into_iter().filter_map(user).collect()).map_err(StoreError::from))
    }
}

/// Seals every user's key with the new master key, until none is left that is sealed with the old one. After an
/// interruption, the next call continues; until then, both master keys open.
pub(super) async fn rotate(blobs: &Arc<BlobStore>, masters: &MasterKeys) -> Result<Rotated, StoreError> {
    let mut sealed_anew = 0;
    loop {
        let mut pass = Rotated::default();
        let mut users = UserPages::of(blobs, USERS);
        while let Some(page) = users.recv().await {
            for user in page? {
                seal_anew(blobs, masters, &user, &mut pass).await?;
            }
        }
        sealed_anew += pass.sealed_anew;
        // A server that still uses the old master key may have created another user's key meanwhile.
        if pass.sealed_anew == 0 {
            // The check comes last: from now on the old master key is no longer needed.
            if blobs.get(CHECK).await?.is_none_or(|kept| masters.new.open(CHECK.as_bytes(), &kept).is_err()) {
                blobs.put(CHECK, masters.seal(CHECK, CHECKED)).await?;
            }
            return Ok(Rotated { sealed_anew, were_sealed: pass.were_sealed.saturating_sub(sealed_anew), ..pass });
        }
    }
}

async fn seal_anew(
    blobs: &BlobStore,
    masters: &MasterKeys,
    user: &UserId,
    pass: &mut Rotated,
) -> Result<(), StoreError> {
    let name = name(USERS, user)?;
    let Some(sealed) = blobs.get(&name).await? else { return Ok(()) };
    if masters.new.open(name.as_bytes(), &sealed).is_ok() {
        pass.were_sealed += 1;
        return Ok(());
    }
    let Ok(key) = masters.open(&name, &sealed).map(zeroize::Zeroizing::new) else {
        pass.unopenable += 1;
        return Ok(());
    };
    blobs.put(&name, masters.seal(&name, &key)).await?;
    pass.sealed_anew += 1;
    // The user may have been erased between our read and our write. The record is written before the key is removed.
    if blobs.get(&self::name(ERASED, user)?).await?.is_some() {
        blobs.remove(&name).await?;
    }
    Ok(())
}

fn name(folder: &str, user: &UserId) -> Result<String, StoreError> {
    if is_plain(user.as_str()) { Ok(format!("{folder}/{user}")) } else { Err(StoreError::InvalidId) }
}

/// Ids become file names. Ours are hexadecimal digits; anything that could lead outside the folder is refused.
fn is_plain(id: &str) -> bool {
    (1..=64).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}
