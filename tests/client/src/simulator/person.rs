//! A simulated person who follows the prompts with human latency, or a recording of one.

use std::ops::Range;

use engine::{Ask, FrameError, Picture, Terms};
use fastrand::Rng;

use super::camera::Camera;
use super::face::Face;
use super::head::Head;

/// From a prompt to the response, in milliseconds.
const LATENCY_MS: Range<f64> = 250.0..700.0;
/// Between the starts of the two blinks of a pair.
const APART_MS: Range<f64> = 500.0..800.0;
/// How far the head is turned, in degrees. The mesh reads about nine tenths of it.
const TURN_DEG: Range<f64> = 19.0..29.0;
/// Phases of a blink.
const CLOSING_MS: f64 = 80.0;
const CLOSED_MS: f64 = 100.0;
const OPENING_MS: f64 = 140.0;
/// Without prompts: the first blink after the challenge begins, and the time to the next ones, which follow in case the first
/// was missed.
const NATURAL_MS: f64 = 600.0;
const NATURAL_AGAIN_MS: f64 = 2500.0;
/// Bytes of noise, of which each frame uses another part.
const NOISE: usize = 1 << 21;

/// Length of a recording, and the time between two of its blinks.
const CLIP_MS: f64 = 12_000.0;
const BETWEEN_BLINKS_MS: Range<f64> = 700.0..4000.0;

/// A person with this face, or an attacker who has a picture of it.
pub struct Person<'a> {
    face: &'a Face,
    rng: Rng,
    closures: Vec<Closure>,
    head: Head,
    /// How far the head turns when asked to, in degrees, if it can turn.
    turn_deg: Option<Range<f64>>,
    asked: Option<Ask>,
    /// Set if this is a recording, which follows no prompts.
    recording: Option<ReplayMode>,
    noise: Vec<i8>,
}

/// How a recording is played.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReplayMode {
    /// Once; then its last frame stays.
    Once,
    /// In a loop.
    Looped,
}

/// One closure of the lids. `opens_ms` is not known yet while they are held closed.
#[derive(Clone, Copy, Debug)]
struct Closure {
    from_ms: f64,
    opens_ms: Option<f64>,
}

impl<'a> Person<'a> {
    /// A person whose latencies and camera noise come from `rng`.
    pub fn new(face: &'a Face, mut rng: Rng) -> Person<'a> {
        // The sum of two uniform draws from −2 to 2: about the noise of a good camera, on top of the portrait's own.
        let noise = (0..NOISE).map(|_| rng.i8(-2..=2) + rng.i8(-2..=2)).collect();
        let (closures, head) = (Vec::new(), Head::default());
        Person { face, rng, closures, head, turn_deg: Some(TURN_DEG), asked: None, recording: None, noise }
    }

    /// Somebody who turns this far, in degrees, or does not turn at all.
    pub fn turning_by(turn_deg: Option<Range<f64>>, face: &'a Face, rng: Rng) -> Person<'a> {
        Person { turn_deg, ..Person::new(face, rng) }
    }

    /// A recording of a person who blinks spontaneously.
    pub(super) fn recorded(face: &'a Face, rng: Rng, mode: ReplayMode) -> Person<'a> {
        let mut person = Person::new(face, rng);
        let mut t_ms = draw(&mut person.rng, BETWEEN_BLINKS_MS);
        while t_ms < CLIP_MS - CLOSING_MS - CLOSED_MS - OPENING_MS {
            person.blink_at(t_ms);
            t_ms += draw(&mut person.rng, BETWEEN_BLINKS_MS);
        }
        person.recording = Some(mode);
        person
    }

    fn blink_at(&mut self, t_ms: f64) {
        self.closures.push(Closure { from_ms: t_ms, opens_ms: Some(t_ms + CLOSING_MS + CLOSED_MS) });
    }

    fn closed_at(&self, t_ms: f64) -> f64 {
        self.closures.iter().map(|closure| closure.at(t_ms)).fold(0.0, f64::max)
    }

    fn answer(&mut self, t_ms: f64, ask: Option<Ask>) {
        if let Some(degrees) = self.turn_deg.clone() {
            self.head.answer(t_ms, ask, degrees, &mut self.rng);
        }
        let at_ms = t_ms + draw(&mut self.rng, LATENCY_MS);
        match ask {
            Some(Ask::Once) => self.blink_at(at_ms),
            Some(Ask::Twice) => {
                self.blink_at(at_ms);
                let apart_ms = draw(&mut self.rng, APART_MS);
                self.blink_at(at_ms + apart_ms);
            }
            Some(Ask::Hold) => self.closures.push(Closure { from_ms: at_ms, opens_ms: None }),
            Some(Ask::Tone) => self.open_at(at_ms),
            // The tone did not come: the person stops waiting.
            Some(Ask::Wait | Ask::Fetch | Ask::TurnLeft | Ask::TurnRight | Ask::TurnBack) | None => self.open_at(t_ms),
        }
    }

    fn open_at(&mut self, t_ms: f64) {
        self.closures.iter_mut().for_each(|closure| _ = closure.opens_ms.get_or_insert(t_ms));
    }

    /// The face with camera noise, different in each frame.
    fn noisy(&mut self, t_ms: f64, closed: f64) -> Result<Picture, FrameError> {
        let frame = self.face.frame(t_ms, closed, self.head.yaw(t_ms)).as_frame();
        let (width, height) = (frame.width(), frame.height());
        let start = self.rng.usize(..NOISE - width * height);
        let mut noise = self.noise[start..].iter();
        let mut rgb = Vec::with_capacity(width * height * 3);
        for y in 0..height {
            for x in 0..width {
                let grain = noise.next().copied().unwrap_or_default();
                rgb.extend(frame.rgb(x, y).map(|v| v.saturating_add_signed(grain)));
            }
        }
        Picture::from_rgb(&rgb, width, height)
    }
}

impl Camera for Person<'_> {
    fn picture(&mut self, t_ms: f64, ask: Option<Ask>) -> anyhow::Result<Picture> {
        if let Some(mode) = self.recording {
            let t_ms = if mode == ReplayMode::Looped { t_ms % CLIP_MS } else { t_ms.min(CLIP_MS) };
            return Ok(self.noisy(t_ms, self.closed_at(t_ms))?);
        }
        if ask != self.asked {
            self.asked = ask;
            self.answer(t_ms, ask);
        }
        self.closures.retain(|closure| closure.opens_ms.is_none_or(|opens_ms| t_ms < opens_ms + OPENING_MS));
        Ok(self.noisy(t_ms, self.closed_at(t_ms))?)
    }

    fn begin(&mut self, terms: &Terms, t_ms: f64) {
        if !terms.policy.is_prompted() {
            let moments = (0..).map(|n| NATURAL_MS + f64::from(n) * NATURAL_AGAIN_MS);
            moments.take_while(|&ms| ms < f64::from(terms.timeout_ms)).for_each(|ms| self.blink_at(t_ms + ms));
        }
    }
}

impl Closure {
    /// How far the lids are down: 0 is open, 1 is closed.
    fn at(&self, t_ms: f64) -> f64 {
        let down = ((t_ms - self.from_ms) / CLOSING_MS).clamp(0.0, 1.0);
        let up = self.opens_ms.map_or(0.0, |opens_ms| ((t_ms - opens_ms) / OPENING_MS).clamp(0.0, 1.0));
        down.min(1.0 - up)
    }
}

fn draw(rng: &mut Rng, range: Range<f64>) -> f64 {
    range.start + (range.end - range.start) * rng.f64()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lids_close_stay_closed_and_open_again() {
        let held = Closure { from_ms: 100.0, opens_ms: None };
        let blink = Closure { from_ms: 100.0, opens_ms: Some(280.0) };
        let cases = [(100.0, 0.0, 0.0), (140.0, 0.5, 0.5), (250.0, 1.0, 1.0), (350.0, 1.0, 0.5), (500.0, 1.0, 0.0)];
        for (t_ms, expected_held, expected_blink) in cases {
            assert_eq!((held.at(t_ms), blink.at(t_ms)), (expected_held, expected_blink), "at {t_ms} ms");
        }
    }
}
