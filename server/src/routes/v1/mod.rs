//! `/v1/…`: what the backend of a site asks, with a key of that site. It sees nothing of other sites: their checks are
//! unknown to it.

mod access;
mod actions;
mod create;
pub(super) mod events;
mod fields;
mod idempotent;
mod list;
mod result;
mod siteverify;
mod view;
pub(super) mod webhooks;

pub(super) use access::admit;
pub(super) use actions::{cancel, mail, read, redact, settle_due, token};
pub(super) use create::create;
pub(super) use idempotent::{record_first, replay};
pub(super) use list::list;
pub(super) use result::{result, signed_result};
pub(super) use siteverify::siteverify;
pub(super) use view::{public_id, return_to};
