//! What is timed: the networks and whole frames, with one runtime. Knows no clock; whoever calls it has one.

mod subject;

#[cfg(target_arch = "wasm32")]
mod wasm;

pub use subject::{Runtime, Subject};
