//! A person's diplomas: what the register says, the scans with what a machine read on them, and printed proofs.

use crate::prelude::*;
use api::Right;
use api::diploma::{AttachScan, Check, NewProof, Proof, Reading, Scan};
use api::dossier::{Diploma, Dossier};
use api::ids::{DiplomaId, PersonId};

use crate::api_client;
use crate::components::{
    attempt::Attempt,
    dialog, field, figure,
    loader::Loader,
    mark::{self, Status},
    notice,
    upload::{self, Stand},
};
use crate::format;
use crate::i18n::{self, words};
use crate::state::state;
use crate::t;

/// The diplomas of a dossier.
pub(crate) fn section(person: PersonId, diplomas: &[Diploma], dossier: Loader<Dossier>) -> AnyView {
    view! {
        <section>
            <h2>{t!(dossier.diplomas)}</h2>
            {diplomas.is_empty().then(|| notice::empty(t!(dossier.no_diplomas), t!(dossier.no_diplomas_how)))}
            {diplomas.iter().map(|diploma| one(person, diploma, dossier)).collect_view()}
        </section>
    }
    .into_any()
}

fn one(person: PersonId, diploma: &Diploma, dossier: Loader<Dossier>) -> AnyView {
    let id = diploma.id;
    let attaching = RwSignal::new(false);
    let proof = Attempt::new();
    let issued = RwSignal::new(None::<Proof>);
    let issue = move || {
        let wanted = NewProof { diploma: id };
        proof.run(async move { api_client::diplomas::issue_proof(person, &wanted).await }, move |made| {
            issued.set(Some(made))
        });
    };
    let dated = diploma.issued.map(|date| date.to_string()).unwrap_or_default();
    view! {
        <div class="panel diploma">
            <dl class="facts columns">
                {figure::fact(i18n::label("certificate"), &*diploma.number, true)}
                {figure::fact(t!(dossier.outcome), &*diploma.outcome, false)}
                {figure::fact(i18n::label("major"), &*diploma.major, false)}
                {figure::fact(i18n::label("level"), &*diploma.level, false)}
                {figure::fact(t!(dossier.issued), dated, false)}
                {figure::fact(t!(dossier.president), &*diploma.president, false)}
            </dl>
            {diploma.scans.is_empty().then(|| mark::mark(Status::Waiting, t!(diploma.no_scan)))}
            {diploma.scans.iter().map(scan).collect_view()}
            <div class="actions no-print">
                {(state().may(Right::CorrectDossier) && state().may(Right::Import)).then(|| view! {
                    <button type="button" on:click=move |_| attaching.set(true)>{t!(diploma.attach)}</button>
                })}
                {state().may(Right::RevealNumbers).then(|| view! {
                    <button type="button" disabled=move || proof.busy() on:click=move |_| issue()>{t!(diploma.prove)}</button>
                })}
            </div>
            {proof.refusal()}
            {move || issued.get().map(|made| self::proof(&made))}
            {dialog::dialog(attaching, t!(diploma.attach), || (), move || attach_form(person, id, attaching, dossier))}
        </div>
    }
    .into_any()
}

/// Adds a scan, with a reason.
fn attach_form(
    person: PersonId,
    diploma: DiplomaId,
    open: RwSignal<bool>,
    dossier: Loader<Dossier>,
) -> AnyView {
    let attempt = Attempt::new();
    let (file, reason) = (RwSignal::new(Stand::Empty), RwSignal::new(String::new()));
    let submit = move || {
        let Stand::Kept(kept) = file.get_untracked() else { return };
        let reason = reason.get_untracked().trim().to_owned();
        let wanted = AttachScan { upload: kept.id, diploma, reason };
        attempt.run(async move { api_client::diplomas::attach_scan(person, &wanted).await }, move |()| {
            open.set(false);
            state().tell(t!(diploma.attached));
            dossier.again();
        });
    };
    view! {
        <form on:submit=move |event| { event.prevent_default(); submit(); }>
            {upload::place("scan-file", t!(imports.file), t!(diploma.attach_hint), ".pdf,.tif,.tiff,.jpg,.jpeg", file)}
            {field::lines("scan-reason", t!(diploma.reason), 2, reason)}
            {attempt.refusal()}
            <div class="actions">
                <button type="button" on:click=move |_| open.set(false)>{t!(common.cancel)}</button>
                <button type="submit" class="primary" disabled=move || attempt.busy() || reason.get().trim().is_empty()
                    || !matches!(file.get(), Stand::Kept(_))>{t!(diploma.attach)}</button>
            </div>
        </form>
    }
    .into_any()
}

fn scan(kept: &Scan) -> AnyView {
    let open = RwSignal::new(false);
    let (id, reading) = (kept.id, kept.reading.clone());
    let kind = kept.media_type.rsplit('/').next().unwrap_or_default().to_uppercase();
    let facts = format!("{kind} · {} · {}", t!(diploma.pages, n = kept.pages), format::size(kept.bytes));
    view! {
        <div class="scan">
            <p>
                {standing(kept.reading.as_ref())} " "
                <span class="dim">{facts} " · " {format::local_date(kept.kept)}</span> " "
                <code class="digest" title=kept.sha256.clone()>{kept.sha256.get(..16).unwrap_or_default().to_owned()} "…"</code>
            </p>
            <div class="actions no-print">
                <button type="button" class="quiet" aria-expanded=move || open.get().to_string()
                    on:click=move |_| open.update(|open| *open = !*open)>{t!(diploma.look)}</button>
                {state().may(Right::AskCopies).then(|| view! {
                    <a class="button quiet" download="" href=api_client::diplomas::scan_file_url(id)>{t!(diploma.original)}</a>
                })}
            </div>
            {move || open.get().then(|| held_against(id, reading.as_ref()))}
        </div>
    }
    .into_any()
}

/// How a scan stands to the register, in a few words.
fn standing(reading: Option<&Reading>) -> AnyView {
    let Some(reading) = reading else { return mark::mark(Status::Waiting, t!(diploma.unread)) };
    if !reading.measurable {
        return mark::mark(Status::Waiting, t!(diploma.not_measurable));
    }
    let count = |outcome: &str| reading.checks.iter().filter(|check| check.outcome == outcome).count() as u64;
    match (count("differs"), count("not_found")) {
        (0, 0) => mark::mark(Status::Ok, t!(diploma.agrees)),
        (0, missing) => mark::mark(Status::Attention, t!(diploma.some_missing, n = format::count(missing))),
        (differs, missing) => mark::mark(
            Status::Stop,
            t!(diploma.some_differ, n = format::count(differs), missing = format::count(missing)),
        ),
    }
}

/// The pages with the places drawn on them, and beside them the register's facts, each with what was read.
fn held_against(id: api::ids::ScanId, reading: Option<&Reading>) -> AnyView {
    let pages = reading.map(|reading| reading.pages.clone()).unwrap_or_else(|| vec![[0, 0]]);
    let checks = reading.map(|reading| reading.checks.clone()).unwrap_or_default();
    let chosen = RwSignal::new(String::new());
    let rows = checks.clone();
    view! {
        <div class="scan-check">
            <div>{(1_u32..).zip(pages).map(|(number, size)| page(id, number, size, &checks, chosen)).collect_view()}</div>
            {(!rows.is_empty()).then(|| view! {
                <div class="scroll"><table class="dense">
                    <thead><tr><th>{t!(diploma.fact)}</th><th>{t!(diploma.register)}</th><th>{t!(diploma.on_scan)}</th><th>{t!(diploma.answer)}</th></tr></thead>
                    <tbody>{rows.into_iter().map(|check| row(check, chosen)).collect_view()}</tbody>
                </table>
                <p class="dim">{t!(diploma.machine)}</p></div>
            })}
        </div>
    }
    .into_any()
}

fn row(check: Check, chosen: RwSignal<String>) -> AnyView {
    let field = check.field.clone();
    let pressed = field.clone();
    let status = match check.outcome.as_str() {
        "agrees" => Status::Ok,
        "differs" => Status::Stop,
        _ => Status::Attention,
    };
    view! {
        <tr>
            <td><button type="button" class="quiet" aria-pressed=move || (chosen.get() == pressed).to_string()
                on:click=move |_| chosen.set(field.clone())>{i18n::worded(words::diploma_field, &check.field)}</button></td>
            <td class="private">{check.expected}</td>
            <td class="private">{check.found.unwrap_or_default()}</td>
            <td>{mark::mark(status, i18n::worded(words::agreement, &check.outcome))}</td>
        </tr>
    }
    .into_any()
}

fn page(
    id: api::ids::ScanId,
    number: u32,
    [width, height]: [u32; 2],
    checks: &[Check],
    chosen: RwSignal<String>,
) -> AnyView {
    let lost = RwSignal::new(false);
    let places: Vec<_> = checks
        .iter()
        .filter(|check| check.page == Some(number))
        .filter_map(|check| Some((check.field.clone(), check.outcome == "differs", check.place?)))
        .collect();
    view! {
        <figure class="scan-page overlay">
            <img class="private" src=api_client::diplomas::scan_page_url(id, number) alt=t!(diploma.page_of, n = number)
                on:error=move |_| lost.set(true)/>
            {move || lost.get().then(|| view! { <p class="no-photo">{t!(diploma.no_picture)}</p> })}
            {(width > 0).then(|| view! {
                <svg viewBox=format!("0 0 {width} {height}") aria-hidden="true">
                    {places.into_iter().map(|(field, differs, [x, y, w, h])| {
                        let class = move || {
                            let standing = if differs { "failed" } else { "held" };
                            if chosen.get() == field { format!("{standing} chosen") } else { standing.to_owned() }
                        };
                        view! { <g class=class><rect x=x y=y width=w height=h></rect></g> }
                    }).collect_view()}
                </svg>
            })}
        </figure>
    }
    .into_any()
}

/// An issued proof: its code, whether it still holds, and the papers to print.
pub(crate) fn proof(made: &Proof) -> AnyView {
    let (status, text) = match made.current {
        true => (Status::Ok, t!(diploma.proof_holds)),
        false => (Status::Attention, t!(diploma.proof_outdated)),
    };
    let said = &made.said;
    view! {
        <div class="panel proof">
            <p>{mark::mark(status, text)}</p>
            <dl class="facts columns">
                {figure::fact(t!(diploma.code), &*made.code, true)}
                {figure::fact(t!(diploma.issued_at), format::local_time(made.issued), false)}
                {figure::fact(t!(diploma.issued_by), &*made.by, false)}
                {figure::fact(t!(common.purpose), &*made.purpose, false)}
                {figure::fact(i18n::worded(words::diploma_field, "name"), &*said.name, true)}
                {figure::fact(i18n::worded(words::diploma_field, "number"), &*said.number, true)}
                {figure::fact(i18n::worded(words::diploma_field, "major"), &*said.major, false)}
                {figure::fact(i18n::worded(words::diploma_field, "outcome"), &*said.outcome, false)}
            </dl>
            {state().may(Right::RevealNumbers).then(|| view! {
                <div class="actions no-print">
                    <a class="button" target="_blank" href=api_client::diplomas::proof_url(made.id, "zh")>{t!(diploma.print_zh)}</a>
                    <a class="button" target="_blank" href=api_client::diplomas::proof_url(made.id, "en")>{t!(diploma.print_en)}</a>
                </div>
            })}
        </div>
    }
    .into_any()
}

/// Finds an issued proof by the code on the paper.
pub(crate) fn look_up() -> AnyView {
    let attempt = Attempt::new();
    let (code, found) = (RwSignal::new(String::new()), RwSignal::new(None::<Proof>));
    let submit = move || {
        let typed = code.get_untracked();
        found.set(None);
        attempt.run(async move { api_client::diplomas::look_up_proof(typed).await }, move |proof| {
            found.set(Some(proof))
        });
    };
    view! {
        <form class="panel" on:submit=move |event| { event.prevent_default(); submit(); }>
            <h2>{t!(diploma.look_up)}</h2>
            {field::text("proof-code", t!(diploma.code), "text", code)}
            {attempt.refusal()}
            <div class="actions">
                <button type="submit" disabled=move || attempt.busy() || code.get().trim().is_empty()>{t!(diploma.look_up)}</button>
            </div>
            {move || found.get().map(|found| proof(&found))}
        </form>
    }
    .into_any()
}
