//! Checks: made (here), moved from state to state (`check_states.rs`), listed (`check_list.rs`), redacted
//! (`check_redaction.rs`).

use super::Connection;
use super::row::row;
use crate::domain::{CheckId, CheckStatus, EventId, Gate, HashedToken, SessionId, SiteId, UserId, UserStatus};

row! {
    /// A check.
    #[derive(Clone, Debug)]
    pub struct Check {
        /// Its id.
        pub id: CheckId,
        /// The site that asked for it.
        pub site_id: SiteId,
        /// Its user; `None` in test mode, and once it is redacted.
        pub user_id: Option<UserId>,
        /// The last session at the camera.
        pub session_id: Option<SessionId>,
        /// Where it stands.
        pub status: CheckStatus,
        /// How the mailbox is proven.
        pub gate: Gate,
        /// The kind of challenge that the site asked for.
        pub policy: Option<String>,
        /// The language that the site asked for.
        pub locale: Option<String>,
        /// The site's name for the person.
        pub reference: Option<String>,
        /// The site's nonce, which results repeat.
        pub nonce: Option<String>,
        /// The site's state, which comes back with the person.
        pub state: Option<String>,
        /// Where the person is sent afterwards.
        pub return_url: Option<String>,
        /// Where the site offers another way.
        pub alternative_url: Option<String>,
        /// The site's own words, JSON.
        pub metadata: String,
        /// Attempts that counted.
        pub attempts: u32 as i64,
        /// The reason of the last attempt that failed.
        pub last_failure: Option<String>,
        /// Whether it is decided without a camera: 0 or 1.
        pub test: i64,
        /// Whether it began at the register page: 0 or 1.
        pub front_door: i64,
        /// In test mode: when it is decided.
        pub decide_at: Option<i64>,
        /// Until when its client token opens it.
        pub client_token_expires_at: Option<i64>,
        /// How the person was recognised as live.
        pub method: Option<String>,
        /// Name of the thresholds of the attempt that ended it.
        pub thresholds: Option<String>,
        /// Digest of the evidence of that attempt.
        pub evidence_sha256: Option<String>,
        /// How the person came to the device that finished it, if they changed devices.
        pub handoff: Option<String>,
        /// The event of that attempt.
        pub event_id: Option<EventId>,
        /// When it was made.
        pub created_at: i64,
        /// Until when it can be finished.
        pub expires_at: i64,
        /// When the person could first begin.
        pub opened_at: Option<i64>,
        /// When it ended.
        pub ended_at: Option<i64>,
        /// When an operator took the verification back.
        pub revoked_at: Option<i64>,
        /// When address and pictures were erased.
        pub redacted_at: Option<i64>,
    }
}

impl Check {
    /// Whether its time is over at `now_ms`.
    pub fn is_overdue(&self, now_ms: i64) -> bool {
        self.status.is_going_on() && self.expires_at <= now_ms
    }

    /// What the pages show the person about it, if they go by the check: those of the register page go by the user.
    pub fn of_person(&self) -> Option<UserStatus> {
        (self.front_door == 0).then(|| self.status.of_person(self.last_failure.is_some()))
    }
}

/// Stores a new check.
pub async fn insert(db: &mut Connection, check: &Check, client_token: Option<&HashedToken>) -> sqlx::Result<()> {
    db.query(
        "insert into checks (id, site_id, user_id, status, gate, policy, locale, reference, nonce, state, return_url,
             alternative_url, metadata, test, front_door, decide_at, client_token_hash, client_token_expires_at,
             created_at, expires_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20)",
    )
    .bind(&check.id)
    .bind(&check.site_id)
    .bind(&check.user_id)
    .bind(check.status)
    .bind(check.gate)
    .bind(&check.policy)
    .bind(&check.locale)
    .bind(&check.reference)
    .bind(&check.nonce)
    .bind(&check.state)
    .bind(&check.return_url)
    .bind(&check.alternative_url)
    .bind(&check.metadata)
    .bind(check.test)
    .bind(check.front_door)
    .bind(check.decide_at)
    .bind(client_token)
    .bind(check.client_token_expires_at)
    .bind(check.created_at)
    .bind(check.expires_at)
    .execute()
    .await?;
    Ok(())
}

/// Returns the check with this id, whatever its site.
pub async fn get(db: &mut Connection, id: &CheckId) -> sqlx::Result<Option<Check>> {
    db.query(
        "select id, site_id, user_id, session_id, status, gate, policy, locale, reference, nonce, state, return_url,
             alternative_url, metadata, attempts, last_failure, test, front_door, decide_at, client_token_expires_at,
             method, thresholds, evidence_sha256, handoff, event_id, created_at, expires_at, opened_at, ended_at,
             revoked_at, redacted_at
         from checks where id = $1",
    )
    .bind(id)
    .fetch_optional()
    .await
}

/// Returns the check with this id, if it is the site's and of the mode of its key.
pub async fn find(db: &mut Connection, id: &CheckId, site: &SiteId, test: bool) -> sqlx::Result<Option<Check>> {
    let found = get(db, id).await?;
    Ok(found.filter(|check| check.site_id == *site && check.test == i64::from(test)))
}

/// Returns the check whose person holds this token.
pub async fn by_client_token(db: &mut Connection, token: &HashedToken) -> sqlx::Result<Option<Check>> {
    db.query(
        "select id, site_id, user_id, session_id, status, gate, policy, locale, reference, nonce, state, return_url,
             alternative_url, metadata, attempts, last_failure, test, front_door, decide_at, client_token_expires_at,
             method, thresholds, evidence_sha256, handoff, event_id, created_at, expires_at, opened_at, ended_at,
             revoked_at, redacted_at
         from checks where client_token_hash = $1",
    )
    .bind(token)
    .fetch_optional()
    .await
}

/// Returns the check that a session belongs to, if any.
pub async fn of_session(db: &mut Connection, session: &SessionId) -> sqlx::Result<Option<Check>> {
    let row: Option<(Option<CheckId>,)> =
        db.query("select check_id from capture_sessions where id = $1").bind(session).fetch_optional().await?;
    match row.and_then(|(id,)| id) {
        Some(id) => get(db, &id).await,
        None => Ok(None),
    }
}

/// Returns the checks of this user.
pub async fn of_user(db: &mut Connection, user: &UserId) -> sqlx::Result<Vec<CheckId>> {
    let rows: Vec<(CheckId,)> =
        db.query("select id from checks where user_id = $1 order by id").bind(user).fetch_all().await?;
    Ok(rows.into_iter().map(|(id,)| id).collect())
}

/// Returns the check whose attempt with this event ended it, if any.
pub async fn by_event(db: &mut Connection, event: &EventId) -> sqlx::Result<Option<CheckId>> {
    let row: Option<(CheckId,)> = db
        .query(
            "select a.check_id from check_attempts a join verification_events e on e.challenge_id = a.challenge_id
             where e.id = $1",
        )
        .bind(event)
        .fetch_optional()
        .await?;
    Ok(row.map(|(id,)| id))
}

/// Gives the check a new client token; the one before stops working.
pub async fn set_client_token(
    db: &mut Connection,
    id: &CheckId,
    token: &HashedToken,
    expires_at: i64,
) -> sqlx::Result<()> {
    db.query("update checks set client_token_hash = $2, client_token_expires_at = $3 where id = $1")
        .bind(id)
        .bind(token)
        .bind(expires_at)
        .execute()
        .await?;
    Ok(())
}
