//! Why the captures' store failed, and how long it may take.

use std::time::Duration;

use crate::sealing::DecryptFailed;

/// Longest time for one operation. Three pictures are written concurrently, so a claim's lease easily covers this.
pub(super) const TIMEOUT: Duration = Duration::from_secs(10);
/// Longest time for connecting.
pub(super) const CONNECT_TIMEOUT: Duration = Duration::from_secs(4);

/// An operation of a store failed. Never quotes contents or secrets.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BlobError {
    /// Temporarily unavailable: unreachable, full, or an error of the store itself.
    #[error("{0}")]
    Unavailable(String),
    /// Refused with these settings: access denied, or no such bucket.
    #[error("{0}")]
    Refused(String),
}

/// The captures' store failed.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// See [`BlobError`].
    #[error(transparent)]
    Blob(#[from] BlobError),
    /// The stored bytes were changed, or belong to another name.
    #[error(transparent)]
    Damaged(#[from] DecryptFailed),
    /// The stored keys are sealed with another master key.
    #[error(
        "the keys stored with the captures are sealed with another master key (CAPTURE_MASTER_KEY, or \
         DATA_DIR/keys/capture-master.key). Restore that one. If it is lost, so are the captures: remove keys/check, \
         keys/users and captures from the store, and start again"
    )]
    OtherMasterKey,
    /// The store overwrites although asked to create only.
    #[error(
        "the store ignores `If-None-Match`, which Blinkgate needs to create each key only once; use a store, or a version \
         of it, that supports conditional writes"
    )]
    NoConditionalPut,
    /// What was just written cannot be read back.
    #[error("the store does not return what was just written")]
    NotDurable,
    /// The user's id cannot be part of a name.
    #[error("the user's id cannot be part of a file name")]
    InvalidId,
}

impl StoreError {
    /// Whether a retry may succeed without any change.
    pub fn is_passing(&self) -> bool {
        matches!(self, StoreError::Blob(BlobError::Unavailable(_)) | StoreError::NotDurable)
    }
}
