//! A scoring worker that misbehaves, for the tests (`tests/api/workers.rs`).
//!
//! The file `acts` in its models folder says what to do with each submission, one word per line. A line is removed before it
//! is acted on, so that the next worker continues with the next one. Without a line, the worker rejects.
#![allow(clippy::unwrap_used)]

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use engine::{Decision, Fingerprints, Reason, Record, Verdict};
use server::scoring;

fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().collect();
    let folder = arguments.iter().position(|argument| argument == "--models-dir").unwrap() + 1;
    let folder = PathBuf::from(&arguments[folder]);
    let cpu_s = arguments.iter().find_map(|argument| argument.strip_prefix("--cpu-seconds=")).unwrap().parse()?;
    scoring::confine(scoring::WorkerLimits::USUAL.address_space)?;
    let (from, to) = (&mut io::stdin().lock(), &mut io::stdout());
    Ok(scoring::answer_all(from, to, "models", cpu_s, |_, _| act(&next_act(&folder)))?)
}

fn next_act(folder: &Path) -> String {
    let file = folder.join("acts");
    let acts = std::fs::read_to_string(&file).unwrap_or_default();
    let (act, rest) = acts.split_once('\n').unwrap_or_default();
    std::fs::write(&file, rest).unwrap();
    act.to_owned()
}

fn act(act: &str) -> Result<Decision, String> {
    match act {
        "" => {}
        "spin" => loop {
            std::hint::black_box(());
        },
        "hang" => std::thread::sleep(Duration::from_secs(600)),
        "slow" => std::thread::sleep(Duration::from_millis(300)),
        "crash" => std::process::abort(),
        "leave" => std::process::exit(0),
        "panic" => panic!("what was read: secret"),
        "fail" => return Err("a network failed".to_owned()),
        // Used, or the optimiser would remove it.
        "eat" => _ = std::hint::black_box(vec![1_u8; 1 << 30]),
        "babble" => {
            io::stdout().write_all(&[5, 0, 0, 0]).unwrap();
            io::stdout().write_all(b"hello").unwrap();
            io::stdout().flush().unwrap();
            std::thread::sleep(Duration::from_secs(600));
        }
        "boast" => {
            io::stdout().write_all(&[0xFF; 64]).unwrap();
            io::stdout().flush().unwrap();
            std::thread::sleep(Duration::from_secs(600));
        }
        // Answers, and exits before the next submission.
        "last" => {
            _ = std::thread::spawn(|| {
                std::thread::sleep(Duration::from_millis(100));
                std::process::exit(0);
            })
        }
        other => panic!("no such act: {other}"),
    }
    Ok(Decision {
        verdict: Verdict::Rejected(Reason::NoBlink),
        record: Record::default(),
        fingerprints: Fingerprints::default(),
    })
}
