//! A link as a picture that phones read.

use qrcode::render::svg;
use qrcode::types::QrError;
use qrcode::{EcLevel, QrCode};

/// The link as a QR code in SVG: dark on light whatever the page's colours, with the margin that readers need.
///
/// # Errors
/// The link is too long.
pub fn picture(link: &str) -> Result<String, QrError> {
    let code = QrCode::with_error_correction_level(link, EcLevel::M)?;
    Ok(code.render::<svg::Color<'_>>().quiet_zone(true).build())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_becomes_a_picture_and_one_that_is_too_long_an_error() {
        let svg = picture("https://blink.example.com/p#0123456789").unwrap();
        assert!(svg.contains("<svg") && svg.ends_with("</svg>"), "{svg}");
        assert!(!svg.contains("script") && !svg.contains("blink.example.com"));
        assert!(picture(&"x".repeat(5000)).is_err());
    }
}
