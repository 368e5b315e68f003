//! What is the matter with this photo?

use api::Right;
use api::delivery::{Finding, Item, ItemQuery};
use api::dossier::PhotoKind;
use api::ids::{DeliveryId, PersonId};
use leptos::prelude::*;

use crate::api_client;
use crate::browser;
use crate::components::{
    loader::Loader,
    mark::{self, Status},
    notice, overlay, photo,
};
use crate::i18n::{self, words};
use crate::router;
use crate::session;
use crate::state::state;
use crate::t;

/// The page. `at` in the address is the item's place in the sheet it was opened from.
pub(crate) fn page(id: DeliveryId, number: u32) -> AnyView {
    let item = Loader::new(move || api_client::item(id, number, place(0)));
    browser::on_key(move |key, _| match key {
        "ArrowLeft" => {
            turn(id, -1);
            true
        }
        "ArrowRight" => {
            turn(id, 1);
            true
        }
        "Escape" => {
            router::go(&sheet(id));
            true
        }
        _ => false,
    });
    view! {
        <p class="crumb"><a href=sheet(id)>{t!(item.back)}</a></p>
        {item.show(move |item| full(id, &item))}
    }
    .into_any()
}

fn asked(name: &str) -> String {
    state().address.with_untracked(|address| address.query.get(name).cloned().unwrap_or_default())
}

/// The contact sheet as it was left.
fn sheet(id: DeliveryId) -> String {
    let query = ["state", "code"].map(|name| (name.to_owned(), asked(name))).into();
    format!("/deliveries/{id}?{}", router::write_query(&query))
}

/// The place in the sheet from which this item was opened, or one `by` steps away.
fn place(by: i64) -> ItemQuery {
    let at = asked("at").parse::<i64>().unwrap_or(0).saturating_add(by);
    let text = |name: &str| Some(asked(name)).filter(|value| !value.is_empty());
    ItemQuery { state: text("state"), code: text("code"), offset: u32::try_from(at).unwrap_or(0), limit: 1 }
}

/// Goes to the item before or after this one, in the order of the sheet.
fn turn(id: DeliveryId, by: i64) {
    let query = place(by);
    let offset = query.offset;
    leptos::task::spawn_local(async move {
        let Ok(part) = api_client::items(id, &query).await else { return };
        if let Some(next) = part.items.first() {
            let query = [("at", offset.to_string()), ("state", asked("state")), ("code", asked("code"))]
                .map(|(name, value)| (name.to_owned(), value))
                .into();
            router::go(&format!("/deliveries/{id}/items/{}?{}", next.number, router::write_query(&query)));
        }
    });
}

fn full(id: DeliveryId, item: &Item) -> AnyView {
    let chosen = RwSignal::new(String::new());
    let pixels = if item.has_image {
        overlay::overlay(
            api_client::item_url(id, item.number),
            t!(item.photo, n = item.number),
            &item.findings,
            chosen,
        )
    } else {
        photo::photo(None, "")
    };
    view! {
        <header class="page-head">
            <div>
                <h1>{t!(item.photo, n = item.number)} " " <span class="name private">{item.name.clone()}</span></h1>
                <p>{mark::item_state(item.state)} " " <span class="dim">{item.class.clone()}</span></p>
            </div>
            <div class="actions">
                <button type="button" aria-label=t!(common.previous) on:click=move |_| turn(id, -1)>"←"</button>
                <button type="button" aria-label=t!(common.next) on:click=move |_| turn(id, 1)>"→"</button>
            </div>
        </header>
        <div class="item">
            <figure>{pixels}<figcaption>{t!(item.delivered)}</figcaption></figure>
            {item.person.filter(|_| state().may(Right::ReadDossier)).map(|person| view! {
                <figure>{admission(person)}<figcaption>{t!(item.admission)}</figcaption></figure>
            })}
            <div class="item-facts">
                {verdict(item)}
                {rules(&item.findings, chosen)}
            </div>
        </div>
    }
    .into_any()
}

/// The admission photo beside it, for those who may open dossiers.
fn admission(person: PersonId) -> AnyView {
    let asks = session::lacks_purpose();
    (move || {
        if asks.get() {
            view! { <span class="photo">{session::ask_button()}</span> }.into_any()
        } else {
            admission_photo(person)
        }
    })
    .into_any()
}

fn admission_photo(person: PersonId) -> AnyView {
    let dossier = Loader::new(move || api_client::dossier(person));
    dossier.show(|dossier| {
        let reference =
            dossier.photos.iter().rfind(|p| p.kind == PhotoKind::Admission && p.superseded_by.is_none());
        photo::kept(reference.map(|photo| photo.id), "full", t!(item.admission))
    })
}

fn verdict(item: &Item) -> Option<AnyView> {
    let verdict = item.verdict.as_deref()?;
    let status = match verdict {
        "match" => Status::Ok,
        "unsure" => Status::Attention,
        _ => Status::Stop,
    };
    let similarity = item.similarity.map(|s| t!(item.similarity, value = format!("{s:.3}")));
    Some(view! { <p class="verdict-line">{mark::mark(status, i18n::worded(words::verdict, verdict))} " " <span class="dim">{similarity}</span></p> }.into_any())
}

/// The rule table: measured beside limit, the place shown on the photo when the row is pointed at or focused.
fn rules(findings: &[Finding], chosen: RwSignal<String>) -> AnyView {
    if findings.is_empty() {
        return notice::empty(t!(item.no_findings), t!(item.no_findings_how));
    }
    let row = |finding: &Finding| {
        let status = match &*finding.status {
            "passed" => Status::Ok,
            "failed" => Status::of_severity(&finding.severity),
            _ => Status::Waiting,
        };
        let (enter, focus) = (finding.code.clone(), finding.code.clone());
        let placed = finding.place.is_some();
        view! {
            <tr on:mouseenter=move |_| chosen.set(enter.clone()) on:focusin=move |_| chosen.set(focus.clone())>
                <td>{mark::mark(status, i18n::worded(words::finding_status, &finding.status))}</td>
                <td>{i18n::worded(words::finding, &finding.code)} " "
                    {if placed {
                        let code = finding.code.clone();
                        view! { <button type="button" class="link" title=t!(item.show_place) on:click=move |_| chosen.set(code.clone())><code>{finding.code.clone()}</code></button> }.into_any()
                    } else {
                        view! { <code>{finding.code.clone()}</code> }.into_any()
                    }}</td>
                <td class="digits">{finding.measured.clone()}</td>
                <td class="digits">{finding.limit.clone()}</td>
            </tr>
        }
    };
    view! {
        <div class="scroll"><table class="dense rows">
            <thead><tr><th>{t!(item.status)}</th><th>{t!(delivery.finding)}</th><th>{t!(item.measured)}</th><th>{t!(item.limit)}</th></tr></thead>
            <tbody>{findings.iter().map(row).collect_view()}</tbody>
        </table></div>
    }
    .into_any()
}
