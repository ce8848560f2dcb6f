//! The code being timed: the networks and whole frames, with one runtime. Knows no clock; the caller measures.

mod subject;

#[cfg(target_arch = "wasm32")]
mod wasm;

pub use subject::{Runtime, Subject};
