//! What happened, in an order that nobody can change unseen?

use crate::prelude::*;
use api::ledger::{LedgerEntry, LedgerHead, LedgerProof};

use crate::api_client;
use crate::browser;
use crate::components::{
    attempt::Attempt,
    figure, job,
    loader::Loader,
    mark::{self, Status},
    notice, pager, subject,
};
use crate::format;
use crate::i18n::{self, words};
use crate::router;
use crate::state::state;
use crate::t;

/// How many entries a part has.
const LIMIT: u32 = 50;

/// The head, and the entries.
pub(crate) fn page() -> AnyView {
    let head = Loader::new(api_client::archive::ledger);
    let running = RwSignal::new(None);
    let attempt = Attempt::new();
    let verify = move |_| {
        attempt.run(api_client::archive::verify_ledger(), move |job| {
            running.set(Some(job.id));
            state().heard_of(job);
        });
    };
    view! {
        <header class="page-head">
            <h1>{t!(rail.ledger)}</h1>
            <button type="button" class="primary" disabled=move || attempt.busy() on:click=verify>{t!(ledger.verify)}</button>
        </header>
        <p class="lead">{t!(ledger.what)}</p>
        {attempt.refusal()}
        {move || running.get().map(|id| view! { <section class="panel">{job::here(job::follow(id))}</section> })}
        {head.show(|head| head_view(&head))}
        <section><h2>{t!(ledger.entries)}</h2>{entries()}</section>
    }
    .into_any()
}

fn head_view(head: &LedgerHead) -> AnyView {
    let witnesses = if head.witnesses.is_empty() {
        mark::mark(Status::Waiting, t!(ledger.no_witness))
    } else {
        mark::mark(Status::Ok, format::list(&head.witnesses))
    };
    let checkpoint = head.checkpoint.clone();
    let save = move |_| {
        if browser::save_as("checkpoint.txt", "text/plain", &checkpoint).is_err() {
            state().tell(t!(failure.not_saved));
        }
    };
    view! {
        {figure::figures(vec![
            figure::figure(t!(ledger.size), format::count(head.size)),
            figure::figure(t!(ledger.pending), format::count(head.pending)),
            figure::figure(t!(ledger.witnesses), witnesses),
        ])}
        <dl class="facts">
            {figure::fact(t!(ledger.origin), &*head.origin, false)}
            {figure::fact(t!(ledger.root), &*head.root, false)}
            {figure::fact(t!(ledger.key), &*head.verifier_key, false)}
        </dl>
        <details><summary>{t!(ledger.checkpoint)}</summary><pre>{head.checkpoint.clone()}</pre>
            <button type="button" on:click=save>{t!(common.save)}</button></details>
    }
    .into_any()
}

fn entries() -> AnyView {
    let (subject, offset) = (router::query("subject"), pager::offset());
    let entries = Loader::new(move || {
        let (subject, offset) = (subject.get(), offset.get());
        async move { api_client::archive::ledger_entries(subject.trim(), offset, LIMIT).await }
    });
    view! {
        <label class="field narrow" for="ledger-subject"><span>{t!(ledger.search)}</span>
            <input id="ledger-subject" type="search" placeholder="delivery_… person_… case_…" prop:value=move || subject.get()
                on:change:target=move |event| router::set_query(&[("subject", event.target().value().trim()), ("offset", "")])/>
        </label>
        {entries.show(move |part| if part.items.is_empty() {
            notice::empty(t!(ledger.none), t!(ledger.none_how))
        } else {
            view! {
                <div class="scroll"><table class="dense rows">
                    <thead><tr><th class="number">{t!(ledger.index)}</th><th>{t!(common.when)}</th><th>{t!(common.what)}</th><th>{t!(common.subject)}</th><th>{t!(common.who)}</th></tr></thead>
                    <tbody>{part.items.iter().map(row).collect_view()}</tbody>
                </table></div>
                {pager::pager(offset.get_untracked(), LIMIT, part.total)}
            }.into_any()
        })}
    }
    .into_any()
}

fn row(entry: &LedgerEntry) -> AnyView {
    view! {
        <tr>
            <td class="number"><a href=format!("/ledger/{}", entry.index)>{format::count(entry.index)}</a></td>
            <td>{format::when(entry.at)}</td><td>{i18n::worded(words::event, &entry.kind)}</td>
            <td>{subject::link(&entry.subject)}</td><td>{subject::actor(&entry.actor)}</td>
        </tr>
    }
    .into_any()
}

/// One entry with its proof.
pub(crate) fn one(index: u64) -> AnyView {
    let proof = Loader::new(move || api_client::archive::ledger_proof(index));
    view! {
        <p class="crumb no-print"><a href="/ledger">{t!(rail.ledger)}</a></p>
        {proof.show(|proof| proof_view(&proof))}
    }
    .into_any()
}

fn proof_view(proof: &LedgerProof) -> AnyView {
    let entry = &proof.entry;
    let (index, text) = (entry.index, proof.proof.clone());
    let save = move |_| {
        if browser::save_as(&format!("entry-{index}.tlog-proof"), "text/plain", &text).is_err() {
            state().tell(t!(failure.not_saved));
        }
    };
    view! {
        <header class="page-head">
            <div><h1>{t!(ledger.entry, n = format::count(entry.index))}</h1>
                <p>{i18n::worded(words::event, &entry.kind)} " " <span class="dim">{format::local_time(entry.at)} " · " {subject::actor(&entry.actor)} " · " {subject::link(&entry.subject)}</span></p></div>
            <button type="button" class="primary no-print" on:click=save>{t!(ledger.save_proof)}</button>
        </header>
        <dl class="facts">{figure::fact(t!(ledger.commitment), &*entry.commitment, false)}</dl>
        <h2>{t!(ledger.leaf)}</h2><pre>{proof.leaf.clone()}</pre>
        {proof.opening.clone().map(|opening| view! { <h2>{t!(ledger.opening)}</h2><p class="dim">{t!(ledger.opening_how)}</p><pre>{opening}</pre> })}
        <h2>{t!(ledger.proof)}</h2><pre>{proof.proof.clone()}</pre>
    }
    .into_any()
}
