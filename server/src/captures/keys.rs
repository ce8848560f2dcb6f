//! The keys that captures are sealed with: one for each user, itself sealed with the master key and kept beside the
//! captures, under `keys/`. Whoever erases a user's key erases every copy of that user's captures, wherever it lies.
//!
//! They are kept apart from the database on purpose: a database is backed up with its history, and a key that stands in an
//! old backup is not erased. `keys/erased/` remembers who was, so that what an older backup brings back is erased again.

use super::StoreError;
use super::place::Place;
use crate::clock;
use crate::domain::UserId;
use crate::sealing::SealingKey;

/// A constant, sealed with the master key at the first start: a server with another one notices.
const CHECK: &str = "keys/check";
const CHECKED: &[u8] = b"blinkgate captures";
const USERS: &str = "keys/users";
const ERASED: &str = "keys/erased";

/// Makes sure that the place was begun with this master key, and that it gives what it promises.
pub(super) async fn check(place: &Place, master: &SealingKey) -> Result<(), StoreError> {
    let kept = match place.get(CHECK).await? {
        Some(kept) => kept,
        None => {
            place.create(CHECK, master.seal(CHECK.as_bytes(), CHECKED)).await?;
            // Of several servers that start at once, one was first.
            place.get(CHECK).await?.ok_or(StoreError::Forgetful)?
        }
    };
    if master.open(CHECK.as_bytes(), &kept).ok().as_deref() != Some(CHECKED) {
        return Err(StoreError::OtherMasterKey);
    }
    if place.create(CHECK, kept).await? { Err(StoreError::Overwriting) } else { Ok(()) }
}

/// Whether the place gives what was written at the first start.
pub(super) async fn answers(place: &Place) -> Result<(), StoreError> {
    place.get(CHECK).await?.map(drop).ok_or(StoreError::Forgetful)
}

/// Returns the user's key, made if there is none.
pub(super) async fn find_or_make(place: &Place, master: &SealingKey, user: &UserId) -> Result<SealingKey, StoreError> {
    if let Some(key) = find(place, master, user).await? {
        return Ok(key);
    }
    let (name, key) = (name(USERS, user)?, SealingKey::generate());
    if place.create(&name, master.seal(name.as_bytes(), key.as_bytes())).await? {
        return Ok(key);
    }
    // Somebody else made one at the same moment.
    find(place, master, user).await?.ok_or(StoreError::Forgetful)
}

/// Returns the user's key, if there is one.
pub(super) async fn find(place: &Place, master: &SealingKey, user: &UserId) -> Result<Option<SealingKey>, StoreError> {
    let name = name(USERS, user)?;
    let Some(sealed) = place.get(&name).await? else { return Ok(None) };
    let opened = zeroize::Zeroizing::new(master.open(name.as_bytes(), &sealed)?);
    let bytes = opened.as_slice().try_into().map_err(|_| crate::sealing::Unopenable)?;
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
    let names = place.list(ERASED).await?;
    let ids = names.iter().filter_map(|name| name.strip_prefix(ERASED)?.strip_prefix('/'));
    Ok(ids.filter(|id| is_plain(id)).map(UserId::from_client).collect())
}

fn name(folder: &str, user: &UserId) -> Result<String, StoreError> {
    if is_plain(user.as_str()) { Ok(format!("{folder}/{user}")) } else { Err(StoreError::Nameless) }
}

/// Ids become names of files: ours are hexadecimal digits, and nothing that could lead elsewhere passes for one.
fn is_plain(id: &str) -> bool {
    (1..=64).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}
