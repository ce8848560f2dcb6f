//! The pool of workers, and the permits to use it.
//!
//! A worker that fails is replaced, and its submission gets one more try in a fresh worker. If that one runs out of CPU
//! time too, the input is to blame: captures that cannot be decoded in time are rejected as damaged. Any other failure
//! is our fault.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use engine::{Decision, Fingerprints, Issued, Reason, Record, Thresholds, Verdict};
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

use super::limits::Confinement;
use super::overload::OverloadDetector;
use super::process::{Program, Worker, WorkerFailure};
use super::{ScoringError, wire};
use crate::submission::Upload;

/// How many submissions are admitted at a time.
#[derive(Clone, Copy, Debug)]
pub struct Capacity {
    /// Submissions scored in parallel, each by a worker of its own.
    pub workers: usize,
    /// Submissions waiting for a worker; further ones are rejected at once. Under overload none waits: a free worker
    /// gets its next submission soon enough, and waiting behind another would take twice as long.
    pub waiting: usize,
}

impl Capacity {
    /// One worker per CPU, and half as many waiting submissions: an admitted one is decided within twice the time of
    /// a single one, and the others learn at once when to retry. One waiting per worker would be too many;
    /// with none, workers idle between submissions (`scripts/load` measures it, docs/load.md).
    pub fn of_this_machine() -> Capacity {
        let workers = std::thread::available_parallelism().map_or(1, usize::from);
        Capacity { workers, waiting: workers / 2 }
    }
}

/// The pool of workers; clones share it.
#[derive(Clone, Debug)]
pub struct ScoringPool(Arc<Shared>);

/// Admission of one submission, until it is used or dropped.
#[derive(Debug)]
pub struct Permit(#[allow(dead_code, reason = "held for its `Drop`")] OwnedSemaphorePermit);

#[derive(Debug)]
struct Shared {
    program: Program,
    /// Names the weights that all workers score with.
    models: String,
    confinement: Confinement,
    /// At most as many as `running` has free permits.
    idle: Mutex<Vec<Worker>>,
    running: Arc<Semaphore>,
    admitted: Arc<Semaphore>,
    workers: usize,
    waiting: usize,
    overload: Mutex<OverloadDetector>,
    /// The runtime that owns the workers' pipes, whichever runtime asks for decisions.
    home: Handle,
}

/// Why a worker gave no decision.
enum TryError {
    /// The worker is gone; another one may succeed.
    Worker(WorkerFailure),
    /// Another try would not help.
    Final(ScoringError),
}

impl ScoringPool {
    /// Starts the workers. Their pipes belong to the runtime that this is called in.
    ///
    /// # Errors
    /// A worker cannot be started, or the models cannot be used.
    pub async fn start(program: Program, capacity: Capacity) -> anyhow::Result<ScoringPool> {
        let home = Handle::current();
        let starting: Vec<_> = (0..capacity.workers.max(1))
            .map(|_| {
                let program = program.clone();
                home.spawn(async move { program.start().await })
            })
            .collect();
        let mut idle = Vec::new();
        for worker in starting {
            idle.push(worker.await??);
        }
        let workers = idle.len();
        Ok(ScoringPool(Arc::new(Shared {
            program,
            models: idle[0].models.clone(),
            confinement: idle[0].confinement,
            idle: Mutex::new(idle),
            running: Arc::new(Semaphore::new(workers)),
            admitted: Arc::new(Semaphore::new(workers + capacity.waiting)),
            workers,
            waiting: capacity.waiting,
            overload: Mutex::new(OverloadDetector::new()),
            home,
        })))
    }

    /// Names the weights that it scores with.
    pub fn models(&self) -> &str {
        &self.0.models
    }

    /// How its workers are confined.
    pub fn confinement(&self) -> Confinement {
        self.0.confinement
    }

    /// How many more submissions would be admitted now.
    pub fn free_permits(&self) -> usize {
        self.0.free_permits(&self.0.overload())
    }

    /// Admits a submission, unless the pool is full or, under overload, no worker is free.
    pub fn try_admit(&self) -> Option<Permit> {
        // The lock is held until the permit is taken: if two saw the same free worker, one would wait for the other.
        let overload = self.0.overload();
        if self.0.free_permits(&overload) > 0 { self.0.admit() } else { None }
    }

    /// Admits a submission that cannot be retried later: it may wait for a worker even under overload. `None` if the
    /// pool is full.
    pub fn try_admit_urgent(&self) -> Option<Permit> {
        self.0.admit()
    }

    /// Whether many submissions are being rejected.
    pub fn is_overloaded(&self) -> bool {
        self.0.overload().is_overloaded(Instant::now(), self.0.workers)
    }

    /// Counts a rejected submission. Returns the delay after which to retry it.
    pub fn reject(&self) -> Duration {
        let (mut overload, now) = (self.0.overload(), Instant::now());
        overload.count_rejection(now);
        overload.retry_delay(now, self.0.workers)
    }

    /// Decides an admitted submission.
    ///
    /// # Errors
    /// [`ScoringError`]; says nothing about the person.
    pub async fn decide(&self, issued: &Issued, upload: &Upload, permit: Permit) -> Result<Decision, ScoringError> {
        let ScoringPool(shared) = self;
        let request = wire::request(issued, upload).map_err(|error| ScoringError(error.to_string()))?;
        let running = Arc::clone(&shared.running).acquire_owned().await;
        let running = running.map_err(|error| ScoringError(error.to_string()))?;
        let (decided, decision) = oneshot::channel();
        let shared = Arc::clone(shared);
        shared.home.clone().spawn(async move {
            // Held until a worker is ready for the next submission, even if the caller has gone away.
            let _permits = (permit, running);
            let mut worker = shared.idle().pop();
            // An error means that the caller has gone away.
            let _ = decided.send(shared.decide(&mut worker, &request).await);
            shared.put_back(worker).await;
        });
        decision.await.unwrap_or_else(|_| Err(ScoringError("scoring was interrupted".to_owned())))
    }
}

impl Shared {
    fn free_permits(&self, overload: &OverloadDetector) -> usize {
        let kept_free = if overload.is_overloaded(Instant::now(), self.workers) { self.waiting } else { 0 };
        self.admitted.available_permits().saturating_sub(kept_free)
    }

    fn admit(&self) -> Option<Permit> {
        Arc::clone(&self.admitted).try_acquire_owned().ok().map(Permit)
    }

    /// Decides with `worker`. If that fails, tries once more with a fresh worker, which is left in its place.
    async fn decide(&self, worker: &mut Option<Worker>, request: &[u8]) -> Result<Decision, ScoringError> {
        let first = match self.ask(worker, request).await {
            // After a timeout on the clock there is no time for another try.
            Err(TryError::Worker(failure)) if failure != WorkerFailure::TimedOut => failure,
            decided => return Ok(decided?),
        };
        match (first, self.ask(worker, request).await) {
            (WorkerFailure::OutOfCpuTime, Err(TryError::Worker(WorkerFailure::OutOfCpuTime))) => Ok(self.undecodable()),
            (_, decided) => Ok(decided?),
        }
    }

    async fn ask(&self, worker: &mut Option<Worker>, request: &[u8]) -> Result<Decision, TryError> {
        let asked = match worker.take() {
            Some(worker) => worker,
            None => self.program.start().await.map_err(|error| ScoringError(format!("{error:#}")))?,
        };
        let (asked, answer) = asked
            .ask(request, self.program.limits.wall)
            .await
            .inspect_err(|failure| tracing::warn!(%failure, "a scoring worker was lost"))?;
        *worker = Some(asked);
        Ok(answer.map_err(ScoringError)?)
    }

    /// Leaves a worker for the next submission, a new one if this one was lost. If none can be started, the next
    /// submission tries again.
    async fn put_back(&self, worker: Option<Worker>) {
        let worker = match worker {
            Some(worker) => Ok(worker),
            None => self.program.start().await,
        };
        match worker {
            Ok(worker) => self.idle().push(worker),
            Err(error) => tracing::error!(error = format!("{error:#}"), "a scoring worker cannot be replaced"),
        }
    }

    fn undecodable(&self) -> Decision {
        let record = Record {
            engine: engine::VERSION.to_owned(),
            models: self.models.clone(),
            thresholds: Thresholds::V8.name.to_owned(),
            ..Record::default()
        };
        Decision { verdict: Verdict::Rejected(Reason::CaptureDamaged), record, fingerprints: Fingerprints::default() }
    }

    fn overload(&self) -> MutexGuard<'_, OverloadDetector> {
        // Nothing that could panic runs while it is locked.
        self.overload.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Worker>> {
        // Nothing that could panic runs while it is locked.
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl From<WorkerFailure> for TryError {
    fn from(failure: WorkerFailure) -> Self {
        TryError::Worker(failure)
    }
}

impl From<ScoringError> for TryError {
    fn from(error: ScoringError) -> Self {
        TryError::Final(error)
    }
}

impl From<TryError> for ScoringError {
    fn from(error: TryError) -> Self {
        match error {
            TryError::Worker(failure) => ScoringError(format!("a scoring worker gave no answer: {failure}")),
            TryError::Final(error) => error,
        }
    }
}
