//! The same interface for a web page. The only file here that knows wasm-bindgen.

use engine::Frame;
use wasm_bindgen::prelude::*;

use crate::Subject;

/// The engine with one runtime.
#[wasm_bindgen]
pub struct Bench(Subject);

#[wasm_bindgen]
impl Bench {
    /// Uses the compact runtime with a pack.
    pub fn compact(pack: &[u8]) -> Result<Bench, JsError> {
        let models = engine_compact::Models::load(pack)?;
        Ok(Bench(Subject::new(models.networks(), models.networks())))
    }

    /// Uses tract with the four ONNX files.
    pub fn tract(detector: &[u8], trunk: &[u8], eye_right: &[u8], eye_left: &[u8]) -> Result<Bench, JsError> {
        let models = engine_tract::Models::load(&engine_tract::ModelFiles { detector, trunk, eye_right, eye_left })?;
        Ok(Bench(Subject::new(models.networks(), models.networks())))
    }

    /// Runs the face detector once.
    pub fn detector(&mut self) -> Result<(), JsError> {
        Ok(self.0.detector()?)
    }

    /// Runs the trunk and both eye networks once.
    #[wasm_bindgen(js_name = trunkAndEyes)]
    pub fn trunk_and_eyes(&mut self) -> Result<(), JsError> {
        Ok(self.0.trunk_and_eyes()?)
    }

    /// Analyses a frame of RGBA pixels and returns whether it contains a face.
    pub fn frame(&mut self, rgba: &[u8], width: usize, height: usize, t_ms: f64) -> Result<bool, JsError> {
        Ok(self.0.frame(&Frame::new(rgba, width, height)?, t_ms)?)
    }
}
