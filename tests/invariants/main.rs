//! Tests of the sources themselves. What they walk is derived: the workspace's packages from cargo, the files from git.
#![allow(clippy::unwrap_used, unreachable_pub)]

mod architecture;
mod cycles;
mod docs;
mod house;
mod modules;
mod sources;
