//! The certificate of a deletion, checked in the browser as anybody can check it.

use api::ids::CaseId;
use handshake::certificate::{Fault, Report, Trust, verify_certificate};
use handshake::policy::Policy;
use handshake::statement::{Claim, LocationStatement};
use leptos::prelude::*;

use crate::api_client;
use crate::browser;
use crate::components::{
    figure,
    loader::Loader,
    mark::{self, Status},
};
use crate::format;
use crate::i18n::{self, words};
use crate::state::state;
use crate::t;

/// The page.
pub(crate) fn page(id: CaseId) -> AnyView {
    let text = Loader::new(move || async move { api_client::certificate(id).await });
    view! {
        <p class="crumb no-print"><a href=format!("/deletions/{id}")>{t!(case.back)}</a></p>
        {text.show(move |text| full(id, text))}
    }
    .into_any()
}

/// Checks the file against the policy it carries. Whether that is the policy of the contract, a person sees by its
/// fingerprint, which is printed in the contract's annex.
fn check(text: &str) -> Option<Result<Report, Fault>> {
    #[derive(serde::Deserialize)]
    struct Carried {
        policy: Policy,
    }
    let carried: Carried = serde_json::from_str(text).ok()?;
    Some(verify_certificate(text.as_bytes(), Trust::Policy(&carried.policy)))
}

fn full(id: CaseId, text: String) -> AnyView {
    let report = match check(&text) {
        Some(Ok(report)) => checked(&report),
        Some(Err(fault)) => not_true(&fault.to_string()),
        None => not_true(""),
    };
    let whole = text.clone();
    let save = move |_| {
        if browser::save_as(&format!("certificate-{id}.json"), "application/json", &whole).is_err() {
            state().tell(t!(failure.not_saved));
        }
    };
    view! {
        <header class="page-head">
            <div><h1>{t!(certificate.title)}</h1><p class="dim">{t!(certificate.how)}</p></div>
            <div class="actions no-print">
                <button type="button" on:click=save>{t!(common.save)}</button>
                <a class="button" href=api_client::url(&format!("/deletions/{id}/certificate.pdf")) download="certificate.pdf">{t!(certificate.pdf)}</a>
                <button type="button" class="primary" on:click=|_| browser::print()>{t!(common.print)}</button>
            </div>
        </header>
        {report}
        <details class="no-print"><summary>{t!(certificate.whole)}</summary><pre>{text}</pre></details>
    }
    .into_any()
}

fn not_true(why: &str) -> AnyView {
    view! {
        <div class="notice stop" role="alert">
            {mark::shape(Status::Stop)}
            <p>{t!(certificate.not_true)} " " <span lang="en">{why.to_owned()}</span></p>
        </div>
    }
    .into_any()
}

fn checked(report: &Report) -> AnyView {
    let statement = &report.statement;
    let outcome = i18n::code_of(report.outcome);
    let status = if outcome == "CERTIFIED" { Status::Ok } else { Status::Attention };
    let witnesses: Vec<_> = report.witnesses.keys().cloned().collect();
    let witnesses =
        if witnesses.is_empty() { t!(certificate.no_witness).to_owned() } else { format::list(&witnesses) };
    let (first, last) = report.between;
    view! {
        <div class=format!("band {}", status.class())>
            <p class="band-verdict">{mark::shape(status)} " " {i18n::worded(words::outcome, &outcome)}</p>
            <p>{t!(certificate.checked)}</p>
        </div>
        {figure::figures(vec![
            figure::figure(t!(certificate.objects), format::count(statement.object_count)),
            figure::figure(t!(certificate.bytes), format::size(statement.byte_count)),
            figure::figure(t!(certificate.level), i18n::worded(words::assurance, report.level.name())),
        ])}
        <dl class="facts">
            {figure::fact(t!(certificate.contract), &*statement.contract, false)}
            {figure::fact(t!(certificate.legal_basis), statement.legal_basis.join("；"), false)}
            {figure::fact(t!(certificate.between), format!("{} – {}", format::local_time(first), format::local_time(last)), false)}
            {figure::fact(t!(certificate.concluded), format::local_time(statement.concluded_at), false)}
            {figure::fact(t!(certificate.witnesses), witnesses, false)}
            {figure::fact(t!(certificate.policy), report.policy.to_string(), false)}
            {figure::fact(t!(certificate.sha256), report.sha256.to_string(), false)}
        </dl>
        {unmet(report)}
        {claims(t!(certificate.proven), Status::Ok, &report.proven)}
        {claims(t!(certificate.declared), Status::Attention, &report.declared)}
        {places(&statement.locations)}
        <section>
            <h2>{t!(certificate.risks)}</h2>
            <ul class="bullets">{statement.residual_risks.iter().map(|risk| view! { <li>{i18n::name_of(words::risk, risk)}</li> }).collect_view()}</ul>
        </section>
        <section>
            <h2>{t!(certificate.declarations)}</h2>
            {statement.declarations.iter().map(|said| view! { <blockquote>{said.text.clone()} " " <span class="dim">"#" {said.message}</span></blockquote> }).collect_view()}
        </section>
    }
    .into_any()
}

fn unmet(report: &Report) -> Option<AnyView> {
    (!report.unmet.is_empty()).then(|| {
        view! {
            <section>
                <h2>{t!(certificate.unmet)}</h2>
                <ul class="guards">{report.unmet.iter().map(|guard| view! {
                    <li>{mark::mark(Status::Stop, i18n::worded(words::guard, guard.code.name()))} <span class="dim" lang="en">{guard.detail.clone()}</span></li>
                }).collect_view()}</ul>
            </section>
        }
        .into_any()
    })
}

/// Each sentence with the messages behind it.
fn claims(title: &'static str, status: Status, claims: &[Claim]) -> Option<AnyView> {
    let row = |claim: &Claim| {
        let messages: Vec<_> = claim.messages.iter().map(|seq| format!("#{seq}")).collect();
        let place = claim.location.as_ref().map(i18n::code_of);
        view! {
            <tr>
                <td>{mark::mark(status, i18n::name_of(words::claim, claim.code))}</td>
                <td>{place}</td><td class="digits">{messages.join(" ")}</td>
            </tr>
        }
    };
    (!claims.is_empty()).then(|| {
        view! {
            <section>
                <h2>{title}</h2>
                <div class="scroll"><table class="dense">
                    <thead><tr><th>{t!(certificate.claim)}</th><th>{t!(certificate.place)}</th><th>{t!(certificate.messages)}</th></tr></thead>
                    <tbody>{claims.iter().map(row).collect_view()}</tbody>
                </table></div>
            </section>
        }
        .into_any()
    })
}

fn places(places: &[LocationStatement]) -> AnyView {
    let row = |place: &LocationStatement| {
        let absent = if place.absent {
            mark::mark(Status::Ok, t!(certificate.absent))
        } else {
            mark::mark(Status::Stop, t!(certificate.still))
        };
        let device = [&place.make, &place.model, &place.serial].map(|part| part.trim()).join(" ");
        let erased = place
            .sanitisation
            .as_ref()
            .map(|done| format!("{} ({} {})", done.technique, done.tool, done.tool_version));
        view! {
            <tr>
                <td>{i18n::name_of(words::location, place.kind)} " " <code>{i18n::code_of(&place.id)}</code></td>
                <td>{device}</td><td class="number">{format::count(place.objects_held)}</td><td>{absent}</td>
                <td>{i18n::worded(words::assurance, place.level.name())}</td><td>{erased}</td><td>{place.residue.clone()}</td>
            </tr>
        }
    };
    view! {
        <section>
            <h2>{t!(case.locations)}</h2>
            <div class="scroll"><table class="dense">
                <thead><tr><th>{t!(certificate.place)}</th><th>{t!(case.declared)}</th><th class="number">{t!(certificate.held)}</th><th>{t!(case.remaining)}</th>
                    <th>{t!(case.assurance)}</th><th>{t!(certificate.how_erased)}</th><th>{t!(certificate.residue)}</th></tr></thead>
                <tbody>{places.iter().map(row).collect_view()}</tbody>
            </table></div>
        </section>
    }
    .into_any()
}
