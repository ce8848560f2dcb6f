//! Photographs of people: one frame of each clip.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use accuracy::material::folders;
use accuracy::video::WholeClip;
use accuracy::workers;
use clip_maker::Scene;
use clip_maker::turn::Shape;
use engine::mesh::Mesh;
use engine::{Gate, Picture, Session, Thresholds};
use engine_compact::Models;
use test_client::Face;

use crate::whole_mesh::whole_mesh;

/// Frames of a clip among which a photograph is sought.
const FRAMES: usize = 120;
/// A photograph shows a face turned by no more than this, in degrees.
const MAX_YAW_DEG: f32 = 8.0;
/// Least openness of the eyes, as a share of the clip's own level.
const MIN_OPENNESS: f32 = 0.9;

/// A photograph of one face.
pub(super) struct Photograph {
    /// The clip's name.
    pub(super) name: String,
    picture: Picture,
    mesh: Mesh,
}

impl Photograph {
    /// Its frames in front of a camera, turning as something of this shape.
    pub(super) fn face(&self, shape: Shape) -> anyhow::Result<Face> {
        Face::draw(&Scene::of_shape(shape, self.picture.clone(), &self.mesh, Vec::new()))
    }

    /// The first suitable frame of a clip, if there is one.
    fn of(path: &Path, models: &Models) -> anyhow::Result<Option<Photograph>> {
        let clip = WholeClip::load(path)?;
        let mut session = Session::new(models.networks(), Thresholds::V8);
        for (i, picture) in clip.frames.iter().take(FRAMES).enumerate() {
            let seen = session.push(&picture.as_frame(), i as f64 * 1000.0 / clip.rate)?;
            let is_open = session.is_settled() && seen.lids.openness.is_some_and(|share| share >= MIN_OPENNESS);
            if let Some(face) = seen.face
                && seen.gate == Gate::Ok
                && is_open
                && face.pose.yaw.abs() <= MAX_YAW_DEG
            {
                let mesh = whole_mesh(picture)?;
                return Ok(mesh.map(|mesh| Photograph { name: clip.name, picture: picture.clone(), mesh }));
            }
        }
        Ok(None)
    }
}

/// One photograph of every clip that has a suitable frame. Clips that were drawn from another one are left out: they show
/// the same face.
pub(super) fn all(material: &Path, models: &Models) -> anyhow::Result<Vec<Photograph>> {
    let mut paths: Vec<PathBuf> = Vec::new();
    for folder in folders(material) {
        let entries = std::fs::read_dir(folder.join("videos"))?;
        paths.extend(entries.map(|entry| entry.map(|entry| entry.path())).collect::<Result<Vec<_>, _>>()?);
    }
    let stem = |path: &Path| path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let stems: HashSet<String> = paths.iter().map(|path| stem(path)).collect();
    paths.retain(|path| stem(path).split_once("__").is_none_or(|(_, source)| !stems.contains(source)));
    paths.sort_by_key(|path| stem(path));
    let photographs = workers::map(&paths, |path| Photograph::of(path, models))?;
    Ok(photographs.into_iter().flatten().collect())
}
