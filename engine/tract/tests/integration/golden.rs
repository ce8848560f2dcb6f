//! The engine against MediaPipe 0.10.14 on the stills of the shared test material, if it is there.

use std::path::Path;

use engine::ear::EyeRatios;
use engine::geometry::{Point, Rect};
use engine::mesh::landmarks::{LEFT_EYE, LEFT_EYE_INNER, LEFT_EYE_OUTER, RIGHT_EYE, RIGHT_EYE_INNER, RIGHT_EYE_OUTER};
use engine::{Picture, Thresholds, Tracker};
use serde_json::Value;

use crate::support::{MODELS, material, read};

/// Least overlap with MediaPipe's detector box.
const MIN_BOX_IOU: f32 = 0.8;
/// Greatest mean distance of the lid points, in units of the distance between the eyes.
const MAX_LID_ERROR: f32 = 0.02;
/// Greatest difference of an eye's aspect ratio.
const MAX_EAR_DIFFERENCE: f32 = 0.03;

/// Stills that miss a limit, and why. At most three.
const EXCEPTIONS: [(&str, &str); 1] =
    [("silentface__image_F1.jpg", "its right eye, wide open, reads 0.40 to 0.50 as the crop moves by a few pixels")];

#[test]
fn stills_with_one_face_read_as_in_mediapipe() {
    let Some(material) = material("") else { return };
    let mut failures = Vec::new();
    let mut compared = 0;
    println!("{:45} {:>5} {:>6} {:>7} {:>7}", "still", "IoU", "lids", "ΔEAR r", "ΔEAR l");
    for golden in goldens(&material) {
        let name = golden["image"].as_str().unwrap().to_owned();
        let (Some([detection]), Some([face])) = (list(&golden["detections"]), list(&golden["faces"])) else { continue };
        compared += 1;
        let picture = read(&material.join("stills").join(&name));
        let size = Point::new(picture.as_frame().width() as f32, picture.as_frame().height() as f32);
        let Some(ours) = read_one(&picture) else {
            failures.push(format!("{name}: no single face found"));
            continue;
        };
        let iou = ours.rect.iou(&rect(&detection["box_xywh"], size));
        let theirs = points(&face["landmarks_478"], size);
        let lids = lid_error(&ours.points, &theirs);
        let (a, b) = (ours.ears, EyeRatios::of(&theirs).unwrap());
        let (right, left) = ((a.right - b.right).abs(), (a.left - b.left).abs());
        println!("{name:45} {iou:5.3} {lids:6.4} {right:7.4} {left:7.4}");
        let met = iou >= MIN_BOX_IOU && lids <= MAX_LID_ERROR && right.max(left) <= MAX_EAR_DIFFERENCE;
        let excepted = EXCEPTIONS.iter().any(|(still, _)| *still == name);
        if met == excepted {
            failures
                .push(format!("{name}: IoU {iou:.3}, lids {lids:.4}, ΔEAR {right:.4} {left:.4}, excepted: {excepted}"));
        }
    }
    assert!(compared >= 15, "only {compared} stills compared");
    assert!(failures.is_empty(), "{failures:#?}");
}

#[test]
fn stills_without_a_face_have_none() {
    let Some(material) = material("") else { return };
    for name in ["skimage__brick.png", "skimage__chelsea.png", "skimage__coffee.png", "skimage__rocket.jpg"] {
        let picture = read(&material.join("stills").join(name));
        let mut tracker = Tracker::new(MODELS.networks());
        let reading = tracker.read(&picture.as_frame(), 0.0, &Thresholds::V8).unwrap();
        assert_eq!(reading.faces, 0, "{name}");
    }
}

struct Ours {
    rect: Rect,
    points: Vec<Point>,
    ears: EyeRatios,
}

fn read_one(picture: &Picture) -> Option<Ours> {
    let mut tracker = Tracker::new(MODELS.networks());
    let mut faces = tracker.read_all(&picture.as_frame(), &Thresholds::V8).unwrap();
    let (detection, face) = if faces.len() == 1 { faces.remove(0) } else { return None };
    let face = face?;
    Some(Ours { rect: detection.rect, points: face.mesh.points, ears: face.ears? })
}

/// Mean distance of the twelve lid points, as a share of the distance between the eye centres.
fn lid_error(ours: &[Point], theirs: &[Point]) -> f32 {
    let right = theirs[RIGHT_EYE_OUTER].midpoint(theirs[RIGHT_EYE_INNER]);
    let left = theirs[LEFT_EYE_OUTER].midpoint(theirs[LEFT_EYE_INNER]);
    let lids = RIGHT_EYE.into_iter().chain(LEFT_EYE);
    let total: f32 = lids.map(|i| ours[i].distance(theirs[i])).sum();
    total / 12.0 / right.distance(left)
}

fn goldens(material: &Path) -> Vec<Value> {
    let mut files: Vec<_> = std::fs::read_dir(material.join("golden")).unwrap().map(|e| e.unwrap().path()).collect();
    files.sort();
    files.iter().map(|file| serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap()).collect()
}

fn list(value: &Value) -> Option<&[Value]> {
    value.as_array().map(Vec::as_slice)
}

fn number(value: &Value) -> f32 {
    value.as_f64().unwrap() as f32
}

fn rect(value: &Value, size: Point) -> Rect {
    Rect {
        x: number(&value[0]) * size.x,
        y: number(&value[1]) * size.y,
        width: number(&value[2]) * size.x,
        height: number(&value[3]) * size.y,
    }
}

fn points(value: &Value, size: Point) -> Vec<Point> {
    value.as_array().unwrap().iter().map(|p| Point::new(number(&p[0]) * size.x, number(&p[1]) * size.y)).collect()
}
