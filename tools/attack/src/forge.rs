//! Forged submissions: honest ones with something changed, by somebody who holds the key where that helps.

use anyhow::Context as _;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use engine::transcript::{sign, signing_input};
use engine::{Issued, Scorer, Submission, Thresholds, Verdict, decide};
use fastrand::Rng;
use serde_json::{Value, json};
use test_client::{Parcel, Recorded};

use crate::report::Count;
use crate::verifier::Honest;

/// What is sent for a challenge, and the key that signs for it.
#[derive(Clone)]
pub(crate) struct Sent {
    /// The key that was registered.
    pub(crate) public_key: [u8; 32],
    pub(crate) secret: [u8; 32],
    pub(crate) parcel: Parcel,
}

impl From<&Recorded> for Sent {
    fn from(recorded: &Recorded) -> Sent {
        Sent { public_key: recorded.key.public(), secret: recorded.key.secret(), parcel: recorded.parcel() }
    }
}

/// Changes what somebody sends; another's is at hand.
pub(crate) type Change = fn(&mut Sent, &Sent);

/// What is changed.
pub(crate) const KINDS: [(&str, Change); 10] = [
    ("another person's open capture", |own, other| replace(own, other, "open")),
    ("another person's closed capture", |own, other| replace(own, other, "closed")),
    ("another person's strip", |own, other| replace(own, other, "strip")),
    ("another person's pictures, all", replace_all),
    ("another person's transcript and pictures, new signature", |own, other| {
        own.parcel = Parcel { challenge: own.parcel.challenge.clone(), ..other.parcel.clone() };
        let payload = payload(own);
        sign_again(own, &payload);
    }),
    ("the open capture as the closed one", |own, _| {
        let open = own.parcel.open.clone();
        change(own, |payload| payload["cap"]["closed"] = payload["cap"]["open"].clone());
        own.parcel.closed = open;
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

/// Single bits that are changed, over all submissions.
const BITS: u32 = 10_000;

/// Every forgery of these honest submissions, as the decision itself takes it.
///
/// # Errors
/// If the engine fails.
pub(crate) fn all(honest: &[Honest], scorer: &mut Scorer) -> anyhow::Result<Vec<Count>> {
    let mut bits = Count::new("forged: one bit changed");
    let mut rng = Rng::with_seed(1);
    for _ in 0..if honest.is_empty() { 0 } else { BITS } {
        let Honest { sent, issued, .. } = &honest[rng.usize(..honest.len())];
        let mut sent = sent.clone();
        sent.parcel.flip_bit(&mut rng);
        bits.add(accepts(issued.as_ref(), &sent, scorer)?);
    }
    let mut counts = vec![bits];
    for (name, forge) in KINDS {
        let mut count = Count::new(&format!("forged: {name}"));
        for (index, own) in honest.iter().enumerate() {
            let mut sent = own.sent.clone();
            forge(&mut sent, &another(honest, index, &own.person)?.sent);
            count.add(accepts(own.issued.as_ref(), &sent, scorer)?);
        }
        counts.push(count);
    }
    Ok(counts)
}

/// The first attempt of somebody else, half-way round the list from `index`.
///
/// # Errors
/// Nobody else was accepted: what is forged with one's own is no forgery.
pub(crate) fn another<'a>(honest: &'a [Honest], index: usize, person: &str) -> anyhow::Result<&'a Honest> {
    let mut all = (0..honest.len()).map(|step| &honest[(index + honest.len() / 2 + step) % honest.len()]);
    all.find(|honest| honest.person != person).context("to forge takes two people, in two clips")
}

fn accepts(issued: Option<&Issued>, sent: &Sent, scorer: &mut Scorer) -> anyhow::Result<bool> {
    let issued = issued.context("what a server issued only the server knows")?;
    let Parcel { transcript, open, closed, strip, .. } = &sent.parcel;
    let submission = Submission { transcript, open, closed, strip };
    Ok(decide(issued, &submission, scorer, &Thresholds::V4)?.verdict == Verdict::Accepted)
}

/// Takes all pictures of another attempt, with what it claims of them.
pub(crate) fn replace_all(own: &mut Sent, other: &Sent) {
    ["open", "closed", "strip"].into_iter().for_each(|part| replace(own, other, part));
}

/// Takes another's picture, with its hash, size and claimed ratios.
fn replace(own: &mut Sent, other: &Sent, part: &str) {
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
        "open" => own.parcel.open.clone_from(&other.parcel.open),
        "closed" => own.parcel.closed.clone_from(&other.parcel.closed),
        _ => own.parcel.strip.clone_from(&other.parcel.strip),
    }
}

/// Changes every time in the frames and the captures.
fn shift(own: &mut Sent, by: fn(u32) -> u32) {
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

fn change(own: &mut Sent, by: impl FnOnce(&mut Value)) {
    let mut claims: Value = serde_json::from_slice(&payload(own)).unwrap_or_default();
    by(&mut claims);
    let payload = serde_json::to_vec(&claims).unwrap_or_default();
    sign_again(own, &payload);
}

fn sign_again(own: &mut Sent, payload: &[u8]) {
    own.parcel.transcript = sign(&signing_input(payload, &own.public_key), &own.secret).into_bytes();
}

/// The payload of the transcript, as it was signed.
fn payload(sent: &Sent) -> Vec<u8> {
    let text = String::from_utf8_lossy(&sent.parcel.transcript);
    text.split('.').nth(1).and_then(|part| URL_SAFE_NO_PAD.decode(part).ok()).unwrap_or_default()
}
