//! Recorded frames: image files and Y4M streams in, the engine's pictures out.

use std::cell::Cell;
use std::io::{self, Cursor, Read};
use std::path::Path;
use std::rc::Rc;

use anyhow::{Context as _, bail, ensure};
use engine::Picture;
use engine::colours::{Colours, Matrix};
use engine::planes::{self, Layout, Plane, Turn};
use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder as _, ImageReader};

/// Reads a JPEG or PNG file and turns it the way its EXIF orientation says, as every viewer does.
pub(super) fn read_picture(path: &Path) -> anyhow::Result<Picture> {
    let file = std::fs::read(path)?;
    let mut decoder = ImageReader::new(Cursor::new(file.as_slice())).with_guessed_format()?.into_decoder()?;
    let orientation = match first_exif(&file).and_then(Orientation::from_exif_chunk) {
        Some(orientation) => orientation,
        None => decoder.orientation()?,
    };
    let mut picture = DynamicImage::from_decoder(decoder)?;
    picture.apply_orientation(orientation);
    let rgba = picture.into_rgba8();
    let (width, height) = (rgba.width() as usize, rgba.height() as usize);
    Ok(Picture::new(rgba.into_raw(), width, height)?)
}

/// The first EXIF segment of a JPEG file. Some tools add one in front of another. Viewers use the first, `image` the last.
fn first_exif(file: &[u8]) -> Option<&[u8]> {
    const START_OF_SCAN: u8 = 0xda;
    const APP1: u8 = 0xe1;
    let mut rest = file.strip_prefix(b"\xff\xd8")?;
    loop {
        let (&[0xff, marker, high, low], _) = rest.split_first_chunk::<4>()? else { return None };
        let end = 2 + usize::from(u16::from_be_bytes([high, low]));
        let segment = rest.get(4..end)?;
        match segment.strip_prefix(b"Exif\0\0") {
            _ if marker == START_OF_SCAN => return None,
            Some(exif) if marker == APP1 => return Some(exif),
            _ => rest = &rest[end..],
        }
    }
}

/// A Y4M stream (4:2:0, 8 bits), frame by frame.
pub(super) struct Y4m<R: Read> {
    decoder: y4m::Decoder<Counted<R>>,
    read: Rc<Cell<usize>>,
    colours: Colours,
    /// Milliseconds between frames.
    pub(super) frame_ms: f64,
}

impl<R: Read> Y4m<R> {
    pub(super) fn open(reader: R) -> anyhow::Result<Y4m<R>> {
        let read = Rc::new(Cell::new(0));
        let decoder = y4m::decode(Counted { reader, read: Rc::clone(&read) }).context("not a Y4M stream")?;
        let rate = decoder.get_framerate();
        ensure!(rate.num > 0 && rate.den > 0, "the Y4M header has no frame rate");
        ensure!(decoder.get_width() > 0 && decoder.get_height() > 0, "the Y4M header has no size");
        use y4m::Colorspace::{C420, C420jpeg, C420mpeg2, C420paldv};
        let space = decoder.get_colorspace();
        if !matches!(space, C420 | C420jpeg | C420mpeg2 | C420paldv) {
            bail!("the Y4M stream is {space:?}; convert it to 8-bit 4:2:0 (ffmpeg -pix_fmt yuv420p)");
        }
        let colours = colours_of(decoder.get_raw_params());
        Ok(Y4m { decoder, read, colours, frame_ms: 1000.0 * rate.den as f64 / rate.num as f64 })
    }

    /// The next frame; `None` at the end.
    pub(super) fn next_picture(&mut self) -> anyhow::Result<Option<Picture>> {
        let (width, height) = (self.decoder.get_width(), self.decoder.get_height());
        let before = self.read.get();
        match self.decoder.read_frame() {
            Ok(frame) => {
                let samples = [frame.get_y_plane(), frame.get_u_plane(), frame.get_v_plane()].concat();
                let mut rgba = vec![0; 4 * width * height];
                let layout = planes_of(width, height, self.colours);
                planes::to_rgba(&samples, (width, height), &layout, Turn::default(), &mut rgba)?;
                Ok(Some(Picture::new(rgba, width, height)?))
            }
            // The decoder also reports a truncated frame as the end.
            Err(y4m::Error::EOF) if self.read.get() == before => Ok(None),
            Err(cause) => Err(anyhow::Error::new(cause).context("the Y4M stream is damaged")),
        }
    }
}

/// Counts the bytes read.
pub(super) struct Counted<R> {
    reader: R,
    read: Rc<Cell<usize>>,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.reader.read(buffer)?;
        self.read.set(self.read.get() + count);
        Ok(count)
    }
}

/// The colours of 4:2:0 samples under this header: BT.601, as delivered by cameras and Chromium's capture. ffmpeg's
/// extension names the range. Limited if it is absent: `C420jpeg` only tells where the chroma samples lie.
fn colours_of(parameters: &[u8]) -> Colours {
    let full_range = parameters.split(|&byte| byte == b' ').any(|parameter| parameter == b"XCOLORRANGE=FULL");
    Colours { matrix: Matrix::Bt601, full_range }
}

/// The planes of a frame that follow each other without padding.
fn planes_of(width: usize, height: usize, colours: Colours) -> Layout {
    let (luma, half) = (width * height, width.div_ceil(2));
    let plane = |offset, stride| Plane { offset, step: 1, stride };
    let red = luma + half * height.div_ceil(2);
    Layout::Yuv { luma: plane(0, width), blue: plane(luma, half), red: plane(red, half), colours }
}

#[cfg(test)]
mod tests {
    use image::codecs::{jpeg::JpegEncoder, png::PngEncoder};
    use image::{ExtendedColorType, GrayImage, ImageEncoder, Luma};

    use super::*;

    const WIDTH: u32 = 32;
    const HEIGHT: u32 = 16;

    /// EXIF with nothing but an orientation: a TIFF header and a directory with one entry.
    fn exif(orientation: u8) -> Vec<u8> {
        let mut tiff = b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0".to_vec();
        tiff.extend([orientation, 0, 0, 0, 0, 0, 0, 0]);
        tiff
    }

    fn write(mut encoder: impl ImageEncoder, picture: &GrayImage, exif: Option<Vec<u8>>) {
        if let Some(exif) = exif {
            encoder.set_exif_metadata(exif).unwrap();
        }
        encoder.write_image(picture.as_raw(), WIDTH, HEIGHT, ExtendedColorType::L8).unwrap();
    }

    #[test]
    fn a_picture_is_turned_as_its_exif_orientation_says() {
        // A black picture with a white corner at the top left, and the corner in which a viewer shows it.
        let picture =
            GrayImage::from_fn(WIDTH, HEIGHT, |x, y| Luma([if x < WIDTH / 2 && y < HEIGHT / 2 { 255 } else { 0 }]));
        let (left, right, top, bottom) = (0, 1, 0, 1);
        let cases = [
            (None, (32, 16), (left, top)),
            (Some(vec![7; 30]), (32, 16), (left, top)),
            (Some(exif(1)), (32, 16), (left, top)),
            (Some(exif(2)), (32, 16), (right, top)),
            (Some(exif(3)), (32, 16), (right, bottom)),
            (Some(exif(4)), (32, 16), (left, bottom)),
            (Some(exif(5)), (16, 32), (left, top)),
            (Some(exif(6)), (16, 32), (right, top)),
            (Some(exif(7)), (16, 32), (right, bottom)),
            (Some(exif(8)), (16, 32), (left, bottom)),
        ];
        let folder = tempfile::tempdir().unwrap();
        for (exif, size, corner) in cases {
            let paths = ["jpg", "png"].map(|kind| folder.path().join(format!("picture.{kind}")));
            write(JpegEncoder::new(std::fs::File::create(&paths[0]).unwrap()), &picture, exif.clone());
            write(PngEncoder::new(std::fs::File::create(&paths[1]).unwrap()), &picture, exif.clone());
            for path in paths {
                let read = read_picture(&path).unwrap();
                let frame = read.as_frame();
                assert_eq!((frame.width(), frame.height()), size, "{path:?} {exif:?}");
                for (across, down) in [(left, top), (right, top), (left, bottom), (right, bottom)] {
                    let [level, ..] = frame.rgb(size.0 / 4 + across * size.0 / 2, size.1 / 4 + down * size.1 / 2);
                    assert_eq!(level > 127, (across, down) == corner, "{path:?} {exif:?}: {across} {down}");
                }
            }
        }
    }

    #[test]
    fn the_first_exif_segment_decides_as_in_viewers() {
        let segment = |marker: u8, content: &[u8]| {
            let [high, low] = u16::try_from(content.len() + 2).unwrap().to_be_bytes();
            [&[0xff, marker, high, low][..], content].concat()
        };
        let turned = |orientation| segment(0xe1, &[&b"Exif\0\0"[..], exif(orientation).as_slice()].concat());
        let (jfif, xmp, scan) =
            (segment(0xe0, b"JFIF\0"), segment(0xe1, b"http://ns.adobe.com/xap/1.0/\0"), [0xff, 0xda, 0, 2]);
        let cases = [
            (vec![turned(6), jfif.clone(), turned(1), scan.to_vec()], Some(6)),
            (vec![jfif.clone(), xmp.clone(), turned(3), scan.to_vec()], Some(3)),
            (vec![jfif.clone(), xmp, scan.to_vec(), turned(3)], None),
            (vec![jfif.clone(), turned(3)[..20].to_vec()], None),
            (vec![jfif, vec![0xff, 0xe1, 0, 0]], None),
        ];
        for (segments, expected) in cases {
            let file = [b"\xff\xd8".to_vec(), segments.concat()].concat();
            assert_eq!(first_exif(&file), expected.map(exif).as_deref(), "{file:02x?}");
        }
        assert_eq!(first_exif(b"\x89PNG"), None);
    }

    #[test]
    fn black_white_and_the_primaries_are_converted_exactly_in_the_range_of_the_header() {
        // The same colour in the limited and in the full range.
        let cases = [
            ([16, 128, 128], [0, 128, 128], [0, 0, 0]),
            ([235, 128, 128], [255, 128, 128], [255, 255, 255]),
            ([82, 90, 240], [76, 85, 255], [255, 0, 0]),
            ([145, 54, 34], [150, 44, 21], [0, 255, 0]),
            ([41, 240, 110], [29, 255, 107], [0, 0, 255]),
        ];
        for (limited, full, expected) in cases {
            for (header, [y, u, v]) in [
                ("C420jpeg", limited),
                ("C420 XCOLORRANGE=LIMITED", limited),
                ("C420 XCOLORRANGE=UNHEARDOF", limited),
                ("C420jpeg XYSCSS=420JPEG XCOLORRANGE=FULL", full),
                ("XCOLORRANGE=FULL C420", full),
            ] {
                let mut stream = format!("YUV4MPEG2 W1 H1 F25:1 {header}\nFRAME\n").into_bytes();
                stream.extend([y, u, v]);
                let picture = Y4m::open(stream.as_slice()).unwrap().next_picture().unwrap().unwrap();
                let rgb = picture.as_frame().rgb(0, 0);
                let near = rgb.iter().zip(expected).all(|(&got, want): (&u8, i32)| (i32::from(got) - want).abs() <= 2);
                assert!(near, "{header} {y},{u},{v} came to {rgb:?}, expected {expected:?}");
            }
        }
    }

    #[test]
    fn other_formats_are_refused_with_a_hint() {
        let deep = b"YUV4MPEG2 W2 H2 F25:1 C444\n".as_slice();
        let error = Y4m::open(deep).err().unwrap().to_string();
        assert!(error.contains("yuv420p"), "{error}");
        assert!(Y4m::open(b"RIFF".as_slice()).is_err());
    }

    #[test]
    fn a_stream_ends_after_its_frames_and_a_truncated_one_is_an_error() {
        let mut stream = b"YUV4MPEG2 W2 H2 F25:1 C420\nFRAME\n".to_vec();
        stream.extend([235, 235, 235, 235, 128, 128]);
        let mut whole = Y4m::open(stream.as_slice()).unwrap();
        assert_eq!(whole.frame_ms, 40.0);
        assert!(whole.next_picture().unwrap().is_some());
        assert!(whole.next_picture().unwrap().is_none());
        let mut cut = Y4m::open(&stream[..stream.len() - 1]).unwrap();
        assert!(cut.next_picture().is_err());
    }
}
