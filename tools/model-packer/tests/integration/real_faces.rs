//! The engine's readings in pictures of real people: packed networks compared with the full ones on tract.

use std::path::{Path, PathBuf};

use engine::{Networks, Picture, Thresholds, Tracker};

/// Difference of an eye aspect ratio that changes no decision: about a thirtieth of the ratio of open eyes.
const TOLERANCE: f32 = 0.01;

fn folder(below: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(below)
}

fn picture(path: &Path) -> Picture {
    let rgba = image::open(path).unwrap().into_rgba8();
    let (width, height) = (rgba.width() as usize, rgba.height() as usize);
    Picture::new(rgba.into_raw(), width, height).unwrap()
}

/// The eye aspect ratios of every face, best face first.
fn eyes(networks: Networks, picture: &Picture) -> Vec<[f32; 2]> {
    let faces = Tracker::new(networks).read_all(&picture.as_frame(), &Thresholds::V8).unwrap();
    let ears = faces.into_iter().filter_map(|(_, face)| face?.ears);
    ears.map(|ears| [ears.right, ears.left]).collect()
}

#[test]
fn packed_networks_read_the_eyes_in_every_still_like_the_full_ones() {
    let stills = folder("../shared/material/stills");
    if !stills.is_dir() {
        eprintln!("SKIPPED: {} is missing", stills.display());
        return;
    }
    let full = clip_maker::load_models(&folder("models")).unwrap();
    let pack = std::fs::read(folder("models").join(engine_compact::FILE_NAME)).unwrap();
    let packed = engine_compact::Models::load(&pack).unwrap();
    let mut files: Vec<PathBuf> = std::fs::read_dir(&stills).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let (mut faces, mut largest) = (0, 0.0_f32);
    for file in files {
        let picture = picture(&file);
        let (expected, got) = (eyes(full.networks(), &picture), eyes(packed.networks(), &picture));
        assert_eq!(expected.len(), got.len(), "{}: faces", file.display());
        for (expected, got) in expected.into_iter().zip(got) {
            let off = (0..2).map(|eye| (expected[eye] - got[eye]).abs()).fold(0.0, f32::max);
            println!("{}: off by {off:.4} ({expected:?}, {got:?})", file.display());
            largest = largest.max(off);
            faces += 1;
        }
    }
    println!("{faces} faces, largest difference of an eye aspect ratio {largest:.4}");
    assert!(largest <= TOLERANCE, "off by {largest}; --nocapture shows where");
    assert!(faces >= 24, "{faces} faces");
}
