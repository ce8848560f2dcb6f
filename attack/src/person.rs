//! A person who follows the cues: frames of a real one, arranged to answer what is asked, with a person's latency. They
//! blink unasked now and then.

use std::collections::VecDeque;
use std::ops::Range;

use engine::{Ask, Picture};
use fastrand::Rng;

use crate::camera::{Camera, noisy};
use crate::clip::{Clip, CountedBlink};

/// From a cue to the first frame of the answer, in milliseconds.
const LATENCY_MS: Range<f64> = 250.0..900.0;
/// Between the two blinks of a pair.
const BETWEEN_MS: Range<f64> = 60.0..350.0;
/// Blinks a second that nobody asked for.
const UNASKED_PER_S: f64 = 0.2;

/// The person in a clip.
pub(crate) struct Person<'a> {
    clip: &'a Clip,
    /// Frames with open eyes, played back and forth.
    open: Range<usize>,
    blinks: Vec<Range<usize>>,
    /// For each blink its deepest frame.
    deepest: Vec<usize>,
    rng: Rng,
    /// What is asked, and when the answer begins.
    answer: Option<(Ask, f64)>,
    /// Frames of the blink that is under way, and eyes that are held closed.
    script: VecDeque<usize>,
    held: Option<(usize, Option<f64>)>,
    shown_ms: f64,
    index: usize,
    clock: usize,
    next_unasked_ms: f64,
}

impl<'a> Person<'a> {
    /// The person in a clip with counted blinks; `None` if there are none, or too few frames between them.
    pub(crate) fn of(clip: &'a Clip, counted: &[CountedBlink], mut rng: Rng) -> Option<Person<'a>> {
        let own: Vec<&CountedBlink> = counted.iter().filter(|blink| blink.video == clip.name).collect();
        // Long ones and those that begin before the one before has ended are no gestures.
        let is_short = |b: &CountedBlink| (b.end_frame - b.start_frame) as f64 <= 0.5 * clip.rate;
        let lone = |i: usize| i == 0 || own[i].start_frame > own[i - 1].end_frame + 2;
        let usable: Vec<&CountedBlink> =
            (0..own.len()).filter(|&i| is_short(own[i]) && lone(i)).map(|i| own[i]).collect();
        let last = clip.frames.len();
        let blinks: Vec<Range<usize>> =
            usable.iter().map(|b| b.start_frame.saturating_sub(2)..(b.end_frame + 3).min(last)).collect();
        let mut edges: Vec<usize> = vec![0];
        edges.extend(own.iter().flat_map(|b| [b.start_frame.saturating_sub(4), b.end_frame + 5]));
        edges.push(last);
        let gaps = edges.chunks(2).filter(|two| two.len() == 2 && two[0] < two[1]).map(|two| two[0]..two[1]);
        let open = gaps.max_by_key(|gap| gap.len()).filter(|gap| gap.len() >= 15)?;
        let next_unasked_ms = next_after(0.0, &mut rng);
        (!blinks.is_empty()).then_some(Person {
            clip,
            open,
            deepest: usable.iter().map(|b| b.closed_frame).collect(),
            blinks,
            rng,
            answer: None,
            script: VecDeque::new(),
            held: None,
            shown_ms: 0.0,
            index: 0,
            clock: 0,
            next_unasked_ms,
        })
    }

    fn start(&mut self, ask: Ask) {
        let which = self.rng.usize(..self.blinks.len());
        let blink = self.blinks[which].clone();
        match ask {
            Ask::Twice => {
                let other = self.blinks[self.rng.usize(..self.blinks.len())].clone();
                let pause = (between(&mut self.rng, BETWEEN_MS) * self.clip.rate / 1000.0) as usize;
                let open = blink.end - 1;
                self.script = blink.chain(std::iter::repeat_n(open, pause)).chain(other).collect();
            }
            Ask::Hold => {
                self.script = (blink.start..self.deepest[which]).collect();
                self.held = Some((which, None));
            }
            _ => self.script = blink.collect(),
        }
    }

    /// The next frame, one frame of the clip later.
    fn step(&mut self, t_ms: f64, ask: Option<Ask>) -> usize {
        if let Some(index) = self.script.pop_front() {
            return index;
        }
        if let Some((which, opens_ms)) = self.held {
            let opens_ms = match (opens_ms, ask) {
                (None, Some(Ask::Tone)) => Some(t_ms + between(&mut self.rng, LATENCY_MS)),
                // Nobody waits for a tone that does not come.
                (None, Some(Ask::Hold)) => None,
                (None, _) => Some(t_ms),
                (known, _) => known,
            };
            self.held = Some((which, opens_ms));
            if opens_ms.is_none_or(|opens_ms| t_ms < opens_ms) {
                return self.deepest[which];
            }
            self.held = None;
            self.script = (self.deepest[which] + 1..self.blinks[which].end).collect();
            return self.deepest[which];
        }
        match (self.answer, ask) {
            (Some((answering, at_ms)), Some(asked)) if answering == asked => {
                if t_ms >= at_ms && at_ms >= 0.0 {
                    // Answered once; −1 waits for another question.
                    self.answer = Some((asked, -1.0));
                    self.start(asked);
                }
            }
            (_, Some(asked @ (Ask::Once | Ask::Twice | Ask::Hold))) => {
                self.answer = Some((asked, t_ms + between(&mut self.rng, LATENCY_MS)));
            }
            _ => {
                self.answer = None;
                if t_ms >= self.next_unasked_ms {
                    self.next_unasked_ms = next_after(t_ms, &mut self.rng);
                    self.start(Ask::Once);
                }
            }
        }
        self.clock += 1;
        let period = 2 * self.open.len() - 2;
        let at = self.clock % period;
        self.open.start + if at < self.open.len() { at } else { period - at }
    }
}

impl Camera for Person<'_> {
    fn picture(&mut self, t_ms: f64, ask: Option<Ask>) -> anyhow::Result<Picture> {
        while self.shown_ms <= t_ms {
            self.index = self.step(self.shown_ms, ask);
            self.shown_ms += 1000.0 / self.clip.rate;
        }
        noisy(self.clip.frames[self.index].clone(), &mut self.rng)
    }
}

fn between(rng: &mut Rng, range: Range<f64>) -> f64 {
    range.start + (range.end - range.start) * rng.f64()
}

fn next_after(t_ms: f64, rng: &mut Rng) -> f64 {
    t_ms - (1.0 - rng.f64()).ln() * 1000.0 / UNASKED_PER_S
}
