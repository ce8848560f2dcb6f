//! The keys that captures are sealed with: one for each user, itself sealed with the master key and kept beside the
//! captures, under `keys/`. Whoever erases a user's key erases every copy of that user's captures, wherever it lies.
//!
//! They are kept apart from the database on purpose: a database is backed up with its history, and a key that stands in an
//! old backup is not erased. `keys/erased/` remembers who was, so that what an older backup brings back is erased again.

use super::StoreError;
use super::place::Place;
use crate::clock;
use crate::domain::UserId;
use crate::sealing::{SealingKey, Unopenable};

/// The master key, and the one before it while that is being replaced: what either sealed opens, and what is sealed is sealed
/// with the new one.
#[derive(Clone, Debug)]
pub(super) struct MasterKeys {
    pub(super) new: SealingKey,
    pub(super) old: Option<SealingKey>,
}

impl MasterKeys {
    fn seal(&self, name: &str, plain: &[u8]) -> Vec<u8> {
        self.new.seal(name.as_bytes(), plain)
    }

    fn open(&self, name: &str, sealed: &[u8]) -> Result<Vec<u8>, Unopenable> {
        let with_old = |error| self.old.as_ref().ok_or(error)?.open(name.as_bytes(), sealed);
        self.new.open(name.as_bytes(), sealed).or_else(with_old)
    }
}

/// What came of sealing the users' keys anew.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Rotated {
    /// Sealed with the new master key by this run.
    pub sealed_anew: u64,
    /// Sealed with it before.
    pub were_sealed: u64,
    /// Opened by neither, and left alone: damaged.
    pub unopenable: u64,
}

/// A constant, sealed with the master key at the first start: a server with another one notices.
const CHECK: &str = "keys/check";
const CHECKED: &[u8] = b"blinkgate captures";
const USERS: &str = "keys/users";
const ERASED: &str = "keys/erased";

/// Makes sure that the place was begun with this master key, and that it gives what it promises.
pub(super) async fn check(place: &Place, masters: &MasterKeys) -> Result<(), StoreError> {
    let kept = match place.get(CHECK).await? {
        Some(kept) => kept,
        None => {
            place.create(CHECK, masters.seal(CHECK, CHECKED)).await?;
            // Of several servers that start at once, one was first.
            place.get(CHECK).await?.ok_or(StoreError::Forgetful)?
        }
    };
    if masters.open(CHECK, &kept).ok().as_deref() != Some(CHECKED) {
        return Err(StoreError::OtherMasterKey);
    }
    if place.create(CHECK, kept).await? { Err(StoreError::Overwriting) } else { Ok(()) }
}

/// Whether the place gives what was written at the first start.
pub(super) async fn answers(place: &Place) -> Result<(), StoreError> {
    place.get(CHECK).await?.map(drop).ok_or(StoreError::Forgetful)
}

/// Returns the user's key, made if there is none.
pub(super) async fn find_or_make(place: &Place, masters: &MasterKeys, user: &UserId) -> Result<SealingKey, StoreError> {
    if let Some(key) = find(place, masters, user).await? {
        return Ok(key);
    }
    let (name, key) = (name(USERS, user)?, SealingKey::generate());
    if place.create(&name, masters.seal(&name, key.as_bytes())).await? {
        return Ok(key);
    }
    // Somebody else made one at the same moment.
    find(place, masters, user).await?.ok_or(StoreError::Forgetful)
}

/// Returns the user's key, if there is one.
pub(super) async fn find(place: &Place, masters: &MasterKeys, user: &UserId) -> Result<Option<SealingKey>, StoreError> {
    let name = name(USERS, user)?;
    let Some(sealed) = place.get(&name).await? else { return Ok(None) };
    let opened = zeroize::Zeroizing::new(masters.open(&name, &sealed)?);
    let bytes = opened.as_slice().try_into().map_err(|_| Unopenable)?;
    Ok(Some(SealingKey::from_bytes(bytes)))
}

/// Erases the user's key, and remembers that it was.
pub(super) async fn erase(place: &Place, user: &UserId) -> Result<(), StoreError> {
    // First of all: what is cut off here is seen to be unfinished.
    place.put(&name(ERASED, user)?, clock::rfc3339(clock::now_ms()).into_bytes()).await?;
    remove(place, user).await
}

/// Removes the user's key.
pub(super) async fn remove(place: &Place, user: &UserId) -> Result<(), StoreError> {
    Ok(place.remove(&name(USERS, user)?).await?)
}

/// Returns everybody whose key was erased.
pub(super) async fn erased(place: &Place) -> Result<Vec<UserId>, StoreError> {
    users(place, ERASED).await
}

/// Who has a file in a folder.
async fn users(place: &Place, folder: &str) -> Result<Vec<UserId>, StoreError> {
    let names = place.list(folder).await?;
    let ids = names.iter().filter_map(|name| name.strip_prefix(folder)?.strip_prefix('/'));
    Ok(ids.filter(|id| is_plain(id)).map(UserId::from_client).collect())
}

/// Seals every user's key anew, with the new master key, until none is left that the old one sealed. What breaks off is gone on with
/// by the next call; in between either opens.
pub(super) async fn rotate(place: &Place, masters: &MasterKeys) -> Result<Rotated, StoreError> {
    let mut sealed_anew = 0;
    loop {
        let mut pass = Rotated::default();
        for user in users(place, USERS).await? {
            seal_anew(place, masters, &user, &mut pass).await?;
        }
        sealed_anew += pass.sealed_anew;
        // A server that was asked to go on with the old one may have made another meanwhile.
        if pass.sealed_anew == 0 {
            // Last of all: from here on the old one is no longer needed.
            if place.get(CHECK).await?.is_none_or(|kept| masters.new.open(CHECK.as_bytes(), &kept).is_err()) {
                place.put(CHECK, masters.seal(CHECK, CHECKED)).await?;
            }
            return Ok(Rotated { sealed_anew, were_sealed: pass.were_sealed.saturating_sub(sealed_anew), ..pass });
        }
    }
}

async fn seal_anew(place: &Place, masters: &MasterKeys, user: &UserId, pass: &mut Rotated) -> Result<(), StoreError> {
    let name = name(USERS, user)?;
    let Some(sealed) = place.get(&name).await? else { return Ok(()) };
    if masters.new.open(name.as_bytes(), &sealed).is_ok() {
        pass.were_sealed += 1;
        return Ok(());
    }
    let Ok(key) = masters.open(&name, &sealed).map(zeroize::Zeroizing::new) else {
        pass.unopenable += 1;
        return Ok(());
    };
    place.put(&name, masters.seal(&name, &key)).await?;
    pass.sealed_anew += 1;
    // Erased between our reading and our writing: whoever erases says so before the key goes.
    if place.get(&self::name(ERASED, user)?).await?.is_some() {
        place.remove(&name).await?;
    }
    Ok(())
}

fn name(folder: &str, user: &UserId) -> Result<String, StoreError> {
    if is_plain(user.as_str()) { Ok(format!("{folder}/{user}")) } else { Err(StoreError::Nameless) }
}

/// Ids become names of files: ours are hexadecimal digits, and nothing that could lead elsewhere passes for one.
fn is_plain(id: &str) -> bool {
    (1..=64).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}
