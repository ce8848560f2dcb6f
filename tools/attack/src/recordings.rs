//! `attack recordings`: plays recordings of a blinking person into the camera, against the cues of a real server.

use std::collections::BTreeMap;

use accuracy::DEFAULT_MODELS;
use clap::Args;
use fastrand::Rng;
use serde::Serialize;
use test_client::{PersonSimulator, ReplayMode, for_each};

use crate::server::Server;
use crate::server_options::ServerOptions;

/// Attempts at a time: each takes a sixth of a processor.
const AT_ONCE: usize = 6;

/// Plays drawn recordings of a blinking person into the camera, over HTTP and in real time.
///
/// Starts a server that prompts, and makes COUNT attempts with a recording that plays once and COUNT with one that plays in
/// a loop. Prints the number of attempts and of verified ones, and the reasons of the others, as JSON.
#[derive(Debug, Args)]
pub(crate) struct RecordingOptions {
    /// Number of attempts of each kind
    count: usize,
    #[command(flatten)]
    server: ServerOptions,
}

/// The results of one kind of recording.
#[derive(Debug, Default, Serialize)]
struct Tally {
    attempts: usize,
    verified: usize,
    /// Number of the other attempts by reason.
    others: BTreeMap<String, usize>,
}

/// Runs the attack and prints the results.
///
/// # Errors
/// If the server does not start, or a request or the engine fails.
pub(crate) fn run(options: &RecordingOptions) -> anyhow::Result<()> {
    let simulator = PersonSimulator::load(DEFAULT_MODELS.as_ref())?;
    let server = Server::new(options.server.start("prompted")?, simulator, AT_ONCE);
    let mut results = BTreeMap::new();
    for (name, mode) in [("once", ReplayMode::Once), ("looped", ReplayMode::Looped)] {
        results.insert(name, play(&server, mode, options.count)?);
    }
    println!("{}", serde_json::to_string_pretty(&results)?);
    Ok(())
}

fn play(server: &Server, mode: ReplayMode, count: usize) -> anyhow::Result<Tally> {
    let attempts = for_each(AT_ONCE, &vec![(); count], |()| server.play(mode, &mut Rng::new()))?;
    let mut tally = Tally { attempts: count, ..Tally::default() };
    for attempt in attempts {
        if attempt.accepted {
            tally.verified += 1;
        } else {
            *tally.others.entry(attempt.reason).or_default() += 1;
        }
    }
    Ok(tally)
}
