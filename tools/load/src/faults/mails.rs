//! A mail server that is away, then one that says nothing.

use std::time::{Duration, Instant};

use serde_json::json;
use test_client::Visitor;

use super::door::{Door, Stand};
use super::mailbox::Mailbox;
use super::{Faults, Found, again};

/// After the fault every mail is to arrive within the longest pause between tries that it could have come to.
const PATIENCE: Duration = Duration::from_secs(200);
/// Nobody waits for a mail server.
const MAX_ANSWER: Duration = Duration::from_secs(5);
const TIMEOUT_S: &str = "5";

pub(super) fn away_and_silent(faults: &Faults, found: &mut Found) -> anyhow::Result<()> {
    let mailbox = Mailbox::open()?;
    let door = Door::before(format!("127.0.0.1:{}", mailbox.port))?;
    let port = door.port.to_string();
    let served = faults.serve(
        "mails",
        &[
            ("MAIL_SERVER", "127.0.0.1"),
            ("MAIL_PORT", &port),
            ("MAIL_SECURITY", "none"),
            ("MAIL_SENDER", "noreply@example.com"),
            ("MAIL_TIMEOUT_SECONDS", TIMEOUT_S),
        ],
    )?;
    let mut number = 0;
    for (name, stand) in [("mail server away", Stand::Shut), ("mail server silent", Stand::Silent)] {
        door.set(stand);
        let (start, first, mut slowest) = (Instant::now(), number, Duration::ZERO);
        while start.elapsed() < faults.lasts {
            let asked = Instant::now();
            let answer = again(|| Visitor::new(&served.site, number).register())?;
            if answer.status != 202 {
                found.problems.push(format!("{name}: {} {}", answer.status, answer.text));
            }
            slowest = slowest.max(asked.elapsed());
            number += 1;
            std::thread::sleep(faults.lasts / u32::try_from(faults.people)?);
        }
        if slowest > MAX_ANSWER {
            found.problems.push(format!("{name}: a registration took {slowest:?}"));
        }
        door.set(Stand::Open);
        let back = Instant::now();
        let arrived = || mailbox.taken().len() == number as usize;
        while !arrived() && back.elapsed() < PATIENCE {
            std::thread::sleep(Duration::from_millis(50));
        }
        if !arrived() {
            found.problems.push(format!("{name}: {} of {number} mails arrived", mailbox.taken().len()));
        }
        let figures = json!({
            "lasted_s": faults.lasts.as_secs(), "mails": number - first, "slowest_registration_ms": slowest.as_millis() as u64,
            "all_arrived_after_ms": back.elapsed().as_millis() as u64,
        });
        found.faults.insert(name, figures);
    }
    let twice: Vec<_> = mailbox.taken().into_iter().filter(|(_, count)| *count != 1).collect();
    if !twice.is_empty() {
        found.problems.push(format!("not once: {twice:?}"));
    }
    Ok(())
}
