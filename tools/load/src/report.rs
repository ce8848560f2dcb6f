//! What was measured, as JSON, as a table, and beside the bars.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::honest::People;
use crate::overload::Overload;
use crate::registrations::{Pace, Registrations};
use crate::submissions::Submissions;
use crate::usage::Memory;
use crate::verifications::Verifications;

/// Registrations and link pages a second, in turn, at least; and what 99 % of them take at most.
const MIN_REQUESTS_PER_S: f64 = 1000.0;
const MAX_REQUEST_MS: f64 = 50.0;
/// Whole verifications a second, at least.
const MIN_VERIFICATIONS_PER_S: f64 = 4.0;
/// The memory of the server with its workers, at most.
const MAX_MEMORY_MB: f64 = 512.0;
/// Processor time of a submission, at most: with the reference, with the compact runtime.
const MAX_CPU_MS: [f64; 2] = [400.0, 120.0];
/// The accepted ones under too much, in the time of one alone.
const MAX_SLOWDOWN: f64 = 2.0;
/// `/health` under too much.
const MAX_HEALTH_MS: f64 = 50.0;

/// All that was measured.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// What ran the server's networks.
    pub runtime: String,
    /// Processors, which the crowd shares with the server.
    pub cores: usize,
    /// People who attended in real time, by policy.
    pub people: BTreeMap<String, People>,
    /// Registrations and links.
    pub registrations: Registrations,
    /// Whole verifications.
    pub verifications: Verifications,
    /// Submissions.
    pub submissions: Submissions,
    /// Too many submissions.
    pub overload: Overload,
    /// The server's memory after all that.
    pub memory: Memory,
}

impl Report {
    /// The bars that are missed.
    pub fn missed(&self) -> Vec<String> {
        let [tract, compact] = MAX_CPU_MS;
        let max_cpu_ms = if self.runtime == "compact" { compact } else { tract };
        let Overload { slowdown, health, lost, .. } = &self.overload;
        let others: Vec<_> = self.people.values().flat_map(|people| &people.others).collect();
        let both = self.registrations.both;
        let memory = self.memory.server_mb + self.memory.workers_mb.iter().sum::<f64>();
        let bars = [
            (both.per_s < MIN_REQUESTS_PER_S, format!("SR-40: {} registrations and links a second", both.per_s)),
            (both.times.p99_ms > MAX_REQUEST_MS, format!("SR-40: 99 % of these take {} ms", both.times.p99_ms)),
            (
                self.verifications.per_s < MIN_VERIFICATIONS_PER_S,
                format!("SR-40: {} verifications a second", self.verifications.per_s),
            ),
            (memory > MAX_MEMORY_MB, format!("SR-40: {memory:.1} MB of memory")),
            (self.submissions.cpu_ms > max_cpu_ms, format!("a submission costs more than {max_cpu_ms} ms")),
            (*slowdown > MAX_SLOWDOWN, format!("SR-39: accepted ones take {slowdown} times as long under too much")),
            (health.p99_ms > MAX_HEALTH_MS, format!("SR-39: /health takes {} ms under too much", health.p99_ms)),
            (*lost > 0, format!("SR-39: {lost} people lost an attempt")),
            (!others.is_empty(), format!("people were not verified: {others:?}")),
        ];
        bars.into_iter().filter_map(|(missed, what)| missed.then_some(what)).collect()
    }

    /// The table for the documentation.
    pub fn table(&self) -> String {
        let Report { registrations, verifications, submissions, overload, memory, .. } = self;
        let people = |(policy, people): (&String, &People)| {
            (format!("people in real time, `{policy}`"), format!("{} of {} verified", people.verified, people.attempts))
        };
        let mut rows: Vec<(String, String)> = self.people.iter().map(people).collect();
        let mut row = |what: &str, figure: String| rows.push((what.to_owned(), figure));
        let pace = |pace: Pace| {
            let Pace { per_s, times, server_cpu_ms } = pace;
            format!("{per_s}/s, 99 %: {} ms; server's processor: {server_cpu_ms} ms each", times.p99_ms)
        };
        row("registrations", pace(registrations.registering));
        row("mails written", format!("{}/s", registrations.mails_per_s));
        row("link pages", pace(registrations.links));
        row("registrations and link pages in turn", pace(registrations.both));
        row("whole verifications, from registration to verdict", format!("{}/s", verifications.per_s));
        let alone = submissions.alone;
        row(
            "a submission alone, first chunk to verdict",
            format!("50 %: {} ms, 99 %: {} ms", alone.p50_ms, alone.p99_ms),
        );
        row("submissions at capacity", format!("{}/s", submissions.capacity_per_s));
        row(
            "processor time of a submission, server and workers",
            format!("{} ms, of which workers {}", submissions.cpu_ms, submissions.cpu_workers_ms),
        );
        let offered = format!("{} in all, {:.1}/s", overload.offered, overload.offered_per_s);
        row("offered at four times the capacity", offered);
        let Overload { accepted, turned_away, cleared_s, slowdown, health, lost, .. } = overload;
        row("taken at once", format!("{}, 99 %: {} ms: {slowdown} times one alone", accepted.count, accepted.p99_ms));
        row(
            "turned away, and verified later",
            format!("{}, 99 % told after {} ms, all within {cleared_s} s", turned_away.count, turned_away.p99_ms),
        );
        row("`/health` meanwhile", format!("99 %: {} ms, at most {} ms", health.p99_ms, health.max_ms));
        row("people who lost an attempt", lost.to_string());
        let workers: Vec<String> = memory.workers_mb.iter().map(f64::to_string).collect();
        row("memory at most", format!("server {} MB, workers {} MB", memory.server_mb, workers.join(" and ")));
        let rows = rows.into_iter().map(|(what, figure)| format!("| {what} | {figure} |\n"));
        let head = format!("| `ENGINE_RUNTIME={}`, {} cores | |\n|---|---|\n", self.runtime, self.cores);
        std::iter::once(head).chain(rows).collect()
    }
}
