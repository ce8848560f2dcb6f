//! Lids are painted into a picture of open eyes, in several ways, and signed as the closed capture of an honest
//! attempt: the eyes may read as closed, but everything around them is a copy.
//!
//! Uses the free portrait, and the stills of the shared test material if they are there.

use std::collections::BTreeMap;
use std::path::PathBuf;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use clip_maker::Scene;
use engine::geometry::Point;
use engine::transcript::{Transcript, sign, signing_input};
use engine::{
    Attempt, Evidence, Issued, KeyKind, Phase, Picture, Reason, Scorer, Submission, Thresholds, Tracker, Verdict,
    decide, jpeg,
};
use sha2::{Digest as _, Sha256};

use crate::support::{MODELS, SECRET, material, public_key, terms};

/// The head fills this square of a scene's frame.
const HEAD: (usize, usize, usize) = (120, 40, 400);
/// Number of frames of the free portrait, and of each other one. Each is painted in every way.
const FRAMES: [u32; 2] = [20, 5];
/// Faces from the front with open eyes.
const STILLS: [&str; 6] = [
    "from_video__cap12_f0620_open.png",
    "from_video__cap13_f0040_open.png",
    "from_video__d0_f0000_open.png",
    "from_video__d13_f0000_open_glasses.png",
    "liveportrait__s9.jpg",
    "tfjs__test_data_portrait.jpg",
];

#[test]
fn sr_16_lids_painted_over_open_eyes_of_the_same_frame_are_refused() {
    let mut portraits = vec![(PathBuf::from(clip_maker::PORTRAIT), FRAMES[0])];
    if let Some(stills) = material("stills") {
        portraits.extend(STILLS.map(|name| (stills.join(name), FRAMES[1])));
    }
    let mut verdicts: BTreeMap<(&str, String), usize> = BTreeMap::new();
    for (portrait, frames) in portraits {
        let scene = clip_maker::scene(&portrait, &MODELS, vec![1.0]).unwrap();
        let honest = attempt(&scene).unwrap_or_else(|| panic!("{} gives no evidence", portrait.display()));
        let unchanged = Forgery { open: honest.open.clone(), closed: honest.closed.clone() };
        assert_eq!(unchanged.verdict(&honest), Verdict::Accepted, "{}: the attempt itself", portrait.display());
        for frame in 0..frames {
            let open = head(&scene.posed(frame as f32 * 0.3, 0.0, 0.0, 1000 + frame).unwrap());
            let points = landmarks(&open);
            for (way, paint) in WAYS {
                let painted = paint_eyes(&open, &points, paint);
                let forgery = Forgery { open: compressed(&open), closed: compressed(&painted) };
                let verdict = forgery.verdict(&honest);
                assert_ne!(verdict, Verdict::Accepted, "{way}, frame {frame} of {}", portrait.display());
                *verdicts.entry((way, format!("{verdict:?}"))).or_default() += 1;
            }
        }
    }
    println!("{verdicts:#?}");
    let of = |reason: Reason| -> usize {
        let reason = format!("{:?}", Verdict::Rejected(reason));
        verdicts.iter().filter(|((_, verdict), _)| *verdict == reason).map(|(_, count)| count).sum()
    };
    assert!(verdicts.values().sum::<usize>() >= 100);
    assert!(of(Reason::CapturesIdentical) >= 20, "some of the lids must look closed: {verdicts:?}");
}

/// Computes the colour to paint at a pixel, from the column of the eye it is in.
type Paint = fn(&Picture, &Column, f32) -> [u8; 3];

const WAYS: [(&str, Paint); 5] = [
    ("the lid's mean colour", |_, column, _| column.mean),
    ("the lid stretched down", |picture, column, y| column.stretched(picture, y)),
    ("the lid's edge drawn down", |picture, column, _| pixel(picture, column.x, column.upper - 2.0)),
    ("the lid stretched down, with a lash line", |picture, column, y| {
        let lash = (column.lower - y).abs() < 1.5;
        column.stretched(picture, y).map(|v| if lash { v / 2 } else { v })
    }),
    ("the opening blurred", |picture, column, y| {
        let reach = (column.lower - column.upper).max(2.0) as i32 * 2;
        let around = (-reach..=reach).flat_map(|dy| [-6.0, -3.0, 0.0, 3.0, 6.0].map(|dx| (dx, dy as f32)));
        mean(around.map(|(dx, dy)| pixel(picture, column.x + dx, y + dy)))
    }),
];

/// One column of pixels through an eye.
struct Column {
    x: f32,
    brow: f32,
    upper: f32,
    lower: f32,
    /// Mean colour of the eye's lid.
    mean: [u8; 3],
}

impl Column {
    /// The skin between brow and lid, stretched down to the lower lid.
    fn stretched(&self, picture: &Picture, y: f32) -> [u8; 3] {
        let share = (y - self.brow) / (self.lower - self.brow);
        pixel(picture, self.x, self.brow + share * (self.upper - 2.0 - self.brow))
    }
}

/// Points along brow, upper and lower lid of both eyes, from corner to corner (mesh indices).
const EYES: [[&[usize]; 3]; 2] = [
    [&[46, 53, 52, 65, 55], &[33, 246, 161, 160, 159, 158, 157, 173, 133], &[33, 7, 163, 144, 145, 153, 154, 155, 133]],
    [
        &[285, 295, 282, 283, 276],
        &[362, 398, 384, 385, 386, 387, 388, 466, 263],
        &[362, 382, 381, 380, 374, 373, 390, 249, 263],
    ],
];

fn paint_eyes(open: &Picture, points: &[Point], paint: Paint) -> Picture {
    let frame = open.as_frame();
    let (width, height) = (frame.width(), frame.height());
    let mut rgb: Vec<u8> = (0..width * height).flat_map(|i| frame.rgb(i % width, i / width)).collect();
    for lines in EYES {
        let [brow, upper, lower] = lines.map(|line| line.iter().map(|&i| points[i]).collect::<Vec<_>>());
        let columns = upper[0].x as usize..=upper[8].x as usize;
        let at = |x: usize| [&brow, &upper, &lower].map(|line| height_of(line, x as f32));
        let lid = columns.clone().flat_map(|x| {
            let [brow, upper, _] = at(x);
            [0.5, 0.7, 0.9].map(|share| pixel(open, x as f32, brow + share * (upper - 2.0 - brow)))
        });
        let mean = mean(lid);
        for x in columns {
            let [brow, upper, lower] = at(x);
            let column = Column { x: x as f32, brow, upper, lower, mean };
            // Lashes and rims are painted over too.
            for y in (upper - 2.0).max(0.0) as usize..=(lower + 1.0) as usize {
                rgb[(y * width + x) * 3..][..3].copy_from_slice(&paint(open, &column, y as f32));
            }
        }
    }
    Picture::from_rgb(&rgb, width, height).unwrap()
}

/// The height of a line at column `x`. Beyond its ends, the height of the end.
fn height_of(line: &[Point], x: f32) -> f32 {
    let within = line.windows(2).find(|pair| (pair[0].x..pair[1].x).contains(&x));
    match within {
        Some(pair) => pair[0].y + (pair[1].y - pair[0].y) * (x - pair[0].x) / (pair[1].x - pair[0].x),
        None if x < line[0].x => line[0].y,
        None => line[line.len() - 1].y,
    }
}

fn pixel(picture: &Picture, x: f32, y: f32) -> [u8; 3] {
    let frame = picture.as_frame();
    let within = |v: f32, side: usize| (v.round().max(0.0) as usize).min(side - 1);
    frame.rgb(within(x, frame.width()), within(y, frame.height()))
}

fn mean(colours: impl Iterator<Item = [u8; 3]>) -> [u8; 3] {
    let (mut sum, mut count) = ([0_u32; 3], 0);
    for colour in colours {
        (0..3).for_each(|i| sum[i] += u32::from(colour[i]));
        count += 1;
    }
    sum.map(|v| (v / count) as u8)
}

/// Two captures in place of those of an honest attempt.
struct Forgery {
    open: Vec<u8>,
    closed: Vec<u8>,
}

impl Forgery {
    /// The verdict on them with the honest strip, when hashes, sizes and readings are made to fit and everything is
    /// signed.
    fn verdict(&self, honest: &Evidence) -> Verdict {
        let (_, payload) = honest.signing_input.split_once('.').unwrap();
        let mut transcript: Transcript = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap();
        let mut scorer = Scorer::new(MODELS.networks());
        for (record, picture) in [(&mut transcript.cap.open, &self.open), (&mut transcript.cap.closed, &self.closed)] {
            record.sha256 = URL_SAFE_NO_PAD.encode(Sha256::digest(picture));
            record.bytes = picture.len() as u32;
            if let Ok(score) = scorer.score(picture, &Thresholds::V8) {
                record.ear = [score.ears.right, score.ears.left].map(|v| (v * 1e4).round() as i32);
            }
        }
        let input = signing_input(&serde_json::to_vec(&transcript).unwrap(), &public_key());
        let jws = sign(&input, &SECRET);
        let submission =
            Submission { transcript: jws.as_bytes(), open: &self.open, closed: &self.closed, strip: &honest.strip };
        let issued = Issued { terms: terms(), public_key: public_key(), rounds: Vec::new(), elapsed_ms: 10_000 };
        decide(&issued, &submission, &mut scorer, &Thresholds::V8).unwrap().verdict
    }
}

/// The evidence that the page gathers while the scene blinks.
fn attempt(scene: &Scene) -> Option<Evidence> {
    let mut attempt = Attempt::new(MODELS.networks(), Thresholds::V8);
    attempt.begin(terms(), KeyKind::Soft, public_key(), 0.0);
    for index in 0..60 {
        let t_ms = 50.0 * f64::from(index);
        let picture = scene.picture(t_ms as f32 / 1000.0, index).unwrap();
        let (_, progress) = attempt.push(&picture.as_frame(), t_ms).unwrap();
        if progress.phase == Phase::Complete {
            break;
        }
    }
    attempt.evidence().cloned()
}

fn head(picture: &Picture) -> Picture {
    let (left, top, side) = HEAD;
    let frame = picture.as_frame();
    let rgb: Vec<u8> = (0..side * side).flat_map(|i| frame.rgb(left + i % side, top + i / side)).collect();
    Picture::from_rgb(&rgb, side, side).unwrap()
}

fn landmarks(picture: &Picture) -> Vec<Point> {
    let faces = Tracker::new(MODELS.networks()).read_all(&picture.as_frame(), &Thresholds::V8).unwrap();
    faces.into_iter().find_map(|(_, face)| face).unwrap().mesh.points
}

fn compressed(picture: &Picture) -> Vec<u8> {
    jpeg::encode(&picture.as_frame(), Thresholds::V8.capture.max_bytes).unwrap().unwrap().bytes
}
