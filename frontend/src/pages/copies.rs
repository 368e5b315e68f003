//! Which lists may leave, and who says so?

use crate::prelude::*;
use api::Right;
use api::copy::{Copy, CopyState, DecideCopy, NewCopy};
use api::search::SearchQuery;

use crate::api_client;
use crate::components::{
    attempt::Attempt,
    dialog, field,
    loader::Loader,
    mark::{self, Status},
    notice, subject,
};
use crate::format;
use crate::i18n::{self, words};
use crate::live;
use crate::router;
use crate::state::state;
use crate::t;

/// The list of requests.
pub(crate) fn page() -> AnyView {
    let copies = Loader::new(api_client::copies::copies);
    live::on_change(&["copy"], move || copies.again());
    let deciding = RwSignal::new(None);
    view! {
        <header class="page-head">
            <div><h1>{t!(rail.copies)}</h1> <p class="dim">{t!(copies.what)}</p></div>
        </header>
        {copies.show(move |copies| if copies.is_empty() {
            notice::empty(t!(copies.none), t!(copies.none_how))
        } else {
            list(&copies, deciding)
        })}
        {decision_dialog(deciding, copies)}
    }
    .into_any()
}

fn list(copies: &[Copy], deciding: RwSignal<Option<Copy>>) -> AnyView {
    view! {
        <div class="scroll"><table class="dense rows stack">
            <thead><tr><th>{t!(copies.purpose)}</th><th class="number">{t!(copies.people)}</th><th>{t!(copies.asked)}</th>
                <th>{t!(copies.state)}</th><th>{t!(copies.next)}</th></tr></thead>
            <tbody>{copies.iter().map(|copy| row(copy, deciding)).collect_view()}</tbody>
        </table></div>
    }
    .into_any()
}

fn row(copy: &Copy, deciding: RwSignal<Option<Copy>>) -> AnyView {
    view! {
        <tr>
            <td>{copy.purpose.clone()} <br/> <span class="dim">{what(copy)}</span></td>
            <td class="number">{format::count(copy.people)}</td>
            <td>{subject::actor(&copy.asked_by)} <br/> <span class="dim">{format::when(copy.asked)}</span></td>
            <td>{standing(copy)}</td>
            <td class="whole">{next(copy, deciding)}</td>
        </tr>
    }
    .into_any()
}

/// Which people, and with which numbers.
fn what(copy: &Copy) -> String {
    let numbers = if copy.numbers { t!(copies.whole) } else { t!(copies.masked) };
    if copy.narrowed.is_empty() { numbers.to_string() } else { format!("{} · {numbers}", copy.narrowed) }
}

fn standing(copy: &Copy) -> AnyView {
    let status = match copy.state {
        CopyState::Waiting => Status::Waiting,
        CopyState::Approved => Status::Ok,
        CopyState::Refused => Status::Stop,
        CopyState::Expired => Status::Attention,
    };
    let by = copy.decided_by.as_deref().map(subject::actor);
    view! {
        {mark::mark(status, i18n::name_of(words::copy_state, copy.state))}
        {by.map(|by| view! { <br/> <span class="dim">{by} " · " {copy.decided.map(format::when)}</span> })}
        {(!copy.note.is_empty()).then(|| view! { <br/> <span>{copy.note.clone()}</span> })}
    }
    .into_any()
}

/// What the person can do with it now.
fn next(copy: &Copy, deciding: RwSignal<Option<Copy>>) -> AnyView {
    let taken = (copy.taken > 0).then(|| t!(copies.taken, n = copy.taken));
    match copy.state {
        CopyState::Approved if copy.mine => view! {
            <a class="button" href=api_client::copies::copy_url(copy.id) download=format!("{}.xlsx", copy.id)>{t!(copies.take)}</a>
            <br/> <span class="dim">{copy.until.map(|until| t!(copies.until, time = format::local_time(until)))} " " {taken}</span>
        }
        .into_any(),
        CopyState::Waiting if copy.mine => t!(copies.waits).into_any(),
        CopyState::Waiting if state().may(Right::ApproveCopies) => {
            let copy = copy.clone();
            view! {
                <button type="button" class="primary" on:click=move |_| deciding.set(Some(copy.clone()))>{t!(copies.decide)}</button>
            }
            .into_any()
        }
        _ => taken.into_any(),
    }
}

fn decision_dialog(deciding: RwSignal<Option<Copy>>, copies: Loader<Vec<Copy>>) -> AnyView {
    let open = RwSignal::new(false);
    Effect::new(move |_| open.set(deciding.get().is_some()));
    dialog::dialog(
        open,
        t!(copies.decide),
        move || deciding.set(None),
        move || match deciding.get_untracked() {
            Some(copy) => decision_form(copy, deciding, copies),
            None => ().into_any(),
        },
    )
}

fn decision_form(copy: Copy, deciding: RwSignal<Option<Copy>>, copies: Loader<Vec<Copy>>) -> AnyView {
    let note = RwSignal::new(String::new());
    let attempt = Attempt::new();
    let id = copy.id;
    let decide = move |approve: bool| {
        let decision = DecideCopy { approve, note: note.get_untracked().trim().to_owned() };
        attempt.run(async move { api_client::copies::decide_copy(id, &decision).await }, move |_| {
            deciding.set(None);
            state().tell(if approve { t!(copies.approved) } else { t!(copies.refused) });
            copies.again();
        });
    };
    let asks = t!(copies.asks, who = copy.asked_by, n = format::count(copy.people), numbers = what(&copy));
    view! {
        <form on:submit=move |event| { event.prevent_default(); }>
            <p>{asks}</p>
            <p><strong>{copy.purpose.clone()}</strong></p>
            {field::lines("copy-note", t!(copies.note), 2, note)}
            {attempt.refusal()}
            <div class="actions">
                <button type="button" on:click=move |_| deciding.set(None)>{t!(common.cancel)}</button>
                <button type="button" disabled=move || attempt.busy() || note.get().trim().is_empty() on:click=move |_| decide(false)>{t!(copies.refuse)}</button>
                <button type="button" class="primary" disabled=move || attempt.busy() on:click=move |_| decide(true)>{t!(copies.approve)}</button>
            </div>
        </form>
    }
    .into_any()
}

/// Asks for a list of what a search finds.
pub(crate) fn ask_dialog(
    open: RwSignal<bool>,
    query: Memo<SearchQuery>,
    total: impl Fn() -> u64 + std::marker::Copy + Send + Sync + 'static,
) -> AnyView {
    dialog::dialog(open, t!(copies.ask), || (), move || ask_form(open, query.get_untracked(), total()))
}

fn ask_form(open: RwSignal<bool>, query: SearchQuery, total: u64) -> AnyView {
    let session = state().session_now().and_then(|session| session.purpose);
    let purpose = RwSignal::new(session.unwrap_or_default());
    let numbers = RwSignal::new(false);
    let attempt = Attempt::new();
    let submit = move || {
        let new = NewCopy {
            query: query.clone(),
            numbers: numbers.get_untracked(),
            purpose: purpose.get_untracked().trim().to_owned(),
        };
        attempt.run(async move { api_client::copies::ask_copy(&new).await }, move |_| {
            open.set(false);
            router::go("/copies");
        });
    };
    view! {
        <form on:submit=move |event| { event.prevent_default(); submit(); }>
            <p>{t!(copies.ask_means, n = format::count(total))}</p>
            {field::text("copy-purpose", t!(copies.purpose), "text", purpose)}
            {state().may(Right::RevealNumbers).then(|| field::tick("copy-numbers".to_owned(), t!(copies.with_numbers), numbers))}
            {attempt.refusal()}
            <div class="actions">
                <button type="button" on:click=move |_| open.set(false)>{t!(common.cancel)}</button>
                <button type="submit" class="primary" disabled=move || attempt.busy() || purpose.get().trim().chars().count() < 2>{t!(copies.send)}</button>
            </div>
        </form>
    }
    .into_any()
}
