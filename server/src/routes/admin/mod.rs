//! `/admin/…`: decisions and their evidence, operators' reviews, and the audit trail. Requires an admin key with the
//! scope that the route table names.

mod access;
mod audit;
mod captures;
mod checks;
mod curve;
mod erase;
mod event;
mod events;
mod listed;
mod query;
mod review;
mod sign_in;
mod sites;
mod table;
mod timeline;

pub(super) use access::{SIGN_IN, admit, find_holder, me, refuse};
pub(super) use audit::{checkpoint, entries, entries_csv};
pub(super) use captures::{bundle, capture};
pub(super) use checks::{checks, checks_csv};
pub(super) use erase::erase;
pub(super) use event::event;
pub(super) use events::{events, events_csv};
pub(super) use review::review;
pub(super) use sign_in::{sign_in, sign_out};
pub(super) use sites::sites;
