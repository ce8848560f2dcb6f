//! Runs a list of jobs on several threads.

use std::sync::atomic::{AtomicUsize, Ordering};

/// The number of processors.
pub fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// Runs `act` on each job, on up to `threads` threads. Returns the results in the order of the jobs.
///
/// # Errors
/// The first failure in that order, after all jobs have run.
pub fn for_each<J: Sync, T: Send>(
    threads: usize,
    jobs: &[J],
    act: impl Fn(&J) -> anyhow::Result<T> + Sync,
) -> anyhow::Result<Vec<T>> {
    let next = AtomicUsize::new(0);
    let worker = || {
        let take = || {
            let index = next.fetch_add(1, Ordering::Relaxed);
            jobs.get(index).map(|job| (index, job))
        };
        std::iter::from_fn(take).map(|(index, job)| (index, act(job))).collect::<Vec<_>>()
    };
    let mut results: Vec<(usize, anyhow::Result<T>)> = std::thread::scope(|scope| {
        let running: Vec<_> = (0..threads.min(jobs.len())).map(|_| scope.spawn(worker)).collect();
        running.into_iter().flat_map(|thread| thread.join().expect("a thread's panic is a defect")).collect()
    });
    results.sort_by_key(|(index, _)| *index);
    results.into_iter().map(|(_, result)| result).collect()
}
