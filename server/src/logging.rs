//! What is logged, and how. No line holds an address, a token, a key or a cookie, with one exception: the development
//! mail transport logs its link.

use tracing_subscriber::EnvFilter;

use crate::config::LogLevel;

/// Which lines are kept: our own from `level` on; of libraries only warnings, because at lower levels some of them write
/// out what they send.
pub fn filter(level: LogLevel) -> EnvFilter {
    let libraries = if level == LogLevel::Error { "error" } else { "warn" };
    EnvFilter::new(format!("{libraries},server={0},blinkgate={0}", level.as_str()))
}

/// Sends log lines to standard output.
pub fn init(level: LogLevel) {
    use std::io::IsTerminal;
    // A second call (in a test) changes nothing.
    let _ = tracing_subscriber::fmt()
        .with_env_filter(filter(level))
        .with_ansi(std::io::stdout().is_terminal())
        .with_target(false)
        .try_init();
}
