//! Photographs to hold in front of the camera: a picture file in, a print with the landmarks of its face out.

use std::path::Path;

use anyhow::Context as _;
use engine::geometry::{Point, Rect};
use engine::mesh::Mesh;
use engine::mesh::landmarks::{LEFT_EYE, RIGHT_EYE};
use engine::{EngineError, Face, Picture, Thresholds, Tracker};
use image::RgbImage;
use image::imageops::FilterType;

/// Width of the face in every print, in pixels of the print: about the largest size at which a print is rendered.
pub(super) const FACE_WIDTH: f32 = 240.0;

/// Margin of a print around the face's box, in face widths.
const MARGIN: f32 = 0.9;

/// Centre of the subject's right and left cheek (mesh indices).
const CHEEKS: [usize; 2] = [50, 280];

/// A face that leans further than this is turned upright, as somebody holding the print would do.
const UPRIGHT_DEG: f32 = 10.0;

/// R, G and B from 0 to 255, and a fourth value that fills up the SIMD vector.
pub(super) type Colour = [f32; 4];

/// White paper: the border of every print.
pub(super) const PAPER: Colour = [228.0, 227.0, 222.0, 255.0];

/// One print.
pub(super) struct Photo {
    /// The file name without its extension, with a number if the file shows several faces.
    pub(super) name: String,
    width: usize,
    height: usize,
    pixels: Vec<Colour>,
    mesh: Mesh,
}

impl Photo {
    /// Cuts a print of every face that the engine reads in a picture file.
    ///
    /// # Errors
    /// If the file cannot be read or a network fails.
    pub(super) fn open(path: &Path, tracker: &mut Tracker) -> anyhow::Result<Vec<Photo>> {
        let picture = image::open(path).with_context(|| format!("cannot read {}", path.display()))?.into_rgb8();
        let frame = Picture::from_rgb(picture.as_raw(), picture.width() as usize, picture.height() as usize)?;
        let faces = tracker.read_all(&frame.as_frame(), &Thresholds::V8)?;
        let stem = path.file_stem().unwrap_or_default().to_string_lossy();
        let name = |i: usize| if i == 0 { stem.to_string() } else { format!("{stem}-{}", i + 1) };
        let faces = faces.into_iter().filter_map(|(_, face)| face).enumerate();
        Ok(faces.map(|(i, face)| Photo::cut(&picture, &face, name(i))).collect())
    }

    /// The face with its margin, upright and scaled to [`FACE_WIDTH`]. Beyond the edge of the picture the paper is white.
    fn cut(picture: &RgbImage, face: &Face, name: String) -> Photo {
        let roll = face.pose.roll.to_radians();
        let roll = if roll.to_degrees().abs() < UPRIGHT_DEG { 0.0 } else { roll };
        let upright = face.mesh.points.iter().map(|p| p.rotated(-roll));
        let depths = &face.mesh.depths;
        let rect = Rect::around(upright.clone()).unwrap_or(face.rect);
        let scale = FACE_WIDTH / rect.width;
        // Scaled first and turned afterwards, so that no detail is skipped.
        let size = |side: u32| (side as f32 * scale).round().max(1.0) as u32;
        let scaled =
            image::imageops::resize(picture, size(picture.width()), size(picture.height()), FilterType::Triangle);
        let source = Photo {
            name,
            width: scaled.width() as usize,
            height: scaled.height() as usize,
            pixels: scaled.pixels().map(|p| [p[0], p[1], p[2], u8::MAX].map(f32::from)).collect(),
            mesh: face.mesh.clone(),
        };
        let (left, top) = ((rect.x - MARGIN * rect.width) * scale, (rect.y - MARGIN * rect.width) * scale);
        let width = ((1.0 + 2.0 * MARGIN) * rect.width * scale) as usize;
        let height = ((rect.height + 2.0 * MARGIN * rect.width) * scale) as usize;
        let pixel = |i: usize| {
            let at = Point::new((i % width) as f32 + left, (i / width) as f32 + top).rotated(roll);
            source.colour(at).unwrap_or(PAPER)
        };
        Photo {
            width,
            height,
            pixels: (0..width * height).map(pixel).collect(),
            mesh: Mesh {
                points: upright.map(|p| Point::new(p.x * scale - left, p.y * scale - top)).collect(),
                depths: depths.iter().map(|depth| depth * scale).collect(),
                presence: face.mesh.presence,
            },
            ..source
        }
    }

    /// A print with the given pixels (row by row) and landmarks, for tests.
    #[cfg(test)]
    pub(super) fn of_pixels(width: usize, pixels: Vec<Colour>, points: Vec<Point>) -> Photo {
        let height = pixels.len() / width;
        let mesh = Mesh { depths: vec![0.0; points.len()], points, presence: 1.0 };
        Photo { name: "test".to_owned(), width, height, pixels, mesh }
    }

    /// The colour at `p` in pixels of the print, 0 to 255 per channel, interpolated between the four nearest pixels. `None`
    /// outside the print.
    #[inline]
    pub(super) fn colour(&self, p: Point) -> Option<Colour> {
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
    pub(super) fn contains(&self, p: Point, border: f32) -> bool {
        (-border..self.width as f32 + border).contains(&p.x) && (-border..self.height as f32 + border).contains(&p.y)
    }

    /// The print as a picture, with its mesh.
    pub(super) fn portrait(&self) -> Result<(Picture, &Mesh), EngineError> {
        let rgba = self.pixels.iter().flat_map(|colour| colour.map(|v| (v + 0.5) as u8)).collect();
        Ok((Picture::new(rgba, self.width, self.height)?, &self.mesh))
    }

    /// The centre of the face.
    pub(super) fn face_center(&self) -> Point {
        Rect::around(self.mesh.points.iter().copied()).map_or(Point::default(), |face| face.center())
    }

    /// The subject's right and left eye.
    pub(super) fn eyes(&self) -> [Eye; 2] {
        [RIGHT_EYE, LEFT_EYE].map(|lids| Eye::of(&lids.map(|i| self.mesh.points[i])))
    }

    /// The mean colour of both cheeks.
    pub(super) fn cheek(&self) -> Colour {
        let [right, left] = CHEEKS.map(|i| self.mean_around(self.mesh.points[i], 6));
        std::array::from_fn(|i| (right[i] + left[i]) / 2.0)
    }

    /// The mean colour of the centre of the face, including eyes and shadows.
    pub(super) fn skin(&self) -> Colour {
        self.mean_around(self.face_center(), (FACE_WIDTH / 3.0) as usize)
    }

    fn mean_around(&self, p: Point, reach: usize) -> Colour {
        let (x, y) = (p.x.max(0.0) as usize, p.y.max(0.0) as usize);
        let (mut sum, mut count) = ([0.0; 4], 0.0);
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
    /// Midpoint between the corners.
    pub(super) center: Point,
    /// Distance from corner to corner.
    pub(super) width: f32,
    /// Distance from lid to lid.
    pub(super) opening: f32,
}

impl Eye {
    fn of(lids: &[Point; 6]) -> Eye {
        let [p1, p2, p3, p4, p5, p6] = lids;
        Eye { center: p1.midpoint(*p4), width: p1.distance(*p4), opening: (p2.distance(*p6) + p3.distance(*p5)) / 2.0 }
    }
}
