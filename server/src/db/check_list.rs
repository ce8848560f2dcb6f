//! Listing a site's checks, newest first. An index leads to each page, whatever the filter, so all pages cost the same.

use super::Connection;
use super::checks::Check;
use super::listing::Cursor;
use crate::domain::{CheckStatus, SiteId};

/// Which of a site's checks.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// The site.
    pub site: SiteId,
    /// The mode of its key.
    pub test: bool,
    /// Their state.
    pub status: Option<CheckStatus>,
    /// Their reference.
    pub reference: Option<String>,
    /// Made at this time or later.
    pub from_ms: i64,
    /// Made before this one.
    pub behind: Option<Cursor>,
}

/// Returns up to `limit` of them.
pub async fn page(db: &mut Connection, wanted: &Wanted, limit: u32) -> sqlx::Result<Vec<Check>> {
    const ALL: &str = "select id, site_id, user_id, session_id, status, gate, policy, locale, reference, nonce, state,
             return_url, alternative_url, metadata, attempts, last_failure, test, front_door, decide_at,
             client_token_expires_at, method, thresholds, evidence_sha256, event_id, created_at, expires_at, opened_at,
             ended_at, revoked_at, redacted_at
         from checks
         where site_id = $1 and (created_at, id) < ($2, $3) and created_at >= $4 and test = $5
           and ($6 = '' or status = $6)
         order by created_at desc, id desc limit $7";
    const BY_STATUS: &str = "select id, site_id, user_id, session_id, status, gate, policy, locale, reference, nonce,
             state, return_url, alternative_url, metadata, attempts, last_failure, test, front_door, decide_at,
             client_token_expires_at, method, thresholds, evidence_sha256, event_id, created_at, expires_at, opened_at,
             ended_at, revoked_at, redacted_at
         from checks
         where site_id = $1 and status = $6 and (created_at, id) < ($2, $3) and created_at >= $4 and test = $5
         order by created_at desc, id desc limit $7";
    const BY_REFERENCE: &str =
        "select id, site_id, user_id, session_id, status, gate, policy, locale, reference, nonce,
             state, return_url, alternative_url, metadata, attempts, last_failure, test, front_door, decide_at,
             client_token_expires_at, method, thresholds, evidence_sha256, event_id, created_at, expires_at, opened_at,
             ended_at, revoked_at, redacted_at
         from checks
         where site_id = $1 and reference = $8 and (created_at, id) < ($2, $3) and created_at >= $4 and test = $5
           and ($6 = '' or status || '' = $6)
         order by created_at desc, id desc limit $7";
    let text = match (&wanted.reference, wanted.status) {
        (Some(_), _) => BY_REFERENCE,
        (None, Some(_)) => BY_STATUS,
        (None, None) => ALL,
    };
    let (at, id) = match &wanted.behind {
        Some(Cursor { at, id }) => (*at, id.as_str()),
        // Later than any, and behind any id.
        None => (i64::MAX, "g"),
    };
    let status: &str = wanted.status.map_or("", Into::into);
    let rows = db
        .query(text)
        .bind(&wanted.site)
        .bind(at)
        .bind(id.to_owned())
        .bind(wanted.from_ms)
        .bind(i64::from(wanted.test))
        .bind(status.to_owned())
        .bind(i64::from(limit));
    match &wanted.reference {
        Some(reference) => rows.bind(reference.clone()).fetch_all().await,
        None => rows.fetch_all().await,
    }
}
