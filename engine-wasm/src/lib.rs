//! The browser build of the engine. Converts types between JavaScript and [`engine`] and has no logic of its own.
//!
//! Only `api.rs` knows wasm-bindgen's glue. The rest also compiles natively and is tested there. The page reads the
//! pixels of a camera frame (`www/assets/pixels.js`) and writes them into the engine's own memory.

mod api;
mod js_args;
mod report;

pub use api::Engine;
