//! The browser build of the engine. Converts types between JavaScript and [`engine`]; holds no logic of its own.
//!
//! `api.rs` alone knows wasm-bindgen's glue. The rest compiles and is tested natively. How pixels come out of a camera's
//! frame is the page's business (`www/assets/pixels.js`): they arrive in the engine's own memory.

mod api;
mod given;
mod report;

pub use api::Engine;
