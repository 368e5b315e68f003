//! What is the matter with this photo?

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

use api::Right;
use api::delivery::{Delivery, DeliveryState, FaceWord, Finding, Item, ItemQuery, ItemState, Settle};
use api::ids::DeliveryId;

use crate::prelude::*;

use crate::api_client::{self, Answer};
use crate::browser;
use crate::components::{
    attempt::Attempt,
    figure,
    loader::Loader,
    mark::{self, Status},
    notice, overlay, photo,
};
use crate::format;
use crate::i18n::{self, words};
use crate::router;
use crate::session;
use crate::state::state;
use crate::t;

thread_local! {
    /// The item that was settled last on this screen, so that a slip of the finger is taken back at once.
    static LAST: Cell<Option<(DeliveryId, u32)>> = const { Cell::new(None) };
    /// How many faces of a delivery were to be settled when this screen first heard of them.
    static BEGUN: RefCell<BTreeMap<DeliveryId, u64>> = const { RefCell::new(BTreeMap::new()) };
}

/// The page. `at` in the address is the item's place in the sheet it was opened from.
pub(crate) fn page(id: DeliveryId, number: u32) -> AnyView {
    let item = Loader::new(move || api_client::deliveries::item(id, number));
    let delivery = Loader::new(move || api_client::deliveries::delivery(id));
    let settling = Settling { id, number, item, delivery, attempt: Attempt::new() };
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
        "1" => settling.decide(FaceWord::Same),
        "3" => settling.decide(FaceWord::Different),
        "u" => settling.take_back_last(),
        _ => false,
    });
    view! {
        <p class="crumb"><a href=sheet(id)>{t!(item.back)}</a></p>
        {item.show(move |item| full(settling, &item))}
    }
    .into_any()
}

/// Whose face it is, as a person settles it.
#[derive(Clone, Copy)]
struct Settling {
    id: DeliveryId,
    number: u32,
    item: Loader<Item>,
    delivery: Loader<Delivery>,
    attempt: Attempt,
}

impl Settling {
    /// Whether anything can be settled in this delivery now.
    fn open(self) -> bool {
        let checked = self.delivery.get().is_some_and(|delivery| delivery.state == DeliveryState::Checked);
        checked && state().may(Right::SettleFaces)
    }

    /// Settles, then goes on to the next one that needs it. Answers whether the key was meant for this.
    fn decide(self, decision: FaceWord) -> bool {
        let can = untrack(move || self.open()) && self.item.now().is_some_and(|item| item.can_be_settled);
        if can {
            let settle = Settle { decision, note: String::new() };
            let (id, number) = (self.id, self.number);
            let work = async move {
                let kept = api_client::deliveries::settle(id, number, &settle).await?;
                Ok((kept, next(id).await?))
            };
            self.attempt.run(work, move |(kept, next)| {
                LAST.set(Some((id, number)));
                self.delivery.put(kept);
                match next {
                    Some(next) => router::go(&format!("/deliveries/{id}/items/{next}?{}", kept_query())),
                    None => {
                        state().tell(t!(item.all_settled));
                        self.item.again();
                    }
                }
            });
        }
        can
    }

    /// Takes back what was settled about one item, and shows it.
    fn take_back(self, number: u32) {
        let id = self.id;
        self.attempt.run(api_client::deliveries::take_back(id, number), move |kept| {
            LAST.set(None);
            self.delivery.put(kept);
            if number == self.number {
                self.item.again();
            } else {
                router::go(&format!("/deliveries/{id}/items/{number}?{}", kept_query()));
            }
        });
    }

    fn take_back_last(self) -> bool {
        let last = LAST.get().filter(|(id, _)| *id == self.id && untrack(move || self.open()));
        last.is_some_and(|(_, number)| {
            self.take_back(number);
            true
        })
    }
}

/// The oddest item of which a person must still say whose face it shows.
pub(crate) async fn next(id: DeliveryId) -> Answer<Option<u32>> {
    let query = ItemQuery { unsettled: true, limit: 1, ..ItemQuery::default() };
    Ok(api_client::deliveries::items(id, &query).await?.items.first().map(|item| item.number))
}

/// How far the settling is: done and all, as far as this screen has followed it.
pub(crate) fn settled_so_far(id: DeliveryId, left: u64) -> (u64, u64) {
    let all = BEGUN.with_borrow_mut(|begun| {
        let all = begun.entry(id).or_default();
        *all = left.max(*all);
        *all
    });
    (all - left, all)
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
    ItemQuery {
        state: text("state"),
        code: text("code"),
        offset: u32::try_from(at).unwrap_or(0),
        limit: 1,
        ..ItemQuery::default()
    }
}

/// The place in the sheet, kept while one item leads to the next.
fn kept_query() -> String {
    router::write_query(&["state", "code"].map(|name| (name.to_owned(), asked(name))).into())
}

/// Goes to the item before or after this one, in the order of the sheet.
fn turn(id: DeliveryId, by: i64) {
    let query = place(by);
    let offset = query.offset;
    spawn_local(async move {
        let Ok(part) = api_client::deliveries::items(id, &query).await else { return };
        if let Some(next) = part.items.first() {
            let query = [("at", offset.to_string()), ("state", asked("state")), ("code", asked("code"))]
                .map(|(name, value)| (name.to_owned(), value))
                .into();
            router::go(&format!("/deliveries/{id}/items/{}?{}", next.number, router::write_query(&query)));
        }
    });
}

fn full(settling: Settling, item: &Item) -> AnyView {
    let id = settling.id;
    let chosen = RwSignal::new(None);
    let pixels = pixels(id, item, chosen);
    view! {
        <header class="page-head">
            <div>
                <h1>{t!(item.photo, n = item.number + 1)} " " <span class="name private">{item.name.clone()}</span></h1>
                <p>{mark::item_state(item.state)} " " <span class="dim">{item.class.clone()}</span></p>
            </div>
            <div class="actions">
                <button type="button" aria-label=t!(common.previous) on:click=move |_| turn(id, -1)>"←"</button>
                <button type="button" aria-label=t!(common.next) on:click=move |_| turn(id, 1)>"→"</button>
            </div>
        </header>
        <div class="item">
            <figure>{pixels}<figcaption>{t!(item.delivered)}</figcaption></figure>
            {item.person.map(|_| view! {
                <figure>{photo::kept_or_ask(item.admission, t!(item.admission))}<figcaption>{t!(item.admission)}</figcaption></figure>
            })}
            <div class="item-facts">
                {verdict(item)}
                {scale(settling, item)}
                {whose(settling, item)}
                {rules(&item.findings, chosen)}
            </div>
        </div>
    }
    .into_any()
}

/// The delivered photo with what was measured drawn on it: from quarantine, or from the archive once it is accepted.
fn pixels(id: DeliveryId, item: &Item, chosen: RwSignal<Option<usize>>) -> AnyView {
    let alt = t!(item.photo, n = item.number + 1).to_string();
    let url = match item.archived {
        _ if item.has_image => api_client::deliveries::item_url(id, item.number, "full"),
        Some(kept) => api_client::photo_url(kept, "full"),
        None if item.state == ItemState::Missing => return photo::photo(None, alt),
        None => return photo::cleared(),
    };
    let (findings, in_quarantine, archived) = (item.findings.clone(), item.has_image, item.archived);
    let asks = session::lacks_purpose();
    (move || {
        if !in_quarantine && (asks.get() || !state().may(Right::ReadDossier)) {
            photo::kept_or_ask(archived, alt.clone())
        } else {
            overlay::overlay(url.clone(), alt.clone(), &findings, chosen)
        }
    })
    .into_any()
}

/// The similarity between the two thresholds of the calibration.
fn scale(settling: Settling, item: &Item) -> Option<AnyView> {
    let similarity = item.similarity?;
    let drawn = move || {
        let report = settling.delivery.get()?.report?;
        let (accept, reject) = (report.accept?, report.reject?);
        Some(figure::scale(similarity, reject, accept))
    };
    Some(drawn.into_any())
}

/// Whose face it is: the question, or what was answered.
fn whose(settling: Settling, item: &Item) -> Option<AnyView> {
    if !item.can_be_settled && item.settled.is_none() {
        return None;
    }
    let said = item.settled.as_ref().map(|settled| {
        let words = i18n::name_of(words::face_word, settled.decision);
        let line =
            t!(item.settled, what = words, name = settled.by_name, time = format::local_time(settled.at));
        let status = if settled.decision == FaceWord::Same { Status::Ok } else { Status::Stop };
        view! { <p>{mark::mark(status, line)}</p> }
    });
    let number = item.number;
    let is_settled = item.settled.is_some();
    let busy = move || settling.attempt.busy();
    let buttons = move || {
        settling.open().then(|| {
            if is_settled {
                view! {
                    <div class="actions"><button type="button" disabled=busy on:click=move |_| settling.take_back(number)>{t!(item.take_back)}</button></div>
                }
            } else {
                view! {
                    <div class="actions">
                        <button type="button" class="primary" disabled=busy on:click=move |_| { settling.decide(FaceWord::Same); }>{t!(item.same)} " " <kbd>"1"</kbd></button>
                        <button type="button" class="primary" disabled=busy on:click=move |_| { settling.decide(FaceWord::Different); }>{t!(item.different)} " " <kbd>"3"</kbd></button>
                    </div>
                }
            }
        })
    };
    Some(
        view! {
            <section class="panel">
                <h2>{t!(item.whose)}</h2>
                {said}
                {buttons}
                {settling.attempt.refusal()}
                {move || how_far(settling)}
            </section>
        }
        .into_any(),
    )
}

/// How many are settled, and the way back from the last one.
fn how_far(settling: Settling) -> Option<AnyView> {
    let left = settling.delivery.get()?.report?.unsettled;
    let (done, all) = settled_so_far(settling.id, left);
    let progress = (all > 0).then(|| t!(item.progress, done = format::count(done), all = format::count(all)));
    let last =
        LAST.get().filter(|(id, number)| *id == settling.id && *number != settling.number && settling.open());
    Some(
        view! {
            <p class="dim">{progress}
                {last.map(|(_, number)| view! {
                    " " <button type="button" class="link" on:click=move |_| settling.take_back(number)>{t!(item.take_back_last, n = number + 1)}</button> " " <kbd>"u"</kbd>
                })}</p>
        }
        .into_any(),
    )
}

fn verdict(item: &Item) -> Option<AnyView> {
    let verdict = item.verdict.as_deref()?;
    let status = match verdict {
        "match" => Status::Ok,
        "unsure" => Status::Attention,
        _ => Status::Stop,
    };
    let similarity = item.similarity.map(|s| t!(item.similarity, value = format::fixed(s, 3)));
    Some(view! { <p class="verdict-line">{mark::mark(status, i18n::worded(words::verdict, verdict))} " " <span class="dim">{similarity}</span></p> }.into_any())
}

/// The rule table: measured beside limit, the place shown on the photo when the row is pointed at or focused.
fn rules(findings: &[Finding], chosen: RwSignal<Option<usize>>) -> AnyView {
    if findings.is_empty() {
        return notice::empty(t!(item.no_findings), t!(item.no_findings_how));
    }
    let row = |(number, finding): (usize, &Finding)| {
        let status = match &*finding.status {
            "passed" => Status::Ok,
            "failed" => Status::of_severity(&finding.severity),
            _ => Status::Waiting,
        };
        let placed = !finding.places.is_empty();
        let choose = move || chosen.set(Some(number));
        view! {
            <tr on:mouseenter=move |_| choose() on:focusin=move |_| choose()>
                <td>{mark::mark(status, i18n::worded(words::finding_status, &finding.status))}</td>
                <td>{i18n::worded(words::finding, &finding.code)} " "
                    {if placed {
                        view! { <button type="button" class="link" title=t!(item.show_place) on:click=move |_| choose()><code>{finding.code.clone()}</code></button> }.into_any()
                    } else {
                        view! { <code>{finding.code.clone()}</code> }.into_any()
                    }}</td>
                <td class="digits" data-label=t!(item.measured)>{finding.measured.as_deref().map(i18n::measured)}</td>
                <td class="digits" data-label=t!(item.limit)>{finding.limit.as_deref().map(i18n::measured)}</td>
            </tr>
        }
    };
    view! {
        <div class="scroll"><table class="dense rows stack">
            <thead><tr><th>{t!(item.status)}</th><th>{t!(delivery.finding)}</th><th>{t!(item.measured)}</th><th>{t!(item.limit)}</th></tr></thead>
            <tbody>{findings.iter().enumerate().map(row).collect_view()}</tbody>
        </table></div>
    }
    .into_any()
}
