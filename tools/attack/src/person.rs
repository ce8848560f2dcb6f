//! A person who follows the cues: frames of a real person, arranged to perform the requested gestures with human latency.
//! Now and then they blink unprompted.

use std::collections::VecDeque;
use std::ops::Range;

use accuracy::material::CountedBlink;
use accuracy::video::WholeClip;
use engine::{Ask, Picture};
use fastrand::Rng;
use test_client::Camera;

use crate::camera::noisy;

/// From a cue to the first frame of the gesture, in milliseconds.
const LATENCY_MS: Range<f64> = 250.0..900.0;
/// Between the two blinks of a pair, in milliseconds.
const BETWEEN_MS: Range<f64> = 60.0..350.0;
/// Unprompted blinks per second.
const UNPROMPTED_PER_S: f64 = 0.2;

/// Maximum number of open frames that are played back and forth next to a blink: few, so that the head does not jump when
/// the blink starts.
const MAX_OPEN: usize = 45;
/// Minimum number of open frames; fewer do not show open eyes for long enough.
const MIN_OPEN: usize = 8;

/// The person in a clip.
pub(crate) struct Person<'a> {
    clip: &'a WholeClip,
    /// The blinks that can be played. A new one is chosen for every cue.
    scenes: Vec<Scene>,
    scene: Scene,
    rng: Rng,
    /// The current request, and when the gesture starts; negative once it has been made.
    response: Option<(Ask, f64)>,
    /// Remaining frames of the current blink.
    script: VecDeque<usize>,
    /// Set while the eyes are held closed: when they open, if that is known.
    held: Option<Option<f64>>,
    shown_ms: f64,
    index: usize,
    clock: usize,
    next_unprompted_ms: f64,
}

/// A blink and open eyes next to it, as frames of one clip.
#[derive(Clone, Debug)]
struct Scene {
    /// Frames with open eyes, just before or just after the blink.
    open: Range<usize>,
    blink: Range<usize>,
    /// The frame of deepest closure.
    deepest: usize,
}

impl<'a> Person<'a> {
    /// The person in a clip; `None` if none of its counted blinks can be played.
    pub(crate) fn of(clip: &'a WholeClip, counted: &[CountedBlink], mut rng: Rng) -> Option<Person<'a>> {
        let own: Vec<&CountedBlink> = counted.iter().filter(|blink| blink.video == clip.name).collect();
        let scenes: Vec<Scene> = (0..own.len()).filter_map(|index| Scene::of(clip, &own, index)).collect();
        let scene = rng.choice(&scenes)?.clone();
        let next_unprompted_ms = next_after(0.0, &mut rng);
        Some(Person {
            clip,
            scenes,
            scene,
            rng,
            response: None,
            script: VecDeque::new(),
            held: None,
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
                let pause = (between(&mut self.rng, BETWEEN_MS) * self.clip.rate / 1000.0) as usize;
                let open = blink.end - 1;
                self.script = blink.clone().chain(std::iter::repeat_n(open, pause)).chain(blink).collect();
            }
            Ask::Hold => {
                self.script = (blink.start..deepest).collect();
                self.held = Some(None);
            }
            _ => self.script = blink.collect(),
        }
    }

    /// The next frame, one frame interval of the clip later.
    fn step(&mut self, t_ms: f64, ask: Option<Ask>) -> usize {
        if !self.script.is_empty() || self.held.is_some() {
            // Restart the wait for the next unprompted blink while a blink is in progress.
            self.next_unprompted_ms = next_after(t_ms, &mut self.rng);
        }
        if let Some(index) = self.script.pop_front() {
            return index;
        }
        if let Some(opens_ms) = self.held {
            let opens_ms = match (opens_ms, ask) {
                (None, Some(Ask::Tone)) => Some(t_ms + between(&mut self.rng, LATENCY_MS)),
                (None, Some(Ask::Hold)) => None,
                // The request ended without a tone: open the eyes.
                (None, _) => Some(t_ms),
                (known, _) => known,
            };
            self.held = Some(opens_ms);
            if opens_ms.is_some_and(|opens_ms| t_ms >= opens_ms) {
                self.held = None;
                self.script = (self.scene.deepest + 1..self.scene.blink.end).collect();
            }
            return self.scene.deepest;
        }
        match (self.response, ask) {
            (Some((current, at_ms)), Some(asked)) if current == asked => {
                if t_ms >= at_ms && at_ms >= 0.0 {
                    // The gesture is made once; −1 waits for another request.
                    self.response = Some((asked, -1.0));
                    self.start(asked);
                }
            }
            (_, Some(asked @ (Ask::Once | Ask::Twice | Ask::Hold))) => {
                self.response = Some((asked, t_ms + between(&mut self.rng, LATENCY_MS)));
            }
            _ => {
                if self.response.take().is_some() {
                    self.scene = self.rng.choice(&self.scenes).expect("there is at least one scene").clone();
                }
                if t_ms >= self.next_unprompted_ms {
                    self.start(Ask::Once);
                }
            }
        }
        self.clock += 1;
        let open = &self.scene.open;
        let period = 2 * open.len() - 2;
        let at = self.clock % period;
        open.start + if at < open.len() { at } else { period - at }
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

impl Scene {
    /// The scene of the blink at `index`. `None` if the blink is unsuitable as a gesture (long, or starting before the
    /// previous one has ended) or has too few open frames next to it.
    fn of(clip: &WholeClip, counted: &[&CountedBlink], index: usize) -> Option<Scene> {
        let blink = counted[index];
        let is_short = (blink.end_frame - blink.start_frame) as f64 <= 0.5 * clip.rate;
        let is_separate = index == 0 || blink.start_frame > counted[index - 1].end_frame + 2;
        let last = clip.frames.len();
        let before = index.checked_sub(1).map_or(0, |i| counted[i].end_frame + 5)..blink.start_frame.saturating_sub(4);
        let after = blink.end_frame + 5..counted.get(index + 1).map_or(last, |next| next.start_frame.saturating_sub(4));
        let open = if before.len() >= after.len() {
            before.start.max(before.end.saturating_sub(MAX_OPEN))..before.end
        } else {
            after.start..after.end.min(after.start + MAX_OPEN)
        };
        (is_short && is_separate && open.len() >= MIN_OPEN).then_some(Scene {
            open,
            blink: blink.start_frame.saturating_sub(2)..(blink.end_frame + 3).min(last),
            deepest: blink.closed_frame,
        })
    }
}

fn between(rng: &mut Rng, range: Range<f64>) -> f64 {
    range.start + (range.end - range.start) * rng.f64()
}

fn next_after(t_ms: f64, rng: &mut Rng) -> f64 {
    t_ms - (1.0 - rng.f64()).ln() * 1000.0 / UNPROMPTED_PER_S
}
