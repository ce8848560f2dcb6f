//! `attack forgeries`: forged submissions, sent over HTTP to a real server. Counts how many are accepted, and whether the
//! server ever fails because of one.
//!
//! They are made from copies of one attempt that are accepted if unchanged. `attack --only forged` has more kinds, made from
//! prompted attempts.

use std::collections::BTreeMap;

use accuracy::DEFAULT_MODELS;
use clap::Args;
use fastrand::Rng;
use serde::Serialize;
use test_client::{Decision, Key, PersonSimulator, ReadyUser, SubmissionParts, SubmitOutcome, UserPool, for_each};

use crate::server_options::ServerOptions;

/// Submissions at a time. Most of them wait until their challenge is as old as the recording is long.
const AT_ONCE: usize = 96;
/// The kinds after the first, and the unchanged submissions, are sent this many times less often.
const OTHERS: usize = 50;
/// Idempotency key of every submission.
const KEY: &str = "forged";

/// Sends forged submissions over HTTP and counts how many are accepted.
///
/// Starts a server that does not prompt. Sends COUNT submissions with one bit changed, and a fiftieth as many of each other
/// kind and of unchanged ones. Prints the counts and the server's answers as JSON. Fails if a forgery is accepted, an
/// unchanged submission is rejected, or the server answers with an error of its own.
#[derive(Debug, Args)]
pub(crate) struct ForgeryOptions {
    /// Number of submissions with one bit changed
    count: usize,
    #[command(flatten)]
    server: ServerOptions,
}

/// The results of one kind.
#[derive(Debug, Default, Serialize)]
struct Tally {
    attempts: usize,
    accepted: usize,
    /// Answers that report a fault of the server.
    server_errors: usize,
    /// Final answers: the reason of the rejection, or the status and code of the error.
    answers: BTreeMap<String, usize>,
}

/// Changes the first submission, possibly with parts of the second, which is another user's.
type Change = fn(&mut SubmissionParts, &SubmissionParts, &mut Rng);

const KINDS: [(&str, Change); 4] = [
    ("one bit changed", |own, _, rng| own.flip_bit(rng)),
    ("somebody else's submission", |own, other, _| {
        *own = SubmissionParts { challenge: own.challenge.clone(), ..other.clone() };
    }),
    ("sent for somebody else's challenge", |own, other, _| own.challenge.clone_from(&other.challenge)),
    ("signed with another key", |own, _, rng| sign_with_new_key(own, rng)),
];

/// Runs the attack, prints the results, and returns whether the server withstood it.
///
/// # Errors
/// If the server does not start, or a request or the engine fails.
pub(crate) fn run(options: &ForgeryOptions) -> anyhow::Result<bool> {
    let server = options.server.start("natural")?;
    let simulator = PersonSimulator::load(DEFAULT_MODELS.as_ref())?;
    let pool = UserPool::new(&server.process, &simulator, &mut Rng::new())?;
    let others = options.count.div_ceil(OTHERS);
    let kinds = KINDS.iter().map(|&(name, change)| (name, Some(change)));
    let mut results = BTreeMap::new();
    for (index, (name, change)) in kinds.chain([("honest", None)]).enumerate() {
        let count = if index == 0 { options.count } else { others };
        eprintln!("{name}: {count}");
        let answers = for_each(AT_ONCE, &vec![(); count], |()| send(&pool, change))?;
        results.insert(name, tally(answers));
    }
    println!("{}", serde_json::to_string_pretty(&results)?);
    Ok(results.iter().all(|(name, tally)| {
        let expected = if *name == "honest" { tally.attempts } else { 0 };
        tally.accepted == expected && tally.server_errors == 0
    }))
}

/// The server's final answer to one submission.
struct FinalAnswer {
    answer: String,
    is_accepted: bool,
    is_server_error: bool,
}

fn send(pool: &UserPool, change: Option<Change>) -> anyhow::Result<FinalAnswer> {
    let mut rng = Rng::new();
    let mut own = pool.ready_user()?;
    if let Some(change) = change {
        // The other user never submits, so the server has seen none of these parts.
        let other = pool.ready_user()?;
        change(&mut own.submission, &other.submission, &mut rng);
    }
    std::thread::sleep(own.due.saturating_duration_since(std::time::Instant::now()));
    submit(&own)
}

fn submit(ReadyUser { client, submission, .. }: &ReadyUser) -> anyhow::Result<FinalAnswer> {
    let (answer, is_accepted, is_server_error) = match client.submit_until_answered(KEY, submission)? {
        SubmitOutcome::Decided(Decision { verified, reason, .. }) => {
            (reason.unwrap_or_else(|| "verified".to_owned()), verified, false)
        }
        SubmitOutcome::Refused(response) => {
            let code = response.code().unwrap_or_default();
            (format!("{} {code}", response.status), false, response.status >= 500)
        }
        SubmitOutcome::Later { code, .. } => (code, false, true),
    };
    Ok(FinalAnswer { answer, is_accepted, is_server_error })
}

fn tally(answers: Vec<FinalAnswer>) -> Tally {
    let mut tally = Tally { attempts: answers.len(), ..Tally::default() };
    for FinalAnswer { answer, is_accepted, is_server_error } in answers {
        tally.accepted += usize::from(is_accepted);
        tally.server_errors += usize::from(is_server_error);
        *tally.answers.entry(answer).or_default() += 1;
    }
    tally
}

/// Signs the same transcript with a key that is not registered for it.
fn sign_with_new_key(own: &mut SubmissionParts, rng: &mut Rng) {
    let text = String::from_utf8_lossy(&own.transcript).into_owned();
    let input = text.rsplit_once('.').map_or(text.as_str(), |(input, _)| input);
    own.transcript = Key::draw(rng).sign(input);
}
