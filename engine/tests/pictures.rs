//! Malicious pictures.
#![allow(clippy::unwrap_used)]

use std::path::Path;

use engine::Thresholds;
use engine::jpeg::{Size, decode, inspect_header};

/// The inputs that fuzzing kept, each of which reaches code that no other does.
#[test]
fn sr_25_no_picture_of_the_fuzz_corpus_panics_and_decoded_ones_have_the_stated_size() {
    let limits = Thresholds::V8.capture;
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/corpus/jpeg");
    let (mut rejected, mut decoded) = (0, 0);
    for file in std::fs::read_dir(folder).unwrap() {
        let bytes = std::fs::read(file.unwrap().path()).unwrap();
        match decode(&bytes, &limits) {
            Err(_) => rejected += 1,
            Ok(picture) => {
                let size = Size { width: picture.as_frame().width(), height: picture.as_frame().height() };
                assert_eq!(inspect_header(&bytes, &limits), Ok(size));
                decoded += 1;
            }
        }
    }
    assert!(rejected > 9 && decoded > 9, "{rejected} rejected, {decoded} decoded");
}
