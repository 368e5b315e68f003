//! Which deliveries came, and what does each need?

use crate::prelude::*;
use api::delivery::{Delivery, DeliveryState};

use crate::api_client;
use crate::browser;
use crate::components::{job, loader::Loader, mark, notice};
use crate::format;
use crate::i18n::{self, words};
use crate::live;
use crate::router;
use crate::state::state;
use crate::t;

/// The states by which the list can be narrowed, in their order.
const STATES: [DeliveryState; 8] = [
    DeliveryState::Receiving,
    DeliveryState::Received,
    DeliveryState::Checking,
    DeliveryState::Checked,
    DeliveryState::Proposed,
    DeliveryState::Accepting,
    DeliveryState::Accepted,
    DeliveryState::Rejected,
];

/// How often the list is asked for again: no job tells that a vendor has begun to send.
const AGAIN_MS: u32 = 3_000;

/// The page.
pub(crate) fn page() -> AnyView {
    let deliveries = Loader::new(api_client::deliveries::deliveries);
    let asked = router::query("state");
    job::on_delivery_work(move || deliveries.again());
    live::on_change(&["delivery"], move || deliveries.again());
    browser::every(AGAIN_MS, move || deliveries.again());
    view! {
        <header class="page-head"><h1>{t!(rail.deliveries)}</h1></header>
        {deliveries.show(move |deliveries| {
            let campaign = state().campaign.get();
            let mine: Vec<_> = deliveries.into_iter().filter(|d| campaign.is_empty() || d.campaign.to_string() == campaign).collect();
            if mine.is_empty() {
                return notice::empty(t!(deliveries.none), t!(deliveries.none_how));
            }
            view! { {chips(&mine, asked)} {move || list(&mine, &asked.get())} }.into_any()
        })}
    }
    .into_any()
}

fn chips(deliveries: &[Delivery], asked: Memo<String>) -> AnyView {
    let chip = |state: DeliveryState| {
        let n = deliveries.iter().filter(|d| d.state == state).count();
        if n == 0 {
            return None;
        }
        let code = i18n::code_of(state);
        let (own, next) = (code.clone(), code.clone());
        Some(view! {
            <button type="button" class="chip" aria-pressed=move || (asked.get() == own).to_string()
                on:click=move |_| router::set_query(&[("state", if asked.get_untracked() == next { "" } else { &next })])>
                {i18n::worded(words::state, &code)} " " <span class="dim">{n}</span>
            </button>
        })
    };
    view! { <div class="chips" role="group" aria-label=t!(deliveries.states)>{STATES.into_iter().filter_map(chip).collect_view()}</div> }.into_any()
}

fn list(deliveries: &[Delivery], asked: &str) -> AnyView {
    let rows = deliveries.iter().filter(|d| asked.is_empty() || i18n::code_of(d.state) == asked).map(row);
    view! {
        <div class="scroll"><table class="dense rows stack">
            <thead><tr>
                <th>{t!(deliveries.delivery)}</th><th>{t!(deliveries.vendor)}</th><th>{t!(deliveries.state)}</th><th>{t!(deliveries.received)}</th>
                <th class="number">{t!(deliveries.photos)}</th><th class="number">{t!(delivery.extra)}</th><th class="number">{t!(delivery.missing)}</th>
                <th class="number">{t!(delivery.wrong)}</th><th class="number">{t!(delivery.late)}</th>
            </tr></thead>
            <tbody>{rows.collect_view()}</tbody>
        </table></div>
    }
    .into_any()
}

fn row(delivery: &Delivery) -> AnyView {
    let report = delivery.report.as_ref();
    let number = |n: Option<u64>| n.map_or_else(|| "—".to_owned(), format::count);
    let state = match (delivery.state, delivery.job) {
        (DeliveryState::Receiving, _) => receiving(delivery),
        (DeliveryState::Checking | DeliveryState::Accepting, Some(id)) => {
            let job = job::follow(id);
            let shown = mark::delivery_state(delivery.state);
            view! { {shown} " " <span class="dim">{move || job.get().filter(|j| j.total > 0).map(|j| format!("{} / {}", format::count(j.done), format::count(j.total)))}</span> }.into_any()
        }
        (state, _) => mark::delivery_state(state),
    };
    view! {
        <tr>
            <td class="whole"><a href=format!("/deliveries/{}", delivery.id)>{delivery.campaign_name.clone()} " · " {t!(delivery.round, n = delivery.round)}</a></td>
            <td>{delivery.vendor_name.clone()}</td>
            <td>{state} {delivery.unreadable.then(|| view! { " " {mark::mark(mark::Status::Attention, t!(delivery.unreadable))} })}</td>
            <td>{format::when(delivery.received.unwrap_or(delivery.opened))}</td>
            <td class="number" data-label=t!(deliveries.photos)>{number(report.map(|r| r.photos))}</td>
            <td class="number" data-label=t!(delivery.extra)>{number(report.map(|r| r.extra))}</td>
            <td class="number" data-label=t!(delivery.missing)>{number(report.map(|r| r.missing))}</td>
            <td class="number" data-label=t!(delivery.wrong)>{number(report.map(|r| r.wrong))}</td>
            <td class="number" data-label=t!(delivery.late)>{number(report.map(|r| r.late))}</td>
        </tr>
    }
    .into_any()
}

fn receiving(delivery: &Delivery) -> AnyView {
    view! {
        {mark::delivery_state(delivery.state)}
        " " <span class="dim">{format::size(delivery.bytes)} " / " {format::size(delivery.bytes_total)}</span>
    }
    .into_any()
}
