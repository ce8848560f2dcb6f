use super::*;
use crate::ear::EyeRatios;
use crate::thresholds::Thresholds;

/// Milliseconds, right eye, left eye; below 0 where the eyes cannot be read.
type Sample = (u32, f32, f32);

/// Runs the detector over the samples and returns the blinks it counted.
fn blinks(samples: &[Sample]) -> Vec<Blink> {
    let mut detector = BlinkDetector::new(Thresholds::V8.blink);
    let readable = |right: f32, left: f32| (right >= 0.0).then_some(EyeRatios { right, left });
    samples.iter().filter_map(|&(t, right, left)| detector.update(t, readable(right, left)).blink).collect()
}

/// Three seconds with a sample every `every_ms`: both eyes at 0.3, except at `ears` for `closed_ms` from 1000 ms on.
fn dip(every_ms: u32, closed_ms: u32, ears: (f32, f32)) -> Vec<Sample> {
    (0..3000 / every_ms)
        .map(|i| i * every_ms)
        .map(|t| if (1000..1000 + closed_ms).contains(&t) { (t, ears.0, ears.1) } else { (t, 0.3, 0.3) })
        .collect()
}

/// The same with uneven frame times and lost frames.
fn unevenly(samples: Vec<Sample>) -> Vec<Sample> {
    let kept = samples.into_iter().enumerate().filter(|(i, _)| i % 7 != 3);
    kept.map(|(i, (t, right, left))| (t + [0, 9, 4, 11, 2][i % 5], right, left)).collect()
}

#[test]
fn a_blink_is_found_at_every_frame_rate() {
    for every_ms in [16, 33, 40, 66, 100, 125] {
        for samples in [dip(every_ms, 250, (0.05, 0.06)), unevenly(dip(every_ms, 250, (0.05, 0.06)))] {
            let found = blinks(&samples);
            assert_eq!(found.len(), 1, "every {every_ms} ms: {found:?}");
            assert!(found[0].start_ms.abs_diff(1000) <= 2 * every_ms, "every {every_ms} ms: {found:?}");
        }
    }
}

#[test]
fn blinks_of_all_kinds_are_counted() {
    let ramp = |down: u32, shut: u32, up: u32| {
        let openness = move |t: u32| match t {
            t if t < 1000 => 1.0,
            t if t < 1000 + down => 1.0 - (t - 1000) as f32 / down as f32,
            t if t < 1000 + down + shut => 0.0,
            t if t < 1000 + down + shut + up => (t - 1000 - down - shut) as f32 / up as f32,
            _ => 1.0,
        };
        (0..90).map(move |i| i * 33).map(move |t| (t, 0.05 + 0.25 * openness(t), 0.05 + 0.25 * openness(t)))
    };
    let frozen = dip(33, 250, (0.05, 0.06)).into_iter().flat_map(|(t, r, l)| [(t, r, l), (t + 16, r, l)]);
    let cases: [(&str, Vec<Sample>); 7] = [
        ("a quick one", ramp(60, 20, 60).collect()),
        ("a usual one", ramp(90, 60, 150).collect()),
        ("one that opens slowly", ramp(150, 100, 900).collect()),
        ("one that stays shut for long", ramp(150, 700, 200).collect()),
        ("one closed sample at 8 frames a second", dip(125, 125, (0.13, 0.15))),
        ("one eye closes further than the other", dip(33, 200, (0.04, 0.16))),
        ("each frame comes twice", frozen.collect()),
    ];
    for (what, samples) in cases {
        assert_eq!(blinks(&samples).len(), 1, "{what}: {:?}", blinks(&samples));
    }
}

#[test]
fn other_lid_movements_are_not_counted() {
    let bent = |ears: fn(u32) -> f32| (0..90).map(|i| i * 33).map(|t| (t, ears(t), ears(t))).collect();
    let series = |values: &[f32]| {
        let open = std::iter::repeat_n(0.3, 30).chain(values.iter().copied()).chain(std::iter::repeat_n(0.3, 30));
        open.enumerate().map(|(i, ears)| (i as u32 * 33, ears, ears)).collect::<Vec<Sample>>()
    };
    let lowered = [vec![0.153; 27], vec![0.129; 3]].concat();
    let mut dropped_frame = series(&[0.144; 14]);
    dropped_frame.remove(30);
    // Turned too far to be read, and shortly afterwards seemingly closed.
    let swinging = dip(40, 40, (0.107, 0.13)).into_iter().map(|(t, right, left)| match t {
        700..800 => (t, -1.0, -1.0),
        _ => (t, right, left),
    });
    let swinging: Vec<Sample> = swinging.collect();
    let cases: [(&str, Vec<Sample>); 16] = [
        ("lowered eyes that slip a little further", series(&lowered)),
        ("a glance down with a lost frame", dropped_frame),
        ("a one-frame slip at 30 frames a second", series(&[0.05])),
        ("a wink of the right eye", dip(33, 250, (0.03, 0.29))),
        ("a wink that narrows the other eye", dip(33, 250, (0.03, 0.21))),
        ("a squint", dip(33, 250, (0.2, 0.2))),
        ("a glance down", dip(33, 600, (0.16, 0.16))),
        ("a deep glance down", dip(33, 600, (0.12, 0.12))),
        ("a glance down at 8 frames a second", dip(125, 600, (0.145, 0.145))),
        ("half a blink", dip(33, 100, (0.2, 0.19))),
        ("a print that swings", swinging),
        ("a long sleep", dip(33, 1800, (0.05, 0.05))),
        ("a one-frame glitch at 60 frames a second", dip(16, 16, (0.05, 0.05))),
        ("eyes that cannot be read", dip(33, 400, (-1.0, -1.0))),
        ("eyes that never open", bent(|_| 0.05)),
        ("eyes that were shut from the start", bent(|t| if t < 900 { 0.05 } else { 0.3 })),
    ];
    for (what, samples) in cases {
        assert_eq!(blinks(&samples), [], "{what}");
    }
}

#[test]
fn lids_that_sink_slowly_are_a_look_down() {
    let sinking = (0..60).map(|i| (i * 33, 0.3 - 0.004 * i as f32, 0.3 - 0.004 * i as f32));
    let samples: Vec<_> = sinking.chain((60..90).map(|i| (i * 33, 0.3, 0.3))).collect();
    assert_eq!(blinks(&samples), []);
}

#[test]
fn noise_about_a_threshold_is_one_blink() {
    let noisy = |t: u32| if t.is_multiple_of(66) { 0.132 } else { 0.192 };
    let samples = dip(33, 300, (0.05, 0.05)).into_iter().map(|(t, r, l)| match t {
        1090..1300 => (t, noisy(t), noisy(t)),
        _ => (t, r, l),
    });
    assert_eq!(blinks(&samples.collect::<Vec<_>>()).len(), 1);
}

#[test]
fn a_level_learnt_from_a_stare_is_relearnt() {
    let ears = |t: u32| match t {
        0..600 => 0.46,
        600..800 | 3600..3800 => 0.05,
        _ => 0.27,
    };
    let samples: Vec<_> = (0..150).map(|i| i * 33).map(|t| (t, ears(t), ears(t))).collect();
    let found = blinks(&samples);
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].start_ms >= 3600);
}

#[test]
fn a_level_learnt_from_a_stare_is_replaced_even_if_the_person_blinks_often() {
    let ears = |t: u32| match t {
        0..800 => 0.42,
        t if t % 900 < 150 => 0.03,
        _ => 0.275,
    };
    let mut detector = BlinkDetector::new(Thresholds::V8.blink);
    for t in (0..6000).step_by(33) {
        detector.update(t, Some(EyeRatios { right: ears(t), left: ears(t) }));
    }
    let level = detector.open_level().unwrap();
    assert!((level.mean() - 0.275).abs() < 0.01, "{level:?}");
}

#[test]
fn a_reopening_that_falters_is_no_second_blink() {
    let values = [0.05, 0.05, 0.2, 0.132, 0.2, 0.3];
    let open = std::iter::repeat_n(0.3, 30).chain(values).chain(std::iter::repeat_n(0.3, 30));
    let samples: Vec<Sample> = open.enumerate().map(|(i, ears)| (i as u32 * 33, ears, ears)).collect();
    assert_eq!(blinks(&samples).len(), 1);
}

#[test]
fn narrow_eyes_are_judged_by_their_own_level() {
    let narrow = |v: f32| v * 0.55;
    let samples: Vec<_> = dip(33, 200, (0.05, 0.05)).into_iter().map(|(t, r, l)| (t, narrow(r), narrow(l))).collect();
    assert_eq!(blinks(&samples).len(), 1);
}

#[test]
fn a_short_loss_in_the_middle_of_a_blink_does_not_lose_it() {
    let mut samples = dip(33, 300, (0.05, 0.05));
    for sample in samples.iter_mut().filter(|s| (1100..1200).contains(&s.0)) {
        *sample = (sample.0, -1.0, -1.0);
    }
    assert_eq!(blinks(&samples).len(), 1);
}

#[test]
fn a_blink_that_began_before_a_long_gap_is_not_counted() {
    let seen = |t: &u32| !(1050..1700).contains(t);
    let closed_into_the_gap = |t: u32| if (1000..1700).contains(&t) { 0.05 } else { 0.3 };
    let samples: Vec<_> =
        (0..90).map(|i| i * 33).filter(seen).map(|t| (t, closed_into_the_gap(t), closed_into_the_gap(t))).collect();
    assert_eq!(blinks(&samples), []);
}

#[test]
fn two_blinks_in_a_row_are_two() {
    let mut samples = dip(33, 200, (0.05, 0.05));
    for sample in samples.iter_mut().filter(|s| (1400..1600).contains(&s.0)) {
        *sample = (sample.0, 0.05, 0.05);
    }
    assert_eq!(blinks(&samples).len(), 2);
}
