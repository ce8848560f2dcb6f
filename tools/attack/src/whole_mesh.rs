//! Meshes with all landmarks and their depths, from which faces are drawn anew. The packed networks, which everything else here
//! runs on, give only what the engine reads.

use std::path::Path;
use std::sync::LazyLock;

use accuracy::DEFAULT_MODELS;
use anyhow::anyhow;
use engine::mesh::Mesh;
use engine::{Networks, Picture, Thresholds, Tracker};
use engine_tract::Models;

static FULL: LazyLock<Result<Models, String>> =
    LazyLock::new(|| clip_maker::load_models(Path::new(DEFAULT_MODELS)).map_err(|error| format!("{error:#}")));

/// The networks with all weights.
pub(crate) fn full_networks() -> anyhow::Result<Networks> {
    FULL.as_ref().map(Models::networks).map_err(|error| anyhow!("{error}"))
}

/// The mesh of the picture's main face, if there is one.
pub(crate) fn whole_mesh(picture: &Picture) -> anyhow::Result<Option<Mesh>> {
    let mut tracker = Tracker::new(full_networks()?);
    Ok(tracker.read(&picture.as_frame(), 0.0, &Thresholds::V8)?.face.map(|face| face.mesh))
}
