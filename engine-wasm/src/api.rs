//! The JavaScript API. Every failure is an `Error` with a stable `code`.

use ed25519_dalek::SigningKey;
use engine::colours::{Colours, Matrix};
use engine::planes::{self, Layout, Plane, Turn};
use engine::{Attempt, EngineError, Frame, KeyKind, Thresholds};
use engine_compact::Models;
use js_sys::Reflect;
use wasm_bindgen::prelude::*;

use crate::js_args;
use crate::report::ObservationReport;

/// The engine with one camera and at most one attempt.
#[wasm_bindgen]
pub struct Engine {
    /// Names the weights.
    models: String,
    attempt: Attempt,
    frame: Vec<u8>,
    width: usize,
    height: usize,
    /// A frame as the browser has it, on its way to `frame`.
    planes: Vec<u8>,
    soft_key: Option<SigningKey>,
}

#[wasm_bindgen]
impl Engine {
    /// Loads the packed networks. Code: `model_corrupt`.
    #[wasm_bindgen(constructor)]
    pub fn new(pack: &[u8]) -> Result<Engine, JsValue> {
        let models = Models::load(pack).map_err(|cause| error("model_corrupt", &cause.to_string()))?;
        Ok(Engine {
            models: models.source().to_owned(),
            attempt: Attempt::new(models.networks(), Thresholds::V8),
            frame: Vec::new(),
            width: 0,
            height: 0,
            planes: Vec::new(),
            soft_key: None,
        })
    }

    /// The versions to state in a bug report, as JSON: `{"engine","models","thresholds"}`.
    pub fn versions(&self) -> String {
        let versions =
            serde_json::json!({ "engine": engine::VERSION, "models": self.models, "thresholds": Thresholds::V8.name });
        versions.to_string()
    }

    /// Makes room for a frame of `width * height * 4` bytes and returns its address in the engine's memory. The worker
    /// writes RGBA pixels there through a fresh view of that memory and then calls [`Engine::push`]. Code:
    /// `frame_size`.
    #[wasm_bindgen(js_name = frameAddress)]
    pub fn frame_address(&mut self, width: usize, height: usize) -> Result<usize, JsValue> {
        let length = width.checked_mul(height).and_then(|pixels| pixels.checked_mul(4));
        let length =
            length.filter(|bytes| *bytes <= MAX_FRAME_BYTES).ok_or_else(|| error("frame_size", "frame too large"))?;
        self.frame.resize(length, 0);
        (self.width, self.height) = (width, height);
        Ok(self.frame.as_mut_ptr() as usize)
    }

    /// Makes room for a frame as the browser has it and returns its address, like [`Engine::frame_address`], for
    /// [`Engine::take_planes`]. Code: `frame_size`.
    #[wasm_bindgen(js_name = planesAddress)]
    pub fn planes_address(&mut self, bytes: usize) -> Result<usize, JsValue> {
        if bytes > MAX_FRAME_BYTES {
            return Err(error("frame_size", "frame too large"));
        }
        self.planes.resize(bytes, 0);
        Ok(self.planes.as_mut_ptr() as usize)
    }

    /// Converts those planes into the frame buffer. `layout`: for three kinds of samples (luma, blue and red chroma if
    /// `matrix` is set, otherwise red, green and blue) the offset, the step and the stride in bytes. `matrix`: its name
    /// in WebCodecs, empty if unknown. `turn`: quarters clockwise that make the frame upright; `mirrored`: what follows.
    /// Code: `frame_size`.
    #[wasm_bindgen(js_name = takePlanes)]
    #[allow(clippy::too_many_arguments)] // An object would have to be taken apart field by field.
    pub fn take_planes(
        &mut self,
        width: usize,
        height: usize,
        layout: &[usize],
        matrix: Option<String>,
        full_range: bool,
        turn: u32,
        mirrored: bool,
    ) -> Result<(), JsValue> {
        let &[a, b, c, d, e, f, g, h, i] = layout else { return Err(error("frame_size", "a layout has nine numbers")) };
        let plane = |offset, step, stride| Plane { offset, step, stride };
        let [first, second, third] = [plane(a, b, c), plane(d, e, f), plane(g, h, i)];
        let layout = match matrix {
            None => Layout::Rgb([first, second, third]),
            Some(name) => {
                let colours = Colours { matrix: Matrix::from_name(&name, height), full_range };
                Layout::Yuv { luma: first, blue: second, red: third, colours }
            }
        };
        let turn = Turn { quarters: turn, mirrored };
        let (across, down) = turn.size((width, height));
        self.frame_address(across, down)?;
        planes::to_rgba(&self.planes, (width, height), &layout, turn, &mut self.frame)
            .map_err(|_| error("frame_size", "the layout is larger than the frame"))
    }

    /// Analyses the frame buffer and returns an observation as JSON.
    pub fn push(&mut self, t_ms: f64) -> Result<String, JsValue> {
        let frame = Frame::new(&self.frame, self.width, self.height).map_err(engine_error)?;
        observe(&mut self.attempt, &frame, t_ms)
    }

    /// Starts recording for a challenge. `terms`: the server's response. `key`: `"webcrypto"` or `"soft"`. `now_ms`:
    /// time 0 of the recording. `public_key`: the registered one. Codes: `terms_invalid`, `engine_version`.
    pub fn begin(&mut self, terms: &JsValue, key: &str, now_ms: f64, public_key: &[u8]) -> Result<(), JsValue> {
        let invalid = |cause: &str| error("terms_invalid", cause);
        let terms = js_args::terms(terms).map_err(invalid)?;
        if terms.thresholds != Thresholds::V8.name {
            return Err(error("engine_version", "the server uses other thresholds; reload the page"));
        }
        let key = match key {
            "webcrypto" => KeyKind::WebCrypto,
            "soft" => KeyKind::Soft,
            _ => return Err(invalid("unknown kind of key")),
        };
        let public_key = public_key.try_into().map_err(|_| invalid("a public key has 32 bytes"))?;
        self.attempt.begin(terms, key, public_key, now_ms);
        Ok(())
    }

    /// The commitment to the round that just ended, as JSON for the server; `undefined` before the first cue.
    pub fn commitment(&self) -> Result<Option<String>, JsValue> {
        let text = self.attempt.commitment().map(serde_json::to_string).transpose();
        text.map_err(|e| error("engine_failed", &e.to_string()))
    }

    /// Takes the cue that the server revealed, at time `now_ms`. Code: `terms_invalid`.
    pub fn reveal(&mut self, cue: &JsValue, now_ms: f64) -> Result<(), JsValue> {
        let cue = js_args::cue(cue).map_err(|field| error("terms_invalid", field))?;
        self.attempt.reveal(cue, now_ms);
        Ok(())
    }

    /// The text to sign, once complete. Code: `incomplete`.
    #[wasm_bindgen(js_name = signingInput)]
    pub fn signing_input(&self) -> Result<String, JsValue> {
        Ok(self.evidence()?.signing_input.clone())
    }

    /// JPEG of the open eyes, once complete. Code: `incomplete`.
    #[wasm_bindgen(js_name = openCapture)]
    pub fn open_capture(&self) -> Result<Vec<u8>, JsValue> {
        Ok(self.evidence()?.open.clone())
    }

    /// JPEG of the closed eyes, once complete. Code: `incomplete`.
    #[wasm_bindgen(js_name = closedCapture)]
    pub fn closed_capture(&self) -> Result<Vec<u8>, JsValue> {
        Ok(self.evidence()?.closed.clone())
    }

    /// JPEG of the evidence strip, once complete. Code: `incomplete`.
    pub fn strip(&self) -> Result<Vec<u8>, JsValue> {
        Ok(self.evidence()?.strip.clone())
    }

    /// Makes a fresh key inside the engine and returns its public part. Code: `no_randomness`.
    #[wasm_bindgen(js_name = softPublicKey)]
    pub fn soft_public_key(&mut self) -> Result<Vec<u8>, JsValue> {
        let mut secret = [0; 32];
        getrandom::fill(&mut secret).map_err(|e| error("no_randomness", &e.to_string()))?;
        let key = self.soft_key.insert(SigningKey::from_bytes(&secret));
        Ok(key.verifying_key().to_bytes().to_vec())
    }

    /// Signs with the key of [`Engine::soft_public_key`]; 64 bytes. Code: `no_key`.
    #[wasm_bindgen(js_name = softSign)]
    pub fn soft_sign(&self, signing_input: &str) -> Result<Vec<u8>, JsValue> {
        use ed25519_dalek::Signer as _;
        let key = self.soft_key.as_ref().ok_or_else(|| error("no_key", "no soft key was made"))?;
        Ok(key.sign(signing_input.as_bytes()).to_bytes().to_vec())
    }

    /// Forgets the attempt, its key and the tracked face.
    pub fn reset(&mut self) {
        self.attempt.reset();
        self.soft_key = None;
    }

    fn evidence(&self) -> Result<&engine::Evidence, JsValue> {
        self.attempt.evidence().ok_or_else(|| error("incomplete", "the recording is not complete yet"))
    }
}

/// A 4K frame. Cameras are asked for 640×480, so their frames are far smaller.
const MAX_FRAME_BYTES: usize = 3840 * 2160 * 4;

fn observe(attempt: &mut Attempt, frame: &Frame, t_ms: f64) -> Result<String, JsValue> {
    let (seen, progress) = attempt.push(frame, t_ms).map_err(engine_error)?;
    let report = ObservationReport::new(&seen, progress, attempt.is_settled());
    serde_json::to_string(&report).map_err(|e| error("engine_failed", &e.to_string()))
}

fn engine_error(cause: impl Into<EngineError>) -> JsValue {
    let cause = cause.into();
    let code = match cause {
        EngineError::TimeOrder => "time_order",
        EngineError::Frame(_) => "frame_size",
        _ => "engine_failed",
    };
    error(code, &cause.to_string())
}

/// A JavaScript `Error` with a `code`.
fn error(code: &str, message: &str) -> JsValue {
    let error = js_sys::Error::new(message);
    // Setting a property of a fresh object cannot fail. Even without the code the message would still be there.
    let _ = Reflect::set(&error, &"code".into(), &code.into());
    error.into()
}
