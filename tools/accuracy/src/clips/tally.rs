//! The figures of a row, summed over the judged clips.

use engine::Blink;
use serde::Serialize;

use crate::matching::compare;
use crate::material::Clip;
use crate::video::Rate;

/// A start is accurate if it is off by at most this, at any rate.
pub(crate) const ONSET_MS: u32 = 80;

/// Lids closed for at least this long should be detected at 8 frames per second.
pub(crate) const LONG_MS: f64 = 150.0;

/// The counts at a rate, over all judged clips.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub(crate) struct Tally {
    /// True blinks that were counted.
    pub(crate) found: usize,
    /// True blinks that were not counted.
    pub(crate) missed: usize,
    /// Counted blinks that match no true one, in all judged clips.
    #[serde(rename = "false")]
    pub(crate) false_alarms: usize,
    /// Found blinks of people, not of generated faces.
    pub(crate) found_of_people: usize,
    /// All true blinks of people.
    pub(crate) blinks_of_people: usize,
    /// False blinks in the clips without a blink.
    pub(crate) false_on_negative: usize,
    /// Median error of the starts of found blinks, in milliseconds.
    pub(crate) onset_median_ms: Option<u32>,
    /// 90th percentile of this error, in milliseconds.
    pub(crate) onset_p90_ms: Option<u32>,
    /// Share of the found blinks whose start is off by at most [`ONSET_MS`], 0 to 1.
    pub(crate) onset_within_80_ms: Option<f64>,
    /// As before, but with a limit of two frames where these are longer.
    pub(crate) onset_within_two_frames: Option<f64>,
    /// Found blinks whose lids stay closed for at least [`LONG_MS`].
    pub(crate) found_long: usize,
    /// Where a blink was missed.
    pub(crate) misses: Vec<ClipMoment>,
    /// Where a false blink was counted.
    pub(crate) false_places: Vec<ClipMoment>,
}

/// The moment of deepest closure of a blink in a clip.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct ClipMoment {
    /// Name of the clip.
    pub(crate) clip: String,
    /// Milliseconds since its first frame.
    pub(crate) at_ms: u32,
}

impl ClipMoment {
    /// The moment of `blink` in `clip`.
    pub(crate) fn of(blink: &Blink, clip: &Clip) -> ClipMoment {
        ClipMoment { clip: clip.name.clone(), at_ms: blink.closed_ms }
    }
}

impl std::fmt::Display for ClipMoment {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        write!(f, "{} at {:.2} s", self.clip, f64::from(self.at_ms) / 1000.0)
    }
}

impl Tally {
    /// Compares the blinks counted in each clip at `rate` with the true ones. Clips that are not judged are left out.
    pub(crate) fn new<'a>(rate: Rate, clips: impl IntoIterator<Item = (&'a Clip, &'a [Blink])>) -> Tally {
        let mut tally = Tally::default();
        let mut onsets = Vec::new();
        let mut within_two_frames = 0;
        for (clip, counted) in clips.into_iter().filter(|(clip, _)| clip.is_judged) {
            let comparison = compare(&clip.truth(), counted);
            let long = long_blinks(clip);
            let allowed_ms = (2.0 * rate.of(clip.native).frame_ms()).max(f64::from(ONSET_MS));
            for (truth, counted) in &comparison.found {
                let onset = truth.start_ms.abs_diff(counted.start_ms);
                onsets.push(onset);
                within_two_frames += usize::from(f64::from(onset) <= allowed_ms);
                tally.found_long += usize::from(long.contains(truth));
            }
            let false_alarms: Vec<Blink> =
                comparison.false_alarms.into_iter().filter(|blink| !clip.is_doubtful(blink)).collect();
            tally.false_on_negative += if clip.is_negative() { false_alarms.len() } else { 0 };
            if !clip.is_synthetic() {
                tally.found_of_people += comparison.found.len();
                tally.blinks_of_people += comparison.found.len() + comparison.missed.len();
            }
            let moments =
                |blinks: &[Blink]| -> Vec<ClipMoment> { blinks.iter().map(|b| ClipMoment::of(b, clip)).collect() };
            tally.misses.extend(moments(&comparison.missed));
            tally.false_places.extend(moments(&false_alarms));
        }
        onsets.sort_unstable();
        let share = |count: usize| (!onsets.is_empty()).then(|| count as f64 / onsets.len() as f64);
        tally.found = onsets.len();
        tally.missed = tally.misses.len();
        tally.false_alarms = tally.false_places.len();
        tally.onset_median_ms = percentile(&onsets, 50);
        tally.onset_p90_ms = percentile(&onsets, 90);
        tally.onset_within_80_ms = share(onsets.iter().filter(|&&onset| onset <= ONSET_MS).count());
        tally.onset_within_two_frames = share(within_two_frames);
        tally
    }

    /// Counted blinks: found and false ones.
    pub(crate) fn counted(&self) -> usize {
        self.found + self.false_alarms
    }

    /// Missed plus false blinks.
    pub(crate) fn errors(&self) -> usize {
        self.missed + self.false_alarms
    }
}

/// The true blinks of a clip whose lids stay closed for [`LONG_MS`] or longer.
pub(crate) fn long_blinks(clip: &Clip) -> Vec<Blink> {
    let is_long = clip.counted.iter().map(|blink| clip.closed_ms(blink) >= LONG_MS);
    clip.truth().into_iter().zip(is_long).filter(|&(_, long)| long).map(|(blink, _)| blink).collect()
}

/// The nearest-rank percentile of sorted values.
fn percentile(sorted: &[u32], percent: usize) -> Option<u32> {
    sorted.get((sorted.len() * percent).div_ceil(100).saturating_sub(1)).copied()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::material::tests::clip;

    /// A clip of two seconds at 25 frames a second whose person blinks at 0.4 s, with the lids closed for 160 ms.
    fn made() -> Clip {
        let mut reference = vec![Some(0.3); 50];
        reference[11..15].fill(Some(0.1));
        clip((0..50).map(|i| f64::from(i) * 40.0).collect(), reference, [10, 12, 16])
    }

    fn negative() -> Clip {
        Clip { name: "negative.mp4".into(), counted: Vec::new(), ..made() }
    }

    fn blink(start_ms: u32) -> Blink {
        Blink { start_ms, closed_ms: start_ms + 80, end_ms: start_ms + 200 }
    }

    #[test]
    fn clips_are_summed_and_the_negative_is_counted_separately() {
        let clips = [made(), made(), negative()];
        let counted = [vec![blink(400), blink(1200)], vec![], vec![blink(0)]];
        let tally = Tally::new(Rate::Native, clips.iter().zip(counted.iter().map(Vec::as_slice)));
        assert_eq!((tally.found, tally.missed, tally.false_alarms, tally.false_on_negative), (1, 1, 2, 1));
        assert_eq!((tally.errors(), tally.found_long), (3, 1));
        let places: Vec<String> = tally.misses.iter().chain(&tally.false_places).map(ClipMoment::to_string).collect();
        assert_eq!(places, ["made.mp4 at 0.48 s", "made.mp4 at 1.28 s", "negative.mp4 at 0.08 s"]);
    }

    #[test]
    fn generated_faces_are_counted_apart() {
        let clips = [made(), Clip { name: "vexpress_made.mp4".into(), ..made() }];
        let counted = [vec![blink(400)], vec![]];
        let tally = Tally::new(Rate::Native, clips.iter().zip(counted.iter().map(Vec::as_slice)));
        assert_eq!((tally.found, tally.missed, tally.found_of_people, tally.blinks_of_people), (1, 1, 1, 1));
    }

    #[test]
    fn a_clip_without_counted_blinks_is_left_out() {
        let stress = Clip { counted: Vec::new(), is_judged: false, ..made() };
        let tally = Tally::new(Rate::Native, [(&stress, [blink(400)].as_slice())]);
        assert_eq!(tally, Tally::default());
    }

    #[test]
    fn two_frames_count_where_they_are_longer_than_80_ms() {
        let clip = made();
        for (rate, onset, expected) in [
            (Rate::Native, 80, (1.0, 1.0)),
            (Rate::Native, 81, (0.0, 0.0)),
            (Rate::PerSecond(10), 200, (0.0, 1.0)),
            (Rate::PerSecond(10), 201, (0.0, 0.0)),
        ] {
            let counted = Blink { start_ms: 400 - onset, closed_ms: 480, end_ms: 600 };
            let tally = Tally::new(rate, [(&clip, [counted].as_slice())]);
            let shares = (tally.onset_within_80_ms.unwrap(), tally.onset_within_two_frames.unwrap());
            assert_eq!(shares, expected, "{onset} ms at {rate}");
            assert_eq!(tally.onset_median_ms, Some(onset));
        }
    }

    #[test]
    fn percentiles_are_values_from_the_data() {
        let ten: Vec<u32> = (1..=10).collect();
        assert_eq!([percentile(&ten, 50), percentile(&ten, 90), percentile(&[], 50)], [Some(5), Some(9), None]);
        assert_eq!([percentile(&[7], 50), percentile(&[7], 90)], [Some(7), Some(7)]);
    }
}
