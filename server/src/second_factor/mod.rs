//! The second factor of operators' keys: codes that an app on a phone makes every 30 seconds (TOTP, RFC 6238). A key that
//! has one opens nothing by itself. With a code it opens a session (`sign_in.rs`), which then opens what the key would.

mod factor;
mod sign_in;

pub use factor::{Factor, FactorKey};
pub use sign_in::{SESSION_PREFIX, Session, SignIn, sign_in};
