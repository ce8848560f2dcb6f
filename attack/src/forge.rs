//! Forged submissions: honest ones with something changed, by somebody who holds the key where that helps.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use engine::transcript::{sign, signing_input};
use engine::{Issued, Scorer, Submission, Thresholds, Verdict, decide};
use engine_compact::Models;
use fastrand::Rng;
use serde_json::{Value, json};

use crate::Count;
use crate::rehearse::Sent;

/// An honest submission and whose it is.
pub(crate) struct Honest {
    /// The clip that shows the person.
    pub(crate) person: String,
    /// What was submitted, and accepted.
    pub(crate) sent: Sent,
}

/// Single bits that are changed, over all submissions.
const BITS: u32 = 10_000;

/// Every forgery of these honest submissions.
///
/// # Errors
/// If the engine fails.
pub(crate) fn all(honest: &[Honest], models: &Models) -> anyhow::Result<Vec<Count>> {
    let mut scorer = Scorer::new(models.networks());
    let mut counts = vec![flipped_bits(honest, &mut scorer)?];
    let kinds: [(&str, Change); 10] = [
        ("another person's open capture", |own, other| replace(own, other, "open")),
        ("another person's closed capture", |own, other| replace(own, other, "closed")),
        ("another person's strip", |own, other| replace(own, other, "strip")),
        ("another person's pictures, all", |own, other| {
            ["open", "closed", "strip"].into_iter().for_each(|part| replace(own, other, part));
        }),
        ("another person's transcript and pictures, new signature", |own, other| {
            let Sent { issued, secret, .. } = own.clone();
            *own = Sent { issued, secret, ..other.clone() };
            let payload = payload(own);
            sign_again(own, &payload);
        }),
        ("the open capture as the closed one", |own, _| {
            let open = own.open.clone();
            change(own, |payload| payload["cap"]["closed"] = payload["cap"]["open"].clone());
            own.closed = open;
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
        ("another key", |own, _| own.secret = own.secret.map(|byte| byte ^ 0x55)),
    ];
    for (name, forge) in kinds {
        let mut count = Count { name: format!("forged: {name}"), attempts: 0, accepted: 0 };
        for (index, own) in honest.iter().enumerate() {
            let mut sent = own.sent.clone();
            forge(&mut sent, &honest[other_person(honest, index)].sent);
            if name == "another key" {
                let payload = payload(&sent);
                let input = signing_input(&payload, &sent.issued.public_key);
                sent.transcript = sign(&input, &sent.secret).into_bytes();
            }
            count.attempts += 1;
            count.accepted += u32::from(accepts(&sent.issued, &sent, &mut scorer)?);
        }
        counts.push(count);
    }
    Ok(counts)
}

type Change = fn(&mut Sent, &Sent);

/// The first attempt of another clip, half-way round the list.
fn other_person(honest: &[Honest], index: usize) -> usize {
    let mut others = (0..honest.len()).map(|step| (index + honest.len() / 2 + step) % honest.len());
    others.find(|&at| honest[at].person != honest[index].person).unwrap_or(index)
}

fn flipped_bits(honest: &[Honest], scorer: &mut Scorer) -> anyhow::Result<Count> {
    let mut count = Count { name: "forged: one bit changed".to_owned(), attempts: 0, accepted: 0 };
    let mut rng = Rng::with_seed(1);
    for _ in 0..if honest.is_empty() { 0 } else { BITS } {
        let mut sent = honest[rng.usize(..honest.len())].sent.clone();
        let parts = [&mut sent.transcript, &mut sent.open, &mut sent.closed, &mut sent.strip];
        let length: usize = parts.iter().map(|part| part.len()).sum();
        let mut at = rng.usize(..length);
        for part in parts {
            if at < part.len() {
                part[at] ^= 1 << rng.u8(..8);
                break;
            }
            at -= part.len();
        }
        count.attempts += 1;
        count.accepted += u32::from(accepts(&sent.issued, &sent, scorer)?);
    }
    Ok(count)
}

fn accepts(issued: &Issued, sent: &Sent, scorer: &mut Scorer) -> anyhow::Result<bool> {
    let Sent { transcript, open, closed, strip, .. } = sent;
    let submission = Submission { transcript, open, closed, strip };
    Ok(decide(issued, &submission, scorer, &Thresholds::V4)?.verdict == Verdict::Accepted)
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
        "open" => own.open = other.open.clone(),
        "closed" => own.closed = other.closed.clone(),
        _ => own.strip = other.strip.clone(),
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
    own.transcript = sign(&signing_input(payload, &own.issued.public_key), &own.secret).into_bytes();
}

/// The payload of the transcript, as it was signed.
fn payload(sent: &Sent) -> Vec<u8> {
    let text = String::from_utf8_lossy(&sent.transcript);
    text.split('.').nth(1).and_then(|part| URL_SAFE_NO_PAD.decode(part).ok()).unwrap_or_default()
}
