//! Verifying the trail: rows, entries and checkpoints in, signs of tampering out.

use std::collections::BTreeSet;

use serde::Serialize;
use serde_json::Value;

use super::{Checkpoint, chain, digest_of_audit, digest_of_event, personal_digest};
use crate::captures;
use crate::db::trail::{self, EntryWithRow, UnparsedEntries};
use crate::db::{Connection, Db};
use crate::domain::Action;

/// Entries verified at a time.
const PAGE: i64 = 2000;
/// Verification stops at this number of findings.
const MAX_FINDINGS: usize = 20;

/// A sign of tampering.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Finding {
    /// The entry's number; `None` for a row without an entry.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub number: Option<i64>,
    /// The row's id, if known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// What is wrong.
    pub problem: String,
}

/// Result of verifying the trail.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TrailReport {
    /// Number of entries.
    pub entries: i64,
    /// Hash of the last entry.
    pub hash: String,
    /// Findings by number, then rows without an entry. At most twenty.
    pub findings: Vec<Finding>,
}

/// Verifies the whole trail as it is now, and compares it with checkpoints. `progress` gets the number of entries done
/// and in total.
pub async fn verify(db: &Db, checkpoints: &[Checkpoint], progress: impl Fn(i64, i64)) -> sqlx::Result<TrailReport> {
    let mut connection = db.read().await?;
    let head = trail::head(&mut connection).await?;
    let mut check = Check::new(checkpoints);
    let mut page = Page::read(&mut connection, 1, head.number).await?;
    while let Some(current) = page.take() {
        let last = current.last;
        // Read the next page while this one is verified.
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
        findings.insert(finding(named + 1, None, "the entry is beyond the trail's end"));
    }
    let mut findings: Vec<Finding> = findings.into_iter().collect();
    // If each entry has its own row and there are as many rows as entries, no row is left over.
    if !is_whole || trail::rows(&mut connection).await? != head.number {
        for stray in trail::rows_without_entry(&mut connection, MAX_FINDINGS as u32).await? {
            let problem =
                format!("this row ({}) is not in the trail: it was added, or its entry was removed", stray.kind);
            findings.push(Finding { number: None, id: Some(stray.id), problem });
        }
    }
    findings.truncate(MAX_FINDINGS);
    Ok(TrailReport { entries: head.number, hash: head.hash, findings })
}

/// Some entries with their rows.
struct Page {
    first: i64,
    last: i64,
    entries: UnparsedEntries,
}

impl Page {
    /// Reads the entries from `first` up to `end`, at most a page; `None` if there are none.
    async fn read(db: &mut Connection, first: i64, end: i64) -> sqlx::Result<Option<Self>> {
        if first > end {
            return Ok(None);
        }
        let last = end.min(first + PAGE - 1);
        Ok(Some(Self { first, last, entries: trail::entries_with_rows(db, first, last).await? }))
    }
}

/// The state of the verification so far.
struct Check {
    checkpoints: Vec<Checkpoint>,
    /// Hash of the previous entry.
    before: String,
    /// Events that look erased, with the numbers of their entries.
    look_erased: Vec<(i64, String)>,
    /// Events that were erased according to the audit.
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
                    let problem = "a checkpoint has another hash here: this entry, or an earlier one, was rewritten";
                    self.findings.insert(finding(number, Some(&entry.entry_id), problem));
                }
            }
        }
        Ok(())
    }

    /// What is wrong with the entry's row, if anything.
    fn row(&mut self, EntryWithRow { entry, event, audit }: &EntryWithRow) -> Option<&'static str> {
        const CHANGED: &str = "the row was changed";
        const MISSING: &str = "the row is missing";
        if entry.kind == "event" {
            let Some(event) = event else { return Some(MISSING) };
            let refs = [&event.open_capture_ref, &event.closed_capture_ref, &event.strip_ref];
            if refs.into_iter().flatten().any(|reference| captures::event_of(reference).as_ref() != Some(&event.id)) {
                return Some("the row refers to pictures of another event");
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

    fn end(mut self, head: &trail::TrailHead) -> BTreeSet<Finding> {
        for (number, id) in std::mem::take(&mut self.look_erased) {
            if !self.were_erased.contains(&id) {
                let problem = "the row was changed: it looks erased, but the audit has no record of that";
                self.add(finding(number, Some(&id), problem));
            }
        }
        if self.findings.is_empty() && self.before != head.hash {
            self.add(finding(head.number, None, "the hash of the trail's end differs"));
        }
        for checkpoint in self.checkpoints.iter().filter(|checkpoint| checkpoint.number > head.number) {
            let problem = format!("the trail was truncated: a checkpoint counted {} entries", checkpoint.number);
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
