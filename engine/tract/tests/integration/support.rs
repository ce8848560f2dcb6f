//! What the modules share: networks, the key and terms of a challenge, and the pictures outside the repository.

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use ed25519_dalek::SigningKey;
use engine::prompt::Policy;
use engine::transcript::consent_hash;
use engine::{Picture, Terms};
use engine_tract::Models;

pub(crate) static MODELS: LazyLock<Models> =
    LazyLock::new(|| clip_maker::load_models(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../../models")).unwrap());

/// The secret key of every attempt.
pub(crate) const SECRET: [u8; 32] = [42; 32];

pub(crate) fn public_key() -> [u8; 32] {
    SigningKey::from_bytes(&SECRET).verifying_key().to_bytes()
}

/// Terms of a challenge without prompts.
pub(crate) fn terms() -> Terms {
    Terms {
        audience: "https://check.example".into(),
        challenge_id: "challenge".into(),
        nonce: "nonce".into(),
        attempt: 1,
        timeout_ms: 20_000,
        thresholds: "v8".into(),
        policy: Policy::Natural,
        turn: false,
        rate: 200,
        consent: consent_hash("a consent text"),
    }
}

/// A folder of the shared test material, which shows real people and stays outside the repository. `None`, with a note
/// on standard error, if it is absent.
pub(crate) fn material(folder: &str) -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/material").join(folder);
    let is_there = folder.is_dir();
    if !is_there {
        eprintln!("SKIPPED: {} is absent", folder.display());
    }
    is_there.then_some(folder)
}

/// Reads a picture file.
pub(crate) fn read(path: &Path) -> Picture {
    let rgba = image::open(path).unwrap().into_rgba8();
    let (width, height) = (rgba.width() as usize, rgba.height() as usize);
    Picture::new(rgba.into_raw(), width, height).unwrap()
}

/// The mirror image.
pub(crate) fn mirrored(picture: &Picture) -> Picture {
    let frame = picture.as_frame();
    let rows = frame.rgba().chunks_exact(4 * frame.width());
    let rgba = rows.flat_map(|row| row.chunks_exact(4).rev().flatten().copied()).collect();
    Picture::new(rgba, frame.width(), frame.height()).unwrap()
}
