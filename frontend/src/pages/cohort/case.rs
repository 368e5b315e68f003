//! Are these photos of one person, and of the right one?

use crate::prelude::*;
use api::Right;
use api::cohort::{Case, Cohort, CohortState, Disposition, SayWord};
use api::ids::{CohortId, PersonId};

use super::{at, case_href, cases, evidence, kept_query};
use crate::api_client;
use crate::browser;
use crate::components::{
    attempt::Attempt,
    dialog, field, figure,
    loader::Loader,
    mark::{self, Status},
};
use crate::format;
use crate::i18n::{self, words};
use crate::router;
use crate::state::state;
use crate::t;

/// The field for the remark.
const NOTE: &str = "case-note";

/// The page. What others say of other cases doesn't draw it anew: every reading of a case is recorded.
pub(crate) fn page(id: CohortId, person: PersonId) -> AnyView {
    let look = Look {
        id,
        person,
        cohort: Loader::new(move || api_client::cohorts::cohort(id)),
        case: Loader::new(move || api_client::cohorts::case(id, person)),
        chosen: RwSignal::new(None),
        note: RwSignal::new(String::new()),
        attempt: Attempt::new(),
        reopening: RwSignal::new(false),
    };
    browser::on_key(move |key, _| match key {
        "1" => look.say(Disposition::Normal),
        "2" => look.say(Disposition::Doubtful),
        "3" => look.say(Disposition::Abnormal),
        "n" | "ArrowRight" => look.go_on(),
        "Escape" => {
            router::go(&list(id, look.cohort.now().as_ref()));
            true
        }
        _ => false,
    });
    let back = move || list(id, look.cohort.get().as_ref());
    view! {
        <p class="crumb no-print"><a href=back>{t!(cohort.back)}</a> " › "
            {look.cohort.show_quietly(|cohort| cohort.campaign_name)}</p>
        {look.case.show(move |case| full(look, &case))}
        {reopen_dialog(look)}
    }
    .into_any()
}

/// The list as it was left.
fn list(id: CohortId, cohort: Option<&Cohort>) -> String {
    let path = match cohort.filter(|cohort| cohort.state != CohortState::Superseded) {
        Some(cohort) => format!("/campaigns/{}/cohorts", cohort.campaign),
        None => format!("/cohorts/{id}"),
    };
    at(path, &kept_query())
}

/// A case under a person's eyes, and what is about to be said of it.
#[derive(Clone, Copy)]
struct Look {
    id: CohortId,
    person: PersonId,
    cohort: Loader<Cohort>,
    case: Loader<Case>,
    chosen: RwSignal<Option<Disposition>>,
    note: RwSignal<String>,
    attempt: Attempt,
    reopening: RwSignal<bool>,
}

impl Look {
    /// Says it and goes on to the next; without the remark that is needed, asks for that. Answers whether anything can
    /// be said.
    fn say(self, disposition: Disposition) -> bool {
        let may = self.case.now().is_some_and(|case| case.may_say);
        if may {
            self.chosen.set(Some(disposition));
            if untrack(move || self.lacks_note()) {
                browser::focus(NOTE);
            } else {
                self.send(disposition);
            }
        }
        may
    }

    fn send(self, disposition: Disposition) {
        let Self { id, person, .. } = self;
        let word = SayWord { disposition, note: self.note.get_untracked().trim().to_owned() };
        self.attempt.run(async move { api_client::cohorts::say(id, person, &word).await }, move |case| {
            match next(&case) {
                Some(next) => {
                    state().tell(t!(cohort.recorded, what = i18n::name_of(words::disposition, disposition)));
                    router::go(&case_href(id, next, &kept_query()));
                }
                None => {
                    state().tell(t!(cohort.thanks));
                    self.case.put(case);
                }
            }
        });
    }

    /// Whether what was chosen needs a remark and there is none; tracked.
    fn lacks_note(self) -> bool {
        self.chosen.get().is_some_and(|chosen| chosen != Disposition::Normal)
            && self.note.get().trim().is_empty()
    }

    /// Goes to the next case. Answers whether there is one.
    fn go_on(self) -> bool {
        let next = self.case.now().as_ref().and_then(next);
        if let Some(next) = next {
            router::go(&case_href(self.id, next, &kept_query()));
        }
        next.is_some()
    }
}

/// The next case, if it is another.
fn next(case: &Case) -> Option<PersonId> {
    case.next.filter(|next| *next != case.row.person)
}

fn full(look: Look, case: &Case) -> AnyView {
    view! {
        {head(look, case)}
        <div class="case-look">
            <div class="case-evidence">
                {evidence::photos(case)}
                {evidence::pairs(case)}
                {evidence::look_alikes(look.id, case, look.cohort)}
            </div>
            <div class="case-side">
                {machine(look, case)}
                {answer(look, case)}
            </div>
        </div>
        {said(case)}
    }
    .into_any()
}

fn head(look: Look, case: &Case) -> AnyView {
    let Look { id, person, .. } = look;
    let row = &case.row;
    view! {
        <header class="page-head">
            <div>
                <h1 class="name private">{row.name.clone()}</h1>
                <p class="dim"><span class="digits private">{row.number.clone()}</span> " · " {row.college.clone()} " · " {row.class.clone()}</p>
            </div>
            <div class="actions no-print">
                {state().may(Right::ReadDossier).then(|| view! {
                    <a class="button" href=format!("/persons/{person}")>{t!(find.open)}</a>
                    <a class="button" target="_blank" href=move || api_client::cohorts::person_report_url(id, person)>{t!(cohort.person_report)}</a>
                })}
                {next(case).map(|next| view! {
                    <a class="button" href=case_href(id, next, &kept_query())>{t!(cohort.next_case)} " " <kbd>"n"</kbd></a>
                })}
            </div>
        </header>
    }
    .into_any()
}

/// What the machine says, and why it says no more.
fn machine(look: Look, case: &Case) -> AnyView {
    let row = &case.row;
    let bar = case.bar.map(i18n::code_of).filter(|code| !row.reasons.contains(code));
    let reasons: Vec<_> = row.reasons.iter().chain(&bar).map(|code| super::reason(code)).collect();
    view! {
        <section>
            <h2>{t!(cohort.machine)}</h2>
            <p class="verdict-line">{mark::mark(mark::outcome_status(row.outcome), i18n::name_of(words::cohort_outcome, row.outcome))}
                {row.sampled.then(|| view! { " " <span class="dim">{t!(cohort.sampled)}</span> })}</p>
            {(!reasons.is_empty()).then(|| view! { <ul class="bullets">{reasons.into_iter().map(|why| view! { <li>{why}</li> }).collect_view()}</ul> })}
            {evidence::scale(case, look.cohort)}
            {case.consent.map(|n| view! { <dl class="facts">{figure::fact(t!(cohort.consent), t!(cohort.consent_number, n = n), false)}</dl> })}
        </section>
    }
    .into_any()
}

/// What people say: the form for whoever may, or how far it is.
fn answer(look: Look, case: &Case) -> AnyView {
    let body = match cases::found(&case.row) {
        _ if case.may_say && case.row.mine => view! {
            <p>{mark::mark(Status::Waiting, t!(cohort.given))}</p>
            <details><summary>{t!(cohort.change)}</summary>{form(look)}</details>
        }
        .into_any(),
        _ if case.may_say => form(look),
        Some(found) if case.row.disposition.is_some() => view! { <p class="verdict-line">{found}</p> },
        _ if case.row.mine => view! { <p>{mark::mark(Status::Waiting, t!(cohort.given))}</p> },
        Some(_) => view! { <p>{mark::mark(Status::Waiting, t!(cohort.others_look))}</p> },
        None => view! { <p>{mark::mark(Status::Ok, t!(cohort.clear))}</p> },
    };
    view! {
        <section>
            <h2>{t!(cohort.found)}</h2>
            {body}
            {case.may_reopen.then(|| view! {
                <div class="actions no-print"><button type="button" on:click=move |_| look.reopening.set(true)>{t!(cohort.reopen)}</button></div>
            })}
        </section>
    }
    .into_any()
}

fn form(look: Look) -> AnyView {
    let button = move |key: &'static str, disposition: Disposition| {
        view! {
            <button type="button" class="decide" aria-pressed=move || (look.chosen.get() == Some(disposition)).to_string()
                disabled=move || look.attempt.busy() on:click=move |_| { look.say(disposition); }>
                {mark::shape(mark::disposition_status(disposition))} " " {i18n::name_of(words::disposition, disposition)} " " <kbd>{key}</kbd>
            </button>
        }
    };
    let problem = move || look.lacks_note().then(|| t!(cohort.note_needed));
    // Enter in the remark says what was chosen.
    let submit = move || {
        if let Some(chosen) = look.chosen.get_untracked() {
            look.say(chosen);
        }
    };
    view! {
        <form class="no-print" on:submit=move |event| { event.prevent_default(); submit(); }>
            <p class="dim">{t!(cohort.hidden)}</p>
            {field::checked(NOTE, t!(cohort.note), look.note, problem)}
            <div class="actions desk-actions">
                {button("1", Disposition::Normal)}
                {button("2", Disposition::Doubtful)}
                {button("3", Disposition::Abnormal)}
            </div>
            {look.attempt.refusal()}
        </form>
    }
    .into_any()
}

/// What was said, round by round.
fn said(case: &Case) -> Option<AnyView> {
    (!case.words.is_empty()).then(|| view! {
        <section>
            <h2>{t!(cohort.said)}</h2>
            <div class="scroll"><table class="dense stack">
                <thead><tr><th class="number">{t!(cohort.round)}</th><th>{t!(cohort.said_by)}</th><th>{t!(cohort.found)}</th><th>{t!(cohort.note)}</th><th>{t!(common.when)}</th></tr></thead>
                <tbody>{case.words.iter().map(|word| view! {
                    <tr>
                        <td class="number" data-label=t!(cohort.round)>{word.round}</td>
                        <td class="name">{word.by.clone()}</td>
                        <td>{mark::mark(mark::disposition_status(word.disposition), i18n::name_of(words::disposition, word.disposition))}</td>
                        <td class="prose">{word.note.clone()}</td>
                        <td>{format::when(word.at)}</td>
                    </tr>
                }).collect_view()}</tbody>
            </table></div>
        </section>
    })
}

fn reopen_dialog(look: Look) -> AnyView {
    let Look { id, person, reopening, .. } = look;
    dialog::dialog(
        reopening,
        t!(cohort.reopen),
        || (),
        move || {
            let (reason, attempt) = (RwSignal::new(String::new()), Attempt::new());
            let submit = move || {
                let reason = reason.get_untracked().trim().to_owned();
                attempt.run(api_client::cohorts::reopen(id, person, reason), move |case| {
                    reopening.set(false);
                    state().tell(t!(cohort.reopened));
                    look.case.put(case);
                });
            };
            view! {
                <form on:submit=move |event| { event.prevent_default(); submit(); }>
                    <p>{t!(cohort.reopen_means)}</p>
                    {field::lines("reopen-reason", t!(delivery.reason), 3, reason)}
                    {attempt.refusal()}
                    <div class="actions">
                        <button type="button" on:click=move |_| reopening.set(false)>{t!(common.cancel)}</button>
                        <button type="submit" class="primary" disabled=move || attempt.busy() || reason.get().trim().chars().count() < 2>{t!(cohort.reopen)}</button>
                    </div>
                </form>
            }
            .into_any()
        },
    )
}
