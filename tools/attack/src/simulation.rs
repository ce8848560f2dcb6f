//! A whole attempt on a simulated clock: camera, browser, network and server in one thread.

use engine::prompt::{Next, Policy, ServedRound, next_cue};
use engine::transcript::{consent_hash, key_id, sign};
use engine::{
    Attempt, Evidence, Issued, KeyKind, Networks, Phase, Reason, Record, Scorer, Submission, Terms, Thresholds,
    Verdict, decide,
};
use engine_compact::Models;
use fastrand::Rng;
use test_client::{Camera, SubmissionParts, cores};

use crate::clip_set::ClipSet;
use crate::forge;
use crate::report::Count;
use crate::signed_parts::SignedParts;
use crate::verifier::{AttemptResult, HonestSubmission, Verifier};

/// Maximum time from the first frame to the start of the challenge.
const ALIGN_MS: f64 = 20_000.0;
/// How long the eyes must have been readable before the challenge starts.
const HOLD_MS: f64 = 800.0;
const TIMEOUT_MS: u32 = 60_000;

/// Browser, network and server, simulated with the engine's client and decision on a simulated clock. This way, thousands
/// of attempts take minutes.
pub(crate) struct Simulation {
    pub(crate) models: Models,
    pub(crate) conditions: Conditions,
}

/// The conditions of an attempt.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Conditions {
    pub(crate) policy: Policy,
    /// Whether the head may be asked to turn.
    pub(crate) turn: bool,
    /// Network round trip in milliseconds.
    pub(crate) round_trip_ms: f64,
    /// Frames per second that are analysed.
    pub(crate) rate: f64,
    /// How long after its end each round is committed to: the time an attacker takes to make its pictures.
    pub(crate) late_ms: f64,
}

impl Default for Conditions {
    /// Somebody at home with a good camera.
    fn default() -> Conditions {
        Conditions { policy: Policy::Prompted, turn: true, round_trip_ms: 60.0, rate: 25.0, late_ms: 0.0 }
    }
}

impl Verifier for Simulation {
    fn at_once(&self) -> usize {
        cores()
    }

    fn attempt(&self, camera: &mut dyn Camera, rng: &mut Rng) -> anyhow::Result<AttemptResult> {
        let networks = || self.models.networks();
        let SimulatedAttempt { verdict, marked, submission, record, rounds } =
            simulate(camera, &networks, self.conditions, rng)?;
        let reason = match verdict {
            Verdict::Accepted => "accepted",
            Verdict::Rejected(reason) => reason.code(),
        };
        let (issued, submission) = submission.unzip();
        let (accepted, reason) = (verdict == Verdict::Accepted, reason.to_owned());
        Ok(AttemptResult { accepted, marked, reason, submission, issued, record, rounds })
    }

    fn forgeries(&self, honest: &[HonestSubmission], _: &ClipSet) -> anyhow::Result<Vec<Count>> {
        forge::all(honest, &mut Scorer::new(self.models.networks()))
    }
}

/// The result of a simulated attempt.
struct SimulatedAttempt {
    /// The verdict, or the reason why there was no submission: never aligned, timed out, or too many failed rounds.
    verdict: Verdict,
    /// Whether its signals mark it for review.
    marked: bool,
    /// The submission, if there was one, and what the server had issued for it.
    submission: Option<(Issued, SignedParts)>,
    /// What the decision rests on.
    record: Option<Box<Record>>,
    /// The rounds that were served.
    rounds: Vec<ServedRound>,
}

/// Simulates one attempt.
///
/// # Errors
/// If the camera or the engine fails.
fn simulate(
    camera: &mut dyn Camera,
    networks: &dyn Fn() -> Networks,
    conditions: Conditions,
    rng: &mut Rng,
) -> anyhow::Result<SimulatedAttempt> {
    let Conditions { policy, turn, round_trip_ms, rate, late_ms } = conditions;
    let secret: [u8; 32] = std::array::from_fn(|_| rng.u8(..));
    let public_key = ed25519_dalek::SigningKey::from_bytes(&secret).verifying_key().to_bytes();
    let terms = Terms {
        audience: "https://check.example".into(),
        challenge_id: key_id(&public_key),
        nonce: format!("{:016x}", rng.u64(..)),
        attempt: 1,
        timeout_ms: TIMEOUT_MS,
        thresholds: Thresholds::V8.name.into(),
        policy,
        turn,
        rate: (rate * 10.0) as u32,
        consent: consent_hash("what people are told"),
    };
    let mut attempt = Attempt::new(networks(), Thresholds::V8);
    let frame_ms = 1000.0 / rate;
    let mut now = 0.0;
    let mut good_since = None;
    loop {
        let picture = camera.picture(now, None)?;
        let (seen, _) = attempt.push(&picture.as_frame(), now)?;
        let good = seen.gate == engine::Gate::Ok && attempt.is_settled();
        good_since = good_since.filter(|_| good).or(good.then_some(now));
        now += frame_ms;
        if good_since.is_some_and(|since| now - since >= HOLD_MS) {
            break;
        }
        if now > ALIGN_MS {
            return Ok(unsubmitted(Reason::Timeout, Vec::new()));
        }
    }
    let issued_ms = now;
    now += round_trip_ms / 2.0;
    attempt.begin(terms.clone(), KeyKind::Soft, public_key, now);
    let mut rounds: Vec<ServedRound> = Vec::new();
    let mut pending: Option<(f64, f64, engine::prompt::Cue)> = None;
    let mut ask = None;
    let mut asked_for = -1_i64;
    // When the round that has ended is committed to.
    let mut due_ms = None;
    loop {
        let picture = camera.picture(now, ask)?;
        let (_, progress) = attempt.push(&picture.as_frame(), now)?;
        ask = progress.prompt.map(|prompt| prompt.ask);
        if progress.phase == Phase::Complete || ask == Some(engine::Ask::Fetch) {
            let round = attempt.commitment().map_or(-1, |commitment| i64::from(commitment.round));
            if round >= asked_for {
                let due_ms = *due_ms.get_or_insert(if round < 0 { now } else { now + late_ms });
                if now < due_ms {
                    now += frame_ms;
                    continue;
                }
            }
            if round >= asked_for {
                due_ms = None;
                asked_for = round + 1;
                let at_server_ms = now + round_trip_ms / 2.0 - issued_ms;
                if let Some(commitment) = attempt.commitment() {
                    let (_, revealed_ms, cue) = pending.take().expect("a finished round has a cue");
                    rounds.push(ServedRound {
                        cue,
                        revealed_ms: revealed_ms as u64,
                        commitment: commitment.commitment.clone(),
                        outcome: commitment.outcome,
                        committed_ms: at_server_ms as u64,
                    });
                }
                if policy.is_prompted() {
                    let history = rounds.iter().map(|round| (round.cue, round.outcome));
                    match next_cue(turn, history, || rng.u32(..), policy.rules(&Thresholds::V8)) {
                        Next::Cue(cue) => pending = Some((now + round_trip_ms, at_server_ms, cue)),
                        Next::Complete => {}
                        Next::Exhausted => {
                            return Ok(unsubmitted(Reason::PromptMissed, rounds));
                        }
                    }
                }
            }
            if let Some((known_ms, _, cue)) = pending
                && now >= known_ms
            {
                attempt.reveal(cue, now);
            }
        }
        if progress.phase == Phase::Complete {
            break;
        }
        if progress.timed_out {
            return Ok(unsubmitted(Reason::Timeout, rounds));
        }
        now += frame_ms;
    }
    let evidence = attempt.evidence().expect("a complete attempt has evidence");
    let elapsed_ms = (now - issued_ms + 500.0) as u64;
    let issued = Issued { terms, public_key, rounds: rounds.clone(), elapsed_ms };
    let Evidence { signing_input, open, closed, strip, .. } = evidence.clone();
    let transcript = sign(&signing_input, &secret).into_bytes();
    let submission = Submission { transcript: &transcript, open: &open, closed: &closed, strip: &strip };
    let decision = decide(&issued, &submission, &mut Scorer::new(networks()), &Thresholds::V8)?;
    let parts = SubmissionParts { challenge: issued.terms.challenge_id.clone(), transcript, open, closed, strip };
    let submission = Some((issued, SignedParts { public_key, secret, parts }));
    let signals = decision.record.strip.as_ref().and_then(|strip| strip.signals.as_ref());
    let marked = signals.is_some_and(|signals| !signals.marks.is_empty());
    let record = Some(Box::new(decision.record));
    Ok(SimulatedAttempt { verdict: decision.verdict, marked, submission, record, rounds })
}

fn unsubmitted(reason: Reason, rounds: Vec<ServedRound>) -> SimulatedAttempt {
    SimulatedAttempt { verdict: Verdict::Rejected(reason), marked: false, submission: None, record: None, rounds }
}
