//! The power fails at a chosen moment of a job.

use std::sync::mpsc::Receiver;
use std::thread::{self, sleep};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, anyhow, bail};
use api::Timestamp;
use api::ids::JobId;
use api::job::{Job, JobKind};
use fs_err as fs;

use crate::{Appliance, Client};

/// How long a job may take to begin or to come to the moment.
const PATIENCE: Duration = Duration::from_secs(60);

/// How often the log is looked at.
const LOOK: Duration = Duration::from_micros(200);

/// When the power fails.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Moment {
    /// After this share of the time that the job takes when nobody disturbs it.
    Share(f64),
    /// Once this step has done this share of its units, as the job tells those who follow it.
    Step(&'static str, f64),
    /// Once this folder of the data directory holds so many things.
    Holds(&'static str, usize),
}

/// How the wait for a moment ended.
#[derive(Debug, Clone)]
pub enum Ended {
    /// The process was killed.
    Cut(Cut),
    /// The job was over before, after this time.
    Over(Duration),
}

impl Ended {
    /// The cut, if there was one.
    #[must_use]
    pub fn cut(self) -> Option<Cut> {
        match self {
            Self::Cut(cut) => Some(cut),
            Self::Over(_) => None,
        }
    }
}

/// A job whose process was killed.
#[derive(Debug, Clone)]
pub struct Cut {
    /// The job.
    pub job: JobId,
    /// The last thing it told: step, units done, units in all.
    pub told: String,
    at: Timestamp,
}

impl Cut {
    /// Has somebody ask for a job of a kind and kills the appliance at a moment of it, unless the job was quicker.
    ///
    /// `usual` is what such a job takes undisturbed; `watcher` may see jobs of this kind. The second value is what asking
    /// gave, which may have been cut off too.
    ///
    /// # Errors
    ///
    /// When the job does not begin, or the process can't be killed.
    pub fn during<T: Send>(
        appliance: &Appliance,
        watcher: &Client,
        (kind, usual): (JobKind, Duration),
        moment: Moment,
        ask: impl FnOnce() -> Result<T> + Send,
    ) -> Result<(Ended, Result<T>)> {
        let told = watcher.follow()?;
        let log = Log { path: appliance.log(), from: fs::metadata(appliance.log())?.len() };
        let held = |folder: &str| fs::read_dir(appliance.data().join(folder)).map_or(0, Iterator::count);
        thread::scope(|scope| {
            let asking = scope.spawn(ask);
            let reached = log.begun(kind).and_then(|job| reach(&log, &told, job, usual, moment, held));
            appliance.kill()?;
            let at = Timestamp::now();
            let asked = asking.join().map_err(|_| anyhow!("asking panicked"))?;
            let ended = match reached? {
                Reached { over: Some(after), .. } => Ended::Over(after),
                Reached { job, last, .. } => {
                    let last = told.try_iter().filter(|told| told.id == job).last().or(last);
                    let told = last.map_or_else(
                        || "not a word yet".to_owned(),
                        |job| format!("{} {}/{}", job.step, job.done, job.total),
                    );
                    Ended::Cut(Self { job, told, at })
                }
            };
            Ok((ended, asked))
        })
    }

    /// Whether the job, as it is after the restart, was run again: it had not ended when the power failed.
    #[must_use]
    pub fn was_inside(&self, job: &Job) -> bool {
        job.started.is_some_and(|started| started > self.at)
    }
}

/// A job at the moment, or over.
struct Reached {
    job: JobId,
    /// After what time it was over, if it was.
    over: Option<Duration>,
    last: Option<Job>,
}

fn reach(
    log: &Log,
    told: &Receiver<Job>,
    job: JobId,
    usual: Duration,
    moment: Moment,
    held: impl Fn(&str) -> usize,
) -> Result<Reached> {
    let begun = Instant::now();
    let mut last = None;
    loop {
        if log.text()?.contains(&format!("Job {job} is ")) {
            return Ok(Reached { job, over: Some(begun.elapsed()), last });
        }
        last = told.try_iter().filter(|told| told.id == job).last().or(last);
        let now = match moment {
            Moment::Share(share) => begun.elapsed() >= usual.mul_f64(share),
            Moment::Step(step, share) => last.as_ref().is_some_and(|job| has_reached(job, step, share)),
            Moment::Holds(folder, things) => held(folder) >= things,
        };
        if now {
            return Ok(Reached { job, over: None, last });
        }
        if begun.elapsed() > PATIENCE {
            bail!("the job came to no such moment: {moment:?}");
        }
        sleep(LOOK);
    }
}

fn has_reached(job: &Job, step: &str, share: f64) -> bool {
    #[expect(clippy::cast_precision_loss, reason = "small counts")]
    let done = job.done as f64 >= share * job.total as f64;
    job.step == step && done
}

/// What the server writes while a job is asked for.
struct Log {
    path: std::path::PathBuf,
    from: u64,
}

impl Log {
    fn text(&self) -> Result<String> {
        let bytes = fs::read(&self.path)?;
        let new = bytes.get(usize::try_from(self.from)?..).unwrap_or_default();
        Ok(String::from_utf8_lossy(new).into_owned())
    }

    /// Waits until a job of a kind begins.
    fn begun(&self, kind: JobKind) -> Result<JobId> {
        let word = serde_json::to_value(kind)?;
        let word = format!("job.kind={}", word.as_str().context("a kind has a word")?);
        let begun = Instant::now();
        while begun.elapsed() < PATIENCE {
            let text = self.text()?;
            let line = text.lines().find(|line| line.contains(&word) && line.contains(" begins."));
            let id = line.and_then(|line| line.split_whitespace().find(|text| text.starts_with("job_")));
            if let Some(id) = id {
                return Ok(id.parse()?);
            }
            sleep(LOOK);
        }
        bail!("no job with {word} began")
    }
}
