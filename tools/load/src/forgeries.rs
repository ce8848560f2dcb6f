//! Forged submissions, sent over HTTP to a running server: what is accepted, and whether the server ever fails over one.
//!
//! They are made of copies that are accepted as they are. `scripts/attack` has more kinds, of prompted attempts.

use std::collections::BTreeMap;

use fastrand::Rng;
use serde::Serialize;
use test_client::{Decided, Key, Parcel, Sent, for_each};

use test_client::{ReadyUser as Ready, UserPool as Crowd};

/// Senders at a time: most of them wait until what they send can be true.
const AT_ONCE: usize = 96;

/// What became of one kind.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Forgeries {
    /// How many were sent.
    pub attempts: usize,
    /// How many were verified.
    pub accepted: usize,
    /// Answers that speak of a fault of the server's.
    pub server_errors: usize,
    /// How they were answered in the end: the reason of the rejection, or the refusal's code.
    pub answers: BTreeMap<String, usize>,
}

/// Changes what a sender has; somebody else's is at hand.
type Forge = fn(&mut Parcel, &Parcel, &mut Rng);

/// The kinds. Of the first so many are sent as were asked for, of the others a fiftieth.
const KINDS: [(&str, Forge); 4] = [
    ("one bit changed", |own, _, rng| own.flip_bit(rng)),
    ("somebody else's submission", |own, other, _| *own = Parcel { challenge: own.challenge.clone(), ..other.clone() }),
    ("sent for somebody else's challenge", |own, other, _| own.challenge.clone_from(&other.challenge)),
    ("signed with another key", |own, _, rng| sign_anew(own, rng)),
];
const OTHERS: usize = 50;

/// Sends so many with a bit changed, and some of each other kind; and some that nothing was done to.
pub(crate) fn send_all(crowd: &Crowd, count: usize) -> anyhow::Result<BTreeMap<String, Forgeries>> {
    let some = count.div_ceil(OTHERS);
    let kinds = KINDS.iter().map(|&(name, forge)| (name, Some(forge)));
    let mut found = BTreeMap::new();
    for (at, (name, forge)) in kinds.chain([("honest", None)]).enumerate() {
        let count = if at == 0 { count } else { some };
        eprintln!("{name}: {count}");
        let sent = for_each(AT_ONCE, &vec![(); count], |()| send(crowd, forge))?;
        found.insert(name.to_owned(), counted(sent));
    }
    Ok(found)
}

/// What came of one submission.
struct Outcome {
    answer: String,
    is_accepted: bool,
    has_failed: bool,
}

fn send(crowd: &Crowd, forge: Option<Forge>) -> anyhow::Result<Outcome> {
    let mut rng = Rng::new();
    let mut own = crowd.ready()?;
    if let Some(forge) = forge {
        // Not sent by whom it belongs to, so that nothing of it has been seen.
        let other = crowd.ready()?;
        forge(&mut own.parcel, &other.parcel, &mut rng);
    }
    std::thread::sleep(own.due.saturating_duration_since(std::time::Instant::now()));
    answered(&own)
}

fn answered(Ready { visitor, parcel, .. }: &Ready) -> anyhow::Result<Outcome> {
    let (answer, is_accepted, has_failed) = match visitor.submit_until_answered("forged", parcel)? {
        Sent::Decided(Decided { verified, reason, .. }) => {
            (reason.unwrap_or_else(|| "verified".to_owned()), verified, false)
        }
        Sent::Refused(answer) => {
            let code = answer.code().unwrap_or_default();
            (format!("{} {code}", answer.status), false, answer.status >= 500)
        }
        Sent::Later { code, .. } => (code, false, true),
    };
    Ok(Outcome { answer, is_accepted, has_failed })
}

fn counted(sent: Vec<Outcome>) -> Forgeries {
    let mut all = Forgeries { attempts: sent.len(), ..Forgeries::default() };
    for Outcome { answer, is_accepted, has_failed } in sent {
        all.accepted += usize::from(is_accepted);
        all.server_errors += usize::from(has_failed);
        *all.answers.entry(answer).or_default() += 1;
    }
    all
}

/// The same text with the signature of a key that was not registered for it.
fn sign_anew(own: &mut Parcel, rng: &mut Rng) {
    let text = String::from_utf8_lossy(&own.transcript).into_owned();
    let input = text.rsplit_once('.').map_or(text.as_str(), |(input, _)| input);
    own.transcript = Key::draw(rng).sign(input);
}
