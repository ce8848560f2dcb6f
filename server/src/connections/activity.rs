//! What one connection is doing, as the table of connections sees it.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use tokio::sync::Notify;

/// What a connection waits for, and since when.
#[derive(Debug)]
pub(super) struct Activity {
    began: Instant,
    /// Since when it has waited for the client's next request; `NEVER` while there is one.
    idle_since: AtomicU64,
    /// Since when the client has taken nothing of a response; `NEVER` while it takes some.
    blocked_since: AtomicU64,
    close: Notify,
}

const NEVER: u64 = u64::MAX;

/// A request in progress, until its response has been sent.
#[derive(Debug)]
pub(super) struct Busy(std::sync::Arc<Activity>);

impl Activity {
    /// A new connection, which waits for its first request.
    pub(super) fn new() -> Self {
        Self {
            began: Instant::now(),
            idle_since: AtomicU64::new(0),
            blocked_since: AtomicU64::new(NEVER),
            close: Notify::new(),
        }
    }

    /// Notes a request.
    pub(super) fn begin(self: &std::sync::Arc<Self>) -> Busy {
        self.idle_since.store(NEVER, Ordering::Relaxed);
        Busy(std::sync::Arc::clone(self))
    }

    /// Notes whether the client takes what is sent.
    pub(super) fn set_blocked(&self, is_blocked: bool) {
        let since = if is_blocked { self.now() } else { NEVER };
        self.blocked_since.store(since, Ordering::Relaxed);
    }

    /// How many milliseconds it has waited for its client; `None` if it does not.
    pub(super) fn waiting_ms(&self) -> Option<u64> {
        let since = self.idle_since.load(Ordering::Relaxed).min(self.blocked_since.load(Ordering::Relaxed));
        (since != NEVER).then(|| self.now().saturating_sub(since))
    }

    /// Asks for its end.
    pub(super) fn close(&self) {
        self.close.notify_one();
    }

    /// Waits until its end is asked for.
    pub(super) async fn closed(&self) {
        self.close.notified().await;
    }

    fn now(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).unwrap_or(NEVER - 1)
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.idle_since.store(self.0.now(), Ordering::Relaxed);
    }
}
