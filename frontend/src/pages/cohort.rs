//! Do the photos of everybody in this campaign show who they should, and who says so?

pub(crate) mod case;
mod cases;
mod evidence;
mod numbers;
mod signing;
mod starting;

use crate::prelude::*;
use api::Right;
use api::cohort::{Cohort, CohortState};
use api::ids::{CampaignId, CohortId, PersonId};

use crate::api_client;
use crate::browser;
use crate::components::{
    attempt::Attempt,
    loader::Loader,
    mark::{self, Status},
};
use crate::format;
use crate::i18n::{self, words};
use crate::live;
use crate::router;
use crate::state::state;
use crate::t;

/// A campaign's newest cohort, the way to compare, and the earlier ones.
pub(crate) fn page(campaign: CampaignId) -> AnyView {
    let cohorts = Loader::new(move || api_client::cohorts::cohorts(campaign));
    let named = Loader::new(move || api_client::campaigns::campaign(campaign));
    let work = starting::work(campaign, cohorts);
    let comparing_again = RwSignal::new(false);
    let again = move || {
        let is_open = shown(cohorts).is_some_and(|cohort| cohort.state == CohortState::Open);
        let may = is_open && !work.is_busy() && state().may(Right::Compare);
        may.then(|| again_button(comparing_again))
    };
    follow(cohorts);
    on_escape(move || format!("/campaigns/{campaign}"));
    view! {
        <p class="crumb no-print"><a href="/campaigns">{t!(rail.campaigns)}</a> " › "
            {named.show_quietly(move |kept| view! { <a href=format!("/campaigns/{campaign}")>{kept.facts.name}</a> })}</p>
        {head(cohorts, again)}
        {work.progress()}
        {cohorts.show(move |all| match all.first() {
            Some(cohort) => numbers::all(cohort),
            None => starting::nothing_yet(campaign, work),
        })}
        {body(cohorts)}
        {move || cohorts.get().map(|all| earlier(all.get(1..).unwrap_or_default()))}
        {starting::again_dialog(comparing_again, campaign)}
    }
    .into_any()
}

fn again_button(open: RwSignal<bool>) -> AnyView {
    view! { <button type="button" on:click=move |_| open.set(true)>{t!(cohort.again)}</button> }.into_any()
}

/// One cohort at an address of its own, also when a later one counts.
pub(crate) fn one(id: CohortId) -> AnyView {
    let cohorts = Loader::new(move || async move { Ok(vec![api_client::cohorts::cohort(id).await?]) });
    follow(cohorts);
    on_escape(move || {
        let campaign = cohorts.now().and_then(|all| all.first().map(|cohort| cohort.campaign));
        campaign.map_or_else(|| "/campaigns".to_owned(), |campaign| format!("/campaigns/{campaign}/cohorts"))
    });
    view! {
        <p class="crumb no-print"><a href="/campaigns">{t!(rail.campaigns)}</a> " › " {move || shown(cohorts).map(|cohort| crumbs(&cohort))}</p>
        {head(cohorts, || ())}
        {cohorts.show(|all| all.first().map(numbers::all).into_any())}
        {body(cohorts)}
    }
    .into_any()
}

/// The campaign and its cohorts, as links.
fn crumbs(cohort: &Cohort) -> AnyView {
    let campaign = cohort.campaign;
    view! {
        <a href=format!("/campaigns/{campaign}")>{cohort.campaign_name.clone()}</a> " › "
        <a href=format!("/campaigns/{campaign}/cohorts")>{t!(cohort.title)}</a>
    }
    .into_any()
}

/// The cohort in view; tracked.
fn shown(cohorts: Loader<Vec<Cohort>>) -> Option<Cohort> {
    cohorts.get()?.into_iter().next()
}

fn follow(cohorts: Loader<Vec<Cohort>>) {
    live::on_change(&["cohort"], move || cohorts.again());
}

fn on_escape(to: impl Fn() -> String + 'static) {
    browser::on_key(move |key, _| {
        if key == "Escape" {
            router::go(&to());
        }
        key == "Escape"
    });
}

/// What it is, how far it is, and the next step; `more` are further actions.
fn head<V: IntoView>(cohorts: Loader<Vec<Cohort>>, more: impl Fn() -> V + 'static) -> AnyView {
    let looking = Attempt::new();
    let look = move || {
        let cohort = shown(cohorts)?;
        let to_do = cohort.state == CohortState::Open && cohort.counts.waiting > 0;
        (to_do && state().may(Right::ReviewComparisons)).then(|| view! {
            <button type="button" class="primary" disabled=move || looking.busy()
                on:click=move |_| looking.run(api_client::cohorts::next(cohort.id), move |next| to_case(cohort.id, next))>{t!(cohort.look)}</button>
        })
    };
    view! {
        <header class="page-head">
            <div><h1>{t!(cohort.title)}</h1><p>{move || shown(cohorts).map(|cohort| stands(cohort.state))}</p></div>
            <div class="actions no-print">{more}{look}</div>
        </header>
        {looking.refusal()}
    }
    .into_any()
}

fn stands(state: CohortState) -> AnyView {
    let status = match state {
        CohortState::Open => Status::Attention,
        CohortState::Signed => Status::Ok,
        CohortState::Superseded => Status::Waiting,
    };
    mark::mark(status, i18n::name_of(words::cohort_state, state))
}

fn to_case(id: CohortId, next: Option<PersonId>) {
    match next {
        Some(person) => router::go(&case_href(id, person, "")),
        None => state().tell(t!(cohort.none_mine)),
    }
}

/// The cases and the signatures. Drawn anew only for another cohort, so that nobody loses what is being typed.
fn body(cohorts: Loader<Vec<Cohort>>) -> AnyView {
    let id = Memo::new(move |_| shown(cohorts).map(|cohort| cohort.id));
    (move || id.get().map(|id| view! { {cases::list(id)} {signing::chain(id, cohorts)} })).into_any()
}

fn earlier(cohorts: &[Cohort]) -> AnyView {
    if cohorts.is_empty() {
        return ().into_any();
    }
    view! {
        <section>
            <details>
                <summary>{t!(cohort.earlier)}</summary>
                <div class="scroll"><table class="dense rows">
                    <thead><tr><th>{t!(cohort.at)}</th><th>{t!(cohort.by)}</th><th>{t!(cohort.state)}</th><th class="number">{t!(cohort.people)}</th></tr></thead>
                    <tbody>{cohorts.iter().map(|cohort| view! {
                        <tr>
                            <td><a href=format!("/cohorts/{}", cohort.id)>{format::when(cohort.at)}</a></td>
                            <td>{cohort.by.clone()}</td>
                            <td>{stands(cohort.state)}</td>
                            <td class="number">{format::count(cohort.counts.people)}</td>
                        </tr>
                    }).collect_view()}</tbody>
                </table></div>
            </details>
        </section>
    }
    .into_any()
}

/// The page of a case; `query` is its place in the list.
fn case_href(id: CohortId, person: PersonId, query: &str) -> String {
    at(format!("/cohorts/{id}/cases/{person}"), query)
}

fn at(path: String, query: &str) -> String {
    if query.is_empty() { path } else { format!("{path}?{query}") }
}

/// The place in the list, kept while one case leads to the next.
fn kept_query() -> String {
    state().address.with_untracked(|address| {
        let kept = address.query.iter().filter(|(name, _)| matches!(name.as_str(), "wanted" | "offset"));
        router::write_query(&kept.map(|(name, value)| (name.clone(), value.clone())).collect())
    })
}

/// Why the machine says no more, in words: findings, refusals and bars have codes of their own each.
fn reason(code: &str) -> String {
    let text = words::finding(code).or_else(|| words::reason(code));
    text.map_or_else(|| code.to_owned(), |text| text.say().to_owned())
}
