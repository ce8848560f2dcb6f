//! `accuracy copies`: how far the perceptual hashes of faces are apart, for one capture framed in other ways, for two
//! captures of one clip, and for the captures of different clips.

use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use clap::Args;
use engine::geometry::Point;
use engine::{Frame, PerceptualHash, Picture, Scorer, Thresholds, jpeg};

use crate::captures::gather;
use crate::{DEFAULT_MODELS, load_models, material, workers};

/// Bytes of a capture that is encoded again.
const MAX_BYTES: usize = 20_000;

/// Measures how far the hashes of faces are apart, in bits, by which near copies are found.
#[derive(Debug, Args)]
pub struct CopyOptions {
    /// Folder of recorded people
    #[arg(long, default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/material"), value_name = "DIR")]
    material: PathBuf,
}

/// The same picture, framed in another way.
struct Framing {
    name: &'static str,
    /// Width and height of what is shown, as a share.
    zoom: f32,
    /// Width of the new picture, as a share.
    size: f32,
    degrees: f32,
    shift: (f32, f32),
    gain: f32,
    is_mirrored: bool,
}

const AS_IT_IS: Framing = Framing {
    name: "encoded again",
    zoom: 1.0,
    size: 1.0,
    degrees: 0.0,
    shift: (0.0, 0.0),
    gain: 1.0,
    is_mirrored: false,
};

const FRAMINGS: [Framing; 7] = [
    AS_IT_IS,
    Framing { name: "four fifths of the size", size: 0.8, ..AS_IT_IS },
    Framing { name: "closer by an eighth", zoom: 0.89, ..AS_IT_IS },
    Framing { name: "moved by a twelfth", shift: (0.05, 0.08), ..AS_IT_IS },
    Framing { name: "tilted by 8 degrees", degrees: 8.0, ..AS_IT_IS },
    Framing { name: "a fifth darker", gain: 0.8, ..AS_IT_IS },
    Framing {
        name: "some of each, and mirrored",
        zoom: 0.93,
        size: 0.85,
        degrees: -5.0,
        shift: (0.03, -0.03),
        gain: 1.15,
        is_mirrored: true,
    },
];

/// The hashes of one clip: of each open capture, and of the first one in each framing.
struct Hashes {
    clip: String,
    captures: Vec<PerceptualHash>,
    framed: Vec<Option<PerceptualHash>>,
}

/// Measures and prints a table.
///
/// # Errors
/// If a clip cannot be read.
pub fn run(options: &CopyOptions) -> anyhow::Result<()> {
    let mut clips = material::load(&options.material, false)?;
    clips.retain(|clip| !clip.counted.is_empty());
    let models = load_models(Path::new(DEFAULT_MODELS))?;
    let hashes = workers::map(&clips, |clip| {
        let mut scorer = Scorer::new(models.networks());
        let mut of = |jpeg: &[u8]| scorer.score(jpeg, &Thresholds::V8).ok().and_then(|score| score.face_fingerprint());
        let evidence = gather(clip, &models)?;
        let captures = evidence.iter().filter_map(|(_, evidence)| of(&evidence.open)).collect();
        let framed = match evidence.first() {
            None => Vec::new(),
            Some((_, evidence)) => {
                let picture = jpeg::decode(&evidence.open, &Thresholds::V8.capture)
                    .map_err(|reason| anyhow::anyhow!("{reason:?}"))?;
                let framed = FRAMINGS.iter().map(|framing| Ok(of(&framing.apply(&picture.as_frame())?)));
                framed.collect::<anyhow::Result<_>>()?
            }
        };
        eprintln!("{}: {} captures", clip.name, evidence.len());
        Ok(Hashes { clip: clip.name.clone(), captures, framed })
    })?;
    io::stdout().lock().write_all(table(&hashes).as_bytes())?;
    Ok(())
}

impl Framing {
    /// The picture in this framing, as a JPEG file.
    fn apply(&self, frame: &Frame) -> anyhow::Result<Vec<u8>> {
        let (width, height) = (frame.width() as f32, frame.height() as f32);
        let (new_width, new_height) = ((width * self.size).round(), (height * self.size).round());
        let angle = self.degrees.to_radians();
        let mut rgb = Vec::with_capacity(3 * (new_width * new_height) as usize);
        for y in 0..new_height as usize {
            for x in 0..new_width as usize {
                let across = ((x as f32 + 0.5) / new_width - 0.5) * if self.is_mirrored { -1.0 } else { 1.0 };
                let at =
                    Point::new(across * width * self.zoom, ((y as f32 + 0.5) / new_height - 0.5) * height * self.zoom);
                let at = at.rotated(angle);
                let at = (at.x + width * (0.5 + self.shift.0) - 0.5, at.y + height * (0.5 + self.shift.1) - 0.5);
                rgb.extend(between(frame, at).map(|value| (value * self.gain) as u8));
            }
        }
        let picture = Picture::from_rgb(&rgb, new_width as usize, new_height as usize)?;
        let encoded = jpeg::encode(&picture.as_frame(), MAX_BYTES)?;
        Ok(encoded.map(|encoded| encoded.bytes).unwrap_or_default())
    }
}

/// The colour between four pixels; beyond the edge, that of the edge.
fn between(frame: &Frame, (x, y): (f32, f32)) -> [f32; 3] {
    let (x, y) = (x.clamp(0.0, (frame.width() - 2) as f32), y.clamp(0.0, (frame.height() - 2) as f32));
    let (left, top) = (x as usize, y as usize);
    let pixel = |dx, dy| frame.rgb(left + dx, top + dy).map(f32::from);
    let (a, b, c, d) = (pixel(0, 0), pixel(1, 0), pixel(0, 1), pixel(1, 1));
    let mix = |a: f32, b: f32, share: f32| a + share * (b - a);
    let (across, down) = (x - left as f32, y - top as f32);
    std::array::from_fn(|i| mix(mix(a[i], b[i], across), mix(c[i], d[i], across), down))
}

fn table(hashes: &[Hashes]) -> String {
    let mut text = String::from(
        "| compared | pairs | smallest | 5 % | median | 95 % | largest |\n|---|---:|---:|---:|---:|---:|---:|\n",
    );
    let mut row = |name: &str, mut bits: Vec<u32>| {
        bits.sort_unstable();
        let at = |share: f64| {
            bits.get(((bits.len().max(1) - 1) as f64 * share).round() as usize).map_or("–".to_owned(), u32::to_string)
        };
        let figures = [0.0, 0.05, 0.5, 0.95, 1.0].map(at).join(" | ");
        // Writing to a string does not fail.
        let _ = writeln!(text, "| {name} | {} | {figures} |", bits.len());
    };
    for (i, framing) in FRAMINGS.iter().enumerate() {
        let apart = |hashes: &Hashes| {
            let (first, framed) = (hashes.captures.first()?, hashes.framed.get(i).copied().flatten()?);
            Some(first.distance(&if framing.is_mirrored { framed.mirrored() } else { framed }))
        };
        row(framing.name, hashes.iter().filter_map(apart).collect());
    }
    let pairs = |captures: &[PerceptualHash]| -> Vec<u32> {
        captures.iter().enumerate().flat_map(|(i, a)| captures[..i].iter().map(move |b| a.distance(b))).collect()
    };
    row("two blinks of one clip", hashes.iter().flat_map(|hashes| pairs(&hashes.captures)).collect());
    let mut others = Vec::new();
    for (i, a) in hashes.iter().enumerate() {
        for b in &hashes[..i] {
            let apart = a
                .captures
                .iter()
                .flat_map(|a| b.captures.iter().flat_map(|b| [a.distance(b), a.distance(&b.mirrored())]))
                .min();
            others.extend(apart.map(|apart| (apart, &a.clip, &b.clip)));
        }
    }
    others.sort_unstable();
    row("the nearest captures of two clips, mirrored or not", others.iter().map(|&(apart, ..)| apart).collect());
    for (apart, a, b) in others.iter().take(12) {
        let _ = writeln!(text, "{a} and {b}: {apart}");
    }
    text
}
