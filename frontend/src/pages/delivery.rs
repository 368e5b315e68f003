//! May this delivery be accepted?

use crate::prelude::*;
use api::Right;
use api::delivery::{
    CheckReport, Decision, Delivery, DeliveryState, FindingCount, Item, ItemQuery, ItemState, Proposal,
    Propose, Receipt, ReceiptStatement,
};
use api::ids::DeliveryId;

use crate::api_client;
use crate::browser;
use crate::components::{
    attempt::Attempt,
    field, figure, job,
    loader::Loader,
    mark::{self, Status},
    notice, pager, photo,
};
use crate::format;
use crate::i18n::{self, words};
use crate::json;
use crate::live;
use crate::pages::{appraisal, item};
use crate::router;
use crate::session;
use crate::state::state;
use crate::t;

/// First-pass share that a delivery must reach: the buyer's requirement asks for 99 %.
const FIRST_PASS_AT_LEAST: f64 = 0.99;
/// Share of visible deviations that a delivery must stay below: the buyer's requirement asks for 5 %.
const DEVIATION_BELOW: f64 = 0.05;
/// How many items a part of the contact sheet has.
const LIMIT: u32 = 60;

/// How often a delivery that is still coming in is asked for again, ms.
const AGAIN_MS: u32 = 2_000;

/// The page.
pub(crate) fn page(id: DeliveryId) -> AnyView {
    let delivery = Loader::new(move || api_client::deliveries::delivery(id));
    browser::on_key(|key, _| {
        if key == "Escape" {
            router::go("/deliveries");
        }
        key == "Escape"
    });
    job::on_delivery_work(move || delivery.again());
    live::on_change(&["delivery"], move || delivery.again());
    browser::every(AGAIN_MS, move || {
        let state = delivery.now().map(|delivery| delivery.state);
        if matches!(state, Some(DeliveryState::Receiving | DeliveryState::Received)) {
            delivery.again();
        }
    });
    // Outlives the board, which is drawn anew whenever the delivery is heard of.
    let wish = Wish { decision: RwSignal::new(None), reason: RwSignal::new(String::new()) };
    delivery.show(move |kept| board(&kept, delivery, wish))
}

/// What somebody is about to propose.
#[derive(Clone, Copy)]
struct Wish {
    decision: RwSignal<Option<Decision>>,
    reason: RwSignal<String>,
}

fn board(kept: &Delivery, delivery: Loader<Delivery>, wish: Wish) -> AnyView {
    let id = kept.id;
    let several = kept.round > 1;
    view! {
        <p class="crumb no-print"><a href="/deliveries">{t!(rail.deliveries)}</a></p>
        <header class="page-head">
            <div>
                <h1>{kept.campaign_name.clone()} " · " {t!(delivery.round, n = kept.round)}</h1>
                <p>{mark::delivery_state(kept.state)} " " <span class="dim">{kept.vendor_name.clone()} " · "
                    {t!(delivery.bytes, bytes = format::size(kept.bytes), total = format::size(kept.bytes_total))} " · "
                    {format::local_time(kept.received.unwrap_or(kept.opened))}</span></p>
            </div>
            {actions(kept, delivery)}
        </header>
        <div class="rounds" class:several=several>{rounds(kept)}</div>
        {work(kept, delivery)}
        {match &kept.report {
            Some(report) => view! {
                {numbers(id, report)}
                {faces(kept, report)}
                {decision(kept, report, delivery, wish)}
                {(kept.state == DeliveryState::Accepted && state().may(Right::ReadHealth)).then(|| appraisal::section(Some(id)))}
                {findings(id, &report.findings)}
                {sheet(id)}
            }.into_any(),
            None if kept.unreadable => notice::empty(t!(delivery.unreadable), t!(delivery.unreadable_how)),
            None => notice::empty(t!(delivery.unchecked), t!(delivery.unchecked_how)),
        }}
    }
    .into_any()
}

fn actions(kept: &Delivery, delivery: Loader<Delivery>) -> AnyView {
    let id = kept.id;
    let checking = Attempt::new();
    let opening = Attempt::new();
    let checkable = matches!(kept.state, DeliveryState::Received | DeliveryState::Checked)
        && state().may(Right::CheckDeliveries);
    let accepted = kept.state == DeliveryState::Accepted;
    view! {
        <div class="actions no-print">
            {checkable.then(|| view! {
                <button type="button" class:primary=kept.report.is_none() disabled=move || checking.busy()
                    on:click=move |_| checking.run(api_client::deliveries::check_delivery(id), move |job| { state().heard_of(job); delivery.again(); })>{t!(delivery.check)}</button>
            })}
            {kept.report.is_some().then(|| view! {
                <a class="button" target="_blank" href=move || api_client::url(&format!("/deliveries/{id}/report.pdf?lang={}", i18n::paper_language()))>{t!(delivery.report)}</a>
            })}
            {accepted.then(|| view! { <a class="button" href=format!("/deliveries/{id}/receipt")>{t!(receipt.title)}</a> })}
            {(accepted && state().may(Right::ManageDeletions)).then(|| view! {
                <button type="button" disabled=move || opening.busy()
                    on:click=move |_| opening.run(api_client::deletions::open_case(id), |case| router::go(&format!("/deletions/{}", case.id)))>{t!(delivery.open_case)}</button>
            })}
            {checking.refusal()}
            {opening.refusal()}
        </div>
    }
    .into_any()
}

/// The other deliveries of the same campaign by the same vendor.
fn rounds(kept: &Delivery) -> AnyView {
    let (own, campaign, vendor) = (kept.id, kept.campaign, kept.vendor);
    let all = Loader::new(api_client::deliveries::deliveries);
    all.show_quietly(move |deliveries| {
        let mut rounds: Vec<_> = deliveries.into_iter().filter(|d| d.campaign == campaign && d.vendor == vendor).collect();
        rounds.sort_by_key(|d| d.round);
        if rounds.len() < 2 {
            return ().into_any();
        }
        view! {
            <nav class="tabs no-print" aria-label=t!(delivery.rounds)>{rounds.into_iter().map(|d| view! {
                <a href=format!("/deliveries/{}", d.id) aria-current=(d.id == own).then_some("page")>{t!(delivery.round, n = d.round)}</a>
            }).collect_view()}</nav>
        }
        .into_any()
    })
}

/// The job that checks or accepts, as it goes. When it ends, the board is asked for again.
fn work(kept: &Delivery, delivery: Loader<Delivery>) -> Option<AnyView> {
    let id = kept.job?;
    let busy =
        matches!(kept.state, DeliveryState::Received | DeliveryState::Checking | DeliveryState::Accepting);
    let followed = job::follow(id);
    job::when_over(followed, move |_| delivery.again());
    let failed =
        Memo::new(move |_| followed.get().is_some_and(|job| job.state == api::job::JobState::Failed));
    Some(view! { {move || (busy || failed.get()).then(|| view! { <section class="panel no-print">{job::here(followed)}</section> })} }.into_any())
}

/// 多 少 错 误, and the two rates against their limits.
fn numbers(id: DeliveryId, report: &CheckReport) -> AnyView {
    let href = |state: &str| format!("/deliveries/{id}?state={state}");
    let calibration = report.calibration.clone().unwrap_or_else(|| t!(delivery.no_calibration).to_string());
    view! {
        <section aria-label=t!(delivery.numbers)>
            <div class="bigs">
                {figure::must_be_zero(t!(delivery.extra), t!(delivery.extra_gloss), report.extra, href("extra"))}
                {figure::must_be_zero(t!(delivery.missing), t!(delivery.missing_gloss), report.missing, href("missing"))}
                {figure::must_be_zero(t!(delivery.wrong), t!(delivery.wrong_gloss), report.wrong, href("wrong"))}
                {figure::must_be_zero(t!(delivery.late), t!(delivery.late_gloss), report.late, href("late"))}
            </div>
            <div class="rates">
                {figure::against_limit(t!(delivery.first_pass), format::percent(report.first_pass), t!(delivery.at_least, n = "99 %"), report.first_pass >= FIRST_PASS_AT_LEAST)}
                {figure::against_limit(t!(delivery.deviation), format::percent(report.deviation), t!(delivery.below, n = "5 %"), report.deviation < DEVIATION_BELOW)}
                {figure::figures(vec![
                    figure::figure(t!(delivery.roster), format::count(report.roster)),
                    figure::figure(t!(delivery.photos), format::count(report.photos)),
                    figure::figure(t!(delivery.doubtful), format::count(report.doubtful)),
                    figure::figure(t!(delivery.due), report.due.to_string()),
                ])}
            </div>
            <p class="dim">{t!(delivery.basis, rules = report.rule_set, calibration = calibration, time = format::local_time(report.checked))}</p>
        </section>
    }
    .into_any()
}

/// The faces of which a person must say whose they are, before anything is accepted.
fn faces(kept: &Delivery, report: &CheckReport) -> Option<AnyView> {
    if kept.state != DeliveryState::Checked || report.unsettled == 0 {
        return None;
    }
    let id = kept.id;
    let (done, all) = item::settled_so_far(id, report.unsettled);
    let going = Attempt::new();
    let go = move |_| {
        going.run(item::next(id), move |next| {
            if let Some(number) = next {
                router::go(&format!("/deliveries/{id}/items/{number}"));
            }
        });
    };
    Some(
        view! {
            <section class="panel no-print">
                <h2>{t!(delivery.faces)}</h2>
                <p>{mark::mark(Status::Attention, t!(delivery.faces_how, n = format::count(report.unsettled)))}</p>
                {(done > 0).then(|| view! { <p class="dim">{t!(item.progress, done = format::count(done), all = format::count(all))}</p> })}
                {state().may(Right::SettleFaces).then(|| view! {
                    <div class="actions"><button type="button" class="primary" disabled=move || going.busy() on:click=go>{t!(delivery.settle)}</button></div>
                })}
                {going.refusal()}
            </section>
        }
        .into_any(),
    )
}

/// What is to be done: propose, or decide on what another proposed, or what was decided.
fn decision(kept: &Delivery, report: &CheckReport, delivery: Loader<Delivery>, wish: Wish) -> AnyView {
    let may = state().may(Right::AcceptDeliveries);
    let body = match (kept.state, &kept.proposal) {
        (DeliveryState::Checked, _) if may => propose(kept.id, report, delivery, wish),
        (DeliveryState::Proposed, Some(proposal)) => view! { {proposed(proposal)} {may.then(|| confirm(kept.id, proposal, delivery))} }.into_any(),
        (_, Some(proposal)) => view! {
            {proposed(proposal)}
            {kept.confirmed.as_ref().map(|c| view! { <p>{t!(delivery.confirmed, name = c.by_name, time = format::local_time(c.at))}</p> })}
            {kept.reject_reason.as_ref().map(|reason| view! { <p>{t!(delivery.rejected, reason = reason)}</p> })}
        }.into_any(),
        _ => return ().into_any(),
    };
    view! { <section class="panel"><h2>{t!(delivery.decision)}</h2>{body}</section> }.into_any()
}

fn proposed(proposal: &Proposal) -> AnyView {
    let reason = (!proposal.reason.is_empty()).then(|| t!(delivery.reason_was, reason = proposal.reason));
    view! {
        <p>{t!(delivery.proposed, name = proposal.by_name, decision = i18n::name_of(words::decision, proposal.decision), time = format::local_time(proposal.at))}</p>
        {reason.map(|reason| view! { <p>{reason}</p> })}
    }
    .into_any()
}

fn propose(id: DeliveryId, report: &CheckReport, delivery: Loader<Delivery>, wish: Wish) -> AnyView {
    let clean = report.extra + report.missing + report.wrong + report.late == 0;
    let settled = report.unsettled == 0;
    let Wish { decision: chosen, reason } = wish;
    let attempt = Attempt::new();
    let ready = move || match chosen.get() {
        Some(Decision::Accept) => true,
        Some(_) => !reason.get().trim().is_empty(),
        None => false,
    };
    let submit = move || {
        let Some(decision) = chosen.get_untracked() else { return };
        let proposal = Propose { decision, reason: reason.get_untracked().trim().to_owned() };
        attempt.run(async move { api_client::deliveries::propose(id, &proposal).await }, move |kept| {
            delivery.put(kept)
        });
    };
    let option = move |decision: Decision, possible: bool| {
        let id = format!("decision-{}", i18n::code_of(decision));
        let own = id.clone();
        view! {
            <label class="tick" for=id>
                <input id=own type="radio" name="decision" disabled=!possible
                    prop:checked=move || chosen.get() == Some(decision) on:change=move |_| chosen.set(Some(decision))/>
                <span>{i18n::name_of(words::decision, decision)}</span>
            </label>
        }
    };
    view! {
        <form class="no-print" on:submit=move |event| { event.prevent_default(); submit(); }>
            <p>{if clean { t!(delivery.may_accept) } else { t!(delivery.not_zero) }}</p>
            <fieldset class="options"><legend class="sr-only">{t!(delivery.decision)}</legend>
                {option(Decision::Accept, clean && settled)}
                {option(Decision::AcceptPart, settled)}
                {option(Decision::Reject, true)}
            </fieldset>
            {move || (chosen.get().is_some_and(|d| d != Decision::Accept)).then(|| field::lines("why", t!(delivery.reason), 2, reason))}
            {attempt.refusal()}
            <div class="actions"><button type="submit" class="primary" disabled=move || attempt.busy() || !ready()>{t!(delivery.propose)}</button></div>
            <p class="dim">{t!(delivery.two_people)}</p>
        </form>
    }
    .into_any()
}

fn confirm(id: DeliveryId, proposal: &Proposal, delivery: Loader<Delivery>) -> AnyView {
    let own = state().session_now().is_some_and(|session| session.user.id == proposal.by);
    if own {
        return view! { <p class="no-print">{mark::mark(Status::Waiting, t!(delivery.another_must))}</p> }
            .into_any();
    }
    let attempt = Attempt::new();
    let answer = move |yes: bool| {
        attempt.run(api_client::deliveries::confirm(id, yes), move |kept| delivery.put(kept))
    };
    let words = t!(delivery.confirm, decision = i18n::name_of(words::decision, proposal.decision));
    view! {
        {attempt.refusal()}
        <div class="actions no-print">
            <button type="button" disabled=move || attempt.busy() on:click=move |_| answer(false)>{t!(delivery.decline)}</button>
            <button type="button" class="primary" disabled=move || attempt.busy() on:click=move |_| answer(true)>{words}</button>
        </div>
    }
    .into_any()
}

/// Findings by the four groups, each a link to its rows.
fn findings(id: DeliveryId, findings: &[FindingCount]) -> AnyView {
    if findings.is_empty() {
        return view! { <section><h2>{t!(delivery.findings)}</h2>{mark::mark(Status::Ok, t!(delivery.no_findings))}</section> }.into_any();
    }
    let code = router::query("code");
    let row = |finding: &FindingCount| {
        let own = finding.code.clone();
        view! {
            <tr class:selected=move || code.get() == own>
                <td>{mark::mark(Status::of_severity(&finding.severity), i18n::worded(words::severity, &finding.severity))}</td>
                <td><a href=format!("/deliveries/{id}?code={}", finding.code)>{i18n::worded(words::finding, &finding.code)}</a> " " <code>{finding.code.clone()}</code></td>
                <td>{i18n::worded(words::group, &finding.group)}</td>
                <td class="number">{format::count(finding.count)}</td>
            </tr>
        }
    };
    view! {
        <section>
            <h2>{t!(delivery.findings)}</h2>
            <div class="scroll"><table class="dense rows">
                <thead><tr><th>{t!(delivery.severity)}</th><th>{t!(delivery.finding)}</th><th>{t!(delivery.group)}</th><th class="number">{t!(common.count)}</th></tr></thead>
                <tbody>{findings.iter().map(row).collect_view()}</tbody>
            </table></div>
        </section>
    }
    .into_any()
}

/// The contact sheet, oddest first.
fn sheet(id: DeliveryId) -> AnyView {
    const STATES: [&str; 6] = ["extra", "missing", "wrong", "late", "doubtful", "good"];
    let (chosen, code, offset) = (router::query("state"), router::query("code"), pager::offset());
    let items = Loader::new(move || {
        let text = |value: String| (!value.is_empty()).then_some(value);
        let query = ItemQuery {
            state: text(chosen.get()),
            code: text(code.get()),
            offset: offset.get(),
            limit: LIMIT,
            ..ItemQuery::default()
        };
        async move { api_client::deliveries::items(id, &query).await }
    });
    let chip = move |value: &'static str, name: String| {
        view! {
            <button type="button" class="chip" aria-pressed=move || (chosen.get() == value).to_string()
                on:click=move |_| router::set_query(&[("state", value), ("offset", "")])>{name}</button>
        }
    };
    view! {
        <section class="no-print" id="sheet">
            <h2>{t!(delivery.sheet)}</h2>
            <div class="chips" role="group" aria-label=t!(deliveries.states)>
                {chip("", t!(delivery.all).to_string())}
                {STATES.into_iter().map(|s| chip(s, i18n::worded(words::item, s))).collect_view()}
                {move || { let code = code.get(); (!code.is_empty()).then(|| view! {
                    <button type="button" class="chip chosen" on:click=|_| router::set_query(&[("code", ""), ("offset", "")])>{i18n::worded(words::finding, &code)} " ×"</button>
                }) }}
            </div>
            {items.show(move |part| if part.items.is_empty() {
                notice::empty(t!(delivery.no_items), t!(delivery.no_items_how))
            } else {
                let first = offset.get_untracked();
                let archived = part.items.iter().any(|item| item.archived.is_some());
                view! {
                    {archived.then(ask_once)}
                    <ul class="wall">{part.items.iter().zip(first..).map(|(item, at)| card(id, item, at, &chosen.get_untracked(), &code.get_untracked())).collect_view()}</ul>
                    {pager::pager(first, LIMIT, part.total)}
                }.into_any()
            })}
        </section>
    }
    .into_any()
}

/// The button that asks for the purpose, once for the whole sheet, while accepted photos can't be shown without.
fn ask_once() -> AnyView {
    let asks = session::lacks_purpose();
    (move || {
        (asks.get() && state().may(Right::ReadDossier))
            .then(|| view! { <p class="ask">{t!(delivery.archived_photos)} " " {session::ask_button()}</p> })
    })
    .into_any()
}

fn card(id: DeliveryId, item: &Item, at: u32, chosen: &str, code: &str) -> AnyView {
    let alt = t!(item.photo, n = item.number + 1).to_string();
    let pixels = match item.archived {
        _ if item.has_image => {
            photo::photo(Some(api_client::deliveries::item_url(id, item.number, "thumb")), alt)
        }
        Some(kept) => photo::kept(Some(kept), "thumb", alt),
        None if item.state == ItemState::Missing => photo::photo(None, alt),
        None => photo::cleared(),
    };
    let query = [("state", chosen), ("code", code)].map(|(k, v)| (k.to_owned(), v.to_owned())).into();
    let query = router::write_query(&query);
    let worst = item.findings.iter().find(|finding| finding.status == "failed");
    view! {
        <li>
            <a href=format!("/deliveries/{id}/items/{}?at={at}&{query}", item.number)>
                {pixels}
                <span>{mark::item_state(item.state)}</span>
                <span class="name private">{item.name.clone()}</span>
                <span class="dim">{worst.map(|finding| i18n::worded(words::finding, &finding.code))}</span>
            </a>
        </li>
    }
    .into_any()
}

/// The receipt, to read, keep and print.
pub(crate) fn receipt(id: DeliveryId) -> AnyView {
    let receipt = Loader::new(move || api_client::deliveries::receipt(id));
    view! {
        <p class="crumb no-print"><a href=format!("/deliveries/{id}")>{t!(receipt.back)}</a></p>
        {receipt.show(move |receipt| receipt_page(id, &receipt))}
    }
    .into_any()
}

fn receipt_page(id: DeliveryId, receipt: &Receipt) -> AnyView {
    let statement = crate::json::read::<ReceiptStatement>(&receipt.statement).ok();
    let whole = json::write_for_people(receipt);
    let save = move |_| {
        if browser::save_as(&format!("receipt-{id}.json"), "application/json", &whole).is_err() {
            state().tell(t!(failure.not_saved));
        }
    };
    view! {
        <header class="page-head">
            <h1>{t!(receipt.title)}</h1>
            <div class="actions no-print">
                <button type="button" on:click=save>{t!(common.save)}</button>
                <button type="button" class="primary" on:click=|_| browser::print()>{t!(common.print)}</button>
            </div>
        </header>
        {statement.map(|statement| view! {
            {figure::figures(vec![
                figure::figure(t!(receipt.accepted), format::when(statement.accepted)),
                figure::figure(t!(receipt.files), format::count(statement.items.len() as u64)),
            ])}
            <p>{t!(receipt.bag)} " " <code class="digest">{statement.bag.clone()}</code></p>
            <details><summary>{t!(receipt.items)}</summary>
                <div class="scroll"><table class="dense">
                    <thead><tr><th>{t!(receipt.token)}</th><th>"SHA-256"</th><th class="number">{t!(receipt.bytes)}</th></tr></thead>
                    <tbody>{statement.items.iter().map(|item| view! {
                        <tr><td class="digits">{item.token.clone()}</td><td><code class="digest">{item.sha256.clone()}</code></td><td class="number">{format::count(item.bytes)}</td></tr>
                    }).collect_view()}</tbody>
                </table></div>
            </details>
        })}
        <h2>{t!(receipt.proof)}</h2>
        <p class="dim">{t!(receipt.how)}</p>
        <dl class="facts">
            {figure::fact(t!(receipt.signature), &*receipt.signature, false)}
            {figure::fact(t!(receipt.key), &*receipt.public_key, false)}
        </dl>
        <pre>{receipt.proof.clone()}</pre>
    }
    .into_any()
}
