//! The worker's side: `blinkgate score-worker`. It loads the networks once, answers one submission after the other on
//! standard input and output, and ends when the server does, which closes its input.

use std::io::{self, Read, Write};
use std::panic::{self, AssertUnwindSafe};
use std::path::Path;
use std::sync::Mutex;

use engine::{Decision, Scorer, Submission, Thresholds};

use super::{Job, limits, wire};
use crate::runtime::{Models, Runtime};
use crate::verification::Upload;

/// Answers until there are no more submissions.
///
/// # Errors
/// The server is gone, or sent something else.
pub fn run(runtime: Runtime, models_dir: Option<&Path>, cpu_s: u64, address_space: u64) -> anyhow::Result<()> {
    outlive_stop_signals()?;
    limits::confine(address_space)?;
    let (mut from, mut to) = (io::stdin().lock(), io::stdout().lock());
    let models = match Models::find(runtime, models_dir) {
        Ok(models) => models,
        Err(error) => {
            let cannot: wire::Hello = Err(format!("{error:#}"));
            return Ok(wire::write_message(&mut to, &cannot)?);
        }
    };
    limits::close_files()?;
    let networks = models.networks();
    Ok(answer_all(&mut from, &mut to, &networks.id, cpu_s, |job| decide(&models, job))?)
}

/// Says hello with the name of the weights and answers what comes in with what `decide` makes of it, each within `cpu_s`
/// seconds of processor time.
///
/// # Errors
/// The server is gone, or sent something else.
pub fn answer_all(
    from: &mut impl Read,
    to: &mut impl Write,
    models: &str,
    cpu_s: u64,
    decide: impl Fn(&Job) -> Result<Decision, String>,
) -> io::Result<()> {
    // A panic's text may repeat what was read; where it happened does not.
    static PANICKED_AT: Mutex<String> = Mutex::new(String::new());
    panic::set_hook(Box::new(|panic| {
        if let (Some(location), Ok(mut at)) = (panic.location(), PANICKED_AT.lock()) {
            *at = location.to_string();
        }
    }));
    let hello: wire::Hello = Ok(models.to_owned());
    wire::write_message(to, &hello)?;
    while let Some(job) = wire::read_request(from)? {
        limits::grant_cpu(cpu_s)?;
        let answer: wire::Answer = panic::catch_unwind(AssertUnwindSafe(|| decide(&job))).unwrap_or_else(|_| {
            let at = PANICKED_AT.lock().map(|at| at.clone()).unwrap_or_default();
            Err(format!("the engine panicked at {at}"))
        });
        wire::write_message(to, &answer)?;
    }
    Ok(())
}

fn decide(models: &Models, job: &Job) -> Result<Decision, String> {
    let Upload { transcript, open, closed, strip } = &job.upload;
    let submission = Submission { transcript, open, closed, strip };
    // Nothing is carried over from one submission to the next.
    let mut scorer = Scorer::new(models.networks());
    engine::decide(&job.issued, &submission, &mut scorer, &Thresholds::V4).map_err(|error| error.to_string())
}

/// Signals to stop often go to all processes of a service. The server drains what is under way, and for that it needs its
/// workers; they end with it.
#[cfg(unix)]
fn outlive_stop_signals() -> io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
    let _entered = runtime.enter();
    // Once asked for, a signal is only ever reported, also when nobody listens any more.
    for kind in [SignalKind::terminate(), SignalKind::interrupt()] {
        drop(signal(kind)?);
    }
    Ok(())
}

#[cfg(not(unix))]
fn outlive_stop_signals() -> io::Result<()> {
    Ok(())
}
