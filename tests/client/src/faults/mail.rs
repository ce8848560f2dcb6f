//! A mail server that is unreachable, then one that sends nothing.

use std::time::{Duration, Instant};

use serde_json::json;

use super::proxy::{Mode, Proxy};
use super::report::FaultReport;
use super::retry::retry_once;
use super::settings::FaultTest;
use super::smtp_sink::SmtpSink;
use crate::user::UserClient;

/// After the fault every mail must arrive within the longest pause between two tries that the fault can have led to.
const TIMEOUT: Duration = Duration::from_secs(200);
/// Users do not wait for a mail server.
const MAX_ANSWER: Duration = Duration::from_secs(5);
const MAIL_TIMEOUT_S: &str = "5";

pub(super) fn test(test: &FaultTest, report: &mut FaultReport) -> anyhow::Result<()> {
    let sink = SmtpSink::start()?;
    let proxy = Proxy::to(format!("127.0.0.1:{}", sink.port))?;
    let port = proxy.port.to_string();
    let server = test.serve(
        "mails",
        &[
            ("MAIL_SERVER", "127.0.0.1"),
            ("MAIL_PORT", &port),
            ("MAIL_SECURITY", "none"),
            ("MAIL_SENDER", "noreply@example.com"),
            ("MAIL_TIMEOUT_SECONDS", MAIL_TIMEOUT_S),
        ],
    )?;
    let mut number = 0;
    for (name, mode) in [("mail server away", Mode::Closed), ("mail server silent", Mode::Silent)] {
        proxy.set(mode);
        let (start, first, mut slowest) = (Instant::now(), number, Duration::ZERO);
        while start.elapsed() < test.lasts {
            let asked = Instant::now();
            let response = retry_once(|| UserClient::new(&server.http, number).register())?;
            if response.status != 202 {
                report.problems.push(format!("{name}: {} {}", response.status, response.text));
            }
            slowest = slowest.max(asked.elapsed());
            number += 1;
            std::thread::sleep(test.lasts / u32::try_from(test.people)?);
        }
        if slowest > MAX_ANSWER {
            report.problems.push(format!("{name}: a registration took {slowest:?}"));
        }
        proxy.set(Mode::Open);
        let reopened = Instant::now();
        let all_arrived = || sink.received().len() == number as usize;
        while !all_arrived() && reopened.elapsed() < TIMEOUT {
            std::thread::sleep(Duration::from_millis(50));
        }
        if !all_arrived() {
            report.problems.push(format!("{name}: {} of {number} mails arrived", sink.received().len()));
        }
        let figures = json!({
            "lasted_s": test.lasts.as_secs(), "mails": number - first, "slowest_registration_ms": slowest.as_millis() as u64,
            "all_arrived_after_ms": reopened.elapsed().as_millis() as u64,
        });
        report.faults.insert(name, figures);
    }
    let repeated: Vec<_> = sink.received().into_iter().filter(|(_, count)| *count != 1).collect();
    if !repeated.is_empty() {
        report.problems.push(format!("not exactly once: {repeated:?}"));
    }
    Ok(())
}
