//! The way to a cohort: what it needs, the form that begins it, and its progress.

use crate::prelude::*;
use api::Right;
use api::cohort::{Cohort, NewCohort, OtherCampaign};
use api::ids::CampaignId;
use api::job::{Job, JobKind, JobState};

use crate::api_client;
use crate::components::{attempt::Attempt, dialog, field, job, loader::Loader, notice};
use crate::format;
use crate::state::state;
use crate::t;

/// The job that compares a campaign's people, the latest there was.
#[derive(Clone, Copy)]
pub(super) struct Work {
    job: Memo<Option<Job>>,
    in_view: Memo<bool>,
}

/// Follows the job. When it ends, the cohorts are asked for again.
pub(super) fn work(campaign: CampaignId, cohorts: Loader<Vec<Cohort>>) -> Work {
    let subject = campaign.to_string();
    let job = Memo::new(move |_| {
        state().jobs.with(|jobs| {
            let own =
                |job: &&Job| job.kind == JobKind::CompareCohort && job.subject.as_ref() == Some(&subject);
            jobs.values().filter(own).max_by_key(|job| job.created).cloned()
        })
    });
    job::when_over(job, move |_| cohorts.again());
    let in_view = Memo::new(move |_| {
        job.get().is_some_and(|job| match job.state {
            JobState::Done => false,
            // Told until a later one has succeeded.
            JobState::Failed | JobState::Cancelled => {
                super::shown(cohorts).is_none_or(|newest| newest.at < job.created)
            }
            _ => true,
        })
    });
    Work { job, in_view }
}

impl Work {
    /// Whether it has not ended; tracked.
    pub(super) fn is_busy(self) -> bool {
        self.job.with(|job| job.as_ref().is_some_and(|job| !job::is_over(job)))
    }

    /// How far it is.
    pub(super) fn progress(self) -> AnyView {
        let Self { job, in_view } = self;
        (move || in_view.get().then(|| view! { <section class="panel no-print">{job::here(job)}</section> }))
            .into_any()
    }
}

/// What will be here, what it needs, and the form that begins it.
pub(super) fn nothing_yet(campaign: CampaignId, work: Work) -> AnyView {
    let may_calibrate = state().may(Right::Calibrate);
    let calibration = if may_calibrate {
        view! { <a href="/calibration">{t!(cohort.need_calibration)}</a> }.into_any()
    } else {
        t!(cohort.need_calibration).into_any()
    };
    view! {
        <section>
            {notice::empty(t!(cohort.none), t!(cohort.none_how))}
            <h2>{t!(cohort.needs)}</h2>
            <ul class="bullets">
                <li><a href=format!("/campaigns/{campaign}")>{t!(cohort.need_photos)}</a></li>
                <li><a href=format!("/campaigns/{campaign}/ground")>{t!(cohort.need_ground)}</a></li>
                <li>{calibration}</li>
            </ul>
            {move || (!work.is_busy() && state().may(Right::Compare)).then(|| form(campaign, None))}
        </section>
    }
    .into_any()
}

/// Compares once more: what that means for the cohort there is, and the form.
pub(super) fn again_dialog(open: RwSignal<bool>, campaign: CampaignId) -> AnyView {
    dialog::dialog(
        open,
        t!(cohort.again),
        || (),
        move || view! { <p>{t!(cohort.again_means)}</p> {form(campaign, Some(open))} }.into_any(),
    )
}

/// How much is sampled, who is looked through besides, and the way to begin. `open` is the dialog around it, if there is one.
fn form(campaign: CampaignId, open: Option<RwSignal<bool>>) -> AnyView {
    let percent = RwSignal::new(NewCohort::PERCENTS.start().to_string());
    let attempt = Attempt::new();
    let offered = Loader::new(move || api_client::cohorts::other_campaigns(campaign));
    let ticked = StoredValue::new(Vec::<(CampaignId, RwSignal<bool>)>::new());
    let options = NewCohort::PERCENTS.map(|n| (n.to_string(), format!("{n} %"))).collect();
    let submit = move || {
        let Ok(sample_percent) = percent.get_untracked().parse() else { return };
        let other_campaigns = ticked.with_value(|ticked| {
            ticked.iter().filter(|(_, wanted)| wanted.get_untracked()).map(|(id, _)| *id).collect()
        });
        attempt.run(
            api_client::cohorts::start(campaign, NewCohort { sample_percent, other_campaigns }),
            move |job| {
                state().heard_of(job);
                if let Some(open) = open {
                    open.set(false);
                }
            },
        );
    };
    view! {
        <form class:panel=open.is_none() on:submit=move |event| { event.prevent_default(); submit(); }>
            {field::choice("sample-percent", t!(cohort.sample_percent), percent, options)}
            <p class="dim">{t!(cohort.sample_means)}</p>
            {offered.show_quietly(move |offered| {
                ticked.set_value(offered.iter().map(|one| (one.campaign, RwSignal::new(false))).collect());
                (!offered.is_empty()).then(|| others(&offered, &ticked.get_value()))
            })}
            {attempt.refusal()}
            <div class="actions">
                {open.map(|open| view! { <button type="button" on:click=move |_| open.set(false)>{t!(common.cancel)}</button> })}
                <button type="submit" class="primary" disabled=move || attempt.busy()>{t!(cohort.start)}</button>
            </div>
        </form>
    }
    .into_any()
}

/// The other campaigns, to be ticked.
fn others(offered: &[OtherCampaign], ticked: &[(CampaignId, RwSignal<bool>)]) -> AnyView {
    let one = |(one, (id, wanted)): (&OtherCampaign, &(CampaignId, RwSignal<bool>))| {
        let words = t!(cohort.other_one, name = one.name, n = format::count(one.people));
        field::tick(format!("other-{id}"), words, *wanted)
    };
    view! {
        <fieldset class="options"><legend>{t!(cohort.others)}</legend>
            {offered.iter().zip(ticked).map(one).collect_view()}
            <p class="dim">{t!(cohort.others_means)}</p>
        </fieldset>
    }
    .into_any()
}
