//! A real server over HTTP, in real time: links, sessions, cues drawn by the server, uploads and the decision, together with
//! everything that the server remembers of other people.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use anyhow::Context as _;
use fastrand::Rng;
use test_client::{
    AttemptOutcome, Camera, Decision, PersonSimulator, Recorded, ReplayMode, SubmitOutcome, UserClient, for_each,
};

use crate::clip_set::{AttemptKind, ClipSet, seeded};
use crate::forge::{Change, KINDS, another, replace_all};
use crate::report::Count;
use crate::server_options::RunningServer;
use crate::signed_parts::SignedParts;
use crate::verifier::{AttemptResult, HonestSubmission, Verifier};

/// A mail may be queued behind those of all other people.
const MAIL_TIMEOUT: Duration = Duration::from_secs(60);
/// Idempotency key of a challenge's only submission.
const KEY: &str = "attempt";

/// The program, running in a folder of its own.
pub(crate) struct Server {
    running: RunningServer,
    simulator: PersonSimulator,
    at_once: usize,
    /// Number of the next user: every attempt is made by a new one.
    next: AtomicU32,
}

/// How a submission is forged over HTTP.
#[derive(Clone, Copy)]
enum Forgery {
    /// With parts of another person's submission.
    Another(Change),
    /// With parts of the same person's earlier submission.
    Earlier(Change),
    /// With one bit flipped.
    Bit,
}

impl Server {
    /// Makes up to `at_once` attempts at a time on a running server, which must prompt.
    pub(crate) fn new(running: RunningServer, simulator: PersonSimulator, at_once: usize) -> Server {
        Server { running, simulator, at_once, next: AtomicU32::new(1) }
    }

    /// A new user who has registered and opened the mailed link.
    fn open_session(&self) -> anyhow::Result<UserClient> {
        let mut user = UserClient::new(&self.running.process.http, self.next.fetch_add(1, Ordering::Relaxed));
        user.open_session(&self.running.process.outbox(), MAIL_TIMEOUT)?;
        Ok(user)
    }

    /// Makes an attempt as a new user.
    fn attend(&self, camera: &mut dyn Camera, rng: &mut Rng) -> anyhow::Result<(UserClient, Result<Recorded, String>)> {
        let user = self.open_session()?;
        let outcome = self.simulator.attempt_with_camera(&user, camera, rng)?;
        Ok((user, recorded(outcome)))
    }

    /// Plays a drawn recording into the camera of a new user.
    ///
    /// # Errors
    /// If a request or the engine fails.
    pub(crate) fn play(&self, mode: ReplayMode, rng: &mut Rng) -> anyhow::Result<AttemptResult> {
        let user = self.open_session()?;
        let outcome = self.simulator.replay(&user, mode, rng)?;
        finish(&user, recorded(outcome))
    }

    /// Forges one honest attempt. `None` if the attempt itself did not lead to a submission.
    fn forge(
        &self,
        camera: &mut dyn Camera,
        rng: &mut Rng,
        forge: impl FnOnce(&mut SignedParts, &mut Rng),
    ) -> anyhow::Result<Option<AttemptResult>> {
        let (user, Ok(recorded)) = self.attend(camera, rng)? else { return Ok(None) };
        let mut submission = SignedParts::from(&recorded);
        forge(&mut submission, rng);
        send(&user, submission).map(Some)
    }
}

impl Verifier for Server {
    fn at_once(&self) -> usize {
        self.at_once
    }

    fn attempt(&self, camera: &mut dyn Camera, rng: &mut Rng) -> anyhow::Result<AttemptResult> {
        let (user, recorded) = self.attend(camera, rng)?;
        finish(&user, recorded)
    }

    fn forgeries(&self, honest: &[HonestSubmission], clips: &ClipSet) -> anyhow::Result<Vec<Count>> {
        let kinds = KINDS.map(|(name, change)| (name, Forgery::Another(change)));
        let earlier = ("the same person's pictures of an earlier attempt", Forgery::Earlier(replace_all));
        let kinds: Vec<_> = [("one bit changed", Forgery::Bit)].into_iter().chain(kinds).chain([earlier]).collect();
        let mut counts: Vec<_> = kinds.iter().map(|(name, _)| Count::new(&format!("forged: {name}"))).collect();
        for clip in clips.clips() {
            let clip = &clip?;
            // An earlier accepted submission of the same person.
            let Some(earlier) = honest.iter().find(|honest| honest.person == clip.name) else { continue };
            let rehearsal = clips.rehearse(clip)?;
            let work: Vec<(usize, u64)> =
                (0..kinds.len()).flat_map(|kind| (0..clips.runs).map(move |run| (kind, run))).collect();
            let accepted = for_each(self.at_once, &work, |&(index, run)| {
                let (name, forgery) = kinds[index];
                let kind = AttemptKind::Forged(index as u8);
                let mut rng = seeded(clip, run, kind);
                let mut camera =
                    clips.camera(clip, Some(&rehearsal), kind, &mut rng).context("this person followed cues before")?;
                let other = &another(honest, run as usize, &clip.name)?.submission;
                let result = self.forge(camera.as_mut(), &mut rng, |own, rng| match forgery {
                    Forgery::Another(change) => change(own, other),
                    Forgery::Earlier(change) => change(own, &earlier.submission),
                    Forgery::Bit => own.parts.flip_bit(rng),
                })?;
                Ok(result.map(|AttemptResult { accepted, reason, .. }| {
                    eprintln!("forged, {name}, {}: {reason}", clip.name);
                    accepted
                }))
            })?;
            for (&(index, _), accepted) in work.iter().zip(accepted) {
                accepted.into_iter().for_each(|accepted| counts[index].add(accepted));
            }
        }
        Ok(counts)
    }
}

/// The recorded attempt, or why there is none.
fn recorded(outcome: AttemptOutcome) -> Result<Recorded, String> {
    match outcome {
        AttemptOutcome::Recorded(recorded) => Ok(*recorded),
        AttemptOutcome::Unreadable(gate) => Err(format!("the face could not be read: {gate:?}")),
        AttemptOutcome::TimedOut => Err("the time was over".to_owned()),
        AttemptOutcome::Exhausted => Err("too many gestures were missed".to_owned()),
    }
}

/// Submits what was recorded, if anything was.
fn finish(user: &UserClient, recorded: Result<Recorded, String>) -> anyhow::Result<AttemptResult> {
    match recorded {
        Ok(recorded) => send(user, SignedParts::from(&recorded)),
        Err(reason) => Ok(AttemptResult {
            accepted: false,
            marked: false,
            reason,
            submission: None,
            issued: None,
            record: None,
            rounds: Vec::new(),
        }),
    }
}

fn send(user: &UserClient, submission: SignedParts) -> anyhow::Result<AttemptResult> {
    let (accepted, reason) = match user.submit_until_answered(KEY, &submission.parts)? {
        SubmitOutcome::Decided(Decision { verified, reason, .. }) => {
            (verified, reason.unwrap_or_else(|| "verified".to_owned()))
        }
        SubmitOutcome::Refused(response) => {
            (false, format!("{} {}", response.status, response.code().unwrap_or_default()))
        }
        SubmitOutcome::Later { code, .. } => anyhow::bail!("the server keeps failing with {code}"),
    };
    Ok(AttemptResult {
        accepted,
        marked: false,
        reason,
        submission: Some(submission),
        issued: None,
        record: None,
        rounds: Vec::new(),
    })
}
