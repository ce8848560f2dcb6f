//! The nouns of the server, parsed once: a value of one of these types is always valid.
//! Knows no database, HTTP or clock.

mod action;
mod address_block;
mod admin_key;
mod check;
mod email;
mod handoff;
mod ids;
mod language;
mod logo;
mod mailbox;
mod review;
mod scope;
mod sealing_key;
mod site_id;
mod status;
mod token;

pub use action::Action;
pub use address_block::AddressBlock;
pub use admin_key::PlainAdminKey;
pub use check::{CheckStatus, Gate, SiteEventType};
pub use email::{EmailAddress, EmailError};
pub use handoff::{EndReason, HandoffOutcome, Way};
pub use ids::{
    AdminKeyId, AuditId, ChallengeId, CheckId, EndpointId, EventId, HandoffId, LeaseId, MailId, ReviewId, SessionId,
    SiteEventId, UserId,
};
pub use language::Language;
pub use logo::Logo;
pub use mailbox::is_public_provider;
pub use review::{Decision, Note, ReviewState};
pub use scope::{Scope, Scopes};
pub use sealing_key::SealingKey;
pub use site_id::SiteId;
pub use status::{AttemptStatus, UserStatus};
pub(crate) use token::random_bytes;
pub use token::{HashedToken, PlainToken, random_base64url, random_u32};
