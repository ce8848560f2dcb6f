//! Stores of sealed bytes by name: files, a bucket, Cloudinary. Knows nothing about pictures or keys.

use super::cloudinary::Cloudinary;
use super::error::{BlobError, TIMEOUT};
use super::files::Files;
use super::s3::S3;

/// A store.
#[derive(Debug)]
pub(super) enum BlobStore {
    /// Files below `DATA_DIR`.
    Files(Files),
    /// A bucket with an S3 API.
    S3(S3),
    /// Cloudinary, as raw private resources.
    Cloudinary(Cloudinary),
}

impl BlobStore {
    /// Stores the bytes under this name and replaces what was there. They are durable when this returns.
    pub(super) async fn put(&self, name: &str, bytes: Vec<u8>) -> Result<(), BlobError> {
        match self {
            BlobStore::Files(files) => files.put(name, bytes).await,
            BlobStore::S3(bucket) => in_time(bucket.put(name, bytes)).await,
            BlobStore::Cloudinary(cloud) => in_time(cloud.put(name, bytes)).await,
        }
    }

    /// Stores the bytes under this name unless it exists. Returns whether it was new; exactly one of several concurrent
    /// callers gets `true`.
    pub(super) async fn create(&self, name: &str, bytes: Vec<u8>) -> Result<bool, BlobError> {
        match self {
            BlobStore::Files(files) => files.create(name, bytes).await,
            BlobStore::S3(bucket) => in_time(bucket.create(name, bytes)).await,
            BlobStore::Cloudinary(cloud) => in_time(cloud.create(name, bytes)).await,
        }
    }

    /// Returns the bytes stored under this name.
    pub(super) async fn get(&self, name: &str) -> Result<Option<Vec<u8>>, BlobError> {
        match self {
            BlobStore::Files(files) => files.get(name).await,
            BlobStore::S3(bucket) => in_time(bucket.get(name)).await,
            BlobStore::Cloudinary(cloud) => in_time(cloud.get(name)).await,
        }
    }

    /// Removes what is stored under this name, if anything.
    pub(super) async fn remove(&self, name: &str) -> Result<(), BlobError> {
        match self {
            BlobStore::Files(files) => files.remove(name).await,
            BlobStore::S3(bucket) => in_time(bucket.remove(name)).await,
            BlobStore::Cloudinary(cloud) => in_time(cloud.remove(name)).await,
        }
    }

    /// Returns all names below a folder, unordered.
    pub(super) async fn list(&self, folder: &str) -> Result<Vec<String>, BlobError> {
        match self {
            BlobStore::Files(files) => files.list(folder).await,
            BlobStore::S3(bucket) => bucket.list(folder).await,
            BlobStore::Cloudinary(cloud) => cloud.list(folder).await,
        }
    }
}

async fn in_time<T>(work: impl Future<Output = Result<T, BlobError>>) -> Result<T, BlobError> {
    let late = || BlobError::Unavailable("no answer in time".to_owned());
    tokio::time::timeout(TIMEOUT, work).await.map_err(|_| late())?
}
