//! Photographs to hold before the camera: a picture file in, a print with its face's landmarks out.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use engine::geometry::{Point, Rect};
use engine::mesh::landmarks::{LEFT_EYE, RIGHT_EYE};
use engine::{Picture, Thresholds, Tracker};
use image::imageops::FilterType;

/// Width of the face in every print, in pixels of the print: about the largest size at which a print is shown.
pub(super) const FACE_WIDTH: f32 = 240.0;

/// How far a print reaches around the face's box, in widths of the face.
const MARGIN: f32 = 0.9;

/// Middle of the subject's right and left cheek (mesh indices).
const CHEEKS: [usize; 2] = [50, 280];

/// One print.
pub(super) struct Photo {
    /// The file's name without its ending.
    pub(super) name: String,
    /// The file.
    pub(super) path: PathBuf,
    width: usize,
    height: usize,
    pixels: Vec<[f32; 3]>,
    mesh: Vec<Point>,
}

impl Photo {
    /// Cuts the face out of a picture file and brings it to [`FACE_WIDTH`]. `None` if the engine does not read exactly one
    /// face.
    ///
    /// # Errors
    /// If the file cannot be read or a network fails.
    pub(super) fn open(path: &Path, tracker: &mut Tracker) -> anyhow::Result<Option<Photo>> {
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let picture = image::open(path).with_context(|| format!("cannot read {}", path.display()))?.into_rgb8();
        let frame = Picture::from_rgb(picture.as_raw(), picture.width() as usize, picture.height() as usize)?;
        let mut faces = tracker.read_all(&frame.as_frame(), &Thresholds::V1)?;
        let (Some((_, Some(face))), true) = (faces.pop(), faces.is_empty()) else { return Ok(None) };

        let part = around(&face.rect, picture.width(), picture.height());
        let [left, top, part_width, part_height] = part;
        let scale = FACE_WIDTH / face.rect.width;
        let (width, height) = ((part_width as f32 * scale).round(), (part_height as f32 * scale).round());
        let cut = image::imageops::crop_imm(&picture, left, top, part_width, part_height).to_image();
        let print = image::imageops::resize(&cut, width as u32, height as u32, FilterType::Triangle);
        let mesh = face.mesh.points.iter().map(|p| {
            Point::new(
                (p.x - left as f32) * width / part_width as f32,
                (p.y - top as f32) * height / part_height as f32,
            )
        });
        Ok(Some(Photo {
            name,
            path: path.to_owned(),
            width: width as usize,
            height: height as usize,
            pixels: print.pixels().map(|p| p.0.map(f32::from)).collect(),
            mesh: mesh.collect(),
        }))
    }

    /// A print with given pixels (row by row) and landmarks, for tests.
    #[cfg(test)]
    pub(super) fn of_pixels(width: usize, pixels: Vec<[f32; 3]>, mesh: Vec<Point>) -> Photo {
        let height = pixels.len() / width;
        Photo { name: "test".to_owned(), path: PathBuf::new(), width, height, pixels, mesh }
    }

    /// The colour at `p` in pixels of the print, 0 to 255 a channel, between the four nearest pixels. `None` outside.
    #[inline]
    pub(super) fn colour(&self, p: Point) -> Option<[f32; 3]> {
        let (last_x, last_y) = ((self.width - 1) as f32, (self.height - 1) as f32);
        if !((0.0..=last_x).contains(&p.x) && (0.0..=last_y).contains(&p.y)) {
            return None;
        }
        let (x, y) = (p.x as usize, p.y as usize);
        let (fx, fy) = (p.x - x as f32, p.y - y as f32);
        let at = y * self.width + x;
        let right = usize::from(x + 1 < self.width);
        let below = if y + 1 < self.height { self.width } else { 0 };
        let [a, b] = [self.pixels[at], self.pixels[at + right]];
        let [c, d] = [self.pixels[at + below], self.pixels[at + below + right]];
        Some(std::array::from_fn(|i| {
            let upper = a[i] + (b[i] - a[i]) * fx;
            let lower = c[i] + (d[i] - c[i]) * fx;
            upper + (lower - upper) * fy
        }))
    }

    /// Whether `p` lies on the print or within `border` pixels of its edge.
    #[inline]
    pub(super) fn covers(&self, p: Point, border: f32) -> bool {
        (-border..self.width as f32 + border).contains(&p.x) && (-border..self.height as f32 + border).contains(&p.y)
    }

    /// The middle of the face.
    pub(super) fn face_center(&self) -> Point {
        Rect::around(self.mesh.iter().copied()).map_or(Point::default(), |face| face.center())
    }

    /// Where the eyes are.
    pub(super) fn eyes(&self) -> [Eye; 2] {
        [RIGHT_EYE, LEFT_EYE].map(|lids| Eye::of(&lids.map(|i| self.mesh[i])))
    }

    /// The mean colour of both cheeks.
    pub(super) fn cheek(&self) -> [f32; 3] {
        let [right, left] = CHEEKS.map(|i| self.mean_around(self.mesh[i], 6));
        std::array::from_fn(|i| (right[i] + left[i]) / 2.0)
    }

    /// The mean colour of the middle of the face, eyes and shadows and all.
    pub(super) fn skin(&self) -> [f32; 3] {
        self.mean_around(self.face_center(), (FACE_WIDTH / 3.0) as usize)
    }

    fn mean_around(&self, p: Point, reach: usize) -> [f32; 3] {
        let (x, y) = (p.x.max(0.0) as usize, p.y.max(0.0) as usize);
        let (mut sum, mut count) = ([0.0; 3], 0.0);
        for y in y.saturating_sub(reach)..(y + reach).min(self.height) {
            for x in x.saturating_sub(reach)..(x + reach).min(self.width) {
                sum = std::array::from_fn(|i| sum[i] + self.pixels[y * self.width + x][i]);
                count += 1.0;
            }
        }
        sum.map(|s| s / f32::max(count, 1.0))
    }
}

/// One eye in a print, in its pixels.
#[derive(Clone, Copy, Debug)]
pub(super) struct Eye {
    /// Half-way between the corners.
    pub(super) center: Point,
    /// From corner to corner.
    pub(super) width: f32,
    /// From lid to lid.
    pub(super) opening: f32,
}

impl Eye {
    fn of(lids: &[Point; 6]) -> Eye {
        let [p1, p2, p3, p4, p5, p6] = lids;
        Eye { center: p1.midpoint(*p4), width: p1.distance(*p4), opening: (p2.distance(*p6) + p3.distance(*p5)) / 2.0 }
    }
}

/// The face's box with its margin, cut off at the picture's edges: left, top, width, height.
fn around(face: &Rect, width: u32, height: u32) -> [u32; 4] {
    let margin = MARGIN * face.width;
    let left = (face.x - margin).max(0.0) as u32;
    let top = (face.y - margin).max(0.0) as u32;
    let right = ((face.x + face.width + margin) as u32).min(width);
    let bottom = ((face.y + face.height + margin) as u32).min(height);
    [left, top, right - left, bottom - top]
}
