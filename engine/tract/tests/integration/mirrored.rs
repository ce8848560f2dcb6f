//! Half closed lids read the same in a picture and in its mirror image, because they are read in both.

use engine::ear::EyeRatios;
use engine::{Picture, Session, Thresholds};

use crate::support::{MODELS, mirrored};

const FRAME_MS: f64 = 33.0;

/// How far the readings of a recording and of its mirror image are apart on average, of lids that are half closed.
fn difference(frames: &[Picture], thresholds: &Thresholds) -> f32 {
    let read = |picture: &dyn Fn(&Picture) -> Picture| -> Vec<(f32, EyeRatios)> {
        let mut session = Session::new(MODELS.networks(), thresholds.clone());
        let seen = frames.iter().enumerate().filter_map(|(i, frame)| {
            let seen = session.push(&picture(frame).as_frame(), i as f64 * FRAME_MS).unwrap();
            Some((seen.lids.openness.unwrap_or(1.0), seen.ears?))
        });
        seen.collect()
    };
    let (plain, mirror) = (read(&Picture::clone), read(&mirrored));
    assert_eq!(plain.len(), mirror.len());
    let half_closed: Vec<f32> = plain
        .iter()
        .zip(&mirror)
        .filter(|((openness, _), _)| Thresholds::V8.second_look.contains(openness))
        .map(|((_, plain), (_, mirror))| {
            plain.greatest_difference(EyeRatios { right: mirror.left, left: mirror.right })
        })
        .collect();
    assert!(half_closed.len() >= 10, "{half_closed:?}");
    half_closed.iter().sum::<f32>() / half_closed.len() as f32
}

#[test]
fn half_closed_lids_read_the_same_in_a_mirror() {
    let scene = clip_maker::scene(clip_maker::PORTRAIT.as_ref(), &MODELS, Vec::new()).unwrap();
    // The lids sink and rise slowly, three times.
    let closure = |i: usize| if i < 20 { 0.0 } else { 0.5 - 0.5 * ((i - 20) as f32 * 0.2).cos() };
    let frames: Vec<Picture> =
        (0..110).map(|i| scene.posed(i as f32 * 0.033, closure(i), 0.0, i as u32).unwrap()).collect();
    let twice = difference(&frames, &Thresholds::V8);
    let once = difference(&frames, &Thresholds { second_look: 0.0..0.0, ..Thresholds::V8 });
    println!("read twice: {twice:.4} apart, once: {once:.4}");
    assert!(twice < 0.8 * once, "read twice: {twice:.4} apart, once: {once:.4}");
}
