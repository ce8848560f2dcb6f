//! The seam between the engine's maths and whatever runs the networks. Two methods; knows no model file and no library.

/// A network with one input tensor and a fixed list of output tensors, all channels-last `f32`.
///
/// The shapes are those of `models/README.md`. An implementation may keep buffers, hence `&mut self`.
pub trait Network: Send {
    /// The number of values in the input tensor.
    fn input_len(&self) -> usize;

    /// Runs the network on `input` and replaces each of `outputs` by the output tensor at its position.
    ///
    /// # Errors
    /// [`NetworkError`] if the input has another length than [`Network::input_len`], or if the runtime fails.
    fn run(&mut self, input: &[f32], outputs: &mut [Vec<f32>]) -> Result<(), NetworkError>;
}

/// A network could not be run, or answered with another shape than its model card says.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NetworkError {
    /// A tensor has another number of values than expected.
    #[error("{tensor} has {got} values, expected {expected}")]
    Shape {
        /// Which tensor.
        tensor: &'static str,
        /// Values the model card calls for.
        expected: usize,
        /// Values that came.
        got: usize,
    },
    /// The runtime failed; the text is its own.
    #[error("network failed: {0}")]
    Runtime(String),
}

/// The four networks of the engine. Inputs, outputs and origin: `models/README.md`.
pub struct Networks {
    /// Names the weights: a digest over the four model files. Both sides must name the same.
    pub id: String,
    /// Face detector, 128×128.
    pub detector: Box<dyn Network>,
    /// Attention mesh trunk, 192×192.
    pub trunk: Box<dyn Network>,
    /// Lid refiner of the subject's right eye.
    pub eye_right: Box<dyn Network>,
    /// Lid refiner of the subject's left eye.
    pub eye_left: Box<dyn Network>,
}

/// Fails unless `values` has `expected` entries.
pub(crate) fn check_len(tensor: &'static str, values: &[f32], expected: usize) -> Result<(), NetworkError> {
    if values.len() == expected { Ok(()) } else { Err(NetworkError::Shape { tensor, expected, got: values.len() }) }
}
