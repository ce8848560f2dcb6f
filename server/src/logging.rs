//! What is logged, and how. No line contains an address, a token, a key or a cookie, with one exception: the
//! development mail transport logs the link.

use tracing_subscriber::EnvFilter;

use crate::config::{LogFormat, LogLevel};

/// Selects what is logged: our own lines at `level` and above; from libraries only warnings, because some of them log
/// what they send at lower levels.
pub fn filter(level: LogLevel) -> EnvFilter {
    let libraries = if level == LogLevel::Error { "error" } else { "warn" };
    EnvFilter::new(format!("{libraries},server={0},blinkgate={0}", level.as_str()))
}

/// Sends log lines to standard output.
pub fn init(level: LogLevel, format: LogFormat) {
    use std::io::IsTerminal;
    let lines = tracing_subscriber::fmt().with_env_filter(filter(level)).with_target(false);
    // A second call (in tests) has no effect.
    let _ = match format {
        LogFormat::Text => lines.with_ansi(std::io::stdout().is_terminal()).try_init(),
        LogFormat::Json => lines.json().flatten_event(true).with_current_span(true).with_span_list(false).try_init(),
    };
}
