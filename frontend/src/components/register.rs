//! The certificate register as a whole: gaps and duplicates among its numbers, and scans that do not say what it says.

use crate::prelude::*;
use api::diploma::{Doubt, Numbers, Scans, Series};
use api::job::Job;

use crate::api_client;
use crate::components::{
    attempt::Attempt,
    figure,
    loader::Loader,
    mark::{self, Status},
    subject,
};
use crate::format;
use crate::i18n::{self, words};
use crate::t;

/// How many gaps of a series are listed before the rest is only counted.
const GAPS: usize = 50;

/// The numbers of all diplomas.
pub(crate) fn numbers() -> AnyView {
    let found = Loader::new(api_client::diplomas::numbers);
    view! {
        <section class="panel">
            <h2>{t!(diploma.numbers)}</h2>
            {found.show(|found| all_numbers(&found))}
        </section>
    }
    .into_any()
}

fn all_numbers(found: &Numbers) -> AnyView {
    let faulty = found.missing > 0 || !found.duplicates.is_empty() || !found.malformed.is_empty();
    let (status, text) = match faulty {
        true => (Status::Attention, t!(diploma.numbers_faulty)),
        false => (Status::Ok, t!(diploma.numbers_whole)),
    };
    view! {
        <p>{mark::mark(status, text)}</p>
        <dl class="facts columns">
            {figure::fact(t!(diploma.numbers_all), format::count(found.numbers), false)}
            {figure::fact(t!(diploma.numbers_missing), format::count(found.missing), false)}
            {figure::fact(t!(diploma.numbers_twice), format::count(found.duplicates.len() as u64), false)}
            {figure::fact(t!(diploma.numbers_malformed), format::count(found.malformed.len() as u64), false)}
        </dl>
        {found.series.iter().map(series).collect_view()}
        {(!found.duplicates.is_empty()).then(|| view! {
            <h3>{t!(diploma.numbers_twice)}</h3>
            <ul>{found.duplicates.iter().map(|twice| view! {
                <li><code>{twice.number.clone()}</code> {twice.people.iter().map(|person| view! { " " {subject::link(&person.to_string())} }).collect_view()}</li>
            }).collect_view()}</ul>
        })}
        {(!found.malformed.is_empty()).then(|| view! {
            <h3>{t!(diploma.numbers_malformed)}</h3>
            <ul>{found.malformed.iter().map(|wrong| view! {
                <li><code>{wrong.number.clone()}</code> " " {i18n::worded(words::finding, &wrong.code)} " " {subject::link(&wrong.person.to_string())}</li>
            }).collect_view()}</ul>
        })}
    }
    .into_any()
}

fn series(series: &Series) -> AnyView {
    let more = series.gaps.len().saturating_sub(GAPS) as u64;
    let span = |first: &str, last: &str, count: u64| {
        t!(diploma.span, first = first, last = last, n = format::count(count))
    };
    view! {
        <details class="finding-group">
            <summary>
                {mark::mark(if series.missing == 0 { Status::Ok } else { Status::Attention }, t!(diploma.series, year = series.year))}
                " " <code>{series.prefix.clone()}</code> " "
                <span class="dim">{t!(diploma.series_figures, n = format::count(series.count), missing = format::count(series.missing))}</span>
            </summary>
            <ul class="places">
                {series.batches.iter().map(|batch| {
                    let day = batch.graduated.map_or_else(|| t!(diploma.no_day).to_string(), |day| day.to_string());
                    view! { <li>{day} " · " {span(&batch.first, &batch.last, batch.count)}</li> }
                }).collect_view()}
                {series.gaps.iter().take(GAPS).map(|gap| view! {
                    <li>{t!(diploma.gap)} " " {span(&gap.from, &gap.to, gap.count)}</li>
                }).collect_view()}
                {(more > 0).then(|| view! { <li class="dim">{t!(diploma.gaps_more, n = format::count(more))}</li> })}
            </ul>
        </details>
    }
    .into_any()
}

/// Scans in figures, and those that do not say what the register says. `began` hears of a reading that is asked for.
pub(crate) fn scans(began: impl Fn(Job) + Copy + Send + Sync + 'static) -> AnyView {
    let found = Loader::new(api_client::diplomas::scans);
    view! {
        <section class="panel">
            <h2>{t!(diploma.scans)}</h2>
            {found.show(move |found| all_scans(&found, began))}
        </section>
    }
    .into_any()
}

fn all_scans(found: &Scans, began: impl Fn(Job) + Copy + Send + Sync + 'static) -> AnyView {
    let attempt = Attempt::new();
    let shown = found.doubts.len() as u64;
    view! {
        <dl class="facts columns">
            {figure::fact(t!(diploma.scans), format::count(found.scans), false)}
            {figure::fact(t!(diploma.scans_unread), format::count(found.unread), false)}
            {figure::fact(t!(diploma.scans_doubt), format::count(found.in_doubt), false)}
            {figure::fact(t!(diploma.scans_not_measurable), format::count(found.not_measurable), false)}
            {figure::fact(t!(diploma.scans_without), format::count(found.without), false)}
        </dl>
        {(!found.can_read).then(|| mark::mark(Status::Attention, t!(diploma.cannot_read)))}
        {(found.can_read && found.unread > 0).then(|| view! {
            <div class="actions"><button type="button" disabled=move || attempt.busy()
                on:click=move |_| attempt.run(api_client::diplomas::read_scans(), began)>{t!(diploma.read)}</button></div>
        })}
        {attempt.refusal()}
        {(!found.doubts.is_empty()).then(|| view! {
            <div class="scroll"><table class="dense stack">
                <thead><tr><th>{i18n::label("name")}</th><th>{i18n::label("certificate")}</th><th>{t!(diploma.differing)}</th><th>{t!(diploma.not_found)}</th><th></th></tr></thead>
                <tbody>{found.doubts.iter().map(doubt).collect_view()}</tbody>
            </table></div>
        })}
        {(shown < found.in_doubt).then(|| view! {
            <p class="dim">{t!(imports.more, shown = format::count(shown), total = format::count(found.in_doubt))}</p>
        })}
    }
    .into_any()
}

fn doubt(doubt: &Doubt) -> AnyView {
    let fields = |fields: &[String]| {
        let words: Vec<_> = fields.iter().map(|field| i18n::worded(words::diploma_field, field)).collect();
        words.join(" · ")
    };
    view! {
        <tr>
            <td class="private">{doubt.name.clone()}</td><td class="digits">{doubt.number.clone()}</td>
            <td data-label=t!(diploma.differing)>{fields(&doubt.differs)}</td>
            <td data-label=t!(diploma.not_found)>{fields(&doubt.missing)}</td>
            <td>{subject::link(&doubt.person.to_string())}</td>
        </tr>
    }
    .into_any()
}
