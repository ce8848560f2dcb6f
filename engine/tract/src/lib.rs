//! The engine's [`Network`] trait implemented with tract-onnx: the server's default runtime and the reference in tests.
//! The only file that knows tract.

use std::collections::HashMap;
use std::io::Cursor;
use std::sync::Arc;

use engine::{Network, NetworkError, Networks};
use sha2::{Digest, Sha256};
use tract_onnx::prelude::*;

/// The four model files as bytes. `models/README.md` describes them.
#[derive(Clone, Copy)]
pub struct ModelFiles<'a> {
    /// `face_detector.onnx`
    pub detector: &'a [u8],
    /// `mesh_trunk.onnx`
    pub trunk: &'a [u8],
    /// `eye_right.onnx`
    pub eye_right: &'a [u8],
    /// `eye_left.onnx`
    pub eye_left: &'a [u8],
}

/// Names of the files in `models/`, in the order of [`ModelFiles`].
pub const FILE_NAMES: [&str; 4] = ["face_detector.onnx", "mesh_trunk.onnx", "eye_right.onnx", "eye_left.onnx"];

/// Digest over the names and checksums of the model files that this build expects: [`Networks::id`].
pub fn models_id() -> String {
    hex(&Sha256::digest(PINNED_SUMS))
}

/// Checks that `bytes` are the pinned file with this name.
///
/// # Errors
/// [`LoadError::Corrupt`] if they are not.
pub fn check_sum(name: &'static str, bytes: &[u8]) -> Result<(), LoadError> {
    let sum = hex(&Sha256::digest(bytes));
    let is_pinned = pinned_sums().get(name).is_some_and(|expected| *expected == sum);
    if is_pinned { Ok(()) } else { Err(LoadError::Corrupt { name, got: sum }) }
}

/// The loaded models: planned once, then shared by any number of [`Networks`].
#[derive(Clone)]
pub struct Models {
    plans: [Arc<TypedRunnableModel>; 4],
}

impl Models {
    /// Checks the files' checksums and plans the networks.
    ///
    /// # Errors
    /// [`LoadError::Corrupt`] if a file is not the pinned one, [`LoadError::Runtime`] if tract rejects it.
    pub fn load(files: &ModelFiles) -> Result<Models, LoadError> {
        let ModelFiles { detector, trunk, eye_right, eye_left } = *files;
        let [a, b, c, d] = FILE_NAMES;
        let load = |name: &'static str, bytes: &[u8]| {
            check_sum(name, bytes)?;
            plan(bytes).map_err(|e| LoadError::Runtime { name, cause: format!("{e:#}") })
        };
        Ok(Models { plans: [load(a, detector)?, load(b, trunk)?, load(c, eye_right)?, load(d, eye_left)?] })
    }

    /// Like [`Models::load`], with `read` returning each file by its name ([`FILE_NAMES`]).
    ///
    /// # Errors
    /// An error of `read`, or a [`LoadError`].
    pub fn read<E: From<LoadError>>(read: impl Fn(&'static str) -> Result<Vec<u8>, E>) -> Result<Models, E> {
        let [detector, trunk, eye_right, eye_left] = FILE_NAMES;
        let (detector, trunk) = (read(detector)?, read(trunk)?);
        let (eye_right, eye_left) = (read(eye_right)?, read(eye_left)?);
        let files = ModelFiles { detector: &detector, trunk: &trunk, eye_right: &eye_right, eye_left: &eye_left };
        Ok(Models::load(&files)?)
    }

    /// A new set of networks with its own buffers.
    pub fn networks(&self) -> Networks {
        let [detector, trunk, eye_right, eye_left] = self.plans.each_ref().map(|plan| -> Box<dyn Network> {
            Box::new(TractNetwork { plan: Arc::clone(plan), shape: input_shape(plan) })
        });
        Networks { id: models_id(), detector, trunk, eye_right, eye_left }
    }
}

/// A model file could not be loaded.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoadError {
    /// The bytes are not those that this build expects.
    #[error("model file {name} is damaged or of another version (SHA-256 {got})")]
    Corrupt {
        /// Which file.
        name: &'static str,
        /// Checksum of the bytes given.
        got: String,
    },
    /// The runtime rejected the file.
    #[error("model file {name} could not be loaded: {cause}")]
    Runtime {
        /// Which file.
        name: &'static str,
        /// The runtime's own message.
        cause: String,
    },
}

/// `models/SHA256SUMS`, in the format of sha256sum.
const PINNED_SUMS: &str = include_str!("../../../models/SHA256SUMS");

fn pinned_sums() -> HashMap<&'static str, &'static str> {
    PINNED_SUMS.lines().filter_map(|line| line.split_once("  ")).map(|(sum, name)| (name, sum)).collect()
}

fn plan(bytes: &[u8]) -> TractResult<Arc<TypedRunnableModel>> {
    tract_onnx::onnx().model_for_read(&mut Cursor::new(bytes))?.into_optimized()?.into_runnable()
}

/// Runs an ONNX file on `input` and returns the values with these names, each in its own layout. Used to compare
/// another runtime layer by layer. The file may be any that tract can read.
///
/// # Errors
/// [`LoadError::Runtime`] if tract rejects the file, does not find a name, or fails.
pub fn values(onnx: &[u8], names: &[String], input: &[f32]) -> Result<Vec<Vec<f32>>, LoadError> {
    let run = || -> TractResult<Vec<Vec<f32>>> {
        let model = tract_onnx::onnx().model_for_read(&mut Cursor::new(onnx))?;
        let plan = model.with_outputs_by_name(names)?.into_optimized()?.into_runnable()?;
        let tensor = Tensor::from_shape(&input_shape(&plan), input)?;
        let results = plan.run(tvec!(tensor.into()))?;
        results.iter().map(|result| Ok(result.to_plain_array_view::<f32>()?.iter().copied().collect())).collect()
    };
    run().map_err(|e| LoadError::Runtime { name: "for comparison", cause: format!("{e:#}") })
}

struct TractNetwork {
    plan: Arc<TypedRunnableModel>,
    shape: Vec<usize>,
}

fn input_shape(plan: &TypedRunnableModel) -> Vec<usize> {
    let fact = plan.model().input_fact(0).ok();
    fact.and_then(|fact| fact.shape.as_concrete().map(<[usize]>::to_vec)).unwrap_or_default()
}

impl Network for TractNetwork {
    fn input_len(&self) -> usize {
        self.shape.iter().product()
    }

    fn run(&mut self, input: &[f32], outputs: &mut [Vec<f32>]) -> Result<(), NetworkError> {
        if input.len() != self.input_len() {
            return Err(NetworkError::Shape { tensor: "input", expected: self.input_len(), got: input.len() });
        }
        let runtime = |e: TractError| NetworkError::Runtime(format!("{e:#}"));
        let tensor = Tensor::from_shape(&self.shape, input).map_err(runtime)?;
        let results = self.plan.run(tvec!(tensor.into())).map_err(runtime)?;
        if results.len() != outputs.len() {
            return Err(NetworkError::Shape { tensor: "outputs", expected: outputs.len(), got: results.len() });
        }
        for (output, result) in outputs.iter_mut().zip(&results) {
            let values = result.to_plain_array_view::<f32>().map_err(runtime)?;
            output.clear();
            output.extend(values.iter());
        }
        Ok(())
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}
