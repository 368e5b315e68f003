//! Long work in view: what it is doing, how far it is, how long it will take.

use crate::prelude::*;
use api::Timestamp;
use api::ids::JobId;
use api::job::{Job, JobKind, JobState};

use crate::api_client;
use crate::components::mark::{self, Status};
use crate::components::notice;
use crate::format;
use crate::i18n::{self, words};
use crate::state::state;
use crate::t;

/// Calls `then` whenever a job that checks or accepts a delivery is heard of or changes its state.
pub(crate) fn on_delivery_work(then: impl Fn() + 'static) {
    let standing = Memo::new(|_| {
        state().jobs.with(|jobs| {
            let work = |job: &&Job| matches!(job.kind, JobKind::CheckDelivery | JobKind::AcceptDelivery);
            jobs.values().filter(work).map(|job| (job.id, job.state)).collect::<Vec<_>>()
        })
    });
    Effect::new(move |known: Option<()>| {
        // Read, not only tracked: what was never read follows nothing.
        standing.with(|_| ());
        if known.is_some() {
            then();
        }
    });
}

/// A job as it is heard of, beginning with what is known now.
pub(crate) fn follow(id: JobId) -> Memo<Option<Job>> {
    if state().jobs.with_untracked(|jobs| !jobs.contains_key(&id)) {
        spawn_local(async move {
            if let Ok(job) = api_client::jobs::job(id).await {
                state().heard_of(job);
            }
        });
    }
    Memo::new(move |_| state().jobs.with(|jobs| jobs.get(&id).cloned()))
}

/// Calls `then` once when a job is done, failed or cancelled.
pub(crate) fn when_over(job: Memo<Option<Job>>, then: impl Fn(&Job) + 'static) {
    Effect::new(move |was_over: Option<bool>| {
        let job = job.get();
        let over = job.as_ref().is_some_and(is_over);
        if let Some(job) = job.filter(|_| over && was_over == Some(false)) {
            then(&job);
        }
        over
    });
}

/// Whether a job has ended, in whichever way.
pub(crate) const fn is_over(job: &Job) -> bool {
    matches!(job.state, JobState::Done | JobState::Failed | JobState::Cancelled)
}

fn status(state: JobState) -> Status {
    match state {
        JobState::Waiting | JobState::Running | JobState::Stopping => Status::Waiting,
        JobState::Done => Status::Ok,
        JobState::Failed => Status::Stop,
        JobState::Cancelled => Status::Attention,
    }
}

/// One job in a few lines.
pub(crate) fn card(job: &Job) -> AnyView {
    let id = job.id;
    let over = is_over(job);
    let step = (!over).then(|| progress(job));
    let result: Vec<_> = job
        .result
        .iter()
        .map(|(name, n)| format!("{} {}", i18n::worded(words::figure, name), format::count(*n)))
        .collect();
    view! {
        <div class="job">
            <p class="job-head">
                {mark::mark(status(job.state), i18n::name_of(words::job, job.kind))}
                <span class="dim">{i18n::name_of(words::job_state, job.state)}</span>
                <span class="dim">{format::when(job.created)}</span>
            </p>
            {step}
            {(!result.is_empty()).then(|| view! { <p>{result.join(" · ")}</p> })}
            {job.problem.as_ref().map(|problem| view! { <p class="refusal">{notice::problem_sentence(problem)}</p> })}
            {(!over && job.state != JobState::Stopping).then(|| view! {
                <button type="button" on:click=move |_| spawn_local(async move {
                    if let Err(failure) = api_client::jobs::stop_job(id).await {
                        state().tell(notice::sentence(&failure));
                    }
                })>{t!(job.stop)}</button>
            })}
        </div>
    }
    .into_any()
}

/// The step a job is at, as words and as a line.
fn progress(job: &Job) -> AnyView {
    let step = i18n::worded(words::step, &job.step);
    let count = match job.total {
        0 if job.done == 0 => String::new(),
        0 => format::count(job.done),
        total => format!("{} / {}", format::count(job.done), format::count(total)),
    };
    let left = job.remaining_ms.map(|ms| t!(job.left, span = format::span(ms)));
    let share = (job.total > 0).then(|| job.done.to_string());
    view! {
        <div class="progress">
            <progress max=job.total.max(1).to_string() value=share aria-label=step.clone()></progress>
            <span>{step} " " {count}</span>
            <span class="dim">{left}</span>
        </div>
    }
    .into_any()
}

/// A job's progress on the page that began it; nothing while there is none.
pub(crate) fn here(job: Memo<Option<Job>>) -> AnyView {
    view! { <div role="status" aria-live="polite">{move || job.get().map(|job| card(&job))}</div> }.into_any()
}

/// The page's foot: how many jobs run, and each of them on demand.
pub(crate) fn foot() -> AnyView {
    let open = RwSignal::new(false);
    let running = Memo::new(|_| state().jobs.with(|jobs| jobs.values().filter(|job| !is_over(job)).count()));
    let label = move || match running.get() {
        0 => t!(job.none).to_string(),
        n => t!(job.running, n = n),
    };
    view! {
        <footer class="foot">
            <button type="button" class="quiet" aria-expanded=move || open.get().to_string() aria-controls="jobs"
                on:click=move |_| open.update(|open| *open = !*open)>
                <span aria-hidden="true">{move || if open.get() { "▾" } else { "▸" }}</span> " "
                <span role="status">{label}</span>
            </button>
            {brief}
            {move || open.get().then(panel)}
        </footer>
    }
    .into_any()
}

/// The youngest running job in one line.
fn brief() -> Option<AnyView> {
    let job = state().jobs.with(|jobs| {
        jobs.values().filter(|job| job.state == JobState::Running).max_by_key(|job| job.started).cloned()
    })?;
    Some(
        view! {
            <span class="foot-brief">
                <span>{i18n::name_of(words::job, job.kind)}</span>
                {progress(&job)}
            </span>
        }
        .into_any(),
    )
}

fn panel() -> AnyView {
    let recent = || -> Vec<Job> {
        let mut jobs: Vec<_> = state().jobs.with(|jobs| jobs.values().cloned().collect());
        jobs.sort_by_key(|job| std::cmp::Reverse((!is_over(job), last_moment(job))));
        jobs.truncate(12);
        jobs
    };
    view! {
        <div id="jobs" class="float jobs" role="region" aria-label=t!(job.title)>
            {move || {
                let jobs = recent();
                if jobs.is_empty() {
                    notice::empty(t!(job.none), t!(job.empty))
                } else {
                    jobs.iter().map(card).collect_view().into_any()
                }
            }}
        </div>
    }
    .into_any()
}

fn last_moment(job: &Job) -> Timestamp {
    job.finished.or(job.started).unwrap_or(job.created)
}
