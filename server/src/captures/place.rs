//! Places where sealed bytes lie under a name: files, a bucket, Cloudinary. Knows nothing of pictures or keys.

use std::time::Duration;

use super::cloudinary::Cloudinary;
use super::files::Files;
use super::s3::S3;

/// What takes longer has failed. Three pictures are written side by side, so a claim's lease covers this well.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);
/// A place that cannot even be reached is told sooner.
pub(super) const CONNECT: Duration = Duration::from_secs(4);

/// A place.
#[derive(Debug)]
pub(super) enum Place {
    /// Below `DATA_DIR`.
    Files(Files),
    /// A bucket.
    S3(S3),
    /// Cloudinary, as raw private resources.
    Cloudinary(Cloudinary),
}

/// A place did not do what it was asked to. Never quotes what was to be kept, nor a secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlaceError {
    /// Not now: it cannot be reached, is full, or has a fault of its own.
    #[error("{0}")]
    Unavailable(String),
    /// Not with these settings: it knows us not, or keeps no such bucket.
    #[error("{0}")]
    Refused(String),
}

impl Place {
    /// Keeps the bytes under this name, in place of what was there. When this returns, they are kept for good.
    pub(super) async fn put(&self, name: &str, bytes: Vec<u8>) -> Result<(), PlaceError> {
        match self {
            Place::Files(files) => files.put(name, bytes).await,
            Place::S3(bucket) => in_time(bucket.put(name, bytes)).await,
            Place::Cloudinary(cloud) => in_time(cloud.put(name, bytes)).await,
        }
    }

    /// Keeps the bytes under this name if there are none yet. Returns whether there were none; of several who ask at once,
    /// one gets that answer.
    pub(super) async fn create(&self, name: &str, bytes: Vec<u8>) -> Result<bool, PlaceError> {
        match self {
            Place::Files(files) => files.create(name, bytes).await,
            Place::S3(bucket) => in_time(bucket.create(name, bytes)).await,
            Place::Cloudinary(cloud) => in_time(cloud.create(name, bytes)).await,
        }
    }

    /// Returns what is kept under this name.
    pub(super) async fn get(&self, name: &str) -> Result<Option<Vec<u8>>, PlaceError> {
        match self {
            Place::Files(files) => files.get(name).await,
            Place::S3(bucket) => in_time(bucket.get(name)).await,
            Place::Cloudinary(cloud) => in_time(cloud.get(name)).await,
        }
    }

    /// Keeps nothing under this name any more.
    pub(super) async fn remove(&self, name: &str) -> Result<(), PlaceError> {
        match self {
            Place::Files(files) => files.remove(name).await,
            Place::S3(bucket) => in_time(bucket.remove(name)).await,
            Place::Cloudinary(cloud) => in_time(cloud.remove(name)).await,
        }
    }

    /// Returns all names below a folder, in no order.
    pub(super) async fn list(&self, folder: &str) -> Result<Vec<String>, PlaceError> {
        match self {
            Place::Files(files) => files.list(folder).await,
            Place::S3(bucket) => bucket.list(folder).await,
            Place::Cloudinary(cloud) => cloud.list(folder).await,
        }
    }
}

async fn in_time<T>(work: impl Future<Output = Result<T, PlaceError>>) -> Result<T, PlaceError> {
    let late = || PlaceError::Unavailable("it did not answer in time".to_owned());
    tokio::time::timeout(PATIENCE, work).await.map_err(|_| late())?
}
