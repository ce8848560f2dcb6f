//! The gate of each still of the shared test material, if it is there, compared with the one that a person chose who
//! looked at it.

use engine::{Gate, Thresholds, Tracker};

use crate::support::{MODELS, material, read};

/// The most urgent advice to the person in the picture. Written before the engine was run.
const EXPECTED: [(&str, Gate); 32] = [
    ("derived__astronaut_blur_gauss_s6.png", Gate::Blurred),
    ("derived__astronaut_dark_x0.12_noise.png", Gate::TooDark),
    ("derived__astronaut_motionblur31.png", Gate::Blurred),
    ("derived__astronaut_over_x2.2.png", Gate::TooBright),
    ("derived__astronaut_rot45.png", Gate::Tilted),
    ("derived__astronaut_small_in_640x480.png", Gate::TooFar),
    ("from_video__cap12_f0620_open.png", Gate::Ok),
    ("from_video__cap12_f0640_closed.png", Gate::Ok),
    ("from_video__cap12_f0776_half.png", Gate::Ok),
    ("from_video__cap13_f0040_open.png", Gate::Ok),
    ("from_video__cap13_f0098_closed.png", Gate::Ok),
    ("from_video__d0_f0000_open.png", Gate::Ok),
    ("from_video__d0_f0065_closed.png", Gate::Ok),
    ("from_video__d13_f0000_open_glasses.png", Gate::Ok),
    ("from_video__d13_f0043_closed_glasses.png", Gate::Ok),
    ("from_video__intel_again_f0005_far_open.png", Gate::TooFar),
    ("from_video__intel_book_f0005_far_open.png", Gate::TooFar),
    ("from_video__intel_female-and-male_f0002_headpose.png", Gate::SeveralFaces),
    ("human__stock-emotions-a-2.jpg", Gate::Turned),
    ("liveportrait__s9.jpg", Gate::Ok),
    ("patlevin__group.jpg", Gate::SeveralFaces),
    ("patlevin__portrait.jpg", Gate::Ok),
    ("silentface__image_F1.jpg", Gate::Tilted),
    ("silentface__image_T1.jpg", Gate::Tilted),
    ("skimage__astronaut.png", Gate::Ok),
    ("skimage__brick.png", Gate::NoFace),
    // A photographer behind his camera, in profile.
    ("skimage__camera.png", Gate::Turned),
    ("skimage__chelsea.png", Gate::NoFace),
    ("skimage__coffee.png", Gate::NoFace),
    ("skimage__rocket.jpg", Gate::NoFace),
    ("tfjs__test_data_portrait.jpg", Gate::Ok),
    ("tfjs__three_people.jpg", Gate::SeveralFaces),
];

/// 95 % of 32.
const MAX_DIFFERENT: usize = 1;

#[test]
fn stills_have_the_gate_that_a_person_would_give() {
    let Some(stills) = material("stills") else { return };
    let mut different = Vec::new();
    for (name, expected) in EXPECTED {
        let picture = read(&stills.join(name));
        let frame = picture.as_frame();
        let reading = Tracker::new(MODELS.networks()).read(&frame, 0.0, &Thresholds::V8).unwrap();
        let (gate, _) = engine::gate::judge(&reading, frame.width(), frame.height(), &Thresholds::V8, None);
        if gate != expected {
            let face = reading.face.as_ref().map(|face| (face.rect, face.pose, face.quality));
            different.push(format!("{name}: {gate:?}, a person says {expected:?}; {face:?} {:?}", reading.scene));
        }
    }
    println!("{} of {} as a person says", EXPECTED.len() - different.len(), EXPECTED.len());
    println!("{different:#?}");
    assert!(different.len() <= MAX_DIFFERENT, "{different:#?}");
}
