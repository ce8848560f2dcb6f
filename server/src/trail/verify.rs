//! Going over the trail: the rows, the entries and checkpoints in; the first thing that was tampered with out.

use std::collections::BTreeSet;

use serde::Serialize;
use serde_json::Value;

use super::{Checkpoint, chain, digest_of_audit, digest_of_event, personal_digest};
use crate::audit::Action;
use crate::captures;
use crate::db::trail::{self, Named, Unread};
use crate::db::{Connection, Db};

/// Entries that are looked at at a time.
const PAGE: i64 = 2000;
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
    let mut page = Page::read(&mut connection, 1, head.number).await?;
    while let Some(current) = page.take() {
        let last = current.last;
        // The next page is read while this one is gone over.
        let checking = tokio::task::spawn_blocking(move || check.page(&current).map(|()| check));
        let (checked, next) = tokio::join!(checking, Page::read(&mut connection, last + 1, head.number));
        check = checked.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()))?;
        progress(last, head.number);
        if check.findings.len() < MAX_FINDINGS {
            page = next?;
        }
    }
    let is_whole = check.findings.is_empty();
    let mut findings = check.end(&head);
    let (named, last) = trail::ends(&mut connection).await?;
    if last > named {
        findings.insert(finding(named + 1, None, "follows the trail's end"));
    }
    let mut findings: Vec<Finding> = findings.into_iter().collect();
    // Where each entry has a row of its own and there are as many rows, none is left over.
    if !is_whole || trail::rows(&mut connection).await? != head.number {
        for stray in trail::strays(&mut connection, MAX_FINDINGS as u32).await? {
            let problem =
                format!("this row ({}) is not in the trail: somebody added it, or took its entry away", stray.kind);
            findings.push(Finding { number: None, id: Some(stray.id), problem });
        }
    }
    findings.truncate(MAX_FINDINGS);
    Ok(Report { entries: head.number, hash: head.hash, findings })
}

/// Some entries and the rows that they name.
struct Page {
    first: i64,
    last: i64,
    entries: Unread,
}

impl Page {
    /// Reads the entries from `first` on, up to `end`; none if that lies before.
    async fn read(db: &mut Connection, first: i64, end: i64) -> sqlx::Result<Option<Self>> {
        if first > end {
            return Ok(None);
        }
        let last = end.min(first + PAGE - 1);
        Ok(Some(Self { first, last, entries: trail::named(db, first, last).await? }))
    }
}

/// The check as far as it came.
struct Check {
    checkpoints: Vec<Checkpoint>,
    /// Hash of the last entry.
    before: String,
    /// Events that look erased, with their entries' numbers.
    look_erased: Vec<(i64, String)>,
    /// Events that the audit says were erased.
    were_erased: BTreeSet<String>,
    findings: BTreeSet<Finding>,
}

impl Check {
    fn new(checkpoints: &[Checkpoint]) -> Self {
        Self {
            checkpoints: checkpoints.to_vec(),
            before: String::new(),
            look_erased: Vec::new(),
            were_erased: BTreeSet::new(),
            findings: BTreeSet::new(),
        }
    }

    fn page(&mut self, page: &Page) -> sqlx::Result<()> {
        let entries = page.entries.read()?;
        let mut entries = entries.iter().peekable();
        for number in page.first..=page.last {
            let Some(named) = entries.next_if(|named| named.entry.number == number) else {
                self.add(finding(number, None, "the entry is missing"));
                continue;
            };
            let entry = &named.entry;
            let hash = chain(number, &self.before, &entry.kind, &entry.entry_id, &entry.digest);
            if hash != entry.hash {
                self.add(finding(number, Some(&entry.entry_id), "the entry does not follow from the one before it"));
            }
            self.before.clone_from(&entry.hash);
            if let Some(problem) = self.row(named) {
                self.add(finding(number, Some(&entry.entry_id), problem));
            }
            for checkpoint in self.checkpoints.iter().filter(|checkpoint| checkpoint.number == number) {
                if checkpoint.hash != entry.hash {
                    let problem = "a checkpoint has another hash here: this entry, or one before it, was written anew";
                    self.findings.insert(finding(number, Some(&entry.entry_id), problem));
                }
            }
        }
        Ok(())
    }

    /// What is wrong with the row that the entry names.
    fn row(&mut self, Named { entry, event, audit }: &Named) -> Option<&'static str> {
        const CHANGED: &str = "the row was changed";
        const MISSING: &str = "the row is missing";
        if entry.kind == "event" {
            let Some(event) = event else { return Some(MISSING) };
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
        let Some(row) = audit else { return Some(MISSING) };
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
