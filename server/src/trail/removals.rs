//! Removals: what the audit says was erased or removed from events, against events that look like it.

use std::collections::{HashMap, HashSet};

use serde_json::Value;

use super::personal_digest;
use crate::db::audit::AuditEntry;
use crate::db::events::Event;
use crate::domain::Action;

/// What events look like, and what the audit says about them.
#[derive(Debug, Default)]
pub(super) struct Removals {
    look: Vec<(i64, String, Look)>,
    erased: HashSet<String>,
    without_captures: HashSet<String>,
    /// Versions up to 0.3 did not name the events; theirs are those until this time.
    unnamed_until: i64,
    /// The personal digest of each event without its transcript.
    without_record: HashMap<String, String>,
}

#[derive(Debug)]
enum Look {
    Erased,
    /// Its captures are said to have been removed then.
    WithoutCaptures(i64),
    /// Its transcript is said to have been removed; what is left has this digest.
    WithoutRecord(String),
}

impl Removals {
    /// Takes note of an event whose row is as the trail says, except for what may be removed.
    pub(super) fn see(&mut self, number: i64, event: &Event) {
        let id = event.id.as_str().to_owned();
        // An erasure removes everything else, and says so for all of it.
        if event.trail_salt.is_none() {
            return self.look.push((number, id, Look::Erased));
        }
        if let (None, Some(removed_at)) = (&event.open_capture_ref, event.captures_removed_at) {
            self.look.push((number, id.clone(), Look::WithoutCaptures(removed_at)));
        }
        if event.record_removed_at.is_some() {
            self.look.push((number, id, Look::WithoutRecord(personal_digest(event))));
        }
    }

    /// Takes note of what an entry of the audit says.
    pub(super) fn hear(&mut self, entry: &AuditEntry) {
        let is = |action: Action| entry.action == action.as_str();
        let of_events = [Action::UserErased, Action::CheckRedacted, Action::CapturesExpired, Action::RecordsExpired];
        if !of_events.into_iter().any(is) {
            return;
        }
        let details: Value = serde_json::from_str(&entry.details).unwrap_or_default();
        let ids = || details["events"].as_array().into_iter().flatten().filter_map(|id| Some(id.as_str()?.to_owned()));
        if is(Action::UserErased) || is(Action::CheckRedacted) {
            self.erased.extend(ids());
        } else if is(Action::RecordsExpired) {
            let digests = details["events"].as_object().into_iter().flatten();
            let digests = digests.filter_map(|(id, digest)| Some((id.clone(), digest.as_str()?.to_owned())));
            self.without_record.extend(digests);
        } else if details["events"].is_array() {
            self.without_captures.extend(ids());
        } else {
            self.unnamed_until = self.unnamed_until.max(entry.created_at);
        }
    }

    /// Events that look as if something was removed, although the audit has no record of that.
    pub(super) fn unaccounted(&self) -> impl Iterator<Item = (i64, &str, &'static str)> {
        self.look.iter().filter_map(|(number, id, look)| {
            let problem = match look {
                Look::Erased if !self.erased.contains(id) => {
                    "the row was changed: it looks erased, but the audit has no record of that"
                }
                Look::WithoutCaptures(at) if !self.without_captures.contains(id) && *at > self.unnamed_until => {
                    "the row was changed: its pictures look removed, but the audit has no record of that"
                }
                Look::WithoutRecord(digest) if self.without_record.get(id) != Some(digest) => {
                    "the row was changed: its transcript looks removed, but the audit has no record of that, or of \
                     another rest"
                }
                _ => return None,
            };
            Some((*number, id.as_str(), problem))
        })
    }
}
