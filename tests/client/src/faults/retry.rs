//! Retries a request.

use std::time::Duration;

/// Repeats a request once if no response arrives. A server that refuses a body without reading it closes the connection, and the
/// next request may already be on its way there.
pub(super) fn retry_once<T>(request: impl Fn() -> anyhow::Result<T>) -> anyhow::Result<T> {
    const PAUSE: Duration = Duration::from_millis(100);
    request().or_else(|_| {
        std::thread::sleep(PAUSE);
        request()
    })
}
