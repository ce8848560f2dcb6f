//! Verifying the trail: rows, entries and checkpoints in, signs of tampering out.

use std::collections::BTreeSet;

use serde::Serialize;

use super::finding::{Finding, finding};
use super::removals::Removals;
use super::standings::Standings;
use super::{Checkpoint, chain, digest_of_audit, digest_of_event, earlier_digest_of_event, personal_digest};
use crate::captures;
use crate::db::trail::{self, EntryWithRow, UnparsedEntries};
use crate::db::{Connection, Db};

/// Entries verified at a time.
const PAGE: i64 = 2000;
/// Verification stops at this number of findings.
const MAX_FINDINGS: usize = 20;

/// Result of verifying the trail.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TrailReport {
    /// Number of entries.
    pub entries: i64,
    /// Hash of the last entry.
    pub hash: String,
    /// Findings by number, then rows without an entry; if there are none, users whose status does not follow from the
    /// trail. At most twenty.
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
    let standings = std::mem::take(&mut check.standings);
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
    // Of a trail that is damaged itself, nothing follows for users.
    if findings.is_empty() {
        findings = standings.compare(&mut connection, head.number, MAX_FINDINGS).await?;
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
    removals: Removals,
    standings: Standings,
    findings: BTreeSet<Finding>,
}

impl Check {
    fn new(checkpoints: &[Checkpoint]) -> Self {
        Self {
            checkpoints: checkpoints.to_vec(),
            before: String::new(),
            removals: Removals::default(),
            standings: Standings::default(),
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
            // Of what was erased or removed, the audit has to know (`removals.rs`).
            let is_whole = event.trail_salt.is_some() && event.record_removed_at.is_none();
            let personal_as_written = !is_whole || event.trail_personal.as_ref() == Some(&personal_digest(event));
            let as_written = [digest_of_event(event), earlier_digest_of_event(event)].contains(&entry.digest);
            if !personal_as_written || !as_written {
                return Some(CHANGED);
            }
            self.removals.see(entry.number, event);
            self.standings.see(entry.number, event);
            return None;
        }
        let Some(row) = audit else { return Some(MISSING) };
        if digest_of_audit(row) != entry.digest {
            return Some(CHANGED);
        }
        self.removals.hear(row);
        self.standings.hear(entry.number, row);
        None
    }

    fn end(mut self, head: &trail::TrailHead) -> BTreeSet<Finding> {
        for (number, id, problem) in std::mem::take(&mut self.removals).unaccounted() {
            self.add(finding(number, Some(id), problem));
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
