//! Listing checks of a site, newest first, for the site and for operators. An index leads to each page, whatever the filter, so all pages cost the same.

use super::Connection;
use super::checks::Check;
use super::listing::Cursor;
use super::row::row;
use crate::domain::{CheckId, CheckStatus, EventId, Gate, SiteId};

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
             client_token_expires_at, method, thresholds, evidence_sha256, handoff, event_id, created_at, expires_at,
             opened_at, ended_at, revoked_at, redacted_at
         from checks
         where site_id = $1 and (created_at, id) < ($2, $3) and created_at >= $4 and test = $5
           and ($6 = '' or status = $6)
         order by created_at desc, id desc limit $7";
    const BY_STATUS: &str = "select id, site_id, user_id, session_id, status, gate, policy, locale, reference, nonce,
             state, return_url, alternative_url, metadata, attempts, last_failure, test, front_door, decide_at,
             client_token_expires_at, method, thresholds, evidence_sha256, handoff, event_id, created_at, expires_at,
             opened_at, ended_at, revoked_at, redacted_at
         from checks
         where site_id = $1 and status = $6 and (created_at, id) < ($2, $3) and created_at >= $4 and test = $5
         order by created_at desc, id desc limit $7";
    const BY_REFERENCE: &str =
        "select id, site_id, user_id, session_id, status, gate, policy, locale, reference, nonce,
             state, return_url, alternative_url, metadata, attempts, last_failure, test, front_door, decide_at,
             client_token_expires_at, method, thresholds, evidence_sha256, handoff, event_id, created_at, expires_at,
             opened_at, ended_at, revoked_at, redacted_at
         from checks
         where site_id = $1 and reference = $8 and (created_at, id) < ($2, $3) and created_at >= $4 and test = $5
           and ($6 = '' or status || '' = $6)
         order by created_at desc, id desc limit $7";
    let text = match (&wanted.reference, wanted.status) {
        (Some(_), _) => BY_REFERENCE,
        (None, Some(_)) => BY_STATUS,
        (None, None) => ALL,
    };
    let (at, id) = position(wanted.behind.as_ref());
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

/// Which checks an operator wants to see.
#[derive(Clone, Debug)]
pub struct Filter {
    /// The site.
    pub site: SiteId,
    /// Their state.
    pub status: Option<CheckStatus>,
}

row! {
    /// A check as operators see it.
    #[derive(Clone, Debug)]
    pub struct Listed {
        /// Its id.
        pub id: CheckId,
        /// The site that asked for it.
        pub site_id: SiteId,
        /// Where it stands.
        pub status: CheckStatus,
        /// How the mailbox is proven.
        pub gate: Gate,
        /// The address, or a pseudonym; `None` in test mode, and once it is redacted.
        pub email: Option<String>,
        /// The site's name for the person.
        pub reference: Option<String>,
        /// Attempts that counted.
        pub attempts: u32 as i64,
        /// The reason of the last attempt that failed.
        pub last_failure: Option<String>,
        /// How the person was recognised as live.
        pub method: Option<String>,
        /// Whether it is decided without a camera: 0 or 1.
        pub test: i64,
        /// Whether it began at the register page: 0 or 1.
        pub front_door: i64,
        /// The event of the attempt that ended it.
        pub event_id: Option<EventId>,
        /// When it was made.
        pub created_at: i64,
        /// Until when it can be finished.
        pub expires_at: i64,
        /// When it ended.
        pub ended_at: Option<i64>,
        /// When an operator took the verification back.
        pub revoked_at: Option<i64>,
        /// When address and pictures were erased.
        pub redacted_at: Option<i64>,
    }
}

impl Listed {
    /// Its position in the list.
    pub fn cursor(&self) -> Cursor {
        Cursor { at: self.created_at, id: self.id.to_string() }
    }
}

/// Returns up to `limit` checks of a site in both modes, for operators.
pub async fn of_site(
    db: &mut Connection,
    filter: &Filter,
    behind: Option<&Cursor>,
    limit: u32,
) -> sqlx::Result<Vec<Listed>> {
    const ALL: &str =
        "select checks.id, site_id, checks.status, gate, email, reference, attempts, last_failure, method,
             test, front_door, event_id, checks.created_at, expires_at, ended_at, revoked_at, redacted_at
         from checks left join users on users.id = checks.user_id
         where site_id = $1 and (checks.created_at, checks.id) < ($2, $3) and $4 = ''
         order by checks.created_at desc, checks.id desc limit $5";
    const BY_STATUS: &str = "select checks.id, site_id, checks.status, gate, email, reference, attempts, last_failure,
             method, test, front_door, event_id, checks.created_at, expires_at, ended_at, revoked_at, redacted_at
         from checks left join users on users.id = checks.user_id
         where site_id = $1 and checks.status = $4 and (checks.created_at, checks.id) < ($2, $3)
         order by checks.created_at desc, checks.id desc limit $5";
    let (at, id) = position(behind);
    let status: &str = filter.status.map_or("", Into::into);
    db.query(if filter.status.is_some() { BY_STATUS } else { ALL })
        .bind(&filter.site)
        .bind(at)
        .bind(id.to_owned())
        .bind(status.to_owned())
        .bind(i64::from(limit))
        .fetch_all()
        .await
}

/// Where a page begins.
fn position(behind: Option<&Cursor>) -> (i64, &str) {
    // Later than any, and behind any id.
    behind.map_or((i64::MAX, "g"), |Cursor { at, id }| (*at, id.as_str()))
}
