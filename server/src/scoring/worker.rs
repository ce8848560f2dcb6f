//! The worker's side: `blinkgate score-worker`. It loads the networks once, answers submissions one after another on
//! standard input and output, and ends with the server, which closes its input.

use std::io::{self, Read, Write};
use std::panic::{self, AssertUnwindSafe};
use std::path::Path;
use std::sync::Mutex;

use engine::{Decision, Issued, Scorer, Submission, Thresholds};

use super::{limits, wire};
use crate::runtime::{Models, Runtime};
use crate::submission::Upload;

/// Answers submissions until standard input ends.
///
/// # Errors
/// A limit cannot be set, the server is gone, or it broke the protocol.
pub fn run(runtime: Runtime, models_dir: Option<&Path>, cpu_s: u64, address_space: u64) -> anyhow::Result<()> {
    ignore_stop_signals()?;
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
    Ok(answer_all(&mut from, &mut to, &networks.id, cpu_s, |issued, upload| decide(&models, issued, upload))?)
}

/// Sends the hello with the name of the weights, then answers each request with what `decide` returns, within `cpu_s`
/// seconds of CPU time.
///
/// # Errors
/// A limit cannot be set, the server is gone, or it broke the protocol.
pub fn answer_all(
    from: &mut impl Read,
    to: &mut impl Write,
    models: &str,
    cpu_s: u64,
    decide: impl Fn(&Issued, &Upload) -> Result<Decision, String>,
) -> io::Result<()> {
    // A panic's message may quote the input; its location does not.
    static PANICKED_AT: Mutex<String> = Mutex::new(String::new());
    panic::set_hook(Box::new(|panic| {
        if let (Some(location), Ok(mut at)) = (panic.location(), PANICKED_AT.lock()) {
            *at = location.to_string();
        }
    }));
    let greeting = wire::Greeting { models: models.to_owned(), confinement: limits::confinement() };
    let hello: wire::Hello = Ok(greeting);
    wire::write_message(to, &hello)?;
    while let Some((issued, upload)) = wire::read_request(from)? {
        limits::grant_cpu(cpu_s)?;
        let answer: wire::Answer =
            panic::catch_unwind(AssertUnwindSafe(|| decide(&issued, &upload))).unwrap_or_else(|_| {
                let at = PANICKED_AT.lock().map(|at| at.clone()).unwrap_or_default();
                Err(format!("the engine panicked at {at}"))
            });
        wire::write_message(to, &answer)?;
    }
    Ok(())
}

fn decide(models: &Models, issued: &Issued, upload: &Upload) -> Result<Decision, String> {
    let Upload { transcript, open, closed, strip } = upload;
    let submission = Submission { transcript, open, closed, strip };
    // A fresh one each time: nothing carries over from one submission to the next.
    let mut scorer = Scorer::new(models.networks());
    engine::decide(issued, &submission, &mut scorer, &Thresholds::V8).map_err(|error| error.to_string())
}

/// Stop signals often go to all processes of a service. The server finishes requests in progress first and needs its
/// workers for that; they end with it.
#[cfg(unix)]
fn ignore_stop_signals() -> io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
    let _entered = runtime.enter();
    // Once registered, the signal no longer ends the process, even with no listener left.
    for kind in [SignalKind::terminate(), SignalKind::interrupt()] {
        drop(signal(kind)?);
    }
    Ok(())
}

#[cfg(not(unix))]
fn ignore_stop_signals() -> io::Result<()> {
    Ok(())
}
