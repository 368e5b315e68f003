//! By which thresholds are faces compared, and how sure are they?

use crate::prelude::*;
use api::face::{Calibration, NewCalibration, OperatingPoint};
use api::ids::CalibrationId;

use crate::api_client;
use crate::components::{
    attempt::Attempt,
    chart, field, figure, job,
    loader::Loader,
    mark::{self, Status},
    notice,
};
use crate::format;
use crate::state::state;
use crate::t;

/// The false match rates that can be aimed at.
const TARGETS: [&str; 3] = ["0.01", "0.001", "0.0001"];

/// Every calibration, and the way to run another.
pub(crate) fn page() -> AnyView {
    let calibrations = Loader::new(api_client::faces::calibrations);
    view! {
        <header class="page-head"><h1>{t!(rail.calibration)}</h1></header>
        <p class="lead">{t!(calibration.what)}</p>
        {state().may(api::Right::Calibrate).then(|| run_form(calibrations))}
        {calibrations.show(|all| if all.is_empty() {
            notice::empty(t!(calibration.none), t!(calibration.none_how))
        } else {
            list(&all)
        })}
    }
    .into_any()
}

fn list(all: &[Calibration]) -> AnyView {
    view! {
        <div class="scroll"><table class="dense rows">
            <thead><tr><th>{t!(calibration.version)}</th><th>{t!(common.when)}</th><th>{t!(calibration.state)}</th>
                <th class="number">{t!(calibration.people)}</th><th class="number">{t!(calibration.reject)}</th><th class="number">{t!(calibration.accept)}</th></tr></thead>
            <tbody>{all.iter().map(|calibration| view! {
                <tr>
                    <td><a href=format!("/calibration/{}", calibration.id)>{calibration.version.clone()}</a></td>
                    <td>{format::when(calibration.created)}</td>
                    <td>{in_force(calibration.adopted)}</td>
                    <td class="number">{format::count(calibration.people)}</td>
                    <td class="number">{format::fixed(calibration.reject, 3)}</td>
                    <td class="number">{format::fixed(calibration.accept, 3)}</td>
                </tr>
            }).collect_view()}</tbody>
        </table></div>
    }
    .into_any()
}

fn in_force(adopted: bool) -> AnyView {
    if adopted {
        mark::mark(Status::Ok, t!(calibration.adopted))
    } else {
        mark::mark(Status::Waiting, t!(calibration.not_adopted))
    }
}

fn run_form(calibrations: Loader<Vec<Calibration>>) -> AnyView {
    let campaigns = Loader::new(api_client::campaigns::campaigns);
    let running = RwSignal::new(None);
    let form = campaigns.show(move |campaigns| {
        if campaigns.is_empty() {
            return notice::empty(t!(imports.no_campaign), t!(imports.no_campaign_how));
        }
        let first = campaigns.first().map(|c| c.id.to_string()).unwrap_or_default();
        let campaign = RwSignal::new(first);
        let target = RwSignal::new("0.001".to_owned());
        let options = campaigns.into_iter().map(|c| (c.id.to_string(), c.facts.name)).collect();
        let targets = TARGETS.map(|t| (t.to_owned(), format::rate(t.parse().unwrap_or(0.0)))).to_vec();
        let attempt = Attempt::new();
        let submit = move || {
            let (Ok(campaign), Ok(target_fmr)) = (campaign.get_untracked().parse(), target.get_untracked().parse()) else {
                return;
            };
            let new = NewCalibration { campaign, target_fmr };
            attempt.run(async move { api_client::faces::calibrate(&new).await }, move |job| {
                running.set(Some(job.id));
                state().heard_of(job);
            });
        };
        view! {
            <form class="panel row" on:submit=move |event| { event.prevent_default(); submit(); }>
                {field::choice("calibration-campaign", t!(calibration.campaign), campaign, options)}
                {field::choice("calibration-target", t!(calibration.target), target, targets)}
                <button type="submit" class="primary" disabled=move || attempt.busy()>{t!(calibration.run)}</button>
                {attempt.refusal()}
            </form>
        }
        .into_any()
    });
    view! {
        {form}
        {move || running.get().map(|id| {
            let followed = job::follow(id);
            job::when_over(followed, move |_| calibrations.again());
            job::here(followed)
        })}
    }
    .into_any()
}

/// One calibration.
pub(crate) fn one(id: CalibrationId) -> AnyView {
    let calibration = Loader::new(move || api_client::faces::calibration(id));
    view! {
        <p class="crumb"><a href="/calibration">{t!(rail.calibration)}</a></p>
        {calibration.show(move |kept| full(&kept, calibration))}
    }
    .into_any()
}

fn full(kept: &Calibration, calibration: Loader<Calibration>) -> AnyView {
    let id = kept.id;
    let adopting = Attempt::new();
    let may_adopt = !kept.adopted && state().may(api::Right::Calibrate);
    view! {
        <header class="page-head">
            <div><h1>{kept.version.clone()}</h1><p>{in_force(kept.adopted)} " " <span class="dim">{kept.model.clone()} " · " {format::local_time(kept.created)}</span></p></div>
            {may_adopt.then(|| view! {
                <button type="button" class="primary" disabled=move || adopting.busy()
                    on:click=move |_| adopting.run(api_client::faces::adopt(id), move |kept| { calibration.put(kept); state().tell(t!(calibration.now_adopted)); })>{t!(calibration.adopt)}</button>
            })}
        </header>
        {adopting.refusal()}
        {may_adopt.then(|| view! { <p class="dim">{t!(calibration.adopt_means)}</p> })}
        {figure::figures(vec![
            figure::figure(t!(calibration.people), format::count(kept.people)),
            figure::figure(t!(calibration.genuine), format::count(kept.genuine)),
            figure::figure(t!(calibration.impostor), format::count(kept.impostor)),
            figure::figure(t!(calibration.reject), format::fixed(kept.reject, 3)),
            figure::figure(t!(calibration.accept), format::fixed(kept.accept, 3)),
        ])}
        <div class="charts">{chart::det(kept)}{chart::histogram(kept, None)}</div>
        <section>
            <h2>{t!(calibration.points)}</h2>
            <div class="scroll"><table class="dense">
                <thead><tr><th class="number">{t!(calibration.target)}</th><th class="number">{t!(calibration.threshold)}</th>
                    <th class="number">{t!(calibration.interval)}</th><th class="number">{t!(chart.fnmr)}</th>
                    <th class="number">{t!(calibration.fnmr_interval)}</th></tr></thead>
                <tbody>{kept.operating_points.iter().map(|of| point(of, kept.impostor)).collect_view()}</tbody>
            </table></div>
        </section>
    }
    .into_any()
}

/// A rate with its threshold, or by how many pairs it can't be measured.
fn point(point: &OperatingPoint, pairs: u64) -> AnyView {
    let range = |range: Option<(f64, f64)>| {
        range.map(|(low, high)| format!("{} – {}", format::rate(low), format::rate(high)))
    };
    let Some(threshold) = point.threshold else {
        let why = match point.needed {
            Some(needed) if needed <= pairs => t!(calibration.unreachable).to_string(),
            Some(needed) => {
                t!(calibration.not_measurable, count = format::count(pairs), needed = format::count(needed))
            }
            None => t!(calibration.not_measurable_with, count = format::count(pairs)),
        };
        return view! {
            <tr><td class="number">{format::rate(point.target_fmr)}</td><td class="dim" colspan="4">{why}</td></tr>
        }
        .into_any();
    };
    view! {
        <tr>
            <td class="number">{format::rate(point.target_fmr)}</td><td class="number">{format::fixed(threshold, 3)}</td>
            <td class="number">{range(point.interval)}</td>
            <td class="number">{point.fnmr.map(format::rate)}</td><td class="number">{range(point.fnmr_interval)}</td>
        </tr>
    }
    .into_any()
}
