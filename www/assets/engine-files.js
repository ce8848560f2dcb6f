// @ts-check
/** What the engine consists of, and where it lies. */

/** The package's module, made by wasm-bindgen. @type {string} */
export const ENGINE_MODULE = '/pkg/engine_wasm.js';

export const ENGINE_FILES = Object.freeze({
  wasm: '/pkg/engine_wasm_bg.wasm',
  detector: '/models/face_detector.onnx',
  trunk: '/models/mesh_trunk.onnx',
  eyeRight: '/models/eye_right.onnx',
  eyeLeft: '/models/eye_left.onnx',
});
