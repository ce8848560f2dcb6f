//! Whether checkpoints get where they are kept, and whether those that are kept there agree with the trail.

use super::report::Finding;
use crate::app;
use crate::checkpoints::{self, Comparison, Place};
use crate::clock;
use crate::config::{BaseUrl, Config};
use crate::db::Db;
use crate::db::checkpoints::SentCheckpoints;

const PART: &str = "checkpoints";
/// How many contradictions are named.
const NAMED: usize = 5;

pub(super) async fn check(config: &Config, base_url: &BaseUrl, db: Option<&Db>) -> Vec<Finding> {
    let place = match app::checkpoints_place(config) {
        Ok(Some(place)) => place,
        Ok(None) => return vec![Finding::ok(PART, "none are sent elsewhere (CHECKPOINTS_TO)".to_owned())],
        Err(error) => return vec![Finding::wrong(PART, format!("{error:#}"), "correct CHECKPOINTS_TO")],
    };
    // Without a database, that is another finding.
    let Some(db) = db else { return Vec::new() };
    match look(config, base_url, db, &place).await {
        Ok(findings) => findings,
        Err(error) => vec![Finding::wrong(PART, format!("{error:#}"), "check the database's own log")],
    }
}

async fn look(config: &Config, base_url: &BaseUrl, db: &Db, place: &Place) -> anyhow::Result<Vec<Finding>> {
    let key = app::trail_key(config, base_url)?;
    let mut db = db.read().await?;
    let sent = crate::db::checkpoints::find(&mut db, &place.id).await?;
    let mut findings: Vec<Finding> = failing(&sent).into_iter().collect();
    match place.kept().await {
        Ok(Some(kept)) => {
            let compared = checkpoints::compare(&mut db, &key, &kept).await?;
            findings.extend(of_comparison(place, &compared, &sent));
        }
        Ok(None) => findings.push(Finding::ok(PART, format!("sent to {}; {}", place.describe(), last(&sent)))),
        Err(error) => findings.push(Finding::doubtful(
            PART,
            format!("{} cannot be read: {error:#}", place.describe()),
            "compare them by hand: blinkgate verify-log --checkpoint FILE",
        )),
    }
    Ok(findings)
}

/// Whether the latest tries failed.
fn failing(sent: &SentCheckpoints) -> Option<Finding> {
    let at = sent.failed_at.filter(|_| sent.failures > 0)?;
    let seen = format!("the latest could not be sent ({} tries, last at {})", sent.failures, clock::rfc3339(at));
    Some(Finding::doubtful(PART, seen, "the server's log says why; it tries again by itself"))
}

fn of_comparison(place: &Place, compared: &Comparison, sent: &SentCheckpoints) -> Vec<Finding> {
    let mut findings = Vec::new();
    if !compared.differ.is_empty() {
        findings.push(Finding::wrong(
            PART,
            some(&compared.differ),
            "the trail was tampered with, or restored from a backup: blinkgate verify-log --checkpoint FILE",
        ));
    }
    if !compared.unreadable.is_empty() {
        let remedy = "if TRAIL_SIGNING_KEY or APP_BASE_URL was changed, verify these with the earlier public key";
        findings.push(Finding::doubtful(PART, some(&compared.unreadable), remedy));
    }
    if compared.covered < sent.number {
        let seen = format!("{} lacks the latest, of {} entries", place.describe(), sent.number);
        findings.push(Finding::doubtful(PART, seen, "find out who removes checkpoints there"));
    }
    if findings.is_empty() {
        let seen = format!("{} in {} agree with the trail; {}", compared.agree, place.describe(), last(sent));
        findings.push(Finding::ok(PART, seen));
    }
    findings
}

fn last(sent: &SentCheckpoints) -> String {
    match sent.sent_at {
        Some(at) => format!("the last one, of {} entries, was sent at {}", sent.number, clock::rfc3339(at)),
        None => "none was sent yet".to_owned(),
    }
}

/// The first of them, and how many more there are.
fn some(sentences: &[String]) -> String {
    let named = sentences[..sentences.len().min(NAMED)].join("; ");
    match sentences.len().saturating_sub(NAMED) {
        0 => named,
        more => format!("{named}; and {more} more"),
    }
}
