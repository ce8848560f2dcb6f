//! Going over the trail: the rows, the entries and checkpoints in; the first thing that was tampered with out.

use std::collections::{BTreeSet, HashMap};

use serde::Serialize;
use serde_json::Value;

use super::{Checkpoint, chain, digest_of_audit, digest_of_event, personal_digest};
use crate::audit::Action;
use crate::captures;
use crate::db::events::Event;
use crate::db::trail::{self, Entry};
use crate::db::{Connection, Db, audit};

/// Entries that are looked at at a time.
const PAGE: i64 = 5000;
/// More findings are not collected.
const MAX_FINDINGS: usize = 20;

/// Something that is not as it was written.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Finding {
    /// The entry's number; `None` for a row that is in no entry.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub number: Option<i64>,
    /// The row's id, where one is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// What is wrong.
    pub problem: String,
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Entries that were looked at.
    pub entries: i64,
    /// Hash of the last one.
    pub hash: String,
    /// What is wrong, by number; rows that are in no entry last. Not more than twenty.
    pub findings: Vec<Finding>,
}

/// Goes over the whole trail, as it is now, and holds it against checkpoints. `progress` is told the number of entries done.
///
/// # Errors
/// What the database says.
pub async fn verify(db: &Db, checkpoints: &[Checkpoint], progress: impl Fn(i64, i64)) -> sqlx::Result<Report> {
    let mut connection = db.read().await?;
    let head = trail::head(&mut connection).await?;
    let mut check = Check::new(checkpoints);
    let mut first = 1;
    while first <= head.number && check.findings.len() < MAX_FINDINGS {
        let last = head.number.min(first + PAGE - 1);
        check.page(&Page::read(&mut connection, first, last).await?);
        progress(last, head.number);
        first = last + 1;
    }
    let mut findings = check.end(&head);
    let (named, last) = trail::ends(&mut connection).await?;
    if last > named {
        findings.insert(finding(named + 1, None, "follows the trail's end"));
    }
    let mut findings: Vec<Finding> = findings.into_iter().collect();
    for stray in trail::strays(&mut connection, MAX_FINDINGS as u32).await? {
        let problem =
            format!("this row ({}) is not in the trail: somebody added it, or took its entry away", stray.kind);
        findings.push(Finding { number: None, id: Some(stray.id), problem });
    }
    findings.truncate(MAX_FINDINGS);
    Ok(Report { entries: head.number, hash: head.hash, findings })
}

/// Some entries and the rows that they name.
struct Page {
    first: i64,
    last: i64,
    entries: Vec<Entry>,
    events: HashMap<String, Event>,
    audits: HashMap<String, audit::Entry>,
}

impl Page {
    async fn read(db: &mut Connection, first: i64, last: i64) -> sqlx::Result<Self> {
        let events = trail::events(db, first, last).await?;
        let audits = trail::audits(db, first, last).await?;
        Ok(Self {
            first,
            last,
            entries: trail::entries(db, first, last).await?,
            events: events.into_iter().map(|event| (event.id.to_string(), event)).collect(),
            audits: audits.into_iter().map(|entry| (entry.id.to_string(), entry)).collect(),
        })
    }
}

/// The check as far as it came.
struct Check<'a> {
    checkpoints: &'a [Checkpoint],
    /// Hash of the last entry.
    before: String,
    /// Events that look erased, with their entries' numbers.
    look_erased: Vec<(i64, String)>,
    /// Events that the audit says were erased.
    were_erased: BTreeSet<String>,
    findings: BTreeSet<Finding>,
}

impl<'a> Check<'a> {
    fn new(checkpoints: &'a [Checkpoint]) -> Self {
        Self {
            checkpoints,
            before: String::new(),
            look_erased: Vec::new(),
            were_erased: BTreeSet::new(),
            findings: BTreeSet::new(),
        }
    }

    fn page(&mut self, page: &Page) {
        let mut entries = page.entries.iter().peekable();
        for number in page.first..=page.last {
            let Some(entry) = entries.next_if(|entry| entry.number == number) else {
                self.add(finding(number, None, "the entry is missing"));
                continue;
            };
            let hash = chain(number, &self.before, &entry.kind, &entry.entry_id, &entry.digest);
            if hash != entry.hash {
                self.add(finding(number, Some(&entry.entry_id), "the entry does not follow from the one before it"));
            }
            self.before.clone_from(&entry.hash);
            if let Some(problem) = self.row(entry, page) {
                self.add(finding(number, Some(&entry.entry_id), problem));
            }
            for checkpoint in self.checkpoints.iter().filter(|checkpoint| checkpoint.number == number) {
                if checkpoint.hash != entry.hash {
                    let problem = "a checkpoint has another hash here: this entry, or one before it, was written anew";
                    self.findings.insert(finding(number, Some(&entry.entry_id), problem));
                }
            }
        }
    }

    /// What is wrong with the row that the entry names.
    fn row(&mut self, entry: &Entry, page: &Page) -> Option<&'static str> {
        const CHANGED: &str = "the row was changed";
        const MISSING: &str = "the row is missing";
        if entry.kind == "event" {
            let Some(event) = page.events.get(&entry.entry_id) else { return Some(MISSING) };
            let refs = [&event.open_capture_ref, &event.closed_capture_ref, &event.strip_ref];
            if refs.into_iter().flatten().any(|reference| captures::event_of(reference).as_ref() != Some(&event.id)) {
                return Some("the row names pictures of another event");
            }
            let is_erased = event.trail_salt.is_none();
            let personal_as_written = is_erased || event.trail_personal.as_ref() == Some(&personal_digest(event));
            if !personal_as_written || digest_of_event(event) != entry.digest {
                return Some(CHANGED);
            }
            if is_erased {
                self.look_erased.push((entry.number, entry.entry_id.clone()));
            }
            return None;
        }
        let Some(row) = page.audits.get(&entry.entry_id) else { return Some(MISSING) };
        if digest_of_audit(row) != entry.digest {
            return Some(CHANGED);
        }
        if row.action == Action::UserErased.as_str() {
            let details: Value = serde_json::from_str(&row.details).unwrap_or_default();
            let events = details["events"].as_array().cloned().unwrap_or_default();
            self.were_erased.extend(events.iter().filter_map(|id| Some(id.as_str()?.to_owned())));
        }
        None
    }

    fn end(mut self, head: &trail::Head) -> BTreeSet<Finding> {
        for (number, id) in std::mem::take(&mut self.look_erased) {
            if !self.were_erased.contains(&id) {
                let problem = "the row was changed: it looks erased, and the audit knows nothing of that";
                self.add(finding(number, Some(&id), problem));
            }
        }
        if self.findings.is_empty() && self.before != head.hash {
            self.add(finding(head.number, None, "the trail's end has another hash"));
        }
        for checkpoint in self.checkpoints.iter().filter(|checkpoint| checkpoint.number > head.number) {
            let problem = format!("the trail was cut: a checkpoint saw {} entries", checkpoint.number);
            self.findings.insert(finding(head.number + 1, None, &problem));
        }
        self.findings
    }

    fn add(&mut self, finding: Finding) {
        if self.findings.len() < MAX_FINDINGS {
            self.findings.insert(finding);
        }
    }
}

fn finding(number: i64, id: Option<&str>, problem: &str) -> Finding {
    Finding { number: Some(number), id: id.map(str::to_owned), problem: problem.to_owned() }
}
