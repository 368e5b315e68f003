//! What waits for me, what changed since I was last here, and is the house in order?

use crate::prelude::*;
use api::today::{Changed, Today, Waiting};

use crate::api_client;
use crate::components::{
    loader::Loader,
    mark::{self, Status},
    notice, subject,
};
use crate::format;
use crate::i18n::{self, words};
use crate::live;
use crate::state::state;
use crate::t;

/// The page.
pub(crate) fn page() -> AnyView {
    let today = Loader::new(api_client::accounts::today);
    live::on_change(&[], move || today.again());
    let name = state().session_now().map(|session| session.user.name).unwrap_or_default();
    view! {
        <header class="page-head">
            <h1>{t!(today.greeting, name = name)}</h1>
            {today.show_quietly(|today| health(&today))}
        </header>
        {today.show(full)}
    }
    .into_any()
}

fn health(today: &Today) -> AnyView {
    let text = match &today.health_code {
        Some(code) => i18n::worded(words::doctor, code),
        None => t!(today.healthy).to_string(),
    };
    let line = mark::mark(Status::of_level(&today.health), text);
    if state().may(api::Right::ReadDoctor) {
        view! { <a href="/settings/doctor">{line}</a> }.into_any()
    } else {
        line
    }
}

fn full(today: Today) -> AnyView {
    let since = today.since.map(|at| t!(today.since, time = format::local_time(at)));
    view! {
        <section>
            <h2>{t!(today.waiting)}</h2>
            {if today.waiting.is_empty() {
                notice::empty(t!(today.nothing_waits), t!(today.nothing_waits_how))
            } else {
                view! { <ul class="waiting-list">{today.waiting.iter().map(waits).collect_view()}</ul> }.into_any()
            }}
        </section>
        <section>
            <h2>{t!(today.changed)} " " <small class="dim">{since}</small></h2>
            {if today.changed.is_empty() {
                notice::empty(t!(today.nothing_changed), t!(today.nothing_changed_how))
            } else {
                changes(&today.changed)
            }}
        </section>
    }
    .into_any()
}

fn waits(waiting: &Waiting) -> AnyView {
    view! {
        <li>
            <a href=waiting.link.clone()>
                <span class="waiting-count">{format::count(waiting.count)}</span>
                <span class="waiting-what">{i18n::worded(words::waiting, &waiting.kind)}</span>
                <span class="dim">{t!(today.oldest, age = format::age(waiting.oldest))}</span>
            </a>
        </li>
    }
    .into_any()
}

fn changes(changed: &[Changed]) -> AnyView {
    let row = |change: &Changed| {
        let subject = match &change.subject {
            Some(subject) => subject::link(subject),
            None => view! { <span class="digits">{t!(today.times, n = format::count(change.count))}</span> }
                .into_any(),
        };
        view! {
            <tr>
                <td>{format::when(change.at)}</td>
                <td>{i18n::worded(words::event, &change.kind)}</td>
                <td>{subject}</td>
                <td>{subject::actor(&change.actor)}</td>
            </tr>
        }
    };
    view! {
        <div class="scroll">
            <table class="dense stack">
                <thead><tr><th>{t!(common.when)}</th><th>{t!(common.what)}</th><th>{t!(common.subject)}</th><th>{t!(common.who)}</th></tr></thead>
                <tbody>{changed.iter().map(row).collect_view()}</tbody>
            </table>
        </div>
    }
}
