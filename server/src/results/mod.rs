//! Results: what a check found, signed, so that a site can verify it offline. A compact JWS (RFC 7515) with EdDSA.
//!
//! The secret halves of the keys are in no database: they are derived from the server's key for sites and a number.

mod claims;
mod jws;
mod keys;

pub use claims::{Claims, audience};
pub use jws::{Unreadable, sign, verify};
pub use keys::{SigningKeys, are_ours, begin, jwks, rotate};
