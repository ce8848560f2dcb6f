//! Two baseline rules to compare with: fixed thresholds on MediaPipe's eye aspect ratios, the same for everybody.

use engine::Blink;

/// A rule: open at or above one threshold, closed at or below another, undecided in between.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Rule {
    /// Its name in tables.
    pub(crate) name: &'static str,
    open_at: f32,
    closed_at: f32,
}

/// One threshold: eyes are either open or closed.
pub(crate) const FIXED: Rule = Rule { name: "fixed 0.21", open_at: 0.21, closed_at: 0.21 };

/// Two thresholds with an undecided range between them.
pub(crate) const ORIGINAL: Rule = Rule { name: "original 0.24/0.19", open_at: 0.24, closed_at: 0.19 };

/// A reading at a time in milliseconds; `None` without a face.
pub(crate) type Sample = (f64, Option<f32>);

/// Resamples readings to one every `frame_ms` from 0 on, each from the frame nearest in time. `times_ms` is ascending and
/// not empty.
pub(crate) fn resample(times_ms: &[f64], ears: &[Option<f32>], frame_ms: f64) -> Vec<Sample> {
    let last_ms = times_ms.last().copied().unwrap_or_default();
    let nearest = |t: f64| {
        let after = times_ms.partition_point(|&time| time < t).min(times_ms.len() - 1);
        let before = after.saturating_sub(1);
        if t - times_ms[before] <= times_ms[after] - t { before } else { after }
    };
    // Half a frame more, so that rounding does not lose the last one.
    let times = (0..).map(|k| f64::from(k) * frame_ms).take_while(|&t| t < last_ms + frame_ms / 2.0);
    times.map(|t| (t, ears[nearest(t)])).collect()
}

impl Rule {
    /// The blinks in `samples`, each from the first closed sample after an open one to the next open one. A sample without a
    /// face discards a blink in progress.
    pub(crate) fn blinks(&self, samples: &[Sample]) -> Vec<Blink> {
        let mut blinks = Vec::new();
        let mut was_open = false;
        // Start of a dip, its lowest reading, and the time of that reading.
        let mut dip: Option<(f64, f32, f64)> = None;
        for &(t, ear) in samples {
            let Some(ear) = ear else {
                (was_open, dip) = (false, None);
                continue;
            };
            if ear >= self.open_at {
                if let Some((start, _, lowest)) = dip.take() {
                    let [start_ms, closed_ms, end_ms] = [start, lowest, t].map(|t| t as u32);
                    blinks.push(Blink { start_ms, closed_ms, end_ms });
                }
                was_open = true;
            } else if was_open && ear <= self.closed_at {
                let dip = dip.get_or_insert((t, ear, t));
                if ear < dip.1 {
                    (dip.1, dip.2) = (ear, t);
                }
            }
        }
        blinks
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Description, readings, and the blinks as start, deepest closure and end.
    type Case = (&'static str, &'static [f32], &'static [[u32; 3]]);

    /// Blinks in readings taken every 100 ms; a negative reading means no face.
    fn blinks(rule: Rule, ears: &[f32]) -> Vec<[u32; 3]> {
        let samples: Vec<Sample> =
            ears.iter().enumerate().map(|(i, &ear)| (i as f64 * 100.0, (ear >= 0.0).then_some(ear))).collect();
        rule.blinks(&samples).iter().map(|b| [b.start_ms, b.closed_ms, b.end_ms]).collect()
    }

    #[test]
    fn the_fixed_rule_counts_runs_below_its_threshold_between_open_frames() {
        let cases: [Case; 5] = [
            ("a run", &[0.3, 0.2, 0.1, 0.15, 0.21], &[[100, 200, 400]]),
            ("closed from the start", &[0.1, 0.1, 0.3], &[]),
            ("closed to the end", &[0.3, 0.1, 0.1], &[]),
            ("at the threshold", &[0.3, 0.21, 0.3], &[]),
            ("two runs", &[0.3, 0.1, 0.3, 0.1, 0.3], &[[100, 100, 200], [300, 300, 400]]),
        ];
        for (what, ears, expected) in cases {
            assert_eq!(blinks(FIXED, ears), expected, "{what}");
        }
    }

    #[test]
    fn the_original_rule_is_undecided_between_its_thresholds() {
        let cases: [Case; 5] = [
            ("through the undecided range and back", &[0.24, 0.2, 0.19, 0.23, 0.24], &[[200, 200, 400]]),
            ("never closed", &[0.3, 0.2, 0.3], &[]),
            ("never open again", &[0.3, 0.1, 0.23, 0.23], &[]),
            ("never open before", &[0.23, 0.1, 0.3], &[]),
            ("undecided within", &[0.3, 0.1, 0.2, 0.1, 0.3], &[[100, 100, 400]]),
        ];
        for (what, ears, expected) in cases {
            assert_eq!(blinks(ORIGINAL, ears), expected, "{what}");
        }
    }

    #[test]
    fn a_frame_without_a_face_discards_a_blink_in_progress() {
        assert_eq!(blinks(FIXED, &[0.3, 0.1, -1.0, 0.3]), [] as [[u32; 3]; 0]);
        assert_eq!(blinks(FIXED, &[0.3, -1.0, 0.1, 0.3]), [] as [[u32; 3]; 0]);
    }

    #[test]
    fn each_time_uses_the_nearest_frame() {
        let ears = [0.0, 0.1, 0.2, 0.3].map(Some);
        let samples = resample(&[0.0, 40.0, 130.0, 190.0], &ears, 100.0);
        assert_eq!(samples, [(0.0, Some(0.0)), (100.0, Some(0.2)), (200.0, Some(0.3))]);
    }

    #[test]
    fn at_its_own_rate_a_clip_keeps_every_frame() {
        let times_ms: Vec<f64> = (0..90).map(|i| f64::from(i) * 1000.0 / 30.0).collect();
        let ears: Vec<_> = (0..90).map(|i| Some(i as f32)).collect();
        let samples = resample(&times_ms, &ears, 1000.0 / 30.0);
        assert_eq!(samples.iter().map(|s| s.1).collect::<Vec<_>>(), ears);
    }
}
