//! A person who follows the cues: frames of a real person, arranged to perform the requested gestures with human latency.
//! Now and then they blink unprompted. Turns of the head are played if the clip has one that fits, and drawn otherwise.

mod face_seen;
mod recorded_turn;
mod rehearsal;

use std::collections::VecDeque;
use std::ops::Range;

use engine::{Ask, Picture};
use fastrand::Rng;
use test_client::{Camera, Head};

use crate::camera::noisy;
use recorded_turn::RecordedTurn;
pub(crate) use rehearsal::Rehearsal;
use rehearsal::Scene;

/// From a cue to the first frame of the gesture, in milliseconds.
const LATENCY_MS: Range<f64> = 250.0..900.0;
/// From the cue to come back to the first frame of the way back.
const BACK_LATENCY_MS: Range<f64> = 200.0..600.0;
/// Between the two blinks of a pair, in milliseconds.
const BETWEEN_MS: Range<f64> = 60.0..350.0;
/// Unprompted blinks per second.
const UNPROMPTED_PER_S: f64 = 0.2;
/// How far a head is turned if the turn is drawn, in degrees. The mesh reads about four fifths of it.
const DRAWN_DEG: Range<f64> = 20.0..30.0;

/// The person in a clip.
pub(crate) struct Person<'a> {
    rehearsal: &'a Rehearsal<'a>,
    /// One of those that can be played. Another is chosen after every cue.
    scene: Scene,
    rng: Rng,
    /// The current request, and when the gesture starts; negative once it has been made.
    response: Option<(Ask, f64)>,
    /// Remaining frames of the current movement.
    script: VecDeque<usize>,
    /// Set while the eyes are held closed or the head is held to a side.
    held: Option<Held>,
    /// The request that the head has taken, and how far it turns if the turn is drawn.
    asked: Option<Ask>,
    head: Head,
    shown_ms: f64,
    index: usize,
    clock: usize,
    next_unprompted_ms: f64,
}

/// A gesture that is held until another cue comes.
struct Held {
    /// The request for it, and the one that ends it.
    asks: (Ask, Ask),
    latency_ms: Range<f64>,
    /// Frames that are played back and forth.
    frames: Range<usize>,
    /// When it ends, if that is known.
    ends_ms: Option<f64>,
    /// Frames that are played then.
    then: Range<usize>,
}

impl<'a> Person<'a> {
    /// The person in a clip; `None` if none of its counted blinks can be played.
    pub(crate) fn of(rehearsal: &'a Rehearsal<'a>, mut rng: Rng) -> Option<Person<'a>> {
        let scene = rng.choice(&rehearsal.scenes)?.clone();
        let next_unprompted_ms = next_after(0.0, &mut rng);
        Some(Person {
            rehearsal,
            scene,
            rng,
            response: None,
            script: VecDeque::new(),
            held: None,
            asked: None,
            head: Head::default(),
            shown_ms: 0.0,
            index: 0,
            clock: 0,
            next_unprompted_ms,
        })
    }

    fn start(&mut self, ask: Ask) {
        let Scene { blink, deepest, .. } = self.scene.clone();
        match ask {
            Ask::Twice => {
                let pause = (between(&mut self.rng, BETWEEN_MS) * self.rehearsal.clip.rate / 1000.0) as usize;
                let open = blink.end - 1;
                self.script = blink.clone().chain(std::iter::repeat_n(open, pause)).chain(blink).collect();
            }
            Ask::Hold => {
                self.script = (blink.start..deepest).collect();
                self.held = Some(Held {
                    asks: (Ask::Hold, Ask::Tone),
                    latency_ms: LATENCY_MS,
                    frames: deepest..deepest + 1,
                    ends_ms: None,
                    then: deepest + 1..blink.end,
                });
            }
            Ask::TurnLeft | Ask::TurnRight => {
                let Some(RecordedTurn { away, held: frames, back: then }) = self.recorded_turn(ask) else { return };
                self.script = away.collect();
                let asks = (ask, Ask::TurnBack);
                self.held = Some(Held { asks, latency_ms: BACK_LATENCY_MS, frames, ends_ms: None, then });
            }
            _ => self.script = blink.collect(),
        }
    }

    fn recorded_turn(&self, ask: Ask) -> Option<RecordedTurn> {
        let [left, right] = &self.scene.turns;
        match ask {
            Ask::TurnLeft => left.clone(),
            Ask::TurnRight => right.clone(),
            _ => None,
        }
    }

    /// Tells the head what is asked for, if it has to be drawn.
    fn ask_head(&mut self, t_ms: f64, ask: Option<Ask>) {
        let is_recorded = ask.is_some_and(|ask| self.recorded_turn(ask).is_some());
        if self.asked != ask && !is_recorded {
            self.head.answer(t_ms, ask, DRAWN_DEG, &mut self.rng);
        }
        self.asked = ask;
    }

    /// The next frame, one frame interval of the clip later.
    fn step(&mut self, t_ms: f64, ask: Option<Ask>) -> usize {
        if !self.script.is_empty() || self.held.is_some() || self.head.yaw(t_ms) != 0.0 {
            // Restart the wait for the next unprompted blink while a movement is in progress.
            self.next_unprompted_ms = next_after(t_ms, &mut self.rng);
        }
        if let Some(index) = self.script.pop_front() {
            return index;
        }
        if let Some(held) = &mut self.held {
            held.ends_ms = match (held.ends_ms, ask) {
                (None, Some(ask)) if ask == held.asks.1 => Some(t_ms + between(&mut self.rng, held.latency_ms.clone())),
                (None, Some(ask)) if ask == held.asks.0 => None,
                // The request ended too early: that is all.
                (None, _) => Some(t_ms),
                (known, _) => known,
            };
            self.clock += 1;
            let index = back_and_forth(&held.frames, self.clock);
            if held.ends_ms.is_some_and(|ends_ms| t_ms >= ends_ms) {
                self.script = held.then.clone().collect();
                self.held = None;
            }
            return index;
        }
        match (self.response, ask) {
            (Some((current, at_ms)), Some(asked)) if current == asked => {
                if t_ms >= at_ms && at_ms >= 0.0 {
                    // The gesture is made once; −1 waits for another request.
                    self.response = Some((asked, -1.0));
                    self.start(asked);
                }
            }
            (_, Some(asked @ (Ask::Once | Ask::Twice | Ask::Hold | Ask::TurnLeft | Ask::TurnRight))) => {
                self.response = Some((asked, t_ms + between(&mut self.rng, LATENCY_MS)));
            }
            _ => {
                if self.response.take().is_some() {
                    self.scene = self.rng.choice(&self.rehearsal.scenes).expect("there is at least one scene").clone();
                }
                if t_ms >= self.next_unprompted_ms {
                    self.start(Ask::Once);
                }
            }
        }
        self.clock += 1;
        back_and_forth(&self.scene.open, self.clock)
    }
}

impl Camera for Person<'_> {
    fn picture(&mut self, t_ms: f64, ask: Option<Ask>) -> anyhow::Result<Picture> {
        self.ask_head(t_ms, ask);
        while self.shown_ms <= t_ms {
            self.index = self.step(self.shown_ms, ask);
            self.shown_ms += 1000.0 / self.rehearsal.clip.rate;
        }
        noisy(self.rehearsal.turned(self.index, self.head.yaw(t_ms) as f32)?, &mut self.rng)
    }
}

/// The frame at a step of a range that is played forth and back.
fn back_and_forth(frames: &Range<usize>, step: usize) -> usize {
    let period = (2 * frames.len()).saturating_sub(2).max(1);
    let at = step % period;
    frames.start + if at < frames.len() { at } else { period - at }
}

fn between(rng: &mut Rng, range: Range<f64>) -> f64 {
    range.start + (range.end - range.start) * rng.f64()
}

fn next_after(t_ms: f64, rng: &mut Rng) -> f64 {
    t_ms - (1.0 - rng.f64()).ln() * 1000.0 / UNPROMPTED_PER_S
}
