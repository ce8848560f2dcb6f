//! Work for many threads.

use std::sync::atomic::{AtomicUsize, Ordering};

/// Processors.
pub fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// Does each piece of work on one of so many threads; the results in the order of the work.
///
/// # Errors
/// The first failure in that order; the rest is done all the same.
pub fn for_each<W: Sync, T: Send>(
    threads: usize,
    work: &[W],
    act: impl Fn(&W) -> anyhow::Result<T> + Sync,
) -> anyhow::Result<Vec<T>> {
    let next = AtomicUsize::new(0);
    let worker = || {
        let take = || {
            let place = next.fetch_add(1, Ordering::Relaxed);
            work.get(place).map(|piece| (place, piece))
        };
        std::iter::from_fn(take).map(|(place, piece)| (place, act(piece))).collect::<Vec<_>>()
    };
    let mut done: Vec<(usize, anyhow::Result<T>)> = std::thread::scope(|scope| {
        let running: Vec<_> = (0..threads.min(work.len())).map(|_| scope.spawn(worker)).collect();
        running.into_iter().flat_map(|thread| thread.join().expect("a thread's panic is a defect")).collect()
    });
    done.sort_by_key(|(place, _)| *place);
    done.into_iter().map(|(_, result)| result).collect()
}
