//! The browser build of the engine. Converts types between JavaScript and [`engine`]; holds no logic of its own.
//!
//! `api.rs` alone knows wasm-bindgen's glue, `canvas.rs` alone the browser's canvas. The rest compiles and is tested
//! natively.

mod api;
mod canvas;
mod report;

pub use api::Engine;
