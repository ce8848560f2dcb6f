//! What runs the networks: the reference or the fast one. The rest of the program sees networks only.

use std::borrow::Cow;
use std::path::Path;

use anyhow::Context;
use clap::ValueEnum;
use engine::Networks;

use crate::embedded;

/// A runtime.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Runtime {
    /// tract with the ONNX files: the reference
    #[default]
    Tract,
    /// Our own with the packed networks, as in the browser: several times as fast
    Compact,
}

impl std::str::FromStr for Runtime {
    type Err = String;

    fn from_str(text: &str) -> Result<Runtime, String> {
        <Runtime as ValueEnum>::from_str(text, false)
    }
}

/// The networks of one runtime, planned once.
#[derive(Clone)]
pub enum Models {
    /// See [`Runtime::Tract`].
    Tract(engine_tract::Models),
    /// See [`Runtime::Compact`].
    Compact(engine_compact::Models),
}

impl Models {
    /// Loads the models in a folder, or those inside the program.
    ///
    /// # Errors
    /// One is missing, damaged or of another version.
    pub fn find(runtime: Runtime, folder: Option<&Path>) -> anyhow::Result<Models> {
        Models::read(runtime, |name| match folder {
            None => embedded::model_file(name).map(Cow::into_owned).with_context(|| format!("{name} is missing")),
            Some(folder) => {
                let path = folder.join(name);
                std::fs::read(&path).with_context(|| format!("{} cannot be read", path.display()))
            }
        })
    }

    /// Loads the files that a runtime needs, each read by its name.
    ///
    /// # Errors
    /// What `read` says, or that a file is damaged or of another version.
    fn read(runtime: Runtime, read: impl Fn(&str) -> anyhow::Result<Vec<u8>>) -> anyhow::Result<Models> {
        Ok(match runtime {
            Runtime::Tract => Models::Tract(engine_tract::Models::read(read)?),
            Runtime::Compact => Models::Compact(engine_compact::Models::load(&read(engine_compact::FILE_NAME)?)?),
        })
    }

    /// A fresh set of networks with buffers of its own.
    pub fn networks(&self) -> Networks {
        match self {
            Models::Tract(models) => models.networks(),
            Models::Compact(models) => models.networks(),
        }
    }
}
