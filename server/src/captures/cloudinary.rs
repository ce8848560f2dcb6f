//! Sealed bytes as raw private resources of a Cloudinary account, with signed uploads and signed download URLs.
//!
//! Cloudinary sees only sealed bytes, which it cannot show, transform or analyse. The only file that knows its API:
//! <https://cloudinary.com/documentation/image_upload_api_reference> and
//! <https://cloudinary.com/documentation/admin_api>.

use reqwest::multipart::{Form, Part};
use reqwest::{Client, Response, StatusCode, redirect};
use serde::Deserialize;
use sha1::Sha1;
use sha2::{Digest, Sha256};

use super::error::{BlobError, CONNECT_TIMEOUT, TIMEOUT};
use super::pages::NameSender;
use crate::clock;
use crate::config::{CloudinaryConfig, CloudinarySignature};

/// Lifetime of a signed URL, which is used at once.
const URL_LIFETIME_S: i64 = 60;
/// Largest page of a listing.
const PAGE: &str = "500";
/// Largest download in bytes; sealed pictures have at most a third of it.
const MAX_BYTES: usize = 128 * 1024;

/// A folder of an account.
#[derive(Debug)]
pub(super) struct Cloudinary {
    client: Client,
    config: CloudinaryConfig,
}

#[derive(Deserialize)]
struct Uploaded {
    /// Whether the resource existed already; it was not changed then.
    #[serde(default)]
    existing: bool,
}

#[derive(Deserialize)]
struct Removed {
    result: String,
}

#[derive(Deserialize)]
struct Listed {
    resources: Vec<Resource>,
    next_cursor: Option<String>,
}

#[derive(Deserialize)]
struct Resource {
    public_id: String,
}

impl Cloudinary {
    /// Prepares the client; sends no request.
    pub(super) fn new(config: &CloudinaryConfig) -> anyhow::Result<Self> {
        crate::tls::use_ring();
        let client = Client::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(TIMEOUT)
            .redirect(redirect::Policy::none())
            .build()?;
        Ok(Self { client, config: config.clone() })
    }

    pub(super) async fn put(&self, name: &str, bytes: Vec<u8>) -> Result<(), BlobError> {
        self.upload(name, bytes, true).await.map(drop)
    }

    pub(super) async fn create(&self, name: &str, bytes: Vec<u8>) -> Result<bool, BlobError> {
        Ok(!self.upload(name, bytes, false).await?.existing)
    }

    pub(super) async fn get(&self, name: &str) -> Result<Option<Vec<u8>>, BlobError> {
        let id = self.id(name);
        let expires = (clock::now_ms() / 1000 + URL_LIFETIME_S).to_string();
        let signed = self.signed(vec![("expires_at", expires), ("public_id", id), ("type", "private".to_owned())]);
        let mut url = self.url("raw/download")?;
        url.query_pairs_mut().extend_pairs(&signed);
        let response = send(self.client.get(url)).await?;
        if response.status() == StatusCode::NOT_FOUND {
            return Ok(None);
        }
        let mut response = ensure_success(response).await?;
        let mut bytes = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(map_error)? {
            bytes.extend_from_slice(&chunk);
            if bytes.len() > MAX_BYTES {
                return Err(BlobError::Unavailable("it sent more than was stored".to_owned()));
            }
        }
        Ok(Some(bytes))
    }

    pub(super) async fn remove(&self, name: &str) -> Result<(), BlobError> {
        let fields = vec![
            // Also removes copies from Cloudinary's delivery network.
            ("invalidate", "true".to_owned()),
            ("public_id", self.id(name)),
            ("type", "private".to_owned()),
        ];
        let removed: Removed = json(self.client.post(self.url("raw/destroy")?).form(&self.signed(fields))).await?;
        match removed.result.as_str() {
            "ok" | "not found" => Ok(()),
            other => Err(BlobError::Unavailable(format!("it did not remove the resource: {other}"))),
        }
    }

    pub(super) async fn send_names(&self, folder: &str, to: &NameSender) -> Result<(), BlobError> {
        let prefix = format!("{}/", self.id(folder));
        let mut cursor = None::<String>;
        loop {
            let mut url = self.url("resources/raw/private")?;
            url.query_pairs_mut().append_pair("prefix", &prefix).append_pair("max_results", PAGE);
            if let Some(cursor) = &cursor {
                url.query_pairs_mut().append_pair("next_cursor", cursor);
            }
            let request = self.client.get(url).basic_auth(&self.config.api_key, Some(self.config.api_secret.expose()));
            let listed: Listed = json(request).await?;
            let own = listed
                .resources
                .iter()
                .filter_map(|resource| resource.public_id.strip_prefix(&self.config.folder)?.strip_prefix('/'));
            let is_wanted = to.send(Ok(own.map(str::to_owned).collect())).await.is_ok();
            match listed.next_cursor {
                Some(next) if is_wanted => cursor = Some(next),
                _ => return Ok(()),
            }
        }
    }

    async fn upload(&self, name: &str, bytes: Vec<u8>, overwrite: bool) -> Result<Uploaded, BlobError> {
        let fields =
            vec![("overwrite", overwrite.to_string()), ("public_id", self.id(name)), ("type", "private".to_owned())];
        let form = self.signed(fields).into_iter().fold(Form::new(), |form, (key, value)| form.text(key, value));
        let form = form.part("file", Part::bytes(bytes).file_name("sealed"));
        json(self.client.post(self.url("raw/upload")?).multipart(form)).await
    }

    /// Adds the time, the signature and the key's name to the fields. The signature is the SHA hash of all fields in
    /// alphabetical order followed by the secret.
    fn signed(&self, mut fields: Vec<(&'static str, String)>) -> Vec<(&'static str, String)> {
        fields.push(("timestamp", (clock::now_ms() / 1000).to_string()));
        let signature = signature(&fields, &self.config);
        fields.extend([("signature", signature), ("api_key", self.config.api_key.clone())]);
        fields
    }

    fn id(&self, name: &str) -> String {
        format!("{}/{name}", self.config.folder)
    }

    fn url(&self, action: &str) -> Result<url::Url, BlobError> {
        let text = format!("{}/v1_1/{}/{action}", self.config.upload_prefix, self.config.cloud_name);
        text.parse().map_err(|error| BlobError::Refused(format!("Cloudinary's address: {error}")))
    }
}

fn signature(fields: &[(&'static str, String)], config: &CloudinaryConfig) -> String {
    let mut pairs: Vec<String> = fields.iter().map(|(name, value)| format!("{name}={value}")).collect();
    pairs.sort_unstable();
    let text = pairs.join("&") + config.api_secret.expose();
    match config.signature {
        CloudinarySignature::Sha1 => hex::encode(Sha1::digest(text)),
        CloudinarySignature::Sha256 => hex::encode(Sha256::digest(text)),
    }
}

async fn json<T: serde::de::DeserializeOwned>(request: reqwest::RequestBuilder) -> Result<T, BlobError> {
    let text = ensure_success(send(request).await?).await?.text().await.map_err(map_error)?;
    serde_json::from_str(&text).map_err(|error| BlobError::Unavailable(format!("unexpected answer: {error}")))
}

async fn send(request: reqwest::RequestBuilder) -> Result<Response, BlobError> {
    request.send().await.map_err(map_error)
}

/// Turns an error status into an error with Cloudinary's own explanation for the operator. It must not contain the
/// signed URL.
async fn ensure_success(response: Response) -> Result<Response, BlobError> {
    let status = response.status();
    if status.is_success() {
        return Ok(response);
    }
    let said = response.headers().get("x-cld-error").and_then(|text| text.to_str().ok()).unwrap_or_default();
    let text = format!("it answered {status} {said}");
    // Cloudinary answers 420 to too many requests.
    let is_ours = status.is_client_error() && ![408, 420, 429].contains(&status.as_u16());
    Err(if is_ours { BlobError::Refused(text) } else { BlobError::Unavailable(text) })
}

fn map_error(error: reqwest::Error) -> BlobError {
    let error = error.without_url();
    let cause = std::error::Error::source(&error).map(|source| format!(": {source}")).unwrap_or_default();
    BlobError::Unavailable(format!("{error}{cause}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Secret;

    #[test]
    fn fields_are_signed_as_cloudinary_asks() {
        // The first is the example of https://cloudinary.com/documentation/authentication_signatures, the others were
        // computed with cloudinary 1.46.3 (Python).
        let config = |secret: &str, signature| CloudinaryConfig {
            cloud_name: "demo".to_owned(),
            api_key: "1234".to_owned(),
            api_secret: Secret::new(secret),
            folder: "blinkgate".to_owned(),
            upload_prefix: "https://api.cloudinary.com".to_owned(),
            signature,
        };
        let fields = [
            ("timestamp", "1315060510".to_owned()),
            ("public_id", "sample_image".to_owned()),
            ("eager", "w_400,h_300,c_pad|w_260,h_200,c_crop".to_owned()),
        ];
        let sha1 = signature(&fields, &config("abcd", CloudinarySignature::Sha1));
        assert_eq!(sha1, "bfd09f95f331f558cbd1320e67aa8d488770583e");
        let sha256 = signature(&fields, &config("abcd", CloudinarySignature::Sha256));
        assert_eq!(sha256, "cc927e1290f9e3ae4c1a741eda21a4630b4ce80f9ce0bc0296337d25cf40f91e");
        let fields = [("public_id", "a".to_owned()), ("type", "private".to_owned()), ("timestamp", "1".to_owned())];
        assert_eq!(
            signature(&fields, &config("s", CloudinarySignature::Sha1)),
            "28fa8aa26007bb4c201f8a1f4ec9e126eb89aaca"
        );
    }
}
