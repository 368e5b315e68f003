//! The certificate of a deletion, checked in the browser as anybody can check it.

use crate::prelude::*;
use api::Timestamp;
use api::ids::CaseId;
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;

use crate::api_client::{self, Answer, Failure};
use crate::browser;
use crate::checked::{Checked, Claim, Outcome, Place};
use crate::components::{
    figure, guard,
    loader::Loader,
    mark::{self, Status},
};
use crate::format;
use crate::i18n::{self, Text, words};
use crate::state::state;
use crate::t;

/// The page.
pub(crate) fn page(id: CaseId) -> AnyView {
    let text = Loader::new(move || checked_text(id));
    view! {
        <p class="crumb no-print"><a href=format!("/deletions/{id}")>{t!(case.back)}</a></p>
        {text.show(move |(text, outcome)| full(id, text, &outcome))}
    }
    .into_any()
}

#[wasm_bindgen]
extern "C" {
    /// The checker, a module of its own (`frontend/checker`), which `boot.js` fetches the first time.
    #[wasm_bindgen(js_name = checkCertificate, catch)]
    async fn check(text: &str) -> Result<JsValue, JsValue>;
}

/// The certificate's text and what its check brought.
async fn checked_text(id: CaseId) -> Answer<(String, Outcome)> {
    let text = api_client::deletions::certificate(id).await?;
    let answer = check(&text).await.map_err(|_| Failure::Unreachable)?;
    let outcome = answer.as_string().and_then(|json| crate::json::read(&json).ok());
    Ok((text, outcome.ok_or(Failure::Unreadable)?))
}

fn full(id: CaseId, text: String, outcome: &Outcome) -> AnyView {
    let report = match outcome {
        Outcome::Holds(found) => checked(found),
        Outcome::Fails(why) => not_true(why),
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
                <a class="button" target="_blank" href=move || api_client::url(&format!("/deletions/{id}/certificate.pdf?lang={}", i18n::paper_language()))>{t!(certificate.pdf)}</a>
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

fn checked(found: &Checked) -> AnyView {
    let status = if found.outcome == "CERTIFIED" { Status::Ok } else { Status::Attention };
    let witnesses = if found.witnesses.is_empty() {
        t!(certificate.no_witness).to_string()
    } else {
        format::list(&found.witnesses)
    };
    let time = |ms: i64| Timestamp::from_millisecond(ms).map(format::local_time).unwrap_or_default();
    let (first, last) = found.between;
    view! {
        <div class=format!("band {}", status.class())>
            <p class="band-verdict">{mark::shape(status)} " " {i18n::worded(words::outcome, &found.outcome)}</p>
            <p>{t!(certificate.checked)}</p>
        </div>
        {figure::figures(vec![
            figure::figure(t!(certificate.objects), format::count(found.objects)),
            figure::figure(t!(certificate.bytes), format::size(found.bytes)),
            figure::figure(t!(certificate.level), i18n::worded(words::assurance, &found.level)),
        ])}
        <dl class="facts">
            {figure::fact(t!(certificate.contract), &*found.contract, false)}
            {figure::fact(t!(certificate.legal_basis), found.legal_basis.join("；"), false)}
            {figure::fact(t!(certificate.between), format!("{} – {}", time(first), time(last)), false)}
            {figure::fact(t!(certificate.concluded), time(found.concluded), false)}
            {figure::fact(t!(certificate.witnesses), witnesses, false)}
            {figure::fact(t!(certificate.policy), &*found.policy, false)}
            {figure::fact(t!(certificate.sha256), &*found.sha256, false)}
        </dl>
        {unmet(&found.unmet)}
        {claims(t!(certificate.proven), Status::Ok, &found.proven)}
        {claims(t!(certificate.declared), Status::Attention, &found.declared)}
        {places(&found.places)}
        <section>
            <h2>{t!(certificate.risks)}</h2>
            <ul class="bullets">{found.risks.iter().map(|risk| view! { <li>{i18n::worded(words::risk, risk)}</li> }).collect_view()}</ul>
        </section>
        <section>
            <h2>{t!(certificate.declarations)}</h2>
            {found.declarations.iter().map(|(text, message)| view! { <blockquote>{text.clone()} " " <span class="dim">"#" {*message}</span></blockquote> }).collect_view()}
        </section>
    }
    .into_any()
}

fn unmet(unmet: &[(String, String)]) -> Option<AnyView> {
    (!unmet.is_empty()).then(|| {
        view! {
            <section>
                <h2>{t!(certificate.unmet)}</h2>
                <ul class="guards">{unmet.iter().map(|(code, detail)| view! {
                    <li>{mark::mark(Status::Stop, i18n::worded(words::guard, code))} <span class="dim">{guard::particulars(detail)}</span></li>
                }).collect_view()}</ul>
            </section>
        }
        .into_any()
    })
}

/// Each sentence with the messages behind it.
fn claims(title: Text, status: Status, claims: &[Claim]) -> Option<AnyView> {
    let row = |claim: &Claim| {
        let messages: Vec<_> = claim.messages.iter().map(|seq| format!("#{seq}")).collect();
        view! {
            <tr>
                <td>{mark::mark(status, i18n::worded(words::claim, &claim.code))}</td>
                <td>{claim.place.clone()}</td><td class="digits">{messages.join(" ")}</td>
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

fn places(places: &[Place]) -> AnyView {
    let row = |place: &Place| {
        let absent = if place.absent {
            mark::mark(Status::Ok, t!(certificate.absent))
        } else {
            mark::mark(Status::Stop, t!(certificate.still))
        };
        view! {
            <tr>
                <td>{i18n::worded(words::location, &place.kind)} " " <code>{place.id.clone()}</code></td>
                <td>{place.device.clone()}</td><td class="number">{format::count(place.held)}</td><td>{absent}</td>
                <td>{i18n::worded(words::assurance, &place.level)}</td><td>{place.erased.clone()}</td><td>{place.residue.clone()}</td>
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
