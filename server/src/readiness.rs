//! Whether a server can do its work now: what a load balancer asks before it sends people.

use std::time::Duration;

use serde::Serialize;

use crate::app::App;
use crate::clock::MINUTE_MS;
use crate::db::outbox;
use crate::metrics;

/// A part that does not answer in this time is not ready.
const PATIENCE: Duration = Duration::from_secs(3);
/// A mail that is older than this does not arrive as people expect it to.
const MAIL_IS_LATE_MS: i64 = 5 * MINUTE_MS;

/// The parts, and whether all that must work do.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Readiness {
    /// Whether people can be sent here. Late mails do not count: sending people elsewhere does not bring them sooner.
    pub ready: bool,
    /// The parts.
    pub parts: Parts,
}

/// How each part is.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Parts {
    /// The database, its tables up to date.
    pub database: State,
    /// The captures' store.
    pub store: State,
    /// The workers that score, their models loaded.
    pub scoring: State,
    /// The outbox.
    pub mail: State,
}

/// How a part is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// It works.
    Ok,
    /// It does not answer, or not as it should.
    Down,
    /// It works and takes nothing more now.
    Busy,
    /// Mails wait for longer than they should.
    Late,
}

/// Looks at every part.
pub async fn look(app: &App, now_ms: i64) -> Readiness {
    let (database, store) = tokio::join!(
        tokio::time::timeout(PATIENCE, waiting(app, now_ms)),
        tokio::time::timeout(PATIENCE, app.captures.answers()),
    );
    let (database, mail) = match database {
        Ok(Ok((_, oldest_ms))) if oldest_ms > MAIL_IS_LATE_MS => (State::Ok, State::Late),
        Ok(Ok(_)) => (State::Ok, State::Ok),
        Ok(Err(_)) | Err(_) => (State::Down, State::Down),
    };
    let store = if matches!(store, Ok(Ok(()))) { State::Ok } else { State::Down };
    let scoring = if app.scoring.room() > 0 { State::Ok } else { State::Busy };
    let parts = Parts { database, store, scoring, mail };
    Readiness { ready: [database, store, scoring].iter().all(|&state| state == State::Ok), parts }
}

/// Brings the figures that are read off, not counted, up to date.
///
/// # Errors
/// The database failed.
pub async fn measure(app: &App, now_ms: i64) -> sqlx::Result<()> {
    let (count, oldest_ms) = waiting(app, now_ms).await?;
    metrics::waiting_mails(count, oldest_ms);
    metrics::free_permits(app.scoring.room());
    Ok(())
}

/// How many mails wait, and for how long the oldest has.
async fn waiting(app: &App, now_ms: i64) -> sqlx::Result<(i64, i64)> {
    let waiting = outbox::waiting(&mut app.db.read().await?).await?;
    Ok((waiting.count, waiting.oldest.map_or(0, |oldest| now_ms - oldest)))
}
