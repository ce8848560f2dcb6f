//! Stores of sealed bytes by name: files, a bucket, Cloudinary. Knows nothing about pictures or keys.

use std::sync::Arc;

use tokio::sync::mpsc;

use super::cloudinary::Cloudinary;
use super::error::{BlobError, TIMEOUT};
use super::files::Files;
use super::pages::{NameSender, Pages};
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

    async fn send_names(&self, folder: &str, to: &NameSender) -> Result<(), BlobError> {
        match self {
            BlobStore::Files(files) => files.send_names(folder, to).await,
            BlobStore::S3(bucket) => bucket.send_names(folder, to).await,
            BlobStore::Cloudinary(cloud) => cloud.send_names(folder, to).await,
        }
    }
}

/// Lists all names below a folder, unordered. At most two pages are in memory at a time.
pub(super) fn pages(store: &Arc<BlobStore>, folder: &'static str) -> Pages {
    let (to, pages) = mpsc::channel(1);
    let store = Arc::clone(store);
    tokio::spawn(async move {
        if let Err(error) = store.send_names(folder, &to).await {
            // Fails if nobody wants to know any more.
            let _ = to.send(Err(error)).await;
        }
    });
    pages
}

async fn in_time<T>(work: impl Future<Output = Result<T, BlobError>>) -> Result<T, BlobError> {
    let late = || BlobError::Unavailable("no answer in time".to_owned());
    tokio::time::timeout(TIMEOUT, work).await.map_err(|_| late())?
}
