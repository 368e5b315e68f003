//! Which vendor copies are being deleted, and how far is each?

use crate::prelude::*;
use api::Right;
use api::deletion::Case;
use api::delivery::DeliveryState;

use crate::api_client;
use crate::components::{
    attempt::Attempt,
    dialog, field,
    loader::Loader,
    mark::{self, Status},
    notice,
};
use crate::format;
use crate::i18n::{self, words};
use crate::live;
use crate::pages::case::{case_status, case_word};
use crate::router;
use crate::state::state;
use crate::t;

/// The list.
pub(crate) fn page() -> AnyView {
    let cases = Loader::new(api_client::deletions::cases);
    live::on_change(&["deletion"], move || cases.again());
    let opening = RwSignal::new(false);
    view! {
        <header class="page-head">
            <h1>{t!(rail.deletions)}</h1>
            {state().may(Right::ManageDeletions).then(|| view! {
                <button type="button" class="primary" on:click=move |_| opening.set(true)>{t!(deletions.open)}</button>
            })}
        </header>
        {cases.show(|cases| if cases.is_empty() {
            notice::empty(t!(deletions.none), t!(deletions.none_how))
        } else {
            list(&cases)
        })}
        {open_dialog(opening, cases)}
    }
    .into_any()
}

fn list(cases: &[Case]) -> AnyView {
    view! {
        <div class="scroll"><table class="dense rows stack">
            <thead><tr><th>{t!(deletions.vendor)}</th><th>{t!(deletions.state)}</th><th>{t!(deletions.next)}</th>
                <th class="number">{t!(deletions.objects)}</th><th>{t!(deletions.opened)}</th></tr></thead>
            <tbody>{cases.iter().map(|case| view! {
                <tr>
                    <td class="whole"><a href=format!("/deletions/{}", case.id)>{case.vendor_name.clone()}</a></td>
                    <td>{standing(case)}</td>
                    <td>{what_next(case)}</td>
                    <td class="number">{if case.unreadable.is_some() { "—".to_owned() } else { format::count(case.objects) }}</td>
                    <td>{format::when(case.opened)}</td>
                </tr>
            }).collect_view()}</tbody>
        </table></div>
    }
    .into_any()
}

fn standing(case: &Case) -> AnyView {
    if case.unreadable.is_some() {
        return mark::mark(Status::Stop, t!(deletions.unreadable));
    }
    mark::mark(case_status(&case.state), case_word(&case.state))
}

/// What comes next; of a case that can't be read why not, and its certificate if there is one.
fn what_next(case: &Case) -> AnyView {
    let Some(why) = &case.unreadable else {
        return case.next.map(|next| i18n::name_of(words::next, next)).into_any();
    };
    view! {
        {i18n::worded(words::reason, why)}
        {case.certificate.then(|| view! { " · " <a href=format!("/deletions/{}/certificate", case.id)>{t!(certificate.title)}</a> })}
    }
    .into_any()
}

/// Opens a case for an accepted delivery that has none yet.
fn open_dialog(open: RwSignal<bool>, cases: Loader<Vec<Case>>) -> AnyView {
    dialog::dialog(
        open,
        t!(deletions.open),
        || (),
        move || {
            let deliveries = Loader::new(api_client::deliveries::deliveries);
            deliveries.show(move |deliveries| {
                let taken: Vec<_> =
                    cases.now().unwrap_or_default().iter().map(|case| case.delivery).collect();
                let free: Vec<_> = deliveries
                    .into_iter()
                    .filter(|d| d.state == DeliveryState::Accepted && !taken.contains(&d.id))
                    .map(|d| {
                        (
                            d.id.to_string(),
                            format!(
                                "{} · {} · {}",
                                d.campaign_name,
                                d.vendor_name,
                                t!(delivery.round, n = d.round)
                            ),
                        )
                    })
                    .collect();
                open_form(open, free)
            })
        },
    )
}

fn open_form(open: RwSignal<bool>, free: Vec<(String, String)>) -> AnyView {
    let Some((first, _)) = free.first() else {
        return view! {
            {notice::empty(t!(deletions.no_delivery), t!(deletions.no_delivery_how))}
            <div class="actions"><button type="button" on:click=move |_| open.set(false)>{t!(common.close)}</button></div>
        }
        .into_any();
    };
    let delivery = RwSignal::new(first.clone());
    let attempt = Attempt::new();
    let submit = move || {
        let Ok(delivery) = delivery.get_untracked().parse() else { return };
        attempt.run(api_client::deletions::open_case(delivery), move |case| {
            open.set(false);
            router::go(&format!("/deletions/{}", case.id));
        });
    };
    view! {
        <form on:submit=move |event| { event.prevent_default(); submit(); }>
            <p>{t!(deletions.open_means)}</p>
            {field::choice("case-delivery", t!(deletions.delivery), delivery, free)}
            {attempt.refusal()}
            <div class="actions">
                <button type="button" on:click=move |_| open.set(false)>{t!(common.cancel)}</button>
                <button type="submit" class="primary" disabled=move || attempt.busy()>{t!(deletions.open)}</button>
            </div>
        </form>
    }
    .into_any()
}
