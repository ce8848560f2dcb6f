//! Webhooks: tells sites what happened to their checks, in the form of Standard Webhooks 1.0. Every event is sent at
//! least once to each endpoint that wants it; its id is the same each time, so that a receiver can tell.

mod address;
mod keys;
mod send;
mod worker;

pub use address::{NotAllowed, allowed};
pub use keys::{EndpointKeys, Secrets};
pub use send::{Sender, client};
pub use worker::{deliver_due, run};

use crate::domain::SiteEventId;

/// Prefix of ids of events in the API.
const PREFIX: &str = "evt_";

/// The id of an event as the API and the header `webhook-id` write it.
pub fn public_id(id: &SiteEventId) -> String {
    format!("{PREFIX}{id}")
}

/// The reverse of [`public_id`].
pub fn parse_id(text: &str) -> Option<SiteEventId> {
    Some(SiteEventId::from_client(text.strip_prefix(PREFIX)?)).filter(|id| id.made_at().is_some())
}
