//! The browser build of the engine. Converts types between JavaScript and [`engine`].
//!
//! Only `api.rs` knows wasm-bindgen's glue. The rest also compiles natively and is tested there. The page copies a
//! camera frame (`www/assets/pixels.js`) into the engine's own memory, as RGBA or as the planes that the browser has.

mod api;
mod js_args;
mod report;

pub use api::Engine;
