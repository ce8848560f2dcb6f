//! The picture of a site: the bytes of a file in, a media type and the same bytes out.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// A picture that mail programs show, small enough to travel with each mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Logo {
    /// `image/png` or `image/jpeg`.
    pub media_type: &'static str,
    /// The file.
    pub bytes: Vec<u8>,
}

/// The first bytes of the files that every mail program shows.
const KINDS: [(&str, &[u8]); 2] = [("image/png", b"\x89PNG\r\n\x1a\n"), ("image/jpeg", b"\xff\xd8\xff")];

impl Logo {
    /// The largest file.
    pub const MAX_BYTES: usize = 24_000;

    /// The picture in a file; `None` if it is too large, or neither a PNG nor a JPEG.
    pub fn from_file(bytes: Vec<u8>) -> Option<Logo> {
        let (media_type, _) = KINDS.into_iter().find(|(_, start)| bytes.starts_with(start))?;
        (bytes.len() <= Self::MAX_BYTES).then_some(Logo { media_type, bytes })
    }

    /// The picture in its stored form, a `data:` URL. `None` for anything else, such as the address that earlier versions
    /// stored.
    pub fn from_stored(text: &str) -> Option<Logo> {
        let (_, base64) = text.strip_prefix("data:")?.split_once(";base64,")?;
        Self::from_file(STANDARD.decode(base64).ok()?)
    }

    /// Its stored form.
    pub fn stored(&self) -> String {
        format!("data:{};base64,{}", self.media_type, self.base64())
    }

    /// The file in base64.
    pub fn base64(&self) -> String {
        STANDARD.encode(&self.bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_small_png_or_jpeg_is_stored_and_found_again_and_nothing_else_is() {
        let png = [KINDS[0].1, b"rest"].concat();
        let cases = [
            (png.clone(), Some("image/png")),
            ([KINDS[1].1, b"rest"].concat(), Some("image/jpeg")),
            (b"<svg onload=alert(1)>".to_vec(), None),
            (b"GIF89a".to_vec(), None),
            (Vec::new(), None),
            ([png, vec![0; Logo::MAX_BYTES]].concat(), None),
        ];
        for (bytes, expected) in cases {
            let logo = Logo::from_file(bytes);
            assert_eq!(logo.as_ref().map(|logo| logo.media_type), expected);
            assert_eq!(logo.as_ref().and_then(|logo| Logo::from_stored(&logo.stored())), logo);
        }
        for text in ["https://shop.example/logo.png", "data:image/png,AAAA", "data:image/png;base64,!"] {
            assert_eq!(Logo::from_stored(text), None, "{text}");
        }
    }
}
