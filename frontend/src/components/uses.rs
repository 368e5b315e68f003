//! A list of uses: who did what, when and what for; with the fields that narrow it.

use crate::prelude::*;
use api::Right;
use api::dossier::Use;
use api::usage::{UseKind, UseQuery, Uses};

use crate::components::{notice, pager, subject};
use crate::format;
use crate::i18n::{self, words};
use crate::router;
use crate::state::state;
use crate::t;

/// How many uses a part of the list has.
const LIMIT: u32 = 50;

/// What the address asks for.
pub(crate) fn asked() -> Memo<UseQuery> {
    Memo::new(|_| {
        state().address.with(|address| {
            let text = |name: &str| address.query.get(name).filter(|value| !value.is_empty()).cloned();
            let kind = text("kind");
            UseQuery {
                account: text("account"),
                kind: UseKind::ALL.into_iter().find(|one| kind == Some(i18n::code_of(one))),
                from: text("from").and_then(|day| day.parse().ok()),
                until: text("until").and_then(|day| day.parse().ok()),
                offset: text("offset").and_then(|offset| offset.parse().ok()).unwrap_or(0),
                limit: LIMIT,
            }
        })
    })
}

/// Narrows the list; it then begins anew.
fn narrow(name: &'static str, value: &str) {
    router::set_query(&[(name, value), ("offset", "")]);
}

/// The fields by which the list is narrowed.
pub(crate) fn filters(uses: &Uses, asked: Memo<UseQuery>) -> AnyView {
    let (now, day) = (asked.get_untracked(), |day: Option<api::Date>| day.map(|day| day.to_string()));
    let by = now.account.clone().unwrap_or_default();
    let accounts = uses.accounts.iter().map(|one| {
        let name = words::actor(&one.name).map_or_else(|| one.name.clone(), |word| word.say().to_owned());
        let text = if name == one.account { name } else { format!("{name} · {}", one.account) };
        view! { <option value=one.account.clone() selected=one.account == by>{text}</option> }
    });
    let kinds = UseKind::ALL.into_iter().map(|kind| {
        view! { <option value=i18n::code_of(kind) selected=now.kind == Some(kind)>{i18n::name_of(words::use_kind, kind)}</option> }
    });
    view! {
        <form class="filters no-print" on:submit=|event| event.prevent_default()>
            <label class="field" for="uses-account"><span>{t!(common.who)}</span>
                <select id="uses-account" on:change:target=|event| narrow("account", &event.target().value())>
                    <option value="">{t!(uses.everybody)}</option>{accounts.collect_view()}
                </select></label>
            <label class="field" for="uses-kind"><span>{t!(common.what)}</span>
                <select id="uses-kind" on:change:target=|event| narrow("kind", &event.target().value())>
                    <option value="">{t!(uses.everything)}</option>{kinds.collect_view()}
                </select></label>
            <label class="field" for="uses-from"><span>{t!(uses.from)}</span>
                <input id="uses-from" type="date" value=day(now.from) on:change:target=|event| narrow("from", &event.target().value())/></label>
            <label class="field" for="uses-until"><span>{t!(uses.until)}</span>
                <input id="uses-until" type="date" value=day(now.until) on:change:target=|event| narrow("until", &event.target().value())/></label>
        </form>
    }
    .into_any()
}

/// The list, a part at a time. `whose` says whether each line names what was looked at.
pub(crate) fn list(uses: &Uses, asked: Memo<UseQuery>, whose: bool) -> AnyView {
    if uses.items.is_empty() {
        return notice::empty(t!(uses.none), t!(uses.none_how));
    }
    view! {
        {table(&uses.items, whose)}
        {pager::pager(asked.get_untracked().offset, LIMIT, uses.total)}
    }
    .into_any()
}

/// Uses as lines.
pub(crate) fn table(uses: &[Use], whose: bool) -> AnyView {
    view! {
        <div class="scroll"><table class="dense stack">
            <thead><tr>
                <th>{t!(common.when)}</th><th>{t!(common.who)}</th><th>{t!(common.what)}</th>
                {whose.then(|| view! { <th>{t!(common.subject)}</th> })}
                <th>{t!(common.purpose)}</th>
            </tr></thead>
            <tbody>{uses.iter().map(|used| row(used, whose)).collect_view()}</tbody>
        </table></div>
    }
    .into_any()
}

/// What was looked at, as a link. Who may not open dossiers is led to who else looked.
fn thing(id: &str) -> AnyView {
    if !id.starts_with("person_") || state().may(Right::ReadDossier) {
        return subject::link(id);
    }
    let own = id.to_owned();
    view! { <a href=format!("/persons/{id}/uses") title=id.to_owned()>{move || subject::name(&own)}</a> }
        .into_any()
}

fn row(used: &Use, whose: bool) -> AnyView {
    let times = (used.count > 1).then(|| {
        let text = t!(uses.times, n = format::count(used.count), since = format::local_time(used.first));
        view! { <br/> <span class="dim">{text}</span> }
    });
    let thing = (!used.subject.is_empty()).then(|| thing(&used.subject));
    view! {
        <tr>
            <td>{format::when(used.at)} {times}</td><td>{subject::actor(&used.by)}</td>
            <td>{i18n::worded(words::action, &used.action)}</td>
            {whose.then(|| view! { <td>{thing}</td> })}
            <td>{used.purpose.clone()}</td>
        </tr>
    }
    .into_any()
}
