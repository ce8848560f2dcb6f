//! A subject: the engine with one runtime, ready to be timed.

use engine::{EngineError, Frame, NetworkError, Networks, Session, Thresholds};

/// Which runtime runs the networks.
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
    /// Takes two sets of the same networks: one is timed alone, one within whole frames.
    pub fn new(alone: Networks, within: Networks) -> Subject {
        let inputs = Inputs {
            detector: wave(alone.detector.input_len(), 1.0),
            trunk: wave(alone.trunk.input_len(), 0.5),
            eye: wave(alone.eye_right.input_len(), 1.0),
        };
        let outputs = [vec![Vec::new(); 2], vec![Vec::new(); 3], vec![Vec::new(); 1]];
        Subject { networks: alone, session: Session::new(within, Thresholds::V4), inputs, outputs }
    }

    /// Runs the face detector once.
    ///
    /// # Errors
    /// If the network fails.
    pub fn detector(&mut self) -> Result<(), NetworkError> {
        self.networks.detector.run(&self.inputs.detector, &mut self.outputs[0])
    }

    /// Runs trunk and both eyes once, as for a face that is followed.
    ///
    /// # Errors
    /// If a network fails.
    pub fn trunk_and_eyes(&mut self) -> Result<(), NetworkError> {
        self.networks.trunk.run(&self.inputs.trunk, &mut self.outputs[1])?;
        self.networks.eye_right.run(&self.inputs.eye, &mut self.outputs[2])?;
        self.networks.eye_left.run(&self.inputs.eye, &mut self.outputs[2])
    }

    /// Looks at a frame, and whether it holds one face.
    ///
    /// # Errors
    /// If a network fails, or time goes back.
    pub fn frame(&mut self, frame: &Frame, t_ms: f64) -> Result<bool, EngineError> {
        Ok(self.session.push(frame, t_ms)?.face.is_some())
    }
}

/// Values like those of a picture: the time that a kernel takes does not depend on them, but numbers too small to be
/// normal would slow it down.
fn wave(count: usize, greatest: f32) -> Vec<f32> {
    (0..count).map(|i| (i as f32 * 0.37).sin() * greatest).collect()
}
