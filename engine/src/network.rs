//! The interface between the engine and whatever runs its networks. Knows no model file and no library.

/// A network with one input tensor and a fixed list of output tensors, all channels-last `f32`.
///
/// The shapes are those of `models/README.md`. An implementation may keep buffers, hence `&mut self`.
pub trait Network: Send {
    /// The number of values in the input tensor.
    fn input_len(&self) -> usize;

    /// Runs the network on `input` and replaces each of `outputs` with the output tensor at its position.
    ///
    /// # Errors
    /// [`NetworkError`] if the input's length is not [`Network::input_len`], or if the runtime fails.
    fn run(&mut self, input: &[f32], outputs: &mut [Vec<f32>]) -> Result<(), NetworkError>;
}

/// A network could not be run, or its output does not have the shape its model card states.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NetworkError {
    /// A tensor does not have the expected number of values.
    #[error("{tensor} has {got} values, expected {expected}")]
    Shape {
        /// Which tensor.
        tensor: &'static str,
        /// Values the model card states.
        expected: usize,
        /// Values it has.
        got: usize,
    },
    /// The runtime failed, with its own message.
    #[error("network failed: {0}")]
    Runtime(String),
}

/// The four networks of the engine. Inputs, outputs and origin: `models/README.md`.
pub struct Networks {
    /// Names the weights: a digest over the four model files. Browser and server must use the same.
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

/// Checks that `values` has `expected` entries.
pub(crate) fn check_len(tensor: &'static str, values: &[f32], expected: usize) -> Result<(), NetworkError> {
    if values.len() == expected { Ok(()) } else { Err(NetworkError::Shape { tensor, expected, got: values.len() }) }
}

/// 1 / (1 + e^−v): turns a network's raw score into a probability.
pub(crate) fn sigmoid(v: f32) -> f32 {
    1.0 / (1.0 + (-v).exp())
}
