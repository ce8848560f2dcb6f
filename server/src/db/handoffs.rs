//! Checks that move to a phone: what the first screen offers, and what phones made of it. Tokens and tickets are
//! stored as hashes.

use super::Connection;
use super::row::row;
use crate::domain::{HandoffId, HandoffOutcome, HashedToken, SessionId, UserId, Way};

row! {
    /// An offer of a first screen.
    #[derive(Clone, Debug)]
    pub struct Handoff {
        /// Its id.
        pub id: HandoffId,
        /// Whose check it is.
        pub user_id: UserId,
        /// The first screen's session.
        pub session_id: SessionId,
        /// The first screen's browser; empty if unknown.
        pub browser: String,
        /// The first screen's operating system; empty if unknown.
        pub system: String,
        /// Until when a phone may open it.
        pub expires_at: i64,
        /// When a phone did.
        pub opened_at: Option<i64>,
        /// How that phone came by the link.
        pub way: Option<Way>,
        /// What the first screen shows from then on.
        pub number: Option<i64>,
        /// Until when the phone may choose.
        pub answer_until: Option<i64>,
        /// How it ended.
        pub outcome: Option<HandoffOutcome>,
        /// The phone's session, if it was handed over.
        pub phone_session_id: Option<SessionId>,
    }
}

impl Handoff {
    /// Whether a phone has opened it and may still choose at `now_ms`.
    pub fn is_being_answered(&self, now_ms: i64) -> bool {
        self.outcome.is_none() && self.answer_until.is_some_and(|by| by > now_ms)
    }
}

/// A new offer.
#[derive(Clone, Debug)]
pub struct NewHandoff<'a> {
    /// Its id.
    pub id: HandoffId,
    /// Whose check it is.
    pub user_id: &'a UserId,
    /// The first screen's session.
    pub session_id: &'a SessionId,
    /// The hash of what the code contains.
    pub token: HashedToken,
    /// The first screen's browser and operating system; empty if unknown.
    pub screen: (&'a str, &'a str),
    /// When it is made.
    pub made_at: i64,
    /// Until when a phone may open it.
    pub expires_at: i64,
}

/// What a phone that opens an offer gets.
#[derive(Clone, Debug)]
pub struct Opened {
    /// How it came by the link.
    pub way: Way,
    /// The hash of what it answers with.
    pub ticket: HashedToken,
    /// The number on the first screen.
    pub number: u8,
    /// Until when.
    pub answer_until: i64,
}

/// Stores an offer.
pub async fn insert(db: &mut Connection, new: &NewHandoff<'_>) -> sqlx::Result<()> {
    db.query(
        "insert into handoffs (id, user_id, session_id, token_hash, browser, system, made_at, expires_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8)",
    )
    .bind(&new.id)
    .bind(new.user_id)
    .bind(new.session_id)
    .bind(&new.token)
    .bind(new.screen.0)
    .bind(new.screen.1)
    .bind(new.made_at)
    .bind(new.expires_at)
    .execute()
    .await?;
    Ok(())
}

/// Returns the session's offer that was made or opened last.
pub async fn latest(db: &mut Connection, session: &SessionId) -> sqlx::Result<Option<Handoff>> {
    db.query(
        "select id, user_id, session_id, browser, system, expires_at, opened_at, way, number, answer_until, outcome,
             phone_session_id
         from handoffs where session_id = $1 order by coalesce(opened_at, made_at) desc, id desc limit 1",
    )
    .bind(session)
    .fetch_optional()
    .await
}

/// Returns the offer whose code contains this token.
pub async fn by_token(db: &mut Connection, token: &HashedToken) -> sqlx::Result<Option<Handoff>> {
    db.query(
        "select id, user_id, session_id, browser, system, expires_at, opened_at, way, number, answer_until, outcome,
             phone_session_id
         from handoffs where token_hash = $1",
    )
    .bind(token)
    .fetch_optional()
    .await
}

/// Returns the offer that is answered with this ticket.
pub async fn by_ticket(db: &mut Connection, ticket: &HashedToken) -> sqlx::Result<Option<Handoff>> {
    db.query(
        "select id, user_id, session_id, browser, system, expires_at, opened_at, way, number, answer_until, outcome,
             phone_session_id
         from handoffs where ticket_hash = $1",
    )
    .bind(ticket)
    .fetch_optional()
    .await
}

/// Returns the offer by which this session's check went to a phone.
pub async fn handed_over(db: &mut Connection, session: &SessionId) -> sqlx::Result<Option<Handoff>> {
    db.query(
        "select id, user_id, session_id, browser, system, expires_at, opened_at, way, number, answer_until, outcome,
             phone_session_id
         from handoffs where session_id = $1 and outcome = 'handed_over'",
    )
    .bind(session)
    .fetch_optional()
    .await
}

/// Records that a phone has opened the offer. Returns whether it is the first, and in time.
pub async fn open(db: &mut Connection, id: &HandoffId, opened: &Opened, now_ms: i64) -> sqlx::Result<bool> {
    let updated = db
        .query(
            "update handoffs set opened_at = $2, way = $3, ticket_hash = $4, number = $5, answer_until = $6
             where id = $1 and opened_at is null and outcome is null and expires_at > $2",
        )
        .bind(id)
        .bind(now_ms)
        .bind(opened.way)
        .bind(&opened.ticket)
        .bind(i64::from(opened.number))
        .bind(opened.answer_until)
        .execute()
        .await?;
    Ok(updated == 1)
}

/// Ends the offer, unless it has ended.
pub async fn end(
    db: &mut Connection,
    id: &HandoffId,
    (outcome, phone): (HandoffOutcome, Option<&SessionId>),
    now_ms: i64,
) -> sqlx::Result<()> {
    db.query(
        "update handoffs set outcome = $2, ended_at = $3, phone_session_id = $4 where id = $1 and outcome is null",
    )
    .bind(id)
    .bind(outcome)
    .bind(now_ms)
    .bind(phone)
    .execute()
    .await?;
    Ok(())
}

/// Ends the session's offers that have not ended, all but `except`.
pub async fn end_others(
    db: &mut Connection,
    session: &SessionId,
    except: Option<&HandoffId>,
    outcome: HandoffOutcome,
    now_ms: i64,
) -> sqlx::Result<()> {
    db.query("update handoffs set outcome = $3, ended_at = $4 where session_id = $1 and outcome is null and id <> $2")
        .bind(session)
        .bind(except.map_or("", HandoffId::as_str).to_owned())
        .bind(outcome)
        .bind(now_ms)
        .execute()
        .await?;
    Ok(())
}

/// Removes the session's offers that nobody opened by `until_ms`.
pub async fn forget_unused(db: &mut Connection, session: &SessionId, until_ms: i64) -> sqlx::Result<()> {
    db.query("delete from handoffs where session_id = $1 and opened_at is null and expires_at <= $2")
        .bind(session)
        .bind(until_ms)
        .execute()
        .await?;
    Ok(())
}
