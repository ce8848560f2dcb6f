//! The runtimes of the networks: the reference and the fast one. The rest of the program sees only `Networks`.

use std::path::Path;

use anyhow::Context;
use engine::Networks;

pub use crate::config::Runtime;
use crate::embedded;

/// The networks of one runtime, loaded and planned.
#[derive(Clone)]
pub enum Models {
    /// See [`Runtime::Tract`].
    Tract(engine_tract::Models),
    /// See [`Runtime::Compact`].
    Compact(engine_compact::Models),
}

impl Models {
    /// Loads the models from a folder, or those embedded in the program.
    ///
    /// # Errors
    /// A model is missing, damaged or of another version.
    pub fn find(runtime: Runtime, folder: Option<&Path>) -> anyhow::Result<Models> {
        Models::read(runtime, |name| match folder {
            None => embedded::model_file(name).map(<[u8]>::to_vec).with_context(|| format!("{name} is missing")),
            Some(folder) => {
                let path = folder.join(name);
                std::fs::read(&path).with_context(|| format!("{} cannot be read", path.display()))
            }
        })
    }

    /// Loads the files that a runtime needs. `read` gets each file's name.
    fn read(runtime: Runtime, read: impl Fn(&str) -> anyhow::Result<Vec<u8>>) -> anyhow::Result<Models> {
        Ok(match runtime {
            Runtime::Tract => Models::Tract(engine_tract::Models::read(read)?),
            Runtime::Compact => Models::Compact(engine_compact::Models::load(&read(engine_compact::FILE_NAME)?)?),
        })
    }

    /// A new set of networks with buffers of its own.
    pub fn networks(&self) -> Networks {
        match self {
            Models::Tract(models) => models.networks(),
            Models::Compact(models) => models.networks(),
        }
    }
}
