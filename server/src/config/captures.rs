//! Settings of the captures: where they are stored and which key seals them.

use std::str::FromStr;

use super::error::ConfigError;
use super::secret::Secret;
use super::source::Source;
use super::values::{self, is_loopback_host};
use crate::domain::SealingKey;

/// Where captures are stored and which key seals them.
#[derive(Clone, Debug)]
pub struct CaptureConfig {
    /// `CAPTURE_STORE` and the settings of that store.
    pub store: BlobStoreConfig,
    /// `CAPTURE_MASTER_KEY`. If unset, one is created under `DATA_DIR/keys/`.
    pub master_key: Option<SealingKey>,
    /// `CAPTURE_MASTER_KEY_OLD`: the previous key, while it is being replaced.
    pub old_master_key: Option<SealingKey>,
}

/// Where captures are stored.
#[derive(Clone, Debug)]
pub enum BlobStoreConfig {
    /// Files below `DATA_DIR`.
    Files,
    /// A bucket with an S3 API.
    S3(S3Config),
    /// A Cloudinary account.
    Cloudinary(CloudinaryConfig),
}

/// How a bucket is reached.
#[derive(Clone, Debug)]
pub struct S3Config {
    /// `S3_BUCKET`.
    pub bucket: String,
    /// `S3_REGION`.
    pub region: String,
    /// `S3_ENDPOINT`; Amazon's if unset.
    pub endpoint: Option<String>,
    /// `S3_ACCESS_KEY_ID`.
    pub access_key_id: String,
    /// `S3_SECRET_ACCESS_KEY`.
    pub secret_access_key: Secret,
    /// `S3_PREFIX`: prefix of every object's name; empty, or ending with a slash.
    pub prefix: String,
    /// `S3_PATH_STYLE`: whether the bucket's name is part of the path instead of the host name.
    pub path_style: bool,
    /// Whether the endpoint may use unencrypted HTTP.
    pub allow_http: bool,
}

/// How a Cloudinary account is reached.
#[derive(Clone, Debug)]
pub struct CloudinaryConfig {
    /// `CLOUDINARY_CLOUD_NAME`.
    pub cloud_name: String,
    /// `CLOUDINARY_API_KEY`.
    pub api_key: String,
    /// `CLOUDINARY_API_SECRET`.
    pub api_secret: Secret,
    /// `CLOUDINARY_FOLDER`.
    pub folder: String,
    /// `CLOUDINARY_UPLOAD_PREFIX`: the address of its API, without a trailing slash.
    pub upload_prefix: String,
    /// `CLOUDINARY_SIGNATURE`.
    pub signature: CloudinarySignature,
}

/// The hash that signs requests to Cloudinary.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CloudinarySignature {
    /// The default of every account.
    Sha1,
    /// An account can be switched to this.
    Sha256,
}

impl FromStr for CloudinarySignature {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        match text {
            "sha1" => Ok(CloudinarySignature::Sha1),
            "sha256" => Ok(CloudinarySignature::Sha256),
            _ => Err(()),
        }
    }
}

impl CaptureConfig {
    pub(super) fn from_source(source: &Source) -> Result<Self, ConfigError> {
        let store = match source.text("CAPTURE_STORE") {
            Some("files") => BlobStoreConfig::Files,
            Some("s3") => BlobStoreConfig::S3(s3(source)?),
            Some("cloudinary") => BlobStoreConfig::Cloudinary(cloudinary(source)?),
            Some(got) => {
                let expected = "files, s3 or cloudinary";
                return Err(ConfigError::Unparsable { name: "CAPTURE_STORE", got: got.to_owned(), expected });
            }
            None if source.text("S3_BUCKET").is_some() && source.text("CLOUDINARY_CLOUD_NAME").is_some() => {
                let problem =
                    "is required if both S3_BUCKET and CLOUDINARY_CLOUD_NAME are set; set it to s3 or cloudinary";
                return Err(ConfigError::Unusable { name: "CAPTURE_STORE", problem });
            }
            None if source.text("S3_BUCKET").is_some() => BlobStoreConfig::S3(s3(source)?),
            None if source.text("CLOUDINARY_CLOUD_NAME").is_some() => BlobStoreConfig::Cloudinary(cloudinary(source)?),
            None => BlobStoreConfig::Files,
        };
        let key = |name| values::key(source, name);
        Ok(Self { store, master_key: key("CAPTURE_MASTER_KEY")?, old_master_key: key("CAPTURE_MASTER_KEY_OLD")? })
    }
}

fn s3(source: &Source) -> Result<S3Config, ConfigError> {
    let needed = |name| {
        let problem = "is required to store captures in a bucket (CAPTURE_STORE)";
        source.text(name).map(str::to_owned).ok_or(ConfigError::Unusable { name, problem })
    };
    let secret = source
        .secret("S3_SECRET_ACCESS_KEY")?
        .ok_or(ConfigError::Unusable { name: "S3_SECRET_ACCESS_KEY", problem: "is required with S3_ACCESS_KEY_ID" })?;
    let endpoint = source.text("S3_ENDPOINT").map(|text| address(text, "S3_ENDPOINT")).transpose()?;
    let is_clear = endpoint.as_ref().is_some_and(|endpoint| endpoint.scheme() == "http");
    let is_here = endpoint.as_ref().and_then(url::Url::host_str).is_some_and(is_loopback_host);
    let allow_http = values::switch(source, "S3_ALLOW_HTTP")?.unwrap_or(is_here);
    if is_clear && !allow_http {
        let problem = "is not https. Plain http is allowed only for a store on this machine; for one on a trusted network, \
                       set S3_ALLOW_HTTP=true";
        return Err(ConfigError::Unusable { name: "S3_ENDPOINT", problem });
    }
    let prefix = source.text("S3_PREFIX").unwrap_or_default().trim_matches('/');
    Ok(S3Config {
        bucket: needed("S3_BUCKET")?,
        region: source.text("S3_REGION").unwrap_or("us-east-1").to_owned(),
        access_key_id: needed("S3_ACCESS_KEY_ID")?,
        secret_access_key: secret,
        prefix: if prefix.is_empty() { String::new() } else { format!("{}/", plain(prefix, "S3_PREFIX")?) },
        // Most stores other than Amazon's support nothing else.
        path_style: values::switch(source, "S3_PATH_STYLE")?.unwrap_or(endpoint.is_some()),
        allow_http,
        endpoint: endpoint.map(|endpoint| endpoint.as_str().trim_end_matches('/').to_owned()),
    })
}

fn cloudinary(source: &Source) -> Result<CloudinaryConfig, ConfigError> {
    let needed = |name| {
        let problem = "is required to store captures at Cloudinary (CAPTURE_STORE)";
        source.text(name).map(str::to_owned).ok_or(ConfigError::Unusable { name, problem })
    };
    let secret = source.secret("CLOUDINARY_API_SECRET")?.ok_or(ConfigError::Unusable {
        name: "CLOUDINARY_API_SECRET",
        problem: "is required with CLOUDINARY_API_KEY",
    })?;
    let upload_prefix = source.text("CLOUDINARY_UPLOAD_PREFIX").unwrap_or("https://api.cloudinary.com");
    let upload_prefix = address(upload_prefix, "CLOUDINARY_UPLOAD_PREFIX")?;
    if upload_prefix.scheme() == "http" && !upload_prefix.host_str().is_some_and(is_loopback_host) {
        let problem = "must be https";
        return Err(ConfigError::Unusable { name: "CLOUDINARY_UPLOAD_PREFIX", problem });
    }
    let folder = source.text("CLOUDINARY_FOLDER").unwrap_or("blinkgate").trim_matches('/');
    Ok(CloudinaryConfig {
        cloud_name: plain(&needed("CLOUDINARY_CLOUD_NAME")?, "CLOUDINARY_CLOUD_NAME")?,
        api_key: needed("CLOUDINARY_API_KEY")?,
        api_secret: secret,
        folder: plain(folder, "CLOUDINARY_FOLDER")?,
        upload_prefix: upload_prefix.as_str().trim_end_matches('/').to_owned(),
        signature: source.parsed("CLOUDINARY_SIGNATURE", "sha1 or sha256")?.unwrap_or(CloudinarySignature::Sha1),
    })
}

/// Parses a URL without a user, a query or a fragment.
fn address(text: &str, name: &'static str) -> Result<url::Url, ConfigError> {
    let url = url::Url::parse(text).ok().filter(|url| {
        let is_bare = url.query().is_none() && url.fragment().is_none();
        let has_user = !url.username().is_empty() || url.password().is_some();
        matches!(url.scheme(), "http" | "https") && url.host_str().is_some() && is_bare && !has_user
    });
    // The message must not quote the value: it may contain a password.
    let problem = "must be an address like https://s3.example.com, without a user or a query";
    url.ok_or(ConfigError::Unusable { name, problem })
}

/// A part of a path with only characters that need no escaping anywhere.
fn plain(text: &str, name: &'static str) -> Result<String, ConfigError> {
    let is_plain = |part: &str| {
        !part.is_empty()
            && part != "."
            && part != ".."
            && part.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b))
    };
    if text.split('/').all(is_plain) {
        return Ok(text.to_owned());
    }
    let expected = "letters, digits, hyphens, underscores and dots";
    Err(ConfigError::Unparsable { name, got: text.to_owned(), expected })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn captures(pairs: &[(&str, &str)]) -> Result<CaptureConfig, String> {
        CaptureConfig::from_source(&Source::from_pairs(pairs.iter().copied())).map_err(|error| error.to_string())
    }

    const BUCKET: [(&str, &str); 3] =
        [("S3_BUCKET", "captures"), ("S3_ACCESS_KEY_ID", "key"), ("S3_SECRET_ACCESS_KEY", "hunter2")];
    const CLOUD: [(&str, &str); 3] =
        [("CLOUDINARY_CLOUD_NAME", "demo"), ("CLOUDINARY_API_KEY", "1234"), ("CLOUDINARY_API_SECRET", "hunter2")];

    #[test]
    fn the_store_follows_from_the_settings() {
        assert!(matches!(captures(&[]).unwrap().store, BlobStoreConfig::Files));
        let BlobStoreConfig::S3(s3) = captures(&BUCKET).unwrap().store else { panic!("no bucket") };
        assert_eq!((s3.region.as_str(), s3.endpoint, s3.path_style), ("us-east-1", None, false));
        assert_eq!((s3.prefix.as_str(), s3.allow_http), ("", false));
        // The settings of the original system are enough.
        let BlobStoreConfig::Cloudinary(cloud) = captures(&CLOUD).unwrap().store else { panic!("no account") };
        assert_eq!(cloud.upload_prefix, "https://api.cloudinary.com");
        assert_eq!((cloud.folder.as_str(), cloud.signature), ("blinkgate", CloudinarySignature::Sha1));
        let both = [BUCKET, CLOUD].concat();
        assert!(captures(&both).unwrap_err().starts_with("CAPTURE_STORE"));
        let chosen = [both.as_slice(), &[("CAPTURE_STORE", "files")]].concat();
        assert!(matches!(captures(&chosen).unwrap().store, BlobStoreConfig::Files));
    }

    #[test]
    fn an_own_endpoint_uses_path_style_and_plain_http_only_on_this_machine() {
        let with = |more: &[(&'static str, &'static str)]| captures(&[&BUCKET, more].concat());
        let here = with(&[("S3_ENDPOINT", "http://127.0.0.1:9000/"), ("S3_PREFIX", "/blink/gate/")]);
        let BlobStoreConfig::S3(s3) = here.unwrap().store else { panic!("no bucket") };
        assert_eq!(s3.endpoint.as_deref(), Some("http://127.0.0.1:9000"));
        assert_eq!((s3.prefix.as_str(), s3.path_style, s3.allow_http), ("blink/gate/", true, true));
        let error = with(&[("S3_ENDPOINT", "http://minio:9000")]).unwrap_err();
        assert!(error.starts_with("S3_ENDPOINT") && error.contains("S3_ALLOW_HTTP"), "{error}");
        assert!(with(&[("S3_ENDPOINT", "http://minio:9000"), ("S3_ALLOW_HTTP", "true")]).is_ok());
        assert!(with(&[("S3_ENDPOINT", "https://jo:hunter2@minio")]).is_err());
    }

    #[test]
    fn incomplete_and_invalid_settings_are_named() {
        let without = |all: [(&'static str, &'static str); 3], name| {
            captures(&all.into_iter().filter(|(other, _)| *other != name).collect::<Vec<_>>()).unwrap_err()
        };
        for name in ["S3_ACCESS_KEY_ID", "S3_SECRET_ACCESS_KEY"] {
            assert!(without(BUCKET, name).starts_with(name));
        }
        for name in ["CLOUDINARY_API_KEY", "CLOUDINARY_API_SECRET"] {
            assert!(without(CLOUD, name).starts_with(name));
        }
        let cloud = |more: (&'static str, &'static str)| captures(&[CLOUD.as_slice(), &[more]].concat()).unwrap_err();
        for (name, value) in [
            ("CAPTURE_STORE", "tape"),
            ("CAPTURE_STORE", "s3"),
            ("CAPTURE_MASTER_KEY", "short"),
            ("CLOUDINARY_SIGNATURE", "md5"),
            ("CLOUDINARY_FOLDER", "../other"),
            ("CLOUDINARY_UPLOAD_PREFIX", "http://api.cloudinary.com"),
        ] {
            let error = cloud((name, value));
            assert!(error.starts_with(name) || error.starts_with("S3_"), "{error}");
            assert!(!error.contains("hunter2"), "{error}");
        }
        let secret = "q83vASNFZ4mrze8BI0VniavN7wEjRWeJq83vASNFZ4k=";
        let config = captures(&[("CAPTURE_MASTER_KEY", secret)]).unwrap();
        assert!(config.master_key.is_some() && !format!("{config:?}").contains("q83v"));
        for pairs in [BUCKET, CLOUD] {
            assert!(!format!("{:?}", captures(&pairs).unwrap()).contains("hunter2"));
        }
    }
}
