//! `blinkgate doctor`: tests each part with the settings of a start, and reports what is wrong and how to fix it.
//!
//! It has the same effects as a start (creates the data folder, its keys and the database if absent, and runs
//! migrations) and no others: no mail is sent. Secrets are never printed.

mod checkpoints;
mod checks;
mod report;

use crate::config::Config;
pub use report::{Finding, Health};

/// Tests everything and prints the findings as text or as one JSON object. Returns whether nothing is wrong.
///
/// # Errors
/// The report cannot be printed.
pub async fn run(json: bool) -> anyhow::Result<bool> {
    let findings = match Config::load() {
        Ok(config) => examine(&config).await,
        Err(error) => vec![Finding::wrong("settings", error.to_string(), "correct it in the environment or in .env")],
    };
    report::print(&findings, json)?;
    Ok(findings.iter().all(|finding| finding.health != Health::Wrong))
}

/// Tests every part.
pub async fn examine(config: &Config) -> Vec<Finding> {
    let base_url = config.base_url(config.port);
    let mut findings = vec![Finding::ok("settings", "all settings are valid".to_owned())];
    findings.push(checks::data_folder(config));
    let (finding, db) = checks::database(config).await;
    findings.push(finding);
    findings.push(checks::admin_key(config));
    findings.push(checks::sites_key(config, db.as_ref()).await);
    findings.push(checks::base_url(config, &base_url));
    findings.push(checks::cookie(config, &base_url));
    findings.extend(checks::listening(config).await);
    findings.extend(checks::mail(config).await);
    findings.extend(checkpoints::check(config, &base_url, db.as_ref()).await);
    findings.push(checks::store(config).await);
    let (finding, confinement) = checks::models(config).await;
    findings.push(finding);
    findings.extend(confinement.map(checks::workers));
    findings.push(checks::clock(db.as_ref()).await);
    if let Some(db) = db {
        db.close().await;
    }
    findings
}
