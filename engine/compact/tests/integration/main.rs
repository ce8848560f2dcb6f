//! The runtime's layers and packs, in one binary.
#![allow(clippy::unwrap_used)]

mod layers;
mod packs;
