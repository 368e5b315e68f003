//! Threads that own what they work with; a bounded queue; a full queue says so at once.
//!
//! Knows nothing of models, so its tests need none.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, Mutex, PoisonError,
        mpsc::{Receiver, SyncSender, TrySendError, sync_channel},
    },
    thread,
};

use tokio::sync::oneshot;
use tracing::Span;

/// Why a job gave no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PoolError {
    /// The queue is full. Try again soon.
    #[error("every worker is busy and the queue is full; try again in a moment")]
    Busy,
    /// The job failed in a way it should not. The worker lives on.
    #[error("the work was given up because it failed unexpectedly")]
    Lost,
}

type Job<W> = Box<dyn FnOnce(&mut W) + Send>;

/// A pool of workers of type `W`. Dropping it lets the workers finish what is queued and stop.
pub struct Pool<W> {
    queue: SyncSender<Job<W>>,
    workers: usize,
}

impl<W> std::fmt::Debug for Pool<W> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pool").field("workers", &self.workers).finish_non_exhaustive()
    }
}

impl<W: Send + 'static> Pool<W> {
    /// Starts a thread for each worker; at most `waiting` jobs wait.
    ///
    /// # Errors
    ///
    /// If a thread cannot be started.
    pub fn start(workers: Vec<W>, waiting: usize) -> std::io::Result<Self> {
        let (queue, jobs) = sync_channel(waiting);
        let jobs = Arc::new(Mutex::new(jobs));
        let count = workers.len();
        for (n, worker) in workers.into_iter().enumerate() {
            let jobs = Arc::clone(&jobs);
            thread::Builder::new().name(format!("verify-{n}")).spawn(move || work(worker, &jobs))?;
        }
        Ok(Self { queue, workers: count })
    }

    /// How many workers there are.
    pub fn workers(&self) -> usize {
        self.workers
    }

    /// Runs `job` on the next free worker.
    ///
    /// # Errors
    ///
    /// [`PoolError::Busy`] at once if the queue is full: a caller is never kept waiting for a place in it.
    pub async fn run<T, F>(&self, job: F) -> Result<T, PoolError>
    where
        T: Send + 'static,
        F: FnOnce(&mut W) -> T + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        // Nobody may be waiting for the answer any more; then it is for nobody.
        self.try_send(boxed(job, |answer| drop(reply.send(answer))))?;
        answer.await.map_err(|_| PoolError::Lost)
    }

    /// Like [`run`](Self::run), for callers that are not async.
    ///
    /// # Errors
    ///
    /// As [`run`](Self::run).
    pub fn run_blocking<T, F>(&self, job: F) -> Result<T, PoolError>
    where
        T: Send + 'static,
        F: FnOnce(&mut W) -> T + Send + 'static,
    {
        let (reply, answer) = sync_channel(1);
        self.try_send(boxed(job, move |answer| drop(reply.send(answer))))?;
        answer.recv().map_err(|_| PoolError::Lost)
    }

    /// Like [`run_blocking`](Self::run_blocking), but waits for a place in the queue: for batches, which have time.
    ///
    /// # Errors
    ///
    /// [`PoolError::Lost`] if the job failed unexpectedly.
    pub fn run_patiently<T, F>(&self, job: F) -> Result<T, PoolError>
    where
        T: Send + 'static,
        F: FnOnce(&mut W) -> T + Send + 'static,
    {
        let (reply, answer) = sync_channel(1);
        let job = boxed(job, move |answer| drop(reply.send(answer)));
        self.queue.send(job).map_err(|_| PoolError::Lost)?;
        answer.recv().map_err(|_| PoolError::Lost)
    }

    fn try_send(&self, job: Job<W>) -> Result<(), PoolError> {
        self.queue.try_send(job).map_err(|error| match error {
            TrySendError::Full(_) => PoolError::Busy,
            TrySendError::Disconnected(_) => PoolError::Lost,
        })
    }
}

/// A job that hands its answer to `reply`, inside the caller's span.
fn boxed<W, T, F>(job: F, reply: impl FnOnce(T) + Send + 'static) -> Job<W>
where
    F: FnOnce(&mut W) -> T + Send + 'static,
{
    let span = Span::current();
    Box::new(move |worker: &mut W| {
        let _in_span = span.enter();
        reply(job(worker));
    })
}

fn work<W>(mut worker: W, jobs: &Mutex<Receiver<Job<W>>>) {
    loop {
        let job = jobs.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(job) = job else { return };
        // A decoder that panics on a hostile file costs one answer, not the worker.
        if catch_unwind(AssertUnwindSafe(|| job(&mut worker))).is_err() {
            tracing::error!("A verification job failed unexpectedly; its worker lives on.");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;

    use super::*;

    #[test]
    fn a_full_queue_says_so_at_once() {
        let pool = Arc::new(Pool::start(vec![()], 1).unwrap());
        let (release, gate) = channel::<()>();
        let (started, has_started) = channel();
        let background = Arc::clone(&pool);
        let first = thread::spawn(move || {
            background.run_blocking(move |()| {
                started.send(()).unwrap();
                gate.recv().unwrap();
            })
        });
        has_started.recv().unwrap();
        pool.try_send(Box::new(|()| {})).unwrap();
        assert_eq!(pool.run_blocking(|()| 1), Err(PoolError::Busy));
        release.send(()).unwrap();
        assert_eq!(first.join().unwrap(), Ok(()));
    }

    #[test]
    fn a_job_that_panics_costs_one_answer() {
        let pool = Pool::start(vec![0], 4).unwrap();
        assert_eq!(pool.run_blocking(|_| -> i32 { panic!("hostile file") }), Err(PoolError::Lost));
        assert_eq!(pool.run_blocking(|n| *n + 1), Ok(1));
    }

    #[tokio::test]
    async fn many_jobs_run_on_workers_that_keep_their_state() {
        let pool = Pool::start(vec![0, 0], 100).unwrap();
        for _ in 0..10 {
            pool.run(|n| *n += 1).await.unwrap();
        }
        let (a, b) = (pool.run_patiently(|n| *n), pool.run_patiently(|n| *n));
        assert!(a.unwrap() <= 10 && b.unwrap() <= 10);
    }
}
