//! Events looked up: a filter and a place to go on from in, a page of rows out, newest first.
//!
//! Each filter has an index that begins with it and goes on by time, so a page costs the same wherever it lies. Where several
//! are given, the narrowest leads; the others are written so that no index offers itself for them, since SQLite, which keeps no
//! statistics here, might take the wrong one.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use super::Connection;
use crate::domain::{ChallengeId, Decision, EventId, ReviewState};

/// What is looked for; `None` looks for everything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// The outcome, as it is stored.
    pub status: Option<&'static str>,
    /// The reason's code.
    pub reason: Option<&'static str>,
    /// The whole address, in whatever letters.
    pub email: Option<String>,
    /// No earlier than this.
    pub from_ms: Option<i64>,
    /// Earlier than this.
    pub until_ms: Option<i64>,
    /// Where it stands with operators.
    pub review: Option<ReviewState>,
}

/// A row's place among all, newest first. It stays where it is when rows are added.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The row's time.
    pub at: i64,
    /// Its id, which tells rows of one millisecond apart.
    pub id: String,
}

/// An event as it is listed: all but the signed record.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Listed {
    /// The row's id.
    pub id: EventId,
    /// The user's address, or a pseudonym.
    pub email: String,
    /// `VERIFIED` or `FAILED`.
    pub status: String,
    /// The reason's code.
    pub reason: Option<String>,
    /// Whether captures were scored, kept or not: 0 or 1.
    pub open_captured: i64,
    /// Where the capture with open eyes is kept.
    pub open_capture_ref: Option<String>,
    /// Where the capture with closed eyes is kept.
    pub closed_capture_ref: Option<String>,
    /// Where the evidence strip is kept.
    pub strip_ref: Option<String>,
    /// When captures that were kept were removed.
    pub captures_removed_at: Option<i64>,
    /// When it ended.
    pub created_at: i64,
    /// Which attempt of the session it was, from 1.
    #[sqlx(try_from = "i64")]
    pub attempt: u32,
    /// The challenge.
    pub challenge_id: ChallengeId,
    /// Name of the thresholds that were used.
    pub thresholds: String,
    /// Version of the engine that decided.
    pub engine: String,
    /// The decision's record, JSON.
    pub details: String,
    /// Why somebody should look at it, JSON.
    pub review: Option<String>,
    /// What an operator decided last.
    pub decision: Option<Decision>,
}

impl Listed {
    /// Where it stands with operators.
    pub fn review_state(&self) -> Option<ReviewState> {
        ReviewState::of(self.review.is_some(), self.decision)
    }

    /// Its place.
    pub fn place(&self) -> Place {
        Place { at: self.created_at, id: self.id.to_string() }
    }
}

/// Returns up to `limit` events that the filter lets through, newest first, from the newest or from behind a place on.
pub async fn list(
    db: &mut Connection,
    filter: &Filter,
    behind: Option<&Place>,
    limit: u32,
) -> sqlx::Result<Vec<Listed>> {
    let Draft { text, values } = draft(filter, behind, limit);
    let mut statement = db.query(kept(text));
    for value in values {
        statement = match value {
            Bound::Number(number) => statement.bind(number),
            Bound::Word(word) => statement.bind(word),
        };
    }
    statement.fetch_all().await
}

/// Every text that [`list`] may come to, so that tests can put each before both databases.
pub fn texts() -> Vec<String> {
    let place = Place { at: -1, id: String::new() };
    let reviews = [None, Some(ReviewState::Open), Some(ReviewState::Approved), Some(ReviewState::Declined)];
    let given = |choice: usize, bit: usize| choice >> bit & 1 == 1;
    let one = |choice: usize| {
        let filter = Filter {
            status: given(choice, 0).then_some("FAILED"),
            reason: given(choice, 1).then_some("no_blink"),
            email: given(choice, 2).then(String::new),
            from_ms: given(choice, 3).then_some(0),
            until_ms: given(choice, 4).then_some(0),
            review: reviews[choice >> 6],
        };
        draft(&filter, given(choice, 5).then_some(&place), 1).text
    };
    (0..64 * reviews.len()).map(one).collect()
}

/// The text, kept for good: there are as many as [`texts`] returns, all of literals ([`Draft::say`]).
fn kept(text: String) -> &'static str {
    static KEPT: Mutex<BTreeSet<&'static str>> = Mutex::new(BTreeSet::new());
    // Nothing that could panic is done while it is locked.
    let mut kept = KEPT.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = kept.get(text.as_str()) {
        return known;
    }
    let text: &'static str = text.leak();
    kept.insert(text);
    text
}

/// A statement as it grows.
struct Draft {
    text: String,
    values: Vec<Bound>,
}

enum Bound {
    Number(i64),
    Word(String),
}

impl Draft {
    /// A word of the statement.
    fn say(&mut self, text: &'static str) -> &mut Self {
        self.text.push_str(text);
        self
    }

    /// The next of `$1`, `$2`, ….
    fn bind(&mut self, value: Bound) -> &mut Self {
        self.values.push(value);
        self.text.push_str(&format!("${}", self.values.len()));
        self
    }
}

/// The filter that the index is chosen by: the narrowest.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Lead {
    Email,
    Decision,
    Open,
    Reason,
    Status,
    Nothing,
}

impl Lead {
    fn of(filter: &Filter) -> Self {
        match filter {
            Filter { email: Some(_), .. } => Lead::Email,
            Filter { review: Some(ReviewState::Approved | ReviewState::Declined), .. } => Lead::Decision,
            Filter { review: Some(ReviewState::Open), .. } => Lead::Open,
            Filter { reason: Some(_), .. } => Lead::Reason,
            Filter { status: Some(_), .. } => Lead::Status,
            _ => Lead::Nothing,
        }
    }
}

fn draft(filter: &Filter, behind: Option<&Place>, limit: u32) -> Draft {
    const COLUMNS: &str = "select e.id, e.email, e.status, e.reason, e.open_captured, e.open_capture_ref,
             e.closed_capture_ref, e.strip_ref, e.captures_removed_at, e.created_at, e.attempt, e.challenge_id,
             e.thresholds, e.engine, e.details, e.review,
             (select d.decision from reviews d where d.event_id = e.id and d.is_last = 1) as decision";
    let lead = Lead::of(filter);
    let mut draft = Draft { text: String::new(), values: Vec::new() };
    draft.say(COLUMNS);
    // The words `cross join` have SQLite begin with the reviews, whose index has them in the events' order.
    draft.say(match lead {
        Lead::Decision => " from reviews r cross join verification_events e where e.id = r.event_id and r.is_last = 1",
        _ => " from verification_events e where 1 = 1",
    });
    let (time, place, order) = match lead {
        Lead::Decision => (
            " and r.event_at ",
            " and (r.event_at, r.event_id) < (",
            " order by r.event_at desc, r.event_id desc limit ",
        ),
        _ => (" and e.created_at ", " and (e.created_at, e.id) < (", " order by e.created_at desc, e.id desc limit "),
    };
    if let Some(email) = &filter.email {
        draft.say(" and lower(e.email) = ").bind(Bound::Word(email.to_ascii_lowercase()));
    }
    review_condition(&mut draft, filter.review, lead);
    if let Some(reason) = filter.reason {
        draft.say(if lead == Lead::Reason { " and e.reason = " } else { " and e.reason || '' = " });
        draft.bind(Bound::Word(reason.to_owned()));
    }
    // Whatever has a reason has failed, and the index of reasons goes on with the outcome.
    if let Some(status) = filter.status.or((lead == Lead::Reason).then_some("FAILED")) {
        let leads = matches!(lead, Lead::Status | Lead::Reason);
        draft.say(if leads { " and e.status = " } else { " and e.status || '' = " });
        draft.bind(Bound::Word(status.to_owned()));
    }
    if let Some(from_ms) = filter.from_ms {
        draft.say(time).say(">= ").bind(Bound::Number(from_ms));
    }
    // One end is enough: with both, SQLite takes another index. What lies behind a place of `until_ms` or later is let through
    // by `until_ms` alone.
    let behind = behind.filter(|place| filter.until_ms.is_none_or(|until_ms| place.at < until_ms));
    if let Some(until_ms) = filter.until_ms.filter(|_| behind.is_none()) {
        draft.say(time).say("< ").bind(Bound::Number(until_ms));
    }
    if let Some(Place { at, id }) = behind {
        draft.say(place).bind(Bound::Number(*at)).say(", ").bind(Bound::Word(id.clone())).say(")");
    }
    draft.say(order).bind(Bound::Number(limit.into()));
    draft
}

fn review_condition(draft: &mut Draft, review: Option<ReviewState>, lead: Lead) {
    const UNDECIDED: &str = " and not exists (select 1 from reviews o where o.event_id = e.id)";
    let decision = match review {
        None => return,
        Some(ReviewState::Open) => {
            draft.say(if lead == Lead::Open { " and e.review is not null" } else { " and e.review || '' <> ''" });
            draft.say(UNDECIDED);
            return;
        }
        Some(ReviewState::Approved) => "approve",
        Some(ReviewState::Declined) => "decline",
    };
    if lead == Lead::Decision {
        draft.say(" and r.decision = ").bind(Bound::Word(decision.to_owned()));
    } else {
        draft.say(" and exists (select 1 from reviews r where r.event_id = e.id and r.is_last = 1 and r.decision = ");
        draft.bind(Bound::Word(decision.to_owned())).say(")");
    }
}
