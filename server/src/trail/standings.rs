//! Standings: which addresses are verified according to events and reviews, against the users' rows, which sites act on.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher, RandomState};

use serde_json::Value;

use super::finding::{Finding, finding};
use crate::db::audit::AuditEntry;
use crate::db::events::{self, Event};
use crate::db::users::{self, User};
use crate::db::{Connection, trail};
use crate::domain::{Action, Decision, EventId, UserId, UserStatus};

/// Users read at a time.
const PAGE: u32 = 5000;

/// What events and reviews say.
#[derive(Debug, Default)]
pub(super) struct Standings {
    /// By the address's hash: addresses would take too much memory.
    by_address: HashMap<u64, Standing>,
    hasher: RandomState,
    reviews: Vec<(i64, EventId, Decision)>,
    /// Users whose events were redacted with a check: nothing else says whether their address is verified.
    redacted: HashSet<UserId>,
}

/// The last thing that decided whether an address is verified.
#[derive(Clone, Copy, Debug)]
struct Standing {
    number: i64,
    is_verified: bool,
}

impl Standings {
    /// Takes note of an event. Attempts that failed take nothing back.
    pub(super) fn see(&mut self, number: i64, event: &Event) {
        if event.status == "VERIFIED" && says_who(event) {
            self.note(number, &event.email, true);
        }
    }

    /// Takes note of an operator's decision, or of a redaction.
    pub(super) fn hear(&mut self, number: i64, entry: &AuditEntry) {
        if entry.action == Action::CheckRedacted.as_str() {
            let details: Value = serde_json::from_str(&entry.details).unwrap_or_default();
            self.redacted.extend(details["user_kept"].as_str().map(UserId::from_client));
            return;
        }
        if entry.action != Action::EventReviewed.as_str() {
            return;
        }
        let details: Value = serde_json::from_str(&entry.details).unwrap_or_default();
        let decision = serde_json::from_value(details["decision"].clone());
        if let (Some(event), Ok(decision)) = (details["event"].as_str(), decision) {
            self.reviews.push((number, EventId::from_client(event), decision));
        }
    }

    fn note(&mut self, number: i64, email: &str, is_verified: bool) {
        let standing = Standing { number, is_verified };
        let noted = self.by_address.entry(self.hasher.hash_one(email)).or_insert(standing);
        if noted.number <= number {
            *noted = standing;
        }
    }

    /// Compares them with the users' rows. `last`: the last entry that was taken note of. At most `most` findings.
    pub(super) async fn compare(mut self, db: &mut Connection, last: i64, most: usize) -> sqlx::Result<Vec<Finding>> {
        for (number, event, decision) in std::mem::take(&mut self.reviews) {
            // An erased user's event has a pseudonym, which no user has.
            if let Some(event) = events::find(db, &event).await?.filter(says_who) {
                self.note(number, &event.email, decision == Decision::Approve);
            }
        }
        let mut found = Vec::new();
        let mut after: Option<UserId> = None;
        loop {
            let page = users::after(db, after.as_ref(), PAGE).await?;
            for user in &page {
                let standing = self.by_address.remove(&self.hasher.hash_one(user.email.expose()));
                let is_verified = standing.is_some_and(|standing| standing.is_verified)
                    || (user.status == UserStatus::Verified && self.redacted.contains(&user.id));
                if is_verified != (user.status == UserStatus::Verified) && found.len() < most {
                    found.extend(mismatch(db, user, is_verified, last).await?);
                }
            }
            match page.last() {
                Some(user) => after = Some(user.id.clone()),
                None => break,
            }
        }
        let mut without_user: Vec<i64> =
            self.by_address.values().filter(|standing| standing.is_verified).map(|standing| standing.number).collect();
        without_user.sort_unstable();
        if !without_user.is_empty() && !trail::has_entries_about_users_after(db, last).await? {
            let problem = "its address is verified according to this entry, but no user has that address";
            let rest = most.saturating_sub(found.len());
            found.extend(without_user.into_iter().take(rest).map(|number| finding(number, None, problem)));
        }
        Ok(found)
    }
}

/// Whether an event says whether an address is verified: not if it was erased, nor if its check concerned nobody but a
/// site. The record is JSON without spaces, and quotes inside its texts are escaped.
fn says_who(event: &Event) -> bool {
    event.trail_salt.is_some() && !event.details.contains(r#""concerns_user":false"#)
}

/// The finding about a user whose status differs, unless it may have changed since the last entry was read.
async fn mismatch(db: &mut Connection, user: &User, is_verified: bool, last: i64) -> sqlx::Result<Option<Finding>> {
    let has_news = trail::has_events_after(db, user.email.expose(), last).await?
        || trail::has_entries_about_users_after(db, last).await?;
    if has_news {
        return Ok(None);
    }
    let problem = match is_verified {
        true => "this user's address is verified according to events and reviews, but the status is another",
        false => "this user's status is VERIFIED, but no event and no review says so about the address",
    };
    Ok(Some(Finding { number: None, id: Some(user.id.as_str().to_owned()), problem: problem.to_owned() }))
}
