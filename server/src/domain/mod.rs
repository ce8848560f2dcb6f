//! The nouns of the server, parsed once: whoever holds one of these holds a valid one.
//! Knows no database, no HTTP and no clock.

mod email;
mod ids;
mod status;
mod token;

pub use email::{EmailAddress, EmailError};
pub use ids::{AuditId, ChallengeId, EventId, LeaseId, MailId, SessionId, UserId};
pub use status::UserStatus;
pub(crate) use token::random_bytes;
pub use token::{HashedToken, PlainToken, random_base64url, random_u32};
