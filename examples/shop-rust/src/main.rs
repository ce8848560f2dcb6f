//! A shop that asks for a check before an order: the same as `examples/shop`, in Rust with axum. Everything is in memory.
//!
//! What to copy into your own backend: `result.rs` decides whether a result counts, `blinkgate.rs` makes checks and fetches
//! results, `webhook.rs` verifies events. `shop.rs` shows where they are called; `--help` says how to start it.

mod blinkgate;
mod pages;
mod random;
mod result;
mod settings;
mod shop;
mod visits;
mod webhook;

use std::process::ExitCode;

use anyhow::Context as _;
use tokio::net::TcpListener;

use settings::{HELP, NO_WEBHOOK, Settings};

#[tokio::main]
async fn main() -> ExitCode {
    match std::env::args().nth(1).as_deref() {
        None => {}
        Some("--help" | "-h") => {
            println!("{HELP}");
            return ExitCode::SUCCESS;
        }
        Some(other) => {
            eprintln!("shop-rust: unknown option '{other}' (try --help)");
            return ExitCode::from(2);
        }
    }
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("shop-rust: {error:#}\n--help says what each setting is, and how to get them all.");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> anyhow::Result<()> {
    // An empty one is as good as none: that is how `docker run -e` and .env files leave things out.
    let settings = Settings::new(|name| std::env::var(name).ok().filter(|value| !value.is_empty()))?;
    let port = settings.port;
    let listener =
        TcpListener::bind(("localhost", port)).await.with_context(|| format!("port {port} (SHOP_ADDRESS)"))?;
    println!("The shop: {}", settings.address);
    if settings.webhook.is_none() {
        println!("{NO_WEBHOOK}");
    }
    Ok(axum::serve(listener, shop::shop(settings)?).await?)
}
