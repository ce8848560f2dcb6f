//! Findings and how they are printed.

use std::io::Write as _;

use serde::Serialize;

/// State of a part.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Health {
    /// It works.
    Ok,
    /// It works, but should be changed before people use the server.
    Doubtful,
    /// It does not work.
    Wrong,
}

/// The finding about one part.
#[derive(Clone, Debug, Serialize)]
pub struct Finding {
    /// The part.
    pub part: &'static str,
    /// Its state.
    pub health: Health,
    /// What was seen.
    pub seen: String,
    /// What to do about it.
    pub remedy: Option<String>,
}

impl Finding {
    /// A part that works.
    pub(super) fn ok(part: &'static str, seen: String) -> Self {
        Self { part, health: Health::Ok, seen, remedy: None }
    }

    /// A part that works for now.
    pub(super) fn doubtful(part: &'static str, seen: String, remedy: &str) -> Self {
        Self { part, health: Health::Doubtful, seen, remedy: Some(remedy.to_owned()) }
    }

    /// A part that does not work.
    pub(super) fn wrong(part: &'static str, seen: String, remedy: &str) -> Self {
        Self { part, health: Health::Wrong, seen, remedy: Some(remedy.to_owned()) }
    }
}

/// Prints the findings.
pub(super) fn print(findings: &[Finding], json: bool) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    if json {
        writeln!(out, "{}", serde_json::to_string_pretty(&serde_json::json!({ "findings": findings }))?)?;
        return Ok(());
    }
    for Finding { part, health, seen, remedy } in findings {
        let health = match health {
            Health::Ok => "ok",
            Health::Doubtful => "doubtful",
            Health::Wrong => "WRONG",
        };
        writeln!(out, "{health:9} {part:11} {seen}")?;
        if let Some(remedy) = remedy {
            writeln!(out, "{:21} → {remedy}", "")?;
        }
    }
    let count = |health| findings.iter().filter(|finding| finding.health == health).count();
    match (count(Health::Wrong), count(Health::Doubtful)) {
        (0, 0) => writeln!(out, "\nEverything works.")?,
        (0, doubtful) => writeln!(out, "\nNothing is wrong; {doubtful} doubtful.")?,
        (wrong, doubtful) => writeln!(out, "\n{wrong} wrong, {doubtful} doubtful.")?,
    }
    Ok(())
}
