//! The subject of a measurement: the engine with one runtime.

use engine::{EngineError, Frame, NetworkError, Networks, Session, Thresholds};

/// The runtime of the networks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Runtime {
    /// The packed networks on our own runtime.
    Compact,
    /// The ONNX files on tract.
    Tract,
}

/// The engine with one runtime.
pub struct Subject {
    networks: Networks,
    session: Session,
    inputs: Inputs,
    outputs: [Vec<Vec<f32>>; 3],
}

struct Inputs {
    detector: Vec<f32>,
    trunk: Vec<f32>,
    eye: Vec<f32>,
}

impl Subject {
    /// Takes two sets of the same networks: one to be timed alone, one for whole frames.
    pub fn new(alone: Networks, within: Networks) -> Subject {
        let inputs = Inputs {
            detector: wave(alone.detector.input_len(), 1.0),
            trunk: wave(alone.trunk.input_len(), 0.5),
            eye: wave(alone.eye_right.input_len(), 1.0),
        };
        let outputs = [vec![Vec::new(); 2], vec![Vec::new(); 3], vec![Vec::new(); 1]];
        Subject { networks: alone, session: Session::new(within, Thresholds::V8), inputs, outputs }
    }

    /// Runs the face detector once.
    ///
    /// # Errors
    /// If the network fails.
    pub fn detector(&mut self) -> Result<(), NetworkError> {
        self.networks.detector.run(&self.inputs.detector, &mut self.outputs[0])
    }

    /// Runs the trunk and both eye networks once, as for a tracked face.
    ///
    /// # Errors
    /// If a network fails.
    pub fn trunk_and_eyes(&mut self) -> Result<(), NetworkError> {
        self.networks.trunk.run(&self.inputs.trunk, &mut self.outputs[1])?;
        self.networks.eye_right.run(&self.inputs.eye, &mut self.outputs[2])?;
        self.networks.eye_left.run(&self.inputs.eye, &mut self.outputs[2])
    }

    /// Analyses a frame and returns whether it contains a face.
    ///
    /// # Errors
    /// If a network fails, or if the time goes backwards.
    pub fn frame(&mut self, frame: &Frame, t_ms: f64) -> Result<bool, EngineError> {
        Ok(self.session.push(frame, t_ms)?.face.is_some())
    }
}

/// Values like those of a picture. The time that a kernel takes does not depend on them, except that subnormal numbers would
/// slow it down.
fn wave(count: usize, amplitude: f32) -> Vec<f32> {
    (0..count).map(|i| (i as f32 * 0.37).sin() * amplitude).collect()
}
