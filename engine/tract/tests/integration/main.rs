//! The engine with its reference runtime: readings of real pictures, and whole attempts with their decisions. In one
//! binary, so that its modules share the loaded networks.
#![allow(clippy::unwrap_used)]

mod support;

mod decide;
mod golden;
mod mirrored;
mod painted;
mod pairs;
mod prompted;
mod stills;
