//! `xuecang job`

use std::{collections::BTreeMap, process::ExitCode, thread, time::Duration};

use anyhow::Result;
use api::Right;
use api::ids::JobId;
use api::job::{Job, JobState};
use indicatif::MultiProgress;
use service::{Actor, Office, job, word};

use super::{bar::Bar, place::Place};

/// How often running jobs are looked at; the server writes down how far they are once a second.
const LOOKED: Duration = Duration::from_millis(500);

#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// Lists the newest jobs: imports, checks and acceptances of deliveries, checks of the archive
    List(Args),

    /// Shows how far running jobs are until they have ended: ends with 1 if one failed
    Follow(Follow),
}

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    place: Place,

    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, clap::Args)]
pub(super) struct Follow {
    #[command(flatten)]
    place: Place,

    /// Only this job, as `job_…`; otherwise all that wait or run now
    job: Option<JobId>,
}

pub(super) fn run(command: Command) -> Result<ExitCode> {
    match command {
        Command::List(args) => list(&args),
        Command::Follow(args) => follow(&args),
    }
}

/// Whoever works at the machine's console sees how far every job is, and nothing of what it works on.
fn onlooker() -> Actor {
    let mut actor = Actor::console();
    actor.rights.extend([
        Right::Import,
        Right::ReadDeliveries,
        Right::Calibrate,
        Right::ReadHealth,
        Right::ReadLedger,
    ]);
    actor
}

fn list(args: &Args) -> Result<ExitCode> {
    let jobs = job::list(&*args.place.open()?, &onlooker(), None)?;
    if args.json {
        println!("{}", serde_json::to_string_pretty(&jobs)?);
    } else {
        jobs.iter().for_each(|job| println!("{}", line(job)));
    }
    Ok(ExitCode::SUCCESS)
}

fn follow(args: &Follow) -> Result<ExitCode> {
    let office = args.place.open()?;
    let followed: Vec<JobId> = match args.job {
        Some(id) => vec![id],
        None => {
            let all = job::list(&office, &onlooker(), None)?;
            all.iter().filter(|job| !has_ended(job)).map(|job| job.id).collect()
        }
    };
    if followed.is_empty() {
        println!("No job waits or runs.");
    }
    let ended = to_the_end(&office, &followed)?;
    ended.iter().for_each(|job| println!("{}", line(job)));
    let all_done = ended.iter().all(|job| job.state == JobState::Done);
    Ok(if all_done { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

/// Waits until every one of the jobs has ended, showing how far each is.
fn to_the_end(office: &Office, followed: &[JobId]) -> Result<Vec<Job>> {
    let several = MultiProgress::new();
    let mut bars: BTreeMap<JobId, Bar> = BTreeMap::new();
    loop {
        let jobs =
            followed.iter().map(|id| job::get(office, &onlooker(), *id)).collect::<Result<Vec<_>, _>>()?;
        for job in &jobs {
            let bar = bars.entry(job.id).or_insert_with(|| Bar::among(&several));
            bar.name(&word(&job.kind));
            if has_ended(job) {
                bar.end();
            } else {
                bar.show(&job.step, job.done, job.total);
            }
        }
        if jobs.iter().all(has_ended) {
            return Ok(jobs);
        }
        thread::sleep(LOOKED);
    }
}

const fn has_ended(job: &Job) -> bool {
    matches!(job.state, JobState::Done | JobState::Failed | JobState::Cancelled)
}

/// A job in one line, fields divided by tabs: id, kind, state, then how far it is or what came of it.
fn line(job: &Job) -> String {
    let figures = match (&job.problem, has_ended(job)) {
        (Some(problem), _) => problem.to_string(),
        (None, true) => {
            job.result.iter().map(|(name, figure)| format!("{name} {figure}")).collect::<Vec<_>>().join(", ")
        }
        (None, false) => format!("{} {}/{}", job.step, job.done, job.total),
    };
    format!("{}\t{}\t{}\t{figures}", job.id, word(&job.kind), word(&job.state))
}
