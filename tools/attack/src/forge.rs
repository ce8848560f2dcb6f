//! Forged submissions: honest ones that are changed, and signed again with the key where that helps the forger.

use anyhow::Context as _;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use engine::transcript::{sign, signing_input};
use engine::{Issued, Scorer, Submission, Thresholds, Verdict, decide};
use fastrand::Rng;
use serde_json::{Value, json};
use test_client::SubmissionParts;

use crate::report::Count;
use crate::signed_parts::SignedParts;
use crate::verifier::HonestSubmission;

/// Changes the first submission, possibly with parts of the second, which is another person's.
pub(crate) type Change = fn(&mut SignedParts, &SignedParts);

/// The kinds of forgeries.
pub(crate) const KINDS: [(&str, Change); 10] = [
    ("another person's open capture", |own, other| replace(own, other, "open")),
    ("another person's closed capture", |own, other| replace(own, other, "closed")),
    ("another person's strip", |own, other| replace(own, other, "strip")),
    ("another person's pictures, all", replace_all),
    ("another person's transcript and pictures, new signature", |own, other| {
        own.parts = SubmissionParts { challenge: own.parts.challenge.clone(), ..other.parts.clone() };
        let payload = payload(own);
        sign_again(own, &payload);
    }),
    ("the open capture as the closed one", |own, _| {
        let open = own.parts.open.clone();
        change(own, |payload| payload["cap"]["closed"] = payload["cap"]["open"].clone());
        own.parts.closed = open;
    }),
    ("times shifted by a second", |own, _| shift(own, |t| t + 1000)),
    ("times compressed to half", |own, _| shift(own, |t| t / 2)),
    ("rounds in another order", |own, _| {
        change(own, |payload| {
            if let Some(rounds) = payload["rounds"].as_array_mut() {
                rounds.reverse();
            }
        });
    }),
    ("another key", |own, _| {
        let payload = payload(own);
        own.secret = own.secret.map(|byte| byte ^ 0x55);
        sign_again(own, &payload);
    }),
];

/// Number of single-bit changes over all submissions.
const BITS: u32 = 10_000;

/// Tries every forgery of these honest submissions on the engine's decision.
///
/// # Errors
/// If the engine fails.
pub(crate) fn all(honest: &[HonestSubmission], scorer: &mut Scorer) -> anyhow::Result<Vec<Count>> {
    let mut bits = Count::new("forged: one bit changed");
    let mut rng = Rng::with_seed(1);
    for _ in 0..if honest.is_empty() { 0 } else { BITS } {
        let HonestSubmission { submission, issued, .. } = &honest[rng.usize(..honest.len())];
        let mut forged = submission.clone();
        forged.parts.flip_bit(&mut rng);
        bits.add(accepts(issued.as_ref(), &forged, scorer)?);
    }
    let mut counts = vec![bits];
    for (name, change) in KINDS {
        let mut count = Count::new(&format!("forged: {name}"));
        for (index, own) in honest.iter().enumerate() {
            let mut forged = own.submission.clone();
            change(&mut forged, &another(honest, index, &own.person)?.submission);
            count.add(accepts(own.issued.as_ref(), &forged, scorer)?);
        }
        counts.push(count);
    }
    Ok(counts)
}

/// Another person's submission: the first one, counted from half-way round the list after `index`.
///
/// # Errors
/// If nobody else was accepted: a submission cannot be forged from the same person's parts.
pub(crate) fn another<'a>(
    honest: &'a [HonestSubmission],
    index: usize,
    person: &str,
) -> anyhow::Result<&'a HonestSubmission> {
    let mut all = (0..honest.len()).map(|step| &honest[(index + honest.len() / 2 + step) % honest.len()]);
    all.find(|honest| honest.person != person)
        .context("forging requires accepted submissions of two people, from two clips")
}

fn accepts(issued: Option<&Issued>, forged: &SignedParts, scorer: &mut Scorer) -> anyhow::Result<bool> {
    let issued = issued.context("the terms issued by a server are not known")?;
    let SubmissionParts { transcript, open, closed, strip, .. } = &forged.parts;
    let submission = Submission { transcript, open, closed, strip };
    Ok(decide(issued, &submission, scorer, &Thresholds::V8)?.verdict == Verdict::Accepted)
}

/// Takes all pictures of another submission, and its claims about them.
pub(crate) fn replace_all(own: &mut SignedParts, other: &SignedParts) {
    ["open", "closed", "strip"].into_iter().for_each(|part| replace(own, other, part));
}

/// Takes one picture of another submission, with its hash, size and claimed ratios.
fn replace(own: &mut SignedParts, other: &SignedParts, part: &str) {
    let claims: Value = serde_json::from_slice(&payload(other)).unwrap_or_default();
    change(own, |payload| match part {
        "strip" => payload["strip"] = claims["strip"].clone(),
        _ => {
            let t = payload["cap"][part]["t"].clone();
            payload["cap"][part] = claims["cap"][part].clone();
            payload["cap"][part]["t"] = t;
        }
    });
    match part {
        "open" => own.parts.open.clone_from(&other.parts.open),
        "closed" => own.parts.closed.clone_from(&other.parts.closed),
        _ => own.parts.strip.clone_from(&other.parts.strip),
    }
}

/// Changes every time in frames, captures, blink and rounds.
fn shift(own: &mut SignedParts, by: fn(u32) -> u32) {
    change(own, |payload| {
        let mut frames = payload["frames"].as_str().and_then(engine::transcript::unpack).unwrap_or_default();
        frames.iter_mut().for_each(|frame| frame.0 = by(frame.0));
        payload["frames"] = json!(engine::transcript::pack(&frames));
        let moved = |value: &mut Value| *value = json!(by(value.as_u64().unwrap_or(0) as u32));
        ["open", "closed"].into_iter().for_each(|part| moved(&mut payload["cap"][part]["t"]));
        ["start_ms", "closed_ms", "end_ms"].into_iter().for_each(|name| moved(&mut payload["blink"][name]));
        for round in payload["rounds"].as_array_mut().into_iter().flatten() {
            moved(&mut round["received"]);
        }
    });
}

fn change(own: &mut SignedParts, by: impl FnOnce(&mut Value)) {
    let mut claims: Value = serde_json::from_slice(&payload(own)).unwrap_or_default();
    by(&mut claims);
    let payload = serde_json::to_vec(&claims).unwrap_or_default();
    sign_again(own, &payload);
}

fn sign_again(own: &mut SignedParts, payload: &[u8]) {
    own.parts.transcript = sign(&signing_input(payload, &own.public_key), &own.secret).into_bytes();
}

/// The payload of the transcript, as it was signed.
fn payload(signed: &SignedParts) -> Vec<u8> {
    let text = String::from_utf8_lossy(&signed.parts.transcript);
    text.split('.').nth(1).and_then(|part| URL_SAFE_NO_PAD.decode(part).ok()).unwrap_or_default()
}
