//! A person with a browser, without a browser: registers, opens the mailed link, follows the cues, uploads, and is told the
//! decision, by real requests to a server on this machine.
//!
//! ```text
//! Served (the program, running)      Face → Person (a Camera: frames that answer what is asked)
//!    ↑ HTTP                                   ↓
//! Site ← Visitor ← attend (the camera page: the engine's Attempt in real time) → Recorded → Parcel → Visitor::submit
//! ```

mod attend;
mod camera;
mod face;
mod outbox;
mod parallel;
mod parcel;
mod person;
mod served;
mod site;
mod studio;
mod submit;
mod visitor;

pub use attend::Attended;
pub use camera::Camera;
pub use outbox::Outbox;
pub use parallel::{cores, for_each};
pub use parcel::{Key, Parcel, Recorded};
pub use person::Playing;
pub use served::Served;
pub use site::{Answer, Site};
pub use studio::Studio;
pub use submit::{Decided, Sent};
pub use visitor::{Visitor, consent};
