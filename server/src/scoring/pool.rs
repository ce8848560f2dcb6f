//! The workers and the permits to use them.
//!
//! A worker that fails is replaced, and its submission gets a second try in a fresh one. If that spins as well, it is the
//! input: captures that cannot be decoded in so much time are damaged, which is an outcome. Anything else is a fault of
//! ours.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use engine::{Decision, Reason, Record, Thresholds, Verdict};
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

use super::crowd::Crowd;
use super::process::{Failure, Program, Worker};
use super::{Job, ScoringError, wire};

/// How many submissions are taken at a time.
#[derive(Clone, Copy, Debug)]
pub struct Capacity {
    /// Scored side by side, each by a worker of its own.
    pub permits: usize,
    /// Waiting for a permit. More are turned away at once. Nobody waits while there is a crowd: a worker that becomes free has
    /// the next soon enough, and to wait behind somebody would take twice as long.
    pub waiting: usize,
}

impl Capacity {
    /// A worker for each processor, and half as many submissions that wait: whoever is taken has a decision within twice
    /// the time that one takes alone, and everybody else is told at once when to come again. As many waiting as workers
    /// would be too many, and with none the workers idle between two (`scripts/load` measures it, docs/load.md).
    pub fn of_this_machine() -> Capacity {
        let permits = std::thread::available_parallelism().map_or(1, usize::from);
        Capacity { permits, waiting: permits / 2 }
    }
}

/// The workers and the permits to use them, shared.
#[derive(Clone, Debug)]
pub struct ScoringPool(Arc<Shared>);

/// A place among those who are taken, with a worker or waiting for one, until it is used or dropped.
#[derive(Debug)]
pub struct Place {
    /// Given back when it is dropped.
    _permit: OwnedSemaphorePermit,
}

#[derive(Debug)]
struct Shared {
    program: Program,
    /// Names the weights that all workers score with.
    models: String,
    /// Workers that nobody uses; at most as many as there are free permits.
    idle: Mutex<Vec<Worker>>,
    running: Arc<Semaphore>,
    admitted: Arc<Semaphore>,
    workers: usize,
    waiting: usize,
    crowd: Mutex<Crowd>,
    /// Where the workers' pipes belong, wherever decisions are asked for.
    home: Handle,
}

impl ScoringPool {
    /// Starts a worker for each permit; their pipes belong to the runtime that this is called in.
    ///
    /// # Errors
    /// One cannot be started, or the models cannot be used.
    pub async fn start(program: Program, capacity: Capacity) -> anyhow::Result<ScoringPool> {
        let home = Handle::current();
        let starting: Vec<_> = (0..capacity.permits.max(1))
            .map(|_| {
                let program = program.clone();
                home.spawn(async move { program.start().await })
            })
            .collect();
        let mut idle = Vec::new();
        for worker in starting {
            idle.push(worker.await??);
        }
        let permits = idle.len();
        Ok(ScoringPool(Arc::new(Shared {
            program,
            models: idle[0].models.clone(),
            idle: Mutex::new(idle),
            running: Arc::new(Semaphore::new(permits)),
            admitted: Arc::new(Semaphore::new(permits + capacity.waiting)),
            workers: permits,
            waiting: capacity.waiting,
            crowd: Mutex::new(Crowd::new()),
            home,
        })))
    }

    /// Names the weights that it scores with.
    pub fn models(&self) -> &str {
        &self.0.models
    }

    /// Submissions that should be sent for a decision now.
    pub fn room(&self) -> usize {
        self.0.room(&self.0.crowd())
    }

    /// Takes a place, if somebody should be taken now.
    pub fn place(&self) -> Option<Place> {
        // Nobody else takes one meanwhile: of two who see the same worker free, one would wait for the other.
        let crowd = self.0.crowd();
        if self.0.room(&crowd) > 0 { self.0.admit() } else { None }
    }

    /// Takes any place there is: for somebody who cannot come later, and so may wait although there is a crowd.
    pub fn place_in_need(&self) -> Option<Place> {
        self.0.admit()
    }

    /// Whether many are being turned away.
    pub fn has_crowd(&self) -> bool {
        self.0.crowd().is_there(Instant::now(), self.0.workers)
    }

    /// Counts one more that is turned away; returns after how long it should come again.
    pub fn turn_away(&self) -> Duration {
        let (mut crowd, now) = (self.0.crowd(), Instant::now());
        crowd.turn_away(now);
        crowd.pause(now, self.0.workers)
    }

    /// Decides a submission that has a place.
    ///
    /// # Errors
    /// [`ScoringError`]; says nothing about the person.
    pub async fn decide(&self, job: &Job, place: Place) -> Result<Decision, ScoringError> {
        let ScoringPool(shared) = self;
        let request = wire::request(job).map_err(|error| ScoringError(error.to_string()))?;
        let running = Arc::clone(&shared.running).acquire_owned().await;
        let running = running.map_err(|error| ScoringError(error.to_string()))?;
        let (decided, decision) = oneshot::channel();
        let shared = Arc::clone(shared);
        shared.home.clone().spawn(async move {
            // Held until there is a worker for the next, also if nobody waits for this decision any more.
            let _permits = (place, running);
            let mut worker = shared.idle().pop();
            // Whoever asked may have given up.
            let _ = decided.send(shared.decide(&mut worker, &request).await);
            shared.put_back(worker).await;
        });
        decision.await.unwrap_or_else(|_| Err(ScoringError("scoring broke off".to_owned())))
    }
}

impl Shared {
    fn room(&self, crowd: &Crowd) -> usize {
        let kept_free = if crowd.is_there(Instant::now(), self.workers) { self.waiting } else { 0 };
        self.admitted.available_permits().saturating_sub(kept_free)
    }

    fn admit(&self) -> Option<Place> {
        Arc::clone(&self.admitted).try_acquire_owned().ok().map(|permit| Place { _permit: permit })
    }

    /// Decides with `worker`, which is taken away if it fails, or with a fresh one, which is left in its place.
    async fn decide(&self, worker: &mut Option<Worker>, request: &[u8]) -> Result<Decision, ScoringError> {
        let first = match self.ask(worker, request).await? {
            Ok(answer) => return answer.map_err(ScoringError),
            // There is no time for another try.
            Err(Failure::Stalled) => return Err(failed(&Failure::Stalled)),
            Err(failure) => failure,
        };
        match (first, self.ask(worker, request).await?) {
            (_, Ok(answer)) => answer.map_err(ScoringError),
            (Failure::Spun, Err(Failure::Spun)) => Ok(self.undecodable()),
            (_, Err(failure)) => Err(failed(&failure)),
        }
    }

    async fn ask(
        &self,
        worker: &mut Option<Worker>,
        request: &[u8],
    ) -> Result<Result<wire::Answer, Failure>, ScoringError> {
        let asked = match worker.take() {
            Some(worker) => worker,
            None => self.program.start().await.map_err(|error| ScoringError(format!("{error:#}")))?,
        };
        match asked.ask(request, self.program.limits.wall).await {
            Ok((asked, answer)) => {
                *worker = Some(asked);
                Ok(Ok(answer))
            }
            Err(failure) => {
                tracing::warn!(%failure, "a scoring worker was lost");
                Ok(Err(failure))
            }
        }
    }

    /// Leaves a worker for whoever gets the permit next, a new one if this one was lost. If none can be started, the next
    /// tries again.
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
            thresholds: Thresholds::V4.name.to_owned(),
            ..Record::default()
        };
        Decision { verdict: Verdict::Rejected(Reason::CaptureDamaged), record }
    }

    fn crowd(&self) -> MutexGuard<'_, Crowd> {
        // Nothing that could panic is done while it is locked.
        self.crowd.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Worker>> {
        // Nothing that could panic is done while it is locked.
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn failed(failure: &Failure) -> ScoringError {
    ScoringError(format!("a scoring worker gave no answer: {failure}"))
}
