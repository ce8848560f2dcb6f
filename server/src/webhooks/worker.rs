//! Empties the outbox of events: takes what is due, sends it, and tries again later if that failed. A slow endpoint
//! holds up nobody else.

use std::collections::HashMap;
use std::time::Duration;

use serde_json::json;
use tokio::task::JoinSet;

use super::send::{Sender, Sent};
use crate::clock::{self, DAY_MS, MINUTE_MS};
use crate::db::deliveries::{self, Due, Failed};
use crate::db::{Db, LockScope, endpoints, site_events, sites};
use crate::domain::{EndpointId, random_u32};

/// Longest time between two looks at the outbox.
const IDLE: Duration = Duration::from_secs(1);
/// Pause after a database error.
const AFTER_FAULT: Duration = Duration::from_secs(5);
/// Events that are sent at a time.
const AT_ONCE: usize = 32;
/// Events that are sent at a time to one endpoint.
const AT_ONCE_EACH: usize = 8;
/// A try that takes longer than this is assumed to have died with its process.
const LEASE_MS: i64 = MINUTE_MS;
/// Pauses between tries, as Standard Webhooks suggests.
const BACK_OFF_S: [i64; 9] = [5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400];
/// How long deliveries that ended are kept, for sites to look at.
const KEPT_MS: i64 = 30 * DAY_MS;

/// Delivers events until the task is dropped.
pub async fn run(db: Db, sender: Sender) {
    let mut under_way = UnderWay::default();
    let mut forget_at = 0;
    loop {
        let now = clock::now_ms();
        let mut pause = IDLE;
        if let Err(error) = under_way.start_due(&db, &sender).await {
            tracing::error!(%error, "cannot read the outbox of events; trying again");
            pause = AFTER_FAULT;
        } else if now >= forget_at {
            forget_at = now + 10 * MINUTE_MS;
            if let Err(error) = forget(&db, now).await {
                tracing::warn!(%error, "cannot forget old deliveries; trying again");
            }
        }
        tokio::select! {
            () = under_way.one_ends() => {}
            () = tokio::time::sleep(pause) => {}
        }
    }
}

/// Sends every event that is due now, and waits for the answers.
///
/// # Errors
/// The database failed.
pub async fn deliver_due(db: &Db, sender: &Sender) -> sqlx::Result<()> {
    let mut under_way = UnderWay::default();
    loop {
        under_way.start_due(db, sender).await?;
        if under_way.tasks.is_empty() {
            return Ok(());
        }
        under_way.one_ends().await;
    }
}

/// Tries that have not ended.
#[derive(Default)]
struct UnderWay {
    tasks: JoinSet<EndpointId>,
    by_endpoint: HashMap<EndpointId, usize>,
}

impl UnderWay {
    /// Starts what is due, as far as there is room.
    async fn start_due(&mut self, db: &Db, sender: &Sender) -> sqlx::Result<()> {
        let room = AT_ONCE.saturating_sub(self.tasks.len()).min(AT_ONCE_EACH);
        if room == 0 {
            return Ok(());
        }
        // Reading costs other writers nothing.
        if !deliveries::is_any_due(&mut db.read().await?, clock::now_ms()).await? {
            return Ok(());
        }
        let busy = self.by_endpoint.iter().filter(|(_, count)| **count >= AT_ONCE_EACH);
        let busy = json!(busy.map(|(id, _)| id.as_str()).collect::<Vec<_>>()).to_string();
        let now = clock::now_ms();
        let mut tx = db.write(LockScope::Nothing).await?;
        let due = deliveries::claim_due(&mut tx, &busy, now, now + LEASE_MS, room as u32).await?;
        if due.is_empty() {
            return Ok(());
        }
        tx.commit().await?;
        for due in due {
            *self.by_endpoint.entry(due.endpoint_id.clone()).or_default() += 1;
            let (db, sender) = (db.clone(), sender.clone());
            self.tasks.spawn(async move {
                if let Err(error) = attempt(&db, &sender, &due).await {
                    tracing::warn!(event = %due.event_id, %error, "a delivery is tried again when its lease is over");
                }
                due.endpoint_id
            });
        }
        Ok(())
    }

    /// Waits until a try ends; for ever if there is none.
    async fn one_ends(&mut self) {
        match self.tasks.join_next().await {
            Some(Ok(endpoint)) => {
                if let Some(count) = self.by_endpoint.get_mut(&endpoint) {
                    *count -= 1;
                    if *count == 0 {
                        self.by_endpoint.remove(&endpoint);
                    }
                }
            }
            // A task that panicked cannot say which endpoint was its; start counting anew when all have ended.
            Some(Err(_)) if self.tasks.is_empty() => self.by_endpoint.clear(),
            Some(Err(_)) => {}
            None => std::future::pending().await,
        }
    }
}

async fn attempt(db: &Db, sender: &Sender, due: &Due) -> sqlx::Result<()> {
    let mut reading = db.read().await?;
    let event = site_events::get(&mut reading, &due.event_id).await?;
    let endpoint = endpoints::get(&mut reading, &due.endpoint_id).await?;
    // The endpoint may have been removed meanwhile, and its deliveries with it.
    let (Some(event), Some(endpoint)) = (event, endpoint) else { return Ok(()) };
    let site = sites::find(&mut reading, &endpoint.site_id).await?;
    drop(reading);
    let private_hosts = site.map(|site| site.private_hosts()).unwrap_or_default();
    let sent = sender.send(&event, &endpoint, &private_hosts).await;

    let now = clock::now_ms();
    let mut tx = db.write(LockScope::Nothing).await?;
    match sent {
        Sent::Taken(status) => deliveries::mark_delivered(&mut tx, due, status.as_u16(), now).await?,
        Sent::Gone => {
            let failed = Failed { status: Some(410), error: "wants no more events".to_owned(), next_try_at: None };
            deliveries::mark_failed(&mut tx, due, &failed, now).await?;
            endpoints::disable(&mut tx, &due.endpoint_id, "it answered 410 Gone", now).await?;
            tracing::warn!(endpoint = %due.endpoint_id, "a webhook answered 410 and is told nothing more");
        }
        Sent::Refused { status, why, retry_after_s } => {
            let pause = pause_ms(due.tries, retry_after_s, random_u32());
            let status = status.map(|status| status.as_u16());
            let failed = Failed { status, error: why, next_try_at: pause.map(|pause| now + pause) };
            deliveries::mark_failed(&mut tx, due, &failed, now).await?;
            if pause.is_none() {
                tracing::warn!(endpoint = %due.endpoint_id, event = %due.event_id, "an event is given up");
            }
        }
    }
    tx.commit().await
}

/// How long to wait after this try; `None` after the last one. `random` spreads the tries of many events.
fn pause_ms(tries: u32, retry_after_s: Option<u64>, random: u32) -> Option<i64> {
    let usual = *BACK_OFF_S.get((tries.max(1) - 1) as usize)? * 1000;
    let jitter = i64::from(random % 1000) * usual / 10_000;
    let asked = i64::try_from(retry_after_s.unwrap_or(0)).unwrap_or(0) * 1000;
    Some((usual + jitter).max(asked))
}

async fn forget(db: &Db, now_ms: i64) -> sqlx::Result<()> {
    let mut tx = db.write(LockScope::Nothing).await?;
    deliveries::discard_before(&mut tx, now_ms - KEPT_MS).await?;
    tx.commit().await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tries_are_spread_over_three_days_and_then_given_up() {
        let pauses: Vec<i64> = (1..=10).map_while(|tries| pause_ms(tries, None, 0)).collect();
        assert_eq!(pauses.len(), 9);
        assert_eq!((pauses[0], pauses[1]), (5000, 300_000));
        assert!(pauses.iter().sum::<i64>() > 3 * DAY_MS);
        assert_eq!(pause_ms(1, Some(60), 0), Some(60_000), "the receiver may ask for more");
        assert_eq!(pause_ms(2, Some(1), 0), Some(300_000), "but not for less");
        assert_eq!(pause_ms(1, None, 999), Some(5499));
    }
}
