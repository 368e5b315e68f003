//! Who looked at this person? And: what did this account look at?

use crate::prelude::*;
use api::ids::PersonId;
use api::usage::{UseQuery, Uses};

use crate::api_client;
use crate::components::{loader::Loader, uses};
use crate::format;
use crate::router;
use crate::state::state;
use crate::t;

/// The use register of a person.
pub(crate) fn of_person(person: PersonId) -> AnyView {
    let asked = uses::asked();
    let found = Loader::new(move || {
        let query = asked.get();
        async move { api_client::people::uses_of(person, &query).await }
    });
    let back = format!("/persons/{person}");
    view! {
        {state().may(api::Right::ReadDossier).then(|| view! {
            <p class="crumb no-print"><a href=back.clone()>{t!(uses.to_dossier)}</a></p>
        })}
        {whole(t!(uses.of_person), t!(uses.of_person_means), found, asked, false)}
    }
    .into_any()
}

/// What was looked at, by one account or by all.
pub(crate) fn of_accounts() -> AnyView {
    let asked = uses::asked();
    let found = Loader::new(move || {
        let query = asked.get();
        async move { api_client::people::uses(&query).await }
    });
    view! {
        <p class="crumb no-print"><a href="/audit" on:click=|event| { event.prevent_default(); router::go("/audit"); }>{t!(rail.audit)}</a></p>
        {whole(t!(uses.of_accounts), t!(uses.of_accounts_means), found, asked, true)}
    }
    .into_any()
}

fn whole(
    title: crate::i18n::Text,
    means: crate::i18n::Text,
    found: Loader<Uses>,
    asked: Memo<UseQuery>,
    whose: bool,
) -> AnyView {
    view! {
        <header class="page-head"><div><h1>{title}</h1> <p class="dim">{means}</p></div></header>
        {found.show(move |found| view! {
            {uses::filters(&found, asked)}
            <p role="status" aria-live="polite">{figures(&found, whose)}</p>
            {uses::list(&found, asked, whose)}
        }.into_any())}
    }
    .into_any()
}

/// How much there is.
fn figures(found: &Uses, whose: bool) -> String {
    let uses = t!(uses.count, n = format::count(found.total));
    if whose { format!("{uses} · {}", t!(uses.subjects, n = format::count(found.subjects))) } else { uses }
}
