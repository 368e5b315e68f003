//! The three signatures: who has signed, who is next, what was sent back and why.

use crate::prelude::*;
use api::cohort::{Cohort, CohortState, Level, SignCohort, Signature};
use api::ids::CohortId;

use crate::api_client;
use crate::components::{
    attempt::Attempt,
    dialog, field,
    loader::Loader,
    mark::{self, Status},
};
use crate::format;
use crate::i18n::{self, words};
use crate::session;
use crate::state::state;
use crate::t;

/// The papers, the chain, and the form for whoever may go on with it.
pub(super) fn chain(id: CohortId, cohorts: Loader<Vec<Cohort>>) -> AnyView {
    let shown = move || super::shown(cohorts);
    let mine = Memo::new(move |_| shown().filter(|cohort| cohort.may_sign).and_then(|cohort| cohort.next));
    let sending_back = RwSignal::new(false);
    view! {
        <section>
            <h2>{t!(cohort.signing)}</h2>
            {papers(id)}
            <p class="dim">{t!(cohort.signing_how)}</p>
            {move || shown().map(|cohort| steps(&cohort))}
            {move || shown().and_then(|cohort| stands(&cohort))}
            {move || mine.get().map(|level| form(id, level, cohorts, sending_back))}
            {move || shown().map(|cohort| gone(&cohort.signatures))}
            {move || shown().map(|cohort| view! { <p class="dim">{t!(ground.digest)} " " <code class="digest">{cohort.digest}</code></p> })}
            {move || shown().and_then(|cohort| archived(&cohort))}
            {send_back_dialog(sending_back, id, mine, cohorts)}
        </section>
    }
    .into_any()
}

/// What can be taken away. It names people, so that the purpose is asked first.
fn papers(id: CohortId) -> AnyView {
    let asks = session::lacks_purpose();
    (move || {
        if asks.get() {
            return view! { <p class="aside no-print">{t!(cohort.papers_purpose)} " " {session::ask_button()}</p> }.into_any();
        }
        view! {
            <div class="actions no-print">
                <a class="button" target="_blank" href=move || api_client::cohorts::report_url(id)>{t!(cohort.report)}</a>
                <a class="button" download=format!("{id}.xlsx") href=api_client::cohorts::table_url(id)>{t!(cohort.table)}</a>
            </div>
        }
        .into_any()
    })
    .into_any()
}

fn steps(cohort: &Cohort) -> AnyView {
    view! { <ol class="signing">{Level::ALL.into_iter().map(|level| step(cohort, level)).collect_view()}</ol> }
        .into_any()
}

fn step(cohort: &Cohort, level: Level) -> AnyView {
    let signed = cohort.signatures.iter().rfind(|one| one.level == level && one.stands && !one.sent_back);
    let is_next =
        cohort.state == CohortState::Open && cohort.counts.waiting == 0 && cohort.next == Some(level);
    let (status, text) = match signed {
        Some(_) => (Status::Ok, t!(cohort.is_signed)),
        None if is_next => (Status::Attention, t!(cohort.is_next)),
        None => (Status::Waiting, t!(cohort.is_later)),
    };
    view! {
        <li class=status.class()>
            <h3>{i18n::name_of(words::level, level)}</h3>
            <p>{mark::mark(status, text)}</p>
            {signed.map(|signed| view! {
                <p><span class="name">{signed.by.clone()}</span> " · " {format::when(signed.at)}</p>
                {(!signed.note.is_empty()).then(|| view! { <p>{signed.note.clone()}</p> })}
            })}
        </li>
    }
    .into_any()
}

/// Why it can't be signed by the person at this screen now, if it can't.
fn stands(cohort: &Cohort) -> Option<AnyView> {
    let line = match (cohort.state, cohort.counts.waiting, cohort.next) {
        (CohortState::Signed, ..) => mark::mark(Status::Ok, t!(cohort.all_signed)),
        (CohortState::Superseded, ..) => mark::mark(Status::Waiting, t!(cohort.superseded)),
        (CohortState::Open, 0, Some(level)) if !cohort.may_sign => {
            let level_words = i18n::name_of(words::level, level);
            let another = state().may(level.right()).then(|| view! { " " {t!(cohort.another)} });
            view! { {mark::mark(Status::Waiting, t!(cohort.waits_for, level = level_words))} {another} }
        }
        (CohortState::Open, 0, _) => return None,
        (CohortState::Open, n, _) => mark::mark(Status::Waiting, t!(cohort.cases_wait, n = format::count(n))),
    };
    Some(view! { <p role="status">{line}</p> }.into_any())
}

/// Whether what was signed lies in the archive.
fn archived(cohort: &Cohort) -> Option<AnyView> {
    if cohort.state != CohortState::Signed {
        return None;
    }
    let line = match cohort.archived {
        true => view! { {t!(cohort.archived)} " " <code class="digest">{format!("urn:uuid:{}", cohort.id.uuid())}</code> }.into_any(),
        false => mark::mark(Status::Attention, t!(cohort.not_archived)).into_any(),
    };
    Some(view! { <p class="dim">{line}</p> }.into_any())
}

/// What was sent back, and what no longer stands because of it or because something has changed.
fn gone(signatures: &[Signature]) -> AnyView {
    let gone: Vec<_> = signatures.iter().filter(|one| one.sent_back || !one.stands).collect();
    if gone.is_empty() {
        return ().into_any();
    }
    let what = |one: &Signature| match one.sent_back {
        true => mark::mark(Status::Attention, t!(cohort.sent_back)),
        false => mark::mark(Status::Waiting, t!(cohort.fallen)),
    };
    view! {
        <h3>{t!(cohort.gone)}</h3>
        <div class="scroll"><table class="dense stack">
            <thead><tr><th>{t!(common.when)}</th><th>{t!(cohort.level)}</th><th>{t!(common.who)}</th><th>{t!(common.what)}</th><th>{t!(cohort.note)}</th></tr></thead>
            <tbody>{gone.into_iter().map(|one| view! {
                <tr>
                    <td>{format::when(one.at)}</td><td>{i18n::name_of(words::level, one.level)}</td>
                    <td class="name">{one.by.clone()}</td><td>{what(one)}</td><td class="prose">{one.note.clone()}</td>
                </tr>
            }).collect_view()}</tbody>
        </table></div>
    }
    .into_any()
}

/// What is given of one's own with a signature, or instead of one.
struct Given {
    send_back: bool,
    note: RwSignal<String>,
    password: RwSignal<String>,
}

/// Signs the cohort as it is in view, or sends it back.
fn give(
    id: CohortId,
    level: Level,
    given: Given,
    cohorts: Loader<Vec<Cohort>>,
    attempt: Attempt,
    then: impl FnOnce() + 'static,
) {
    let Some(digest) = untrack(move || super::shown(cohorts)).map(|cohort| cohort.digest) else { return };
    let signature = SignCohort {
        level,
        send_back: given.send_back,
        note: given.note.get_untracked().trim().to_owned(),
        digest,
        password: given.password.get_untracked(),
    };
    given.password.set(String::new());
    attempt.run(async move { api_client::cohorts::sign(id, &signature).await }, move |_| {
        then();
        cohorts.again();
    });
}

fn form(id: CohortId, level: Level, cohorts: Loader<Vec<Cohort>>, sending_back: RwSignal<bool>) -> AnyView {
    let (note, password) = (RwSignal::new(String::new()), RwSignal::new(String::new()));
    let attempt = Attempt::new();
    let submit = move || {
        let given = Given { send_back: false, note, password };
        give(id, level, given, cohorts, attempt, || state().tell(t!(case.signed)));
    };
    view! {
        <form class="panel no-print" on:submit=move |event| { event.prevent_default(); submit(); }>
            <h3>{move || t!(cohort.sign_as, level = i18n::name_of(words::level, level))}</h3>
            <p class="dim">{t!(ground.sign_note)}</p>
            {field::lines("sign-note", t!(cohort.note), 2, note)}
            {field::text("sign-password", t!(case.password), "password", password)}
            {attempt.refusal()}
            <div class="actions">
                // The first signs what nobody has signed before: there is nobody to send it back to.
                {(level != Level::Examiner).then(|| view! {
                    <button type="button" on:click=move |_| sending_back.set(true)>{t!(cohort.send_back)}</button>
                })}
                <button type="submit" class="primary" disabled=move || attempt.busy() || password.get().is_empty()>{t!(cohort.sign)}</button>
            </div>
        </form>
    }
    .into_any()
}

fn send_back_dialog(
    open: RwSignal<bool>,
    id: CohortId,
    mine: Memo<Option<Level>>,
    cohorts: Loader<Vec<Cohort>>,
) -> AnyView {
    dialog::dialog(
        open,
        t!(cohort.send_back),
        || (),
        move || {
            let (note, password) = (RwSignal::new(String::new()), RwSignal::new(String::new()));
            let attempt = Attempt::new();
            let submit = move || {
                let Some(level) = mine.get_untracked() else { return };
                let given = Given { send_back: true, note, password };
                give(id, level, given, cohorts, attempt, move || {
                    open.set(false);
                    state().tell(t!(cohort.is_sent_back));
                });
            };
            view! {
                <form on:submit=move |event| { event.prevent_default(); submit(); }>
                    <p>{t!(cohort.send_back_means)}</p>
                    {field::lines("send-back-note", t!(delivery.reason), 3, note)}
                    {attempt.refusal()}
                    <div class="actions">
                        <button type="button" on:click=move |_| open.set(false)>{t!(common.cancel)}</button>
                        <button type="submit" class="primary" disabled=move || attempt.busy() || note.get().trim().chars().count() < 2>{t!(cohort.send_back)}</button>
                    </div>
                </form>
            }
            .into_any()
        },
    )
}
