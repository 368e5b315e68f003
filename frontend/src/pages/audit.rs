//! Who did what, when, and why?

use crate::prelude::*;
use api::account::AuditEntry;

use crate::api_client;
use crate::browser;
use crate::components::{
    attempt::Attempt,
    loader::Loader,
    mark::{self, Status},
    notice, pager, subject,
};
use crate::format;
use crate::i18n::{self, words};
use crate::state::state;
use crate::t;

/// How many entries a part has.
const LIMIT: u32 = 100;

/// The page.
pub(crate) fn page() -> AnyView {
    let offset = pager::offset();
    let trail = Loader::new(move || api_client::accounts::audit(offset.get(), LIMIT));
    let saving = Attempt::new();
    let save = move |_| {
        saving.run(api_client::accounts::audit(offset.get_untracked(), LIMIT), |part| {
            if browser::save_as("audit.csv", "text/csv", &csv(&part.items)).is_err() {
                state().tell(t!(failure.not_saved));
            }
        });
    };
    view! {
        <header class="page-head">
            <h1>{t!(rail.audit)}</h1>
            <div class="actions">
                <a class="button" href="/audit/uses">{t!(uses.of_accounts)}</a>
                <button type="button" disabled=move || saving.busy() on:click=save>{t!(audit.export)}</button>
            </div>
        </header>
        {saving.refusal()}
        {trail.show(move |part| if part.items.is_empty() {
            notice::empty(t!(audit.none), t!(audit.none_how))
        } else {
            view! {
                <div class="scroll"><table class="dense">
                    <thead><tr><th class="number">{t!(audit.number)}</th><th>{t!(common.when)}</th><th>{t!(common.who)}</th><th>{t!(common.what)}</th>
                        <th>{t!(common.subject)}</th><th>{t!(common.purpose)}</th><th>{t!(audit.outcome)}</th></tr></thead>
                    <tbody>{part.items.iter().map(row).collect_view()}</tbody>
                </table></div>
                {pager::pager(offset.get_untracked(), LIMIT, part.total)}
            }.into_any()
        })}
    }
    .into_any()
}

fn row(entry: &AuditEntry) -> AnyView {
    let outcome = if entry.ok {
        mark::mark(Status::Ok, t!(audit.done))
    } else {
        mark::mark(Status::Stop, t!(audit.refused))
    };
    view! {
        <tr>
            <td class="number">{entry.number}</td><td>{format::when(entry.at)}</td><td>{subject::actor(&entry.account)}</td>
            <td>{i18n::worded(words::action, &entry.action)}</td><td>{entry.subject.as_deref().map(subject::link)}</td>
            <td>{entry.purpose.clone()}</td><td>{outcome}</td>
        </tr>
    }
    .into_any()
}

/// The part shown, as CSV. A field that a spreadsheet would take for a formula is quoted as text.
fn csv(entries: &[AuditEntry]) -> String {
    let field = |text: &str| {
        let guard = if text.starts_with(['=', '+', '-', '@']) { "'" } else { "" };
        format!("\"{guard}{}\"", text.replace('"', "\"\""))
    };
    let mut out = String::from("\u{feff}number,at,account,action,subject,purpose,ok\r\n");
    for entry in entries {
        let fields = [
            entry.number.to_string(),
            entry.at.to_string(),
            entry.account.clone(),
            entry.action.clone(),
            entry.subject.clone().unwrap_or_default(),
            entry.purpose.clone().unwrap_or_default(),
            entry.ok.to_string(),
        ];
        out.push_str(&fields.map(|text| field(&text)).join(","));
        out.push_str("\r\n");
    }
    out
}
