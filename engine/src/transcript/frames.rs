//! The frames of a transcript as text: six columns of integers, each delta-coded and packed in a Golomb–Rice code,
//! base64url.
//!
//! Bits are written from the highest of each byte: the number of frames (16 bits); for each field of [`FrameRecord`] a
//! parameter `k` (4 bits) and one code per frame; then zeros up to the end of the byte. A code stands for the
//! difference between the value and its prediction (for the time: the last value plus the last step; for other fields:
//! the last value; before the first frame: 0). The difference is made non-negative (0, −1, 1, −2, 2 … → 0, 1, 2, 3, 4
//! …). Its bits above the lowest `k` are written in unary, as ones ended by a zero, followed by the lowest `k` bits. 24
//! ones without a zero mean that 40 plain bits follow.
//!
//! Each column uses the `k` that makes it shortest, the smallest if there are several. So frames have exactly one text,
//! and any other text is rejected. Reading never allocates more than [`MAX_FRAMES`] need.
//!
//! On 18 recordings of real people a frame takes 3.2 to 5 bytes (7 as varints, 3.5 to 6 as deflated varints, 26 as
//! JSON).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Deserializer, Serializer, de};

use crate::frame_record::{FrameRecord, MAX_FRAMES};

/// Writes at most [`MAX_FRAMES`] frames.
pub fn pack(frames: &[FrameRecord]) -> String {
    let mut bits = BitWriter::default();
    bits.push(frames.len() as u64, COUNT_BITS);
    for column in 0..COLUMNS {
        let codes: Vec<u64> = residuals(column, &values(frames, column)).map(zigzag).collect();
        let k = (0..=MAX_K).min_by_key(|&k| codes.iter().map(|&code| length(code, k)).sum::<u32>()).unwrap_or(0);
        bits.push(k.into(), K_BITS);
        codes.iter().for_each(|&code| bits.push_code(code, k));
    }
    URL_SAFE_NO_PAD.encode(bits.bytes)
}

/// Reads a text of [`pack`]. `None` for any other text.
pub fn unpack(text: &str) -> Option<Vec<FrameRecord>> {
    let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
    let mut bits = BitReader { bytes: &bytes, at: 0 };
    let count = bits.take(COUNT_BITS)? as usize;
    if count > MAX_FRAMES {
        return None;
    }
    let mut columns = Vec::with_capacity(COLUMNS);
    for column in 0..COLUMNS {
        let k = bits.take(K_BITS)? as u32;
        let mut values: Vec<i64> = Vec::with_capacity(count);
        for _ in 0..count {
            let predicted = predicted(column, &values);
            values.push(predicted + unzigzag(bits.take_code(k)?));
        }
        columns.push(values);
    }
    let frames: Option<Vec<FrameRecord>> = (0..count).map(|row| record(&columns, row)).collect();
    frames.filter(|frames| pack(frames) == text)
}

/// For serde: the field is the text of [`pack`].
pub(super) fn serialize<S: Serializer>(frames: &[FrameRecord], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&pack(frames))
}

/// For serde: the field is the text of [`pack`].
pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<FrameRecord>, D::Error> {
    let text = String::deserialize(deserializer)?;
    unpack(&text).ok_or_else(|| de::Error::custom("frames cannot be read"))
}

/// Fields of a [`FrameRecord`].
const COLUMNS: usize = 6;
/// The field that is a time.
const TIME: usize = 0;
const COUNT_BITS: u32 = 16;
const K_BITS: u32 = 4;
const MAX_K: u32 = 15;
/// This many ones announce a value in plain bits.
const ESCAPE: u64 = 24;
/// Bits of a plain value: a second difference of two 32-bit numbers needs 36 with its sign.
const PLAIN_BITS: u32 = 40;

fn values(frames: &[FrameRecord], column: usize) -> Vec<i64> {
    let value = |&FrameRecord(t, right, left, yaw, pitch, gate): &FrameRecord| {
        [t.into(), right.into(), left.into(), yaw.into(), pitch.into(), gate.into()][column]
    };
    frames.iter().map(value).collect()
}

fn record(columns: &[Vec<i64>], row: usize) -> Option<FrameRecord> {
    let at = |column: usize| columns[column][row];
    let signed = |column: usize| i32::try_from(at(column)).ok();
    Some(FrameRecord(
        u32::try_from(at(TIME)).ok()?,
        signed(1)?,
        signed(2)?,
        signed(3)?,
        signed(4)?,
        u8::try_from(at(5)).ok()?,
    ))
}

/// Predicts the next value of a column from the known ones.
fn predicted(column: usize, known: &[i64]) -> i64 {
    match *known {
        [.., before, last] if column == TIME => last.wrapping_add(last.wrapping_sub(before)),
        [.., last] => last,
        [] => 0,
    }
}

fn residuals(column: usize, values: &[i64]) -> impl Iterator<Item = i64> {
    values.iter().enumerate().map(move |(row, value)| value - predicted(column, &values[..row]))
}

fn zigzag(value: i64) -> u64 {
    ((value << 1) ^ (value >> 63)) as u64
}

fn unzigzag(code: u64) -> i64 {
    (code >> 1) as i64 ^ -((code & 1) as i64)
}

/// Number of bits of a code.
fn length(code: u64, k: u32) -> u32 {
    let high = code >> k;
    if high < ESCAPE { high as u32 + 1 + k } else { ESCAPE as u32 + PLAIN_BITS }
}

#[derive(Default)]
struct BitWriter {
    bytes: Vec<u8>,
    /// Bits used in the last byte; 0 means all of them.
    used: u32,
}

impl BitWriter {
    fn push(&mut self, value: u64, count: u32) {
        for shift in (0..count).rev() {
            if self.used == 0 {
                self.bytes.push(0);
            }
            if let Some(last) = self.bytes.last_mut() {
                *last |= ((value >> shift & 1) as u8) << (7 - self.used);
            }
            self.used = (self.used + 1) % 8;
        }
    }

    fn push_code(&mut self, code: u64, k: u32) {
        let high = code >> k;
        if high < ESCAPE {
            (0..high).for_each(|_| self.push(1, 1));
            self.push(0, 1);
            self.push(code, k);
        } else {
            (0..ESCAPE).for_each(|_| self.push(1, 1));
            self.push(code, PLAIN_BITS);
        }
    }
}

struct BitReader<'a> {
    bytes: &'a [u8],
    /// Number of bits read.
    at: usize,
}

impl BitReader<'_> {
    fn take(&mut self, count: u32) -> Option<u64> {
        (0..count).try_fold(0, |value, _| {
            let byte = *self.bytes.get(self.at / 8)?;
            let bit = byte >> (7 - self.at % 8) & 1;
            self.at += 1;
            Some(value << 1 | u64::from(bit))
        })
    }

    fn take_code(&mut self, k: u32) -> Option<u64> {
        for high in 0..ESCAPE {
            if self.take(1)? == 0 {
                return Some(high << k | self.take(k)?);
            }
        }
        self.take(PLAIN_BITS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reproducible pseudo-random numbers (a linear congruential generator).
    struct Noise(u64);

    impl Noise {
        fn next(&mut self) -> u32 {
            self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (self.0 >> 33) as u32
        }
    }

    /// Typical frames of a camera at 30 frames per second.
    fn usual(count: usize) -> Vec<FrameRecord> {
        let mut noise = Noise(7);
        let mut around = |middle: i32, spread: u32| middle + (noise.next() % spread) as i32;
        (0..count as u32)
            .map(|i| FrameRecord(i * 33 + i % 2, around(2800, 90), around(2750, 90), around(-20, 9), around(40, 9), 0))
            .collect()
    }

    #[test]
    fn frames_survive_a_round_trip() {
        let extremes = [
            FrameRecord(u32::MAX, i32::MIN, i32::MAX, 0, i32::MIN, u8::MAX),
            FrameRecord(0, i32::MAX, i32::MIN, -1, i32::MAX, 0),
            FrameRecord(u32::MAX, i32::MIN, -1, 1, 0, 255),
        ];
        let cases = [vec![], usual(1), usual(2), usual(MAX_FRAMES), extremes.to_vec(), extremes.repeat(MAX_FRAMES / 3)];
        for frames in cases {
            assert_eq!(unpack(&pack(&frames)), Some(frames));
        }
        let mut noise = Noise(1);
        for round in 0..200 {
            // Values of every size, from a few bits to all 32.
            let mut any = || (noise.next() << 1) >> (round % 32);
            let frames: Vec<_> = (0..any() % 40)
                .map(|_| FrameRecord(any(), any() as i32, any() as i32, any() as i32, any() as i32, any() as u8))
                .collect();
            assert_eq!(unpack(&pack(&frames)), Some(frames), "round {round}");
        }
    }

    #[test]
    fn the_format_does_not_change_unnoticed() {
        let frames = [FrameRecord(5, 3000, 2990, -12, 34, 0), FrameRecord(38, -1, -1, -12, 30, 6)];
        assert_eq!(pack(&frames), "AAJFeK93Ddxvdc3XT3BPIchw");
    }

    #[test]
    fn a_usual_frame_takes_a_few_bytes() {
        let bytes = pack(&usual(MAX_FRAMES)).len() * 3 / 4;
        assert!(bytes <= 4 * MAX_FRAMES, "{bytes} bytes");
    }

    #[test]
    fn only_texts_that_pack_writes_are_accepted() {
        let text = pack(&usual(20));
        for length in 0..text.len() {
            assert_eq!(unpack(&text[..length]), None, "cut to {length}");
        }
        let bytes = URL_SAFE_NO_PAD.decode(&text).unwrap();
        let of = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        let mut longer = bytes.clone();
        longer.push(0);
        let mut too_many = bytes.clone();
        too_many[..2].copy_from_slice(&(MAX_FRAMES as u16 + 1).to_be_bytes());
        for other in [of(&longer), of(&too_many), format!("{text}="), format!("{text} "), "*".into(), String::new()] {
            assert_eq!(unpack(&other), None, "{other}");
        }
    }

    #[test]
    fn damaged_and_random_bytes_are_rejected_or_are_frames_but_never_panic() {
        let bytes = URL_SAFE_NO_PAD.decode(pack(&usual(60))).unwrap();
        for bit in 0..bytes.len() * 8 {
            let mut damaged = bytes.clone();
            damaged[bit / 8] ^= 1 << (bit % 8);
            let text = URL_SAFE_NO_PAD.encode(&damaged);
            assert!(unpack(&text).is_none_or(|frames| pack(&frames) == text && frames != usual(60)), "bit {bit}");
        }
        let mut noise = Noise(3);
        for length in 0..3000 {
            let mut random: Vec<u8> = (0..length % 300).map(|_| noise.next() as u8).collect();
            // Half of them claim a plausible number of frames.
            if let (0, [high, low, ..]) = (length % 2, random.as_mut_slice()) {
                (*high, *low) = (0, *low % 8);
            }
            let text = URL_SAFE_NO_PAD.encode(&random);
            assert!(unpack(&text).is_none_or(|frames| pack(&frames) == text), "{text}");
        }
        assert_eq!(unpack(&URL_SAFE_NO_PAD.encode([0xFF; 6000])), None);
    }
}
