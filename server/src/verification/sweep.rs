//! What has to be done again and again: attempts that were left get their event, and abandoned uploads go.

use std::time::Duration;

use super::attempt::Verifier;
use super::upload::discard_stale;

/// How often attempts that were left are ended and abandoned uploads removed.
const SWEEP_EVERY: Duration = Duration::from_secs(60);

/// Ends attempts that were left, and removes abandoned uploads, at regular intervals. Never returns.
pub async fn sweep(verifier: Verifier) {
    let mut ticks = tokio::time::interval(SWEEP_EVERY);
    loop {
        ticks.tick().await;
        if let Err(error) = verifier.end_lapsed().await {
            tracing::warn!(%error, "attempts that were left could not be recorded");
        }
        if let Err(error) = discard_stale(&verifier.db).await {
            tracing::warn!(%error, "abandoned uploads could not be removed");
        }
    }
}
