//! What a cohort came to, in figures: by which rules, what the machine says, what people found, and the sample.

use crate::prelude::*;
use api::Right;
use api::cohort::{Cohort, Disposition, Outcome, Sample, Wanted};

use crate::components::{
    figure,
    mark::{self, Status},
};
use crate::format;
use crate::i18n::{self, Text, words};
use crate::state::state;
use crate::t;

/// Everything that is counted, each figure with the way to the rows behind it.
pub(super) fn all(cohort: &Cohort) -> AnyView {
    view! { {rules(cohort)} {machine(cohort)} {people(cohort)} {sample(&cohort.sample)} }.into_any()
}

/// This very page, with the cases wanted.
fn href(wanted: Wanted) -> String {
    let path = state().address.with_untracked(|address| address.path.clone());
    format!("{path}?wanted={}", i18n::code_of(wanted))
}

/// A number as a link to its rows; zero leads nowhere.
fn linked(n: u64, wanted: Wanted) -> AnyView {
    if n == 0 { "0".into_any() } else { view! { <a href=href(wanted)>{format::count(n)}</a> }.into_any() }
}

/// Who compared what and by which rules: one line, and the particulars on demand.
fn rules(cohort: &Cohort) -> AnyView {
    let counts = cohort.counts;
    let thresholds = format!("{} / {}", format::fixed(cohort.reject, 3), format::fixed(cohort.accept, 3));
    let by_chance = match cohort.alike_by_chance {
        Some(n) if n < 0.1 => t!(cohort.hardly_a_pair).to_string(),
        Some(n) => t!(cohort.pairs_by_chance, n = format::fixed(n, 1)),
        None => t!(desk.no_odds).to_string(),
    };
    let others: Vec<String> = cohort
        .other_campaigns
        .iter()
        .map(|one| t!(cohort.other_one, name = one.name, n = format::count(one.people)))
        .collect();
    let may_see = [Right::Calibrate, Right::Compare].into_iter().any(|right| state().may(right));
    let calibration = cohort.calibration_version.clone();
    let calibration = if may_see {
        view! { <a href=format!("/calibration/{}", cohort.calibration)>{calibration}</a> }.into_any()
    } else {
        calibration.into_any()
    };
    let (time, name, version) = (format::local_time(cohort.at), &cohort.by, &cohort.calibration_version);
    let line = t!(cohort.basis, time = time, name = name, version = version, rules = cohort.rule_set);
    view! {
        <details>
            <summary>{line}</summary>
            <dl class="facts columns">
                {figure::fact(t!(cohort.people), format::count(counts.people), false)}
                {figure::fact(t!(cohort.photos), format::count(counts.photos), false)}
                {figure::fact(t!(cohort.pairs), format::count(counts.pairs), false)}
                {figure::fact(t!(cohort.model), &*cohort.model, false)}
                <div class="fact"><dt>{t!(desk.calibration)}</dt><dd>{calibration}</dd></div>
                {figure::fact(t!(desk.thresholds), thresholds, false)}
                {figure::fact(t!(cohort.alike), t!(cohort.alike_from, value = format::fixed(cohort.alike, 3)), false)}
                {figure::fact(t!(cohort.by_chance), by_chance, false)}
                {(!others.is_empty()).then(|| figure::fact(t!(cohort.others_in), format::list(&others), false))}
            </dl>
        </details>
    }
    .into_any()
}

fn machine(cohort: &Cohort) -> AnyView {
    let counts = cohort.counts;
    let big = |outcome: Outcome, gloss: Text, n: u64, wanted: Option<Wanted>| {
        let status = if n == 0 { Status::Waiting } else { mark::outcome_status(outcome) };
        figure::big(status, words::cohort_outcome(&i18n::code_of(outcome)), gloss, n, wanted.map(href))
    };
    view! {
        <section aria-label=t!(cohort.machine)>
            <div class="bigs">
                {big(Outcome::Match, t!(cohort.match_gloss), counts.matched, Some(Wanted::Match))}
                {big(Outcome::Unsure, t!(cohort.unsure_gloss), counts.unsure, Some(Wanted::Unsure))}
                {big(Outcome::NoMatch, t!(cohort.no_match_gloss), counts.no_match, Some(Wanted::NoMatch))}
                {big(Outcome::ByHand, t!(cohort.by_hand_gloss), counts.by_hand, Some(Wanted::ByHand))}
            </div>
        </section>
    }
    .into_any()
}

fn people(cohort: &Cohort) -> AnyView {
    let counts = cohort.counts;
    let found = |disposition: Disposition, value: AnyView| {
        let status = mark::disposition_status(disposition);
        let name = words::disposition(&i18n::code_of(disposition));
        figure::figure(view! { {mark::shape(status)} " " {name} }, value)
    };
    view! {
        <section>
            <h2>{t!(cohort.found)}</h2>
            {figure::figures(vec![
                figure::figure(view! { {mark::shape(Status::Waiting)} " " {t!(cohort.waits)} }, linked(counts.waiting, Wanted::Waiting)),
                found(Disposition::Normal, linked(counts.normal, Wanted::Normal)),
                found(Disposition::Doubtful, linked(counts.doubtful, Wanted::Doubtful)),
                found(Disposition::Abnormal, linked(counts.abnormal, Wanted::Abnormal)),
            ])}
        </section>
    }
    .into_any()
}

fn sample(sample: &Sample) -> AnyView {
    let wrong = match sample.wrong_at_most {
        Some(share) => t!(cohort.wrong_at_most, share = format::percent(share)),
        None => t!(cohort.wrong_unknown).to_string(),
    };
    let contradicted = match sample.contradicted {
        0 => "0".into_any(),
        n => mark::mark(Status::Attention, format::count(n)),
    };
    view! {
        <section>
            <h2>{t!(cohort.sample)} " " <small class="dim">{t!(cohort.sample_why, percent = sample.percent)}</small></h2>
            {figure::figures(vec![
                figure::figure(t!(cohort.sample_size), linked(sample.size, Wanted::Sample)),
                figure::figure(t!(cohort.looked_at), format::count(sample.looked_at)),
                figure::figure(t!(cohort.contradicted), contradicted),
            ])}
            <p>{wrong}</p>
        </section>
    }
    .into_any()
}
