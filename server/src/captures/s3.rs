//! Sealed bytes as objects in a bucket with an S3 API. The only file that uses `object_store`.

use std::time::Duration;

use futures_util::TryStreamExt;
use object_store::aws::{AmazonS3, AmazonS3Builder};
use object_store::path::Path;
use object_store::{BackoffConfig, ClientOptions, Error, ObjectStore, ObjectStoreExt, PutMode, RetryConfig};

use super::error::{BlobError, CONNECT_TIMEOUT, TIMEOUT};
use super::pages::{NameSender, PAGE};
use crate::config::S3Config;

/// A bucket, or a prefix in one.
#[derive(Debug)]
pub(super) struct S3 {
    bucket: AmazonS3,
    prefix: String,
}

impl S3 {
    /// Prepares the client; sends no request.
    pub(super) fn new(config: &S3Config) -> anyhow::Result<Self> {
        crate::tls::use_ring();
        let options = ClientOptions::new()
            .with_allow_http(config.allow_http)
            .with_connect_timeout(CONNECT_TIMEOUT)
            .with_timeout(TIMEOUT);
        // Retries fit into the time that our own requests wait. Longer outages are reported, and the browser retries
        // later.
        let retries = RetryConfig {
            backoff: BackoffConfig { init_backoff: Duration::from_millis(100), ..BackoffConfig::default() },
            max_retries: 2,
            retry_timeout: TIMEOUT / 2,
        };
        let mut builder = AmazonS3Builder::new()
            .with_bucket_name(&config.bucket)
            .with_region(&config.region)
            .with_access_key_id(&config.access_key_id)
            .with_secret_access_key(config.secret_access_key.expose())
            .with_virtual_hosted_style_request(!config.path_style)
            .with_client_options(options)
            .with_retry(retries);
        if let Some(endpoint) = &config.endpoint {
            builder = builder.with_endpoint(endpoint);
        }
        Ok(Self { bucket: builder.build()?, prefix: config.prefix.clone() })
    }

    pub(super) async fn put(&self, name: &str, bytes: Vec<u8>) -> Result<(), BlobError> {
        self.bucket.put(&self.path(name), bytes.into()).await.map(drop).map_err(map_error)
    }

    pub(super) async fn create(&self, name: &str, bytes: Vec<u8>) -> Result<bool, BlobError> {
        match self.bucket.put_opts(&self.path(name), bytes.into(), PutMode::Create.into()).await {
            Ok(_) => Ok(true),
            Err(Error::AlreadyExists { .. }) => Ok(false),
            Err(error) => Err(map_error(error)),
        }
    }

    pub(super) async fn get(&self, name: &str) -> Result<Option<Vec<u8>>, BlobError> {
        match self.bucket.get(&self.path(name)).await {
            Ok(found) => Ok(Some(found.bytes().await.map_err(map_error)?.into())),
            Err(Error::NotFound { source, .. }) if !is_about_the_bucket(&*source) => Ok(None),
            Err(error) => Err(map_error(error)),
        }
    }

    pub(super) async fn remove(&self, name: &str) -> Result<(), BlobError> {
        match self.bucket.delete(&self.path(name)).await {
            Ok(()) => Ok(()),
            Err(Error::NotFound { source, .. }) if !is_about_the_bucket(&*source) => Ok(()),
            Err(error) => Err(map_error(error)),
        }
    }

    pub(super) async fn send_names(&self, folder: &str, to: &NameSender) -> Result<(), BlobError> {
        let path = self.path(folder);
        let mut found = self.bucket.list(Some(&path));
        let mut names = Vec::new();
        while let Some(object) = found.try_next().await.map_err(map_error)? {
            names.extend(object.location.as_ref().strip_prefix(&self.prefix).map(str::to_owned));
            if names.len() == PAGE && to.send(Ok(std::mem::take(&mut names))).await.is_err() {
                return Ok(());
            }
        }
        let _ = to.send(Ok(names)).await;
        Ok(())
    }

    fn path(&self, name: &str) -> Path {
        Path::from(format!("{}{name}", self.prefix))
    }
}

/// Whether the bucket is missing, not the object: only the error's code says which.
fn is_about_the_bucket(source: &(dyn std::error::Error + 'static)) -> bool {
    source.to_string().contains("NoSuchBucket")
}

fn map_error(error: Error) -> BlobError {
    let is_ours = matches!(
        error,
        Error::NotFound { .. }
            | Error::PermissionDenied { .. }
            | Error::Unauthenticated { .. }
            | Error::NotSupported { .. }
            | Error::NotImplemented { .. }
            | Error::InvalidPath { .. }
            | Error::UnknownConfigurationKey { .. }
    );
    let text = error.to_string();
    if is_ours { BlobError::Refused(text) } else { BlobError::Unavailable(text) }
}
