//! The engine's readings in pictures of real people: packed networks compared with the full ones on tract.

use std::path::{Path, PathBuf};
use std::process::Command;

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

/// The stills of `material`, and a frame of every two seconds of its clips, written to `frames`.
fn pictures(material: &Path, frames: &Path) -> Vec<PathBuf> {
    for clip in files(&material.join("videos")) {
        let name = clip.file_stem().unwrap().to_str().unwrap();
        let to = frames.join(format!("{name}_%03d.png"));
        // Even sizes; more than 960 columns are not read by any camera.
        let filter = "select='isnan(prev_selected_t)+gte(t-prev_selected_t,2)',scale='min(960,iw)':-2";
        let mut ffmpeg = Command::new("ffmpeg");
        ffmpeg
            .args(["-loglevel", "error", "-y", "-i"])
            .arg(&clip)
            .args(["-vf", filter, "-fps_mode", "passthrough"])
            .arg(to);
        assert!(ffmpeg.status().unwrap().success(), "{}", clip.display());
    }
    [material.join("stills"), frames.to_owned()].iter().flat_map(|folder| files(folder)).collect()
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

#[test]
fn packed_networks_read_the_eyes_in_every_picture_like_the_full_ones() {
    let material = folder("../shared/material");
    if !material.is_dir() {
        eprintln!("SKIPPED: {} is missing", material.display());
        return;
    }
    let full = clip_maker::load_models(&folder("models")).unwrap();
    let pack = std::fs::read(folder("models").join(engine_compact::FILE_NAME)).unwrap();
    let packed = engine_compact::Models::load(&pack).unwrap();
    let frames = tempfile::tempdir().unwrap();
    let mut differences = Vec::new();
    for file in pictures(&material, frames.path()) {
        let picture = picture(&file);
        let (expected, got) = (eyes(full.networks(), &picture), eyes(packed.networks(), &picture));
        assert_eq!(expected.len(), got.len(), "{}: faces", file.display());
        for (expected, got) in expected.into_iter().zip(got) {
            let off = (0..2).map(|eye| (expected[eye] - got[eye]).abs()).fold(0.0, f32::max);
            println!("{}: off by {off:.4} ({expected:?}, {got:?})", file.display());
            differences.push(off);
        }
    }
    differences.sort_by(f32::total_cmp);
    let (faces, largest) = (differences.len(), differences[differences.len() - 1]);
    let usual = differences[faces / 2];
    println!("{faces} faces, difference of an eye aspect ratio: median {usual:.4}, largest {largest:.4}");
    assert!(largest <= TOLERANCE, "off by {largest}; --nocapture shows where");
    assert!(faces >= 120, "{faces} faces");
}
