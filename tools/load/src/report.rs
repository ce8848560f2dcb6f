//! The results as JSON and as a table, and the bars they must meet.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::overload::Overload;
use crate::people::People;
use crate::registrations::{Pace, Registrations};
use crate::submissions::Submissions;
use crate::usage::Memory;
use crate::verifications::Verifications;

/// Minimum of registrations and link pages per second, alternating, and the maximum of their 99th percentile.
const MIN_REQUESTS_PER_S: f64 = 1000.0;
const MAX_REQUEST_MS: f64 = 50.0;
/// Minimum of whole verifications per second.
const MIN_VERIFICATIONS_PER_S: f64 = 4.0;
/// Maximum memory of the server and its workers.
const MAX_MEMORY_MB: f64 = 512.0;
/// Maximum processor time of a submission with the reference runtime (tract), and with the compact runtime.
const MAX_CPU_MS: [f64; 2] = [400.0, 120.0];
/// Maximum 99th percentile of submissions accepted under overload, as a multiple of that of single submissions.
const MAX_SLOWDOWN: f64 = 2.0;
/// Maximum 99th percentile of `/health` under overload.
const MAX_HEALTH_MS: f64 = 50.0;

/// All results.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Report {
    /// Runtime of the server's networks.
    pub(crate) runtime: String,
    /// Number of processors, which the clients share with the server.
    pub(crate) cores: usize,
    /// People in real time, by policy.
    pub(crate) people: BTreeMap<String, People>,
    pub(crate) registrations: Registrations,
    pub(crate) verifications: Verifications,
    pub(crate) submissions: Submissions,
    pub(crate) overload: Overload,
    /// Peak memory over all measurements.
    pub(crate) memory: Memory,
}

impl Report {
    /// The missed bars.
    pub(crate) fn missed(&self) -> Vec<String> {
        let [tract, compact] = MAX_CPU_MS;
        let max_cpu_ms = if self.runtime == "compact" { compact } else { tract };
        let Overload { slowdown, health, lost, .. } = &self.overload;
        let others: Vec<_> = self.people.values().flat_map(|people| &people.others).collect();
        let both = self.registrations.both;
        let memory = self.memory.server_mb + self.memory.workers_mb.iter().sum::<f64>();
        let bars = [
            (both.per_s < MIN_REQUESTS_PER_S, format!("SR-40: {} registrations and links per second", both.per_s)),
            (both.times.p99_ms > MAX_REQUEST_MS, format!("SR-40: 99 % of these take {} ms", both.times.p99_ms)),
            (
                self.verifications.per_s < MIN_VERIFICATIONS_PER_S,
                format!("SR-40: {} verifications per second", self.verifications.per_s),
            ),
            (memory > MAX_MEMORY_MB, format!("SR-40: {memory:.1} MB of memory")),
            (self.submissions.cpu_ms > max_cpu_ms, format!("a submission costs more than {max_cpu_ms} ms")),
            (
                *slowdown > MAX_SLOWDOWN,
                format!("SR-39: accepted submissions take {slowdown} times as long under overload"),
            ),
            (health.p99_ms > MAX_HEALTH_MS, format!("SR-39: /health takes {} ms under overload", health.p99_ms)),
            (*lost > 0, format!("SR-39: {lost} people lost an attempt")),
            (!others.is_empty(), format!("people were not verified: {others:?}")),
        ];
        bars.into_iter().filter_map(|(missed, what)| missed.then_some(what)).collect()
    }

    /// The table for the documentation.
    pub(crate) fn table(&self) -> String {
        let Report { registrations, verifications, submissions, overload, memory, .. } = self;
        let people = |(policy, people): (&String, &People)| {
            (format!("people in real time, `{policy}`"), format!("{} of {} verified", people.verified, people.attempts))
        };
        let mut rows: Vec<(String, String)> = self.people.iter().map(people).collect();
        let mut row = |what: &str, figure: String| rows.push((what.to_owned(), figure));
        let pace = |pace: Pace| {
            let Pace { per_s, times, server_cpu_ms } = pace;
            format!("{per_s}/s, 99 %: {} ms; server's processor time: {server_cpu_ms} ms each", times.p99_ms)
        };
        row("registrations", pace(registrations.registering));
        row("mails written", format!("{}/s", registrations.mails_per_s));
        row("link pages", pace(registrations.links));
        row("registrations and link pages, alternating", pace(registrations.both));
        row("whole verifications, from registration to verdict", format!("{}/s", verifications.per_s));
        let alone = submissions.alone;
        row(
            "one submission at a time, first chunk to verdict",
            format!("50 %: {} ms, 99 %: {} ms", alone.p50_ms, alone.p99_ms),
        );
        row("submissions at capacity", format!("{}/s", submissions.capacity_per_s));
        row(
            "processor time per submission, server and workers",
            format!("{} ms, of which workers {} ms", submissions.cpu_ms, submissions.cpu_workers_ms),
        );
        let offered = format!("{} in total, {:.1}/s", overload.offered, overload.offered_per_s);
        row("offered at four times the capacity", offered);
        let Overload { accepted, rejected, cleared_s, slowdown, health, lost, .. } = overload;
        row(
            "accepted at the first try",
            format!("{}, 99 %: {} ms, {slowdown} times one at a time", accepted.count, accepted.p99_ms),
        );
        row(
            "rejected at first, and decided later",
            format!(
                "{}, 99 % rejected within {} ms, all decided within {cleared_s} s",
                rejected.count, rejected.p99_ms
            ),
        );
        row("`/health` meanwhile", format!("99 %: {} ms, at most {} ms", health.p99_ms, health.max_ms));
        row("people who lost an attempt", lost.to_string());
        let workers: Vec<String> = memory.workers_mb.iter().map(f64::to_string).collect();
        row("peak memory", format!("server {} MB, workers {} MB", memory.server_mb, workers.join(" and ")));
        let rows = rows.into_iter().map(|(what, figure)| format!("| {what} | {figure} |\n"));
        let head = format!("| `ENGINE_RUNTIME={}`, {} cores | |\n|---|---|\n", self.runtime, self.cores);
        std::iter::once(head).chain(rows).collect()
    }
}
