//! HTTP: parses requests into domain types, calls the modules below, writes responses. No SQL, no pixels.

mod admin;
mod assets;
mod audience;
mod body;
mod challenge;
mod client;
mod client_check;
mod cue;
mod embed;
mod error;
mod give_up;
mod guard;
mod handoff;
mod health;
mod keep;
mod open_session;
mod register;
mod request;
mod router;
mod send_file;
mod session;
mod submission;
mod v1;
mod verify;
mod well_known;
mod whole;

pub use audience::Audience;
pub use error::ApiError;
pub use router::{Access, Route, router, router_for, routes};
