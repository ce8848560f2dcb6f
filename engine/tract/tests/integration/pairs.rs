//! Pairs of captures: those of one person at one moment pass, those of two people do not. Uses the stills of the shared
//! test material, if they are there.

use std::path::Path;

use engine::{CaptureScore, CaptureThresholds, Picture, Scorer, Thresholds, jpeg};

use crate::support::{MODELS, material, mirrored, read};

/// (person, open, closed): frames of one clip, close together.
const PEOPLE: [(&str, &str, &str); 4] = [
    ("cap12", "from_video__cap12_f0620_open.png", "from_video__cap12_f0640_closed.png"),
    ("cap13", "from_video__cap13_f0040_open.png", "from_video__cap13_f0098_closed.png"),
    ("d0", "from_video__d0_f0000_open.png", "from_video__d0_f0065_closed.png"),
    ("d13", "from_video__d13_f0000_open_glasses.png", "from_video__d13_f0043_closed_glasses.png"),
];

/// Open eyes of people who are not in these clips.
const OTHERS: [&str; 4] =
    ["liveportrait__s9.jpg", "patlevin__portrait.jpg", "tfjs__test_data_portrait.jpg", "skimage__astronaut.png"];

/// The same man in the same room, recorded twice. This check does not recognise people and need not tell them apart.
const SAME_MAN: [&str; 2] = ["cap12", "cap13"];

#[test]
fn pairs_of_one_moment_pass_and_pairs_of_two_people_do_not() {
    let Some(stills) = material("stills") else { return };
    let mut scorer = Scorer::new(MODELS.networks());
    let mut score = |name: &str| score(&mut scorer, &stills.join(name));
    let limits = Thresholds::V8.capture;
    let mut failures = Vec::new();
    let mut check = |what: String, open: &CaptureScore, closed: &CaptureScore, expected: bool| {
        let pair = open.compare(closed).unwrap();
        let is_similar = (limits.min_similarity..=limits.max_similarity).contains(&pair.similarity);
        let passes = is_similar && pair.shape_distance <= limits.max_shape_distance;
        println!(
            "{what:40} shape {:.4}  similarity {:.4}  {}",
            pair.shape_distance,
            pair.similarity,
            if passes { "passes" } else { "" }
        );
        if passes != expected {
            failures.push(what);
        }
    };
    let people = PEOPLE.map(|(who, open, closed)| (who, score(open), score(closed)));
    for (who, open, closed) in &people {
        check(format!("{who}, one moment"), open, closed, true);
        for (other, other_open, _) in people.iter().filter(|(other, ..)| other != who) {
            if !(SAME_MAN.contains(who) && SAME_MAN.contains(other)) {
                check(format!("{other} open, {who} closed"), other_open, closed, false);
            }
        }
        for other in OTHERS {
            check(format!("{other} open, {who} closed"), &score(other), closed, false);
        }
    }
    assert!(failures.is_empty(), "{failures:#?}");
}

#[test]
fn the_hash_of_a_face_stays_near_when_its_picture_is_mirrored_and_cut_and_other_faces_are_far() {
    let Some(stills) = material("stills") else { return };
    let mut scorer = Scorer::new(MODELS.networks());
    let names = PEOPLE.iter().filter(|(who, ..)| *who != SAME_MAN[1]).map(|(_, open, _)| *open).chain(OTHERS);
    let hashes: Vec<_> = names
        .map(|name| {
            let picture = read(&stills.join(name));
            let whole = score_picture(&mut scorer, &picture, name).face_fingerprint().unwrap();
            let other = score_picture(&mut scorer, &mirrored_and_cut(&picture), name).face_fingerprint().unwrap();
            println!("{name:45} {}", whole.distance(&other.mirrored()));
            (name, whole, other)
        })
        .collect();
    for (name, whole, _) in &hashes {
        for (other, _, framed) in &hashes {
            assert_eq!(whole.is_near_face(framed), name == other, "{name} and {other}");
        }
    }
}

/// The mirror image, without a thirtieth on each side.
fn mirrored_and_cut(picture: &Picture) -> Picture {
    let mirrored = mirrored(picture);
    let frame = mirrored.as_frame();
    let (width, height) = (frame.width(), frame.height());
    let (left, top) = (width / 30, height / 30);
    frame.part((left, top), width - 2 * left, height - 2 * top).unwrap()
}

fn score(scorer: &mut Scorer, path: &Path) -> CaptureScore {
    score_picture(scorer, &read(path), &path.display().to_string())
}

fn score_picture(scorer: &mut Scorer, picture: &Picture, name: &str) -> CaptureScore {
    let jpeg = jpeg::encode(&picture.as_frame(), usize::MAX).unwrap().unwrap();
    // The stills are whole frames; only the face in them is compared.
    let capture = CaptureThresholds { max_bytes: usize::MAX, ..Thresholds::V8.capture };
    let thresholds = Thresholds { min_face_width: 0.0, capture, ..Thresholds::V8 };
    scorer.score(&jpeg.bytes, &thresholds).unwrap_or_else(|stop| panic!("{name}: {stop}"))
}
