//! Metrics for operators, in Prometheus format. No name or label reveals anything about a person.

use std::sync::LazyLock;
use std::time::Duration;

use axum::http::Method;
use metrics::{Unit, counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};

const REQUESTS: &str = "http_server_request_duration_seconds";
const DECIDED: &str = "liveness_verifications_total";
const TOOK: &str = "liveness_challenge_duration_seconds";
const RESCORED: &str = "liveness_rescore_seconds";
const MAILS: &str = "liveness_emails_total";
const WAITING_MAILS: &str = "liveness_emails_waiting";
const OLDEST_MAIL: &str = "liveness_email_oldest_waiting_seconds";
const CHECKPOINTS: &str = "liveness_checkpoints_total";
const FREE_PERMITS: &str = "liveness_scoring_free_permits";

const UPKEEP_EVERY: Duration = Duration::from_secs(10);

/// Upper bounds of the histograms' buckets, in seconds.
const SHORT_S: [f64; 9] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5];
const LONG_S: [f64; 7] = [5.0, 10.0, 15.0, 20.0, 30.0, 45.0, 60.0];

static RECORDER: LazyLock<Option<PrometheusHandle>> = LazyLock::new(|| {
    let builder = PrometheusBuilder::new()
        .set_buckets(&SHORT_S)
        .and_then(|builder| builder.set_buckets_for_metric(Matcher::Full(TOOK.to_owned()), &LONG_S));
    let recorder = builder.and_then(PrometheusBuilder::install_recorder);
    describe();
    recorder.inspect_err(|error| tracing::error!(%error, "metrics are disabled")).ok()
});

/// Starts recording metrics. Further calls have no effect.
pub fn begin() {
    LazyLock::force(&RECORDER);
}

/// All metrics since the process started.
pub fn render() -> String {
    RECORDER.as_ref().map(PrometheusHandle::render).unwrap_or_default()
}

/// Drains samples into their buckets, and never returns. Without it, every sample would stay in memory until somebody
/// reads `/metrics`.
pub async fn run_upkeep() {
    let mut ticks = tokio::time::interval(UPKEEP_EVERY);
    loop {
        ticks.tick().await;
        if let Some(recorder) = RECORDER.as_ref() {
            recorder.run_upkeep();
        }
    }
}

/// The method as a label. HTTP allows any word as a method; each would be a series of its own, for good.
pub fn method(method: &Method) -> &'static str {
    const KNOWN: [Method; 7] =
        [Method::GET, Method::HEAD, Method::POST, Method::PATCH, Method::PUT, Method::DELETE, Method::OPTIONS];
    const NAMES: [&str; 7] = ["GET", "HEAD", "POST", "PATCH", "PUT", "DELETE", "OPTIONS"];
    KNOWN.iter().position(|known| known == method).map_or("other", |index| NAMES[index])
}

/// Records a request. `method`: from [`method`]. `route`: its pattern, never its path.
pub fn request(method: &'static str, route: &str, status: u16, took: Duration) {
    let labels = [("method", method.to_owned()), ("route", route.to_owned()), ("status", status.to_string())];
    histogram!(REQUESTS, &labels).record(took);
}

/// Records a decided attempt. `took_ms`: since its challenge was issued.
pub fn decided(status: &'static str, reason: &'static str, took_ms: i64) {
    counter!(DECIDED, "status" => status, "reason" => reason).increment(1);
    histogram!(TOOK).record(took_ms.max(0) as f64 / 1000.0);
}

/// Records a scored submission.
pub fn rescored(took: Duration) {
    histogram!(RESCORED).record(took);
}

/// Records one try to send a mail by one transport.
pub fn mail(transport: &'static str, outcome: &'static str) {
    counter!(MAILS, "transport" => transport, "outcome" => outcome).increment(1);
}

/// Records one try to send a checkpoint of the audit trail.
pub fn checkpoint(outcome: &'static str) {
    counter!(CHECKPOINTS, "outcome" => outcome).increment(1);
}

/// Records how many mails are waiting, and how long the oldest has waited.
pub fn waiting_mails(count: i64, oldest_ms: i64) {
    gauge!(WAITING_MAILS).set(count as f64);
    gauge!(OLDEST_MAIL).set(oldest_ms.max(0) as f64 / 1000.0);
}

/// Records how many more submissions would be admitted now.
pub fn free_permits(count: usize) {
    gauge!(FREE_PERMITS).set(count as f64);
}

fn describe() {
    describe_histogram!(REQUESTS, Unit::Seconds, "Time from a request to its response");
    describe_counter!(DECIDED, "Decided attempts, by status and reason");
    describe_histogram!(TOOK, Unit::Seconds, "Time from a challenge to the decision");
    describe_histogram!(RESCORED, Unit::Seconds, "Time to score a submission, including the wait for a worker");
    describe_counter!(MAILS, "Tries to send a mail, by transport and outcome");
    describe_counter!(CHECKPOINTS, "Tries to send a checkpoint of the audit trail elsewhere, by outcome");
    describe_gauge!(WAITING_MAILS, "Mails waiting to be sent");
    describe_gauge!(OLDEST_MAIL, Unit::Seconds, "Age of the oldest waiting mail");
    describe_gauge!(FREE_PERMITS, "Further submissions that would be admitted to scoring now");
}
