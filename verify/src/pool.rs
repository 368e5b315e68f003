//! Threads that own what they work with; bounded queues. Whoever has no time is served before whoever is patient, and is
//! told at once when there are too many of them.
//!
//! Knows nothing of models, so its tests need none.

use std::{
    collections::VecDeque,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError,
        mpsc::{Receiver, sync_channel},
    },
    thread::{self, Thread},
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
    line: Arc<Line<W>>,
    workers: usize,
}

/// Where jobs wait.
struct Line<W> {
    /// How many jobs of each kind may wait.
    waiting: usize,
    queues: Mutex<Queues<W>>,
    /// A patient job was taken.
    went: Condvar,
}

struct Queues<W> {
    urgent: VecDeque<Job<W>>,
    patient: VecDeque<Job<W>>,
    /// Threads without a job, the last to finish one at the end. It is the next to get one: what it works with is still in
    /// the processor's cache, where another's is not.
    idle: Vec<Thread>,
    closed: bool,
}

impl<W> std::fmt::Debug for Pool<W> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pool").field("workers", &self.workers).finish_non_exhaustive()
    }
}

impl<W: Send + 'static> Pool<W> {
    /// Starts a thread for each worker; at most `waiting` urgent jobs wait, and as many patient ones.
    ///
    /// # Errors
    ///
    /// If a thread cannot be started.
    pub fn start(workers: Vec<W>, waiting: usize) -> std::io::Result<Self> {
        let (urgent, patient) = (VecDeque::new(), VecDeque::new());
        let queues = Mutex::new(Queues { urgent, patient, idle: Vec::new(), closed: false });
        let line = Arc::new(Line { waiting, queues, went: Condvar::new() });
        // Dropped if a thread can't be started: those that were stop.
        let pool = Self { line, workers: workers.len() };
        for (n, worker) in workers.into_iter().enumerate() {
            let line = Arc::clone(&pool.line);
            thread::Builder::new().name(format!("verify-{n}")).spawn(move || work(worker, &line))?;
        }
        Ok(pool)
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
        self.begin(job)?.wait()
    }

    /// Has `job` run on the next free worker; the caller goes on and waits for the answer when it needs it.
    ///
    /// # Errors
    ///
    /// [`PoolError::Busy`] at once if the queue is full.
    pub fn begin<T, F>(&self, job: F) -> Result<Pending<T>, PoolError>
    where
        T: Send + 'static,
        F: FnOnce(&mut W) -> T + Send + 'static,
    {
        let (reply, answer) = sync_channel(1);
        self.try_send(boxed(job, move |answer| drop(reply.send(answer))))?;
        Ok(Pending(answer))
    }

    /// Like [`run_blocking`](Self::run_blocking), but waits for a place in the queue, and until nobody urgent waits: for
    /// batches, which have time.
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
        let is_full = |queues: &mut Queues<W>| queues.patient.len() >= self.line.waiting.max(1);
        let waited = self.line.went.wait_while(self.line.queues(), is_full);
        let mut queues = waited.unwrap_or_else(PoisonError::into_inner);
        queues.patient.push_back(job);
        queues.wake_one();
        drop(queues);
        answer.recv().map_err(|_| PoolError::Lost)
    }

    fn try_send(&self, job: Job<W>) -> Result<(), PoolError> {
        let mut queues = self.line.queues();
        if queues.urgent.len() >= self.line.waiting {
            return Err(PoolError::Busy);
        }
        queues.urgent.push_back(job);
        queues.wake_one();
        Ok(())
    }
}

/// An answer that is still to come. Whoever drops it does not want it any more.
#[derive(Debug)]
#[must_use = "the answer is what it was begun for"]
pub struct Pending<T>(Receiver<T>);

impl<T> Pending<T> {
    /// Waits for it.
    ///
    /// # Errors
    ///
    /// [`PoolError::Lost`] if the job failed unexpectedly.
    pub fn wait(self) -> Result<T, PoolError> {
        self.0.recv().map_err(|_| PoolError::Lost)
    }
}

impl<W> Drop for Pool<W> {
    fn drop(&mut self) {
        let mut queues = self.line.queues();
        queues.closed = true;
        queues.idle.drain(..).for_each(|thread| thread.unpark());
    }
}

impl<W> Line<W> {
    fn queues(&self) -> MutexGuard<'_, Queues<W>> {
        self.queues.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next job; none when there will be none.
    fn next(&self) -> Option<Job<W>> {
        let mut queues = self.queues();
        loop {
            if let Some(urgent) = queues.urgent.pop_front() {
                return Some(urgent);
            }
            if let Some(patient) = queues.patient.pop_front() {
                self.went.notify_one();
                return Some(patient);
            }
            if queues.closed {
                return None;
            }
            let own = thread::current();
            queues.idle.push(own.clone());
            drop(queues);
            thread::park();
            queues = self.queues();
            // Woken for nothing, it would be there twice.
            queues.idle.retain(|idle| idle.id() != own.id());
        }
    }
}

impl<W> Queues<W> {
    fn wake_one(&mut self) {
        if let Some(idle) = self.idle.pop() {
            idle.unpark();
        }
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

fn work<W>(mut worker: W, line: &Line<W>) {
    while let Some(job) = line.next() {
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
    fn whoever_has_no_time_is_served_before_whoever_is_patient() {
        let pool = Arc::new(Pool::start(vec![Vec::new()], 8).unwrap());
        let (release, gate) = channel::<()>();
        let (started, has_started) = channel();
        let mut threads = Vec::new();
        let background = Arc::clone(&pool);
        threads.push(thread::spawn(move || {
            let held = background.run_blocking(move |_| {
                started.send(()).unwrap();
                gate.recv().unwrap();
            });
            held.unwrap();
        }));
        has_started.recv().unwrap();
        for _ in 0..3 {
            let patient = Arc::clone(&pool);
            threads.push(thread::spawn(move || patient.run_patiently(|done| done.push("patient")).unwrap()));
        }
        while pool.line.queues().patient.len() < 3 {
            thread::yield_now();
        }
        pool.try_send(Box::new(|done| done.push("urgent"))).unwrap();
        release.send(()).unwrap();
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        let done = pool.run_patiently(|done| done.clone()).unwrap();
        assert_eq!(done, ["urgent", "patient", "patient", "patient"]);
    }

    #[test]
    fn a_job_that_panics_costs_one_answer() {
        let pool = Pool::start(vec![0], 4).unwrap();
        assert_eq!(pool.run_blocking(|_| -> i32 { panic!("hostile file") }), Err(PoolError::Lost));
        assert_eq!(pool.run_blocking(|n| *n + 1), Ok(1));
    }

    #[test]
    fn what_was_begun_goes_on_beside_its_caller() {
        let pool = Pool::start(vec![(), ()], 4).unwrap();
        let (tell, told) = channel();
        // The first one only ends when the second has run.
        let first = pool.begin(move |()| told.recv()).unwrap();
        let second = pool.begin(move |()| tell.send(7)).unwrap();
        assert_eq!((first.wait(), second.wait()), (Ok(Ok(7)), Ok(Ok(()))));
        let lost = pool.begin(|()| -> i32 { panic!("hostile file") }).unwrap();
        assert_eq!(lost.wait(), Err(PoolError::Lost));
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
