//! A server that runs, over HTTP and in real time: links, sessions, cues as they are drawn, uploads, the decision, and
//! everything that it remembers of others.

use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use anyhow::Context as _;
use fastrand::Rng;
use tempfile::TempDir;
use test_client::{Attended, Camera, Decided, Recorded, Sent as Answered, Served, Studio, Visitor, for_each};

use crate::attempts::{Clips, Kind, seeded};
use crate::forge::{Change, KINDS, Sent, another, replace_all};
use crate::report::Count;
use crate::verifier::{Honest, Outcome, Verifier};

/// A mail may wait behind those of all others.
const MAIL: Duration = Duration::from_secs(60);
/// Names the one request of a challenge.
const KEY: &str = "attempt";

/// The program, running in a folder of its own.
pub(crate) struct Server {
    served: Served,
    studio: Studio,
    at_once: usize,
    /// Everybody is somebody new.
    next: AtomicU32,
    _folder: TempDir,
}

/// How something is forged over HTTP.
#[derive(Clone, Copy)]
enum Forgery {
    /// With what another person sent.
    Another(Change),
    /// With what the same person sent before.
    Earlier(Change),
    /// One bit.
    Bit,
}

impl Server {
    /// Starts it.
    ///
    /// # Errors
    /// It does not start, or a model is missing.
    pub(crate) fn start(program: &Path, models: &Path, at_once: usize) -> anyhow::Result<Server> {
        let folder = tempfile::tempdir()?;
        let served = Served::start(program, folder.path(), &[("CHALLENGE_POLICY", "prompted")])?;
        let next = AtomicU32::new(1);
        Ok(Server { served, studio: Studio::open(models)?, at_once, next, _folder: folder })
    }

    /// Somebody new arrives and attends.
    fn attend(&self, camera: &mut dyn Camera, rng: &mut Rng) -> anyhow::Result<(Visitor, Result<Recorded, String>)> {
        let mut visitor = Visitor::new(&self.served.site, self.next.fetch_add(1, Ordering::Relaxed));
        visitor.arrive(&self.served.outbox(), MAIL)?;
        let attended = match self.studio.attend_before(&visitor, camera, rng)? {
            Attended::Recorded(recorded) => Ok(*recorded),
            Attended::Unreadable(gate) => Err(format!("the face could not be read: {gate:?}")),
            Attended::TimedOut => Err("the time was over".to_owned()),
            Attended::Exhausted => Err("too many gestures were missed".to_owned()),
        };
        Ok((visitor, attended))
    }

    /// What one forgery of an honest attempt comes to. Nothing if the attempt itself came to nothing.
    fn forge(
        &self,
        camera: &mut dyn Camera,
        rng: &mut Rng,
        forge: impl FnOnce(&mut Sent, &mut Rng),
    ) -> anyhow::Result<Option<Outcome>> {
        let (visitor, Ok(recorded)) = self.attend(camera, rng)? else { return Ok(None) };
        let mut sent = Sent::from(&recorded);
        forge(&mut sent, rng);
        send(&visitor, sent).map(Some)
    }
}

impl Verifier for Server {
    fn at_once(&self) -> usize {
        self.at_once
    }

    fn attempt(&self, camera: &mut dyn Camera, rng: &mut Rng) -> anyhow::Result<Outcome> {
        let (visitor, attended) = self.attend(camera, rng)?;
        match attended {
            Ok(recorded) => send(&visitor, Sent::from(&recorded)),
            Err(how) => Ok(Outcome { accepted: false, how, sent: None, issued: None }),
        }
    }

    fn forgeries(&self, honest: &[Honest], clips: &Clips) -> anyhow::Result<Vec<Count>> {
        let kinds = KINDS.map(|(name, change)| (name, Forgery::Another(change)));
        let earlier = ("the same person's pictures of an earlier attempt", Forgery::Earlier(replace_all));
        let kinds: Vec<_> = [("one bit changed", Forgery::Bit)].into_iter().chain(kinds).chain([earlier]).collect();
        let mut counts: Vec<_> = kinds.iter().map(|(name, _)| Count::new(&format!("forged: {name}"))).collect();
        for clip in clips.each() {
            let clip = &clip?;
            // What was sent and accepted before.
            let Some(earlier) = honest.iter().find(|honest| honest.person == clip.name) else { continue };
            let work: Vec<(usize, u64)> =
                (0..kinds.len()).flat_map(|kind| (0..clips.runs).map(move |run| (kind, run))).collect();
            let accepted = for_each(self.at_once, &work, |&(at, run)| {
                let (name, kind) = kinds[at];
                let chance = Kind::Forged(at as u8);
                let mut rng = seeded(clip, run, chance);
                let mut camera = clips.camera(clip, chance, &mut rng).context("who followed cues once can do so")?;
                let other = &another(honest, run as usize, &clip.name)?.sent;
                let outcome = self.forge(camera.as_mut(), &mut rng, |own, rng| match kind {
                    Forgery::Another(change) => change(own, other),
                    Forgery::Earlier(change) => change(own, &earlier.sent),
                    Forgery::Bit => own.parcel.flip_bit(rng),
                })?;
                Ok(outcome.map(|Outcome { accepted, how, .. }| {
                    eprintln!("forged, {name}, {}: {how}", clip.name);
                    accepted
                }))
            })?;
            for (&(at, _), accepted) in work.iter().zip(accepted) {
                accepted.into_iter().for_each(|accepted| counts[at].add(accepted));
            }
        }
        Ok(counts)
    }
}

fn send(visitor: &Visitor, sent: Sent) -> anyhow::Result<Outcome> {
    let (accepted, how) = match visitor.submit_until_answered(KEY, &sent.parcel)? {
        Answered::Decided(Decided { verified, reason, .. }) => {
            (verified, reason.unwrap_or_else(|| "verified".to_owned()))
        }
        Answered::Refused(answer) => (false, format!("{} {}", answer.status, answer.code().unwrap_or_default())),
        Answered::Later { code, .. } => anyhow::bail!("the server fails with {code}"),
    };
    Ok(Outcome { accepted, how, sent: Some(sent), issued: None })
}
