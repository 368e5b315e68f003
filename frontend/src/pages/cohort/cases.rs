//! The cases of a cohort as a list, narrowed as the address says.

use crate::prelude::*;
use api::Right;
use api::cohort::{CaseRow, Wanted};
use api::ids::CohortId;

use crate::api_client;
use crate::browser;
use crate::components::{
    loader::Loader,
    mark::{self, Status},
    notice, pager,
};
use crate::format;
use crate::i18n::{self, words};
use crate::live;
use crate::router;
use crate::session;
use crate::state::state;
use crate::t;

/// How many cases a part of the list has.
const LIMIT: u32 = 50;

/// Every way to narrow the list, in the order of work.
const ALL: [Wanted; 12] = [
    Wanted::Mine,
    Wanted::All,
    Wanted::Waiting,
    Wanted::NoMatch,
    Wanted::Unsure,
    Wanted::ByHand,
    Wanted::Match,
    Wanted::Alike,
    Wanted::Sample,
    Wanted::Normal,
    Wanted::Doubtful,
    Wanted::Abnormal,
];

/// Where the list begins.
const HEAD: &str = "cases";

/// What the address asks for; if nothing, whatever is there to be done by the person at this screen.
fn wanted() -> Memo<Wanted> {
    let asked = router::query("wanted");
    Memo::new(move |_| {
        let asked = asked.get();
        let otherwise = if state().may(Right::ReviewComparisons) { Wanted::Mine } else { Wanted::All };
        ALL.into_iter().find(|one| i18n::code_of(one) == asked).unwrap_or(otherwise)
    })
}

/// The list with its filters.
pub(super) fn list(id: CohortId) -> AnyView {
    let (wanted, offset, asks) = (wanted(), pager::offset(), session::lacks_purpose());
    let cases = Loader::new(move || {
        let (wanted, offset, asks) = (wanted.get(), offset.get(), asks.get());
        async move {
            if asks {
                return Ok(None);
            }
            api_client::cohorts::cases(id, wanted, offset, LIMIT).await.map(Some)
        }
    });
    live::on_change(&["cohort"], move || cases.again());
    Effect::new(move |before: Option<Wanted>| {
        let now = wanted.get();
        if before.is_some_and(|before| before != now) {
            browser::scroll_to(HEAD);
        }
        now
    });
    let chip = move |one: Wanted| {
        let code = i18n::code_of(one);
        let name = words::cohort_wanted(&code);
        view! {
            <button type="button" class="chip" aria-pressed=move || (wanted.get() == one).to_string()
                on:click=move |_| router::set_query(&[("wanted", &code), ("offset", "")])>{name}</button>
        }
    };
    let may_look = state().may(Right::ReviewComparisons);
    let chips = ALL.into_iter().filter(|one| may_look || *one != Wanted::Mine);
    view! {
        <section class="no-print">
            <h2 id=HEAD>{t!(cohort.cases)}</h2>
            <div class="chips" role="group" aria-label=t!(find.facets)>{chips.map(chip).collect_view()}</div>
            {cases.show(move |part| match part {
                None => view! { <p class="aside">{t!(cohort.cases_purpose)} " " {session::ask_button()}</p> }.into_any(),
                Some(part) if part.items.is_empty() => nothing(wanted.get_untracked()),
                Some(part) => view! {
                    {table(id, &part.items, wanted.get_untracked(), offset.get_untracked())}
                    {pager::pager(offset.get_untracked(), LIMIT, part.total)}
                }.into_any(),
            })}
        </section>
    }
    .into_any()
}

fn nothing(wanted: Wanted) -> AnyView {
    match wanted {
        Wanted::Mine => notice::empty(t!(cohort.none_mine), t!(cohort.none_mine_how)),
        _ => notice::empty(t!(cohort.no_cases), t!(delivery.no_items_how)),
    }
}

fn table(id: CohortId, cases: &[CaseRow], wanted: Wanted, offset: u32) -> AnyView {
    let offset = if offset == 0 { String::new() } else { offset.to_string() };
    let place = [("wanted".to_owned(), i18n::code_of(wanted)), ("offset".to_owned(), offset)];
    let place = router::write_query(&place.into());
    view! {
        <div class="scroll"><table class="dense rows stack linked">
            <thead><tr>
                <th>{i18n::label("name")}</th><th>{i18n::label("student_number")}</th><th>{i18n::label("college")}</th><th>{i18n::label("class")}</th>
                <th>{t!(cohort.machine)}</th><th class="number">{t!(chart.similarity)}</th><th>{t!(cohort.reasons)}</th>
                <th class="number">{t!(cohort.look_alikes)}</th><th>{t!(cohort.sample)}</th><th class="number">{t!(cohort.words)}</th><th>{t!(cohort.found)}</th>
            </tr></thead>
            <tbody>{cases.iter().map(|case| row(id, case, &place)).collect_view()}</tbody>
        </table></div>
    }
    .into_any()
}

fn row(id: CohortId, case: &CaseRow, place: &str) -> AnyView {
    let reasons: Vec<_> = case.reasons.iter().map(|code| super::reason(code)).collect();
    let outcome = mark::outcome_status(case.outcome);
    view! {
        <tr>
            <td class="name private"><a href=super::case_href(id, case.person, place)>{case.name.clone()}</a></td>
            <td class="digits private">{case.number.clone()}</td>
            <td>{case.college.clone()}</td>
            <td>{case.class.clone()}</td>
            <td>{mark::mark(outcome, i18n::name_of(words::cohort_outcome, case.outcome))}</td>
            <td class="number" data-label=t!(chart.similarity)>{case.similarity.map(|value| format::fixed(value, 3))}</td>
            <td class="prose">{format::list(&reasons)}</td>
            <td class="number" data-label=t!(cohort.look_alikes)>{(case.alike > 0).then(|| mark::mark(Status::Attention, format::count(case.alike)))}</td>
            <td>{case.sampled.then(|| t!(cohort.sampled))}</td>
            <td class="number" data-label=t!(cohort.words)>{format::count(case.said)} {case.mine.then(|| view! { " " <span class="dim">{t!(cohort.mine_too)}</span> })}</td>
            <td>{found(case)}</td>
        </tr>
    }
    .into_any()
}

/// What the case comes to, or that it waits.
pub(super) fn found(case: &CaseRow) -> Option<AnyView> {
    match case.disposition {
        Some(disposition) => {
            let status = mark::disposition_status(disposition);
            Some(mark::mark(status, i18n::name_of(words::disposition, disposition)))
        }
        None => case.waits.then(|| mark::mark(Status::Waiting, t!(cohort.waits))),
    }
}
