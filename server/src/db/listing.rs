//! Listing events: a filter and a cursor in, a page of rows out, newest first.
//!
//! For each filter there is an index that starts with it and continues by time, so every page costs the same. If
//! several filters are given, the most selective one leads. The others are written so that no index matches them:
//! SQLite has no statistics here and might pick the wrong one.

use super::Connection;
use super::row::row;
use crate::domain::{ChallengeId, Decision, EventId, ReviewState};

/// Conditions on the events; `None` accepts all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// The status as stored.
    pub status: Option<&'static str>,
    /// The reason's code.
    pub reason: Option<&'static str>,
    /// The whole address, in any capitalisation.
    pub email: Option<String>,
    /// At this time or later.
    pub from_ms: Option<i64>,
    /// Before this time.
    pub until_ms: Option<i64>,
    /// The state of its review by operators.
    pub review: Option<ReviewState>,
}

/// A position in the list, newest first. It does not move when rows are added.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// The row's time.
    pub at: i64,
    /// The row's id, which orders rows of the same millisecond.
    pub id: String,
}

row! {
    /// A listed event: everything but the signed record.
    #[derive(Clone, Debug)]
    pub struct Listed {
        /// The row's id.
        pub id: EventId,
        /// The user's address, or a pseudonym.
        pub email: String,
        /// `VERIFIED` or `FAILED`.
        pub status: String,
        /// The reason's code.
        pub reason: Option<String>,
        /// Whether captures were scored, stored or not: 0 or 1.
        pub open_captured: i64,
        /// Reference to the capture with open eyes.
        pub open_capture_ref: Option<String>,
        /// Reference to the capture with closed eyes.
        pub closed_capture_ref: Option<String>,
        /// Reference to the evidence strip.
        pub strip_ref: Option<String>,
        /// When stored captures were removed.
        pub captures_removed_at: Option<i64>,
        /// When the attempt ended.
        pub created_at: i64,
        /// Number of the attempt within its session, from 1.
        pub attempt: u32 as i64,
        /// The challenge.
        pub challenge_id: ChallengeId,
        /// Name of the thresholds.
        pub thresholds: String,
        /// Version of the engine that decided.
        pub engine: String,
        /// The decision's record, JSON.
        pub details: String,
        /// Why an operator should look at it, JSON.
        pub review: Option<String>,
        /// The latest decision of an operator.
        pub decision: Option<Decision>,
    }
}

impl Listed {
    /// The state of its review by operators.
    pub fn review_state(&self) -> Option<ReviewState> {
        ReviewState::of(self.review.is_some(), self.decision)
    }

    /// The cursor to continue after this event.
    pub fn cursor(&self) -> Cursor {
        Cursor { at: self.created_at, id: self.id.to_string() }
    }
}

/// Returns up to `limit` events that match the filter, newest first, starting with the newest or after `behind`.
pub async fn list(
    db: &mut Connection,
    filter: &Filter,
    behind: Option<&Cursor>,
    limit: u32,
) -> sqlx::Result<Vec<Listed>> {
    let Draft { text, values } = draft(filter, behind, limit);
    let mut statement = db.query_assembled(text);
    for value in values {
        statement = match value {
            Bound::Number(number) => statement.bind(number),
            Bound::Word(word) => statement.bind(word),
        };
    }
    statement.fetch_all().await
}

/// Every text that [`list`] can produce, so that tests can run each on both databases.
pub fn texts() -> Vec<String> {
    let cursor = Cursor { at: -1, id: String::new() };
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
        draft(&filter, given(choice, 5).then_some(&cursor), 1).text
    };
    (0..64 * reviews.len()).map(one).collect()
}

/// A statement under construction: literals and placeholders only.
struct Draft {
    text: String,
    values: Vec<Bound>,
}

enum Bound {
    Number(i64),
    Word(String),
}

impl Draft {
    /// Appends a literal.
    fn push(&mut self, text: &'static str) -> &mut Self {
        self.text.push_str(text);
        self
    }

    /// Appends the next placeholder (`$1`, `$2`, …) and its value.
    fn bind(&mut self, value: Bound) -> &mut Self {
        self.values.push(value);
        self.text.push_str(&format!("${}", self.values.len()));
        self
    }
}

/// The filter that decides which index is used: the most selective.
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

fn draft(filter: &Filter, behind: Option<&Cursor>, limit: u32) -> Draft {
    const COLUMNS: &str = "select e.id, e.email, e.status, e.reason, e.open_captured, e.open_capture_ref,
             e.closed_capture_ref, e.strip_ref, e.captures_removed_at, e.created_at, e.attempt, e.challenge_id,
             e.thresholds, e.engine, e.details, e.review,
             (select d.decision from reviews d where d.event_id = e.id and d.is_last = 1) as decision";
    let lead = Lead::of(filter);
    let mut draft = Draft { text: String::new(), values: Vec::new() };
    draft.push(COLUMNS);
    // `cross join` makes SQLite start with the reviews, whose index has them in the order of the events.
    draft.push(match lead {
        Lead::Decision => " from reviews r cross join verification_events e where e.id = r.event_id and r.is_last = 1",
        _ => " from verification_events e where 1 = 1",
    });
    let (time, after, order) = match lead {
        Lead::Decision => (
            " and r.event_at ",
            " and (r.event_at, r.event_id) < (",
            " order by r.event_at desc, r.event_id desc limit ",
        ),
        _ => (" and e.created_at ", " and (e.created_at, e.id) < (", " order by e.created_at desc, e.id desc limit "),
    };
    if let Some(email) = &filter.email {
        draft.push(" and lower(e.email) = ").bind(Bound::Word(email.to_ascii_lowercase()));
    }
    review_condition(&mut draft, filter.review, lead);
    if let Some(reason) = filter.reason {
        draft.push(if lead == Lead::Reason { " and e.reason = " } else { " and e.reason || '' = " });
        draft.bind(Bound::Word(reason.to_owned()));
    }
    // Every event with a reason has failed, and the index of reasons continues with the status.
    if let Some(status) = filter.status.or((lead == Lead::Reason).then_some("FAILED")) {
        let leads = matches!(lead, Lead::Status | Lead::Reason);
        draft.push(if leads { " and e.status = " } else { " and e.status || '' = " });
        draft.bind(Bound::Word(status.to_owned()));
    }
    if let Some(from_ms) = filter.from_ms {
        draft.push(time).push(">= ").bind(Bound::Number(from_ms));
    }
    // One upper bound is enough: with both, SQLite picks another index. If the cursor is at `until_ms` or later,
    // `until_ms` alone decides.
    let behind = behind.filter(|cursor| filter.until_ms.is_none_or(|until_ms| cursor.at < until_ms));
    if let Some(until_ms) = filter.until_ms.filter(|_| behind.is_none()) {
        draft.push(time).push("< ").bind(Bound::Number(until_ms));
    }
    if let Some(Cursor { at, id }) = behind {
        draft.push(after).bind(Bound::Number(*at)).push(", ").bind(Bound::Word(id.clone())).push(")");
    }
    draft.push(order).bind(Bound::Number(limit.into()));
    draft
}

fn review_condition(draft: &mut Draft, review: Option<ReviewState>, lead: Lead) {
    const UNDECIDED: &str = " and not exists (select 1 from reviews o where o.event_id = e.id)";
    let decision = match review {
        None => return,
        Some(ReviewState::Open) => {
            draft.push(if lead == Lead::Open { " and e.review is not null" } else { " and e.review || '' <> ''" });
            draft.push(UNDECIDED);
            return;
        }
        Some(ReviewState::Approved) => "approve",
        Some(ReviewState::Declined) => "decline",
    };
    if lead == Lead::Decision {
        draft.push(" and r.decision = ").bind(Bound::Word(decision.to_owned()));
    } else {
        draft.push(" and exists (select 1 from reviews r where r.event_id = e.id and r.is_last = 1 and r.decision = ");
        draft.bind(Bound::Word(decision.to_owned())).push(")");
    }
}
