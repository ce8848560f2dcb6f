//! Sealed bytes as objects of a bucket that speaks S3. The only file that knows `object_store`.

use std::time::Duration;

use futures_util::TryStreamExt;
use object_store::aws::{AmazonS3, AmazonS3Builder};
use object_store::path::Path;
use object_store::{BackoffConfig, ClientOptions, Error, ObjectStore, ObjectStoreExt, PutMode, RetryConfig};

use super::place::{CONNECT, PATIENCE, PlaceError};
use crate::config::S3Config;

/// A bucket, or a folder of one.
#[derive(Debug)]
pub(super) struct S3 {
    bucket: AmazonS3,
    prefix: String,
}

impl S3 {
    /// Prepares the way there; nothing is asked yet.
    pub(super) fn new(config: &S3Config) -> anyhow::Result<Self> {
        crate::tls::use_ring();
        let options = ClientOptions::new()
            .with_allow_http(config.allow_http)
            .with_connect_timeout(CONNECT)
            .with_timeout(PATIENCE);
        // Within what a request to us waits for; what goes wrong longer than that is told, and sent again later.
        let retries = RetryConfig {
            backoff: BackoffConfig { init_backoff: Duration::from_millis(100), ..BackoffConfig::default() },
            max_retries: 2,
            retry_timeout: PATIENCE / 2,
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

    pub(super) async fn put(&self, name: &str, bytes: Vec<u8>) -> Result<(), PlaceError> {
        self.bucket.put(&self.path(name), bytes.into()).await.map(drop).map_err(told)
    }

    pub(super) async fn create(&self, name: &str, bytes: Vec<u8>) -> Result<bool, PlaceError> {
        match self.bucket.put_opts(&self.path(name), bytes.into(), PutMode::Create.into()).await {
            Ok(_) => Ok(true),
            Err(Error::AlreadyExists { .. }) => Ok(false),
            Err(error) => Err(told(error)),
        }
    }

    pub(super) async fn get(&self, name: &str) -> Result<Option<Vec<u8>>, PlaceError> {
        match self.bucket.get(&self.path(name)).await {
            Ok(found) => Ok(Some(found.bytes().await.map_err(told)?.into())),
            Err(Error::NotFound { source, .. }) if !is_about_the_bucket(&*source) => Ok(None),
            Err(error) => Err(told(error)),
        }
    }

    pub(super) async fn remove(&self, name: &str) -> Result<(), PlaceError> {
        match self.bucket.delete(&self.path(name)).await {
            Ok(()) => Ok(()),
            Err(Error::NotFound { source, .. }) if !is_about_the_bucket(&*source) => Ok(()),
            Err(error) => Err(told(error)),
        }
    }

    pub(super) async fn list(&self, folder: &str) -> Result<Vec<String>, PlaceError> {
        let found: Vec<_> = self.bucket.list(Some(&self.path(folder))).try_collect().await.map_err(told)?;
        let names = found.into_iter().map(|object| object.location.to_string());
        Ok(names.filter_map(|name| Some(name.strip_prefix(&self.prefix)?.to_owned())).collect())
    }

    fn path(&self, name: &str) -> Path {
        Path::from(format!("{}{name}", self.prefix))
    }
}

/// A bucket that is missing looks like an object that is missing, but for its code.
fn is_about_the_bucket(source: &(dyn std::error::Error + 'static)) -> bool {
    source.to_string().contains("NoSuchBucket")
}

fn told(error: Error) -> PlaceError {
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
    if is_ours { PlaceError::Refused(text) } else { PlaceError::Unavailable(text) }
}
