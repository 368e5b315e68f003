//! A doubtful comparison, looked at by two people who do not see each other's decision.

use crate::prelude::*;
use api::face::{Comparison, ComparisonState, Decide, FaceDecision, Pair};
use api::ids::ComparisonId;

use crate::api_client;
use crate::browser;
use crate::components::{
    attempt::Attempt,
    chart, field,
    loader::Loader,
    mark::{self, Status},
    notice, pager, photo,
};
use crate::format;
use crate::i18n::{self, words};
use crate::live;
use crate::pages::desk;
use crate::router;
use crate::session;
use crate::state::state;
use crate::t;

/// How many are shown at once.
const LIMIT: u32 = 20;

/// What waits for review.
pub(crate) fn page() -> AnyView {
    let offset = pager::offset();
    let mine = Loader::new(move || api_client::faces::comparisons("in_review", true, offset.get(), LIMIT));
    // Who made one, or has said their word, can only wait.
    let all = Loader::new(|| api_client::faces::comparisons("in_review", false, 0, 1));
    live::on_change(&["comparison"], move || {
        mine.again();
        all.again();
    });
    let others = move || {
        let (mine, all) = (mine.get()?, all.get()?);
        all.total.checked_sub(mine.total).filter(|others| *others > 0)
    };
    view! {
        <header class="page-head"><h1>{t!(rail.review)}</h1></header>
        {mine.show(move |mine| if mine.total == 0 {
            notice::empty(t!(review.none), t!(review.none_how))
        } else {
            view! {
                {list(&mine.items)}
                {pager::pager(offset.get_untracked(), LIMIT, mine.total)}
            }
            .into_any()
        })}
        {move || others().map(|others| view! {
            <p class="dim">{mark::shape(Status::Waiting)} " " {t!(review.others, count = others)}</p>
        })}
    }
    .into_any()
}

fn list(waiting: &[Comparison]) -> AnyView {
    view! {
        <div class="scroll"><table class="dense rows stack">
            <thead><tr><th>{i18n::label("name")}</th><th>{t!(desk.verdict)}</th><th class="number">{t!(chart.similarity)}</th><th>{t!(review.since)}</th></tr></thead>
            <tbody>{waiting.iter().map(|comparison| view! {
                <tr>
                    <td class="name private whole"><a href=format!("/review/{}", comparison.id)>{comparison.name.clone()}</a></td>
                    <td>{mark::mark(mark::verdict_status(comparison.verdict), i18n::name_of(words::verdict, comparison.verdict))}</td>
                    <td class="number" data-label=t!(chart.similarity)>{format::fixed(comparison.similarity, 3)}</td>
                    <td>{format::when(comparison.at)} " " <span class="dim">{format::age(comparison.at)}</span></td>
                </tr>
            }).collect_view()}</tbody>
        </table></div>
    }
    .into_any()
}

/// One comparison under review.
pub(crate) fn one(id: ComparisonId) -> AnyView {
    let comparison = Loader::new(move || api_client::faces::comparison(id));
    view! {
        <p class="crumb"><a href="/review">{t!(rail.review)}</a></p>
        {comparison.show(move |kept| full(&kept, comparison))}
    }
    .into_any()
}

fn full(kept: &Comparison, comparison: Loader<Comparison>) -> AnyView {
    let id = kept.id;
    let note = RwSignal::new(String::new());
    let given = RwSignal::new(false);
    let attempt = Attempt::new();
    let at_desk = kept.state == ComparisonState::Open;
    let reviewing = kept.state == ComparisonState::InReview && state().may(api::Right::ReviewComparisons);
    // Who made it or has said their word may only wait.
    let (mine, done) = (kept.made_by_me, kept.reviewed_by_me);
    let reviewing = reviewing && !mine && !done;
    let may_decide = reviewing || (at_desk && state().may(api::Right::Compare));
    let decide = move |decision: FaceDecision| {
        // A reviewer can't doubt: that is where it came from.
        if !may_decide || given.get_untracked() || (!at_desk && decision == FaceDecision::Doubtful) {
            return;
        }
        let decide = Decide { decision, note: note.get_untracked().trim().to_owned() };
        let work = async move {
            if at_desk {
                api_client::faces::decide(id, &decide).await
            } else {
                api_client::faces::review(id, &decide).await
            }
        };
        attempt.run(work, move |kept| {
            given.set(true);
            comparison.put(kept);
        });
    };
    browser::on_key(move |key, _| {
        match key {
            "1" => decide(FaceDecision::Same),
            "2" => decide(FaceDecision::Doubtful),
            "3" => decide(FaceDecision::Different),
            "m" => decide(FaceDecision::Manual),
            "Escape" => router::go("/review"),
            _ => return false,
        }
        true
    });
    view! {
        <header class="page-head"><h1 class="name private">{kept.name.clone()}</h1><span class="dim">{format::when(kept.at)}</span></header>
        {pair(kept)}
        {desk::band(kept)}
        {match kept.state {
            ComparisonState::Decided => ().into_any(),
            ComparisonState::Superseded => view! { <p>{mark::mark(Status::Waiting, t!(review.superseded))}</p> }.into_any(),
            _ if may_decide => decision_form(note, attempt, given, at_desk, decide),
            ComparisonState::InReview if done => view! { <p>{mark::mark(Status::Waiting, t!(review.given))}</p> }.into_any(),
            ComparisonState::InReview if mine => view! { <p>{mark::mark(Status::Waiting, t!(review.yours))}</p> }.into_any(),
            _ => view! { <p>{mark::mark(Status::Waiting, t!(review.waits))}</p> }.into_any(),
        }}
        {said(kept)}
        {where_it_lies(kept)}
    }
    .into_any()
}

/// What each reviewer said, once it is decided.
fn said(kept: &Comparison) -> AnyView {
    if kept.reviews.is_empty() {
        return ().into_any();
    }
    view! {
        <section>
            <h2>{t!(review.said)}</h2>
            <div class="scroll"><table class="dense">
                <thead><tr><th>{t!(review.by)}</th><th>{t!(review.decision)}</th><th>{t!(review.note)}</th><th>{t!(common.when)}</th></tr></thead>
                <tbody>{kept.reviews.iter().map(|review| view! {
                    <tr>
                        <td>{review.by.clone()}</td>
                        <td>{i18n::name_of(words::face_decision, review.decision)}</td>
                        <td>{review.note.clone()}</td>
                        <td>{format::when(review.at)}</td>
                    </tr>
                }).collect_view()}</tbody>
            </table></div>
        </section>
    }
    .into_any()
}

/// All photos at equal size, side by side, or the one that decides and the probe one over the other.
fn pair(kept: &Comparison) -> AnyView {
    let flicker = RwSignal::new(false);
    let second = RwSignal::new(false);
    let (reference, has_probe, id) = (kept.reference, kept.has_probe, kept.id);
    let asks = session::lacks_purpose();
    let probe = move || {
        (move || {
            if has_probe && asks.get() {
                view! { <span class="photo">{session::ask_button()}</span> }.into_any()
            } else {
                photo::photo(has_probe.then(|| api_client::faces::probe_url(id)), t!(desk.probe))
            }
        })
        .into_any()
    };
    let pairs = kept.pairs.clone();
    let several = pairs.len() > 1;
    let reference = move || photo::kept_or_ask(Some(reference), t!(desk.reference));
    let references = move || {
        if several {
            let figure = |pair: &Pair| {
                let kind = i18n::name_of(words::photo_kind, pair.kind);
                view! {
                    <figure>
                        {photo::kept_or_ask(Some(pair.reference), kind.clone())}
                        <figcaption>{kind} {desk::alike(pair)}</figcaption>
                    </figure>
                }
            };
            pairs.iter().map(figure).collect_view().into_any()
        } else {
            view! { <figure>{reference()}<figcaption>{t!(desk.reference)}</figcaption></figure> }.into_any()
        }
    };
    view! {
        <div class="actions">
            <button type="button" aria-pressed=move || flicker.get().to_string() on:click=move |_| flicker.update(|f| *f = !*f)>{t!(review.flicker)}</button>
            {move || flicker.get().then(|| view! {
                <button type="button" class="primary" on:click=move |_| second.update(|s| *s = !*s)>{t!(review.turn)}</button>
            })}
        </div>
        {move || if flicker.get() {
            let (photo, caption) = if second.get() { (probe(), t!(desk.probe)) } else { (reference(), t!(desk.reference)) };
            view! { <div class="pair single"><figure>{photo}<figcaption>{caption}</figcaption></figure></div> }.into_any()
        } else {
            view! {
                <div class="pair" class:three=several>
                    {references()}
                    <figure>{probe()}<figcaption>{t!(desk.probe)}</figcaption></figure>
                </div>
            }.into_any()
        }}
    }
    .into_any()
}

fn decision_form(
    note: RwSignal<String>,
    attempt: Attempt,
    given: RwSignal<bool>,
    at_desk: bool,
    decide: impl Fn(FaceDecision) + Copy + Send + 'static,
) -> AnyView {
    let button = move |key: &'static str, decision: FaceDecision, status: Option<Status>| {
        view! {
            <button type="button" class="decide" disabled=move || attempt.busy() on:click=move |_| decide(decision)>
                {status.map(mark::shape)} " " {i18n::name_of(words::face_decision, decision)} " " <kbd>{key}</kbd>
            </button>
        }
    };
    view! {
        {move || if given.get() {
            view! { <p>{mark::mark(Status::Waiting, t!(review.given))}</p> }.into_any()
        } else {
            view! {
                <section class="panel">
                    {(!at_desk).then(|| view! { <p class="dim">{t!(review.hidden)}</p> })}
                    {field::lines("review-note", t!(review.note), 2, note)}
                    <div class="actions desk-actions">
                        {button("1", FaceDecision::Same, Some(Status::Ok))}
                        {at_desk.then(|| button("2", FaceDecision::Doubtful, Some(Status::Attention)))}
                        {button("3", FaceDecision::Different, Some(Status::Stop))}
                        {button("m", FaceDecision::Manual, None)}
                    </div>
                </section>
            }.into_any()
        }}
        {attempt.refusal()}
    }
    .into_any()
}

/// Where this similarity lies among pairs of different and of same people.
fn where_it_lies(kept: &Comparison) -> AnyView {
    let (calibration, similarity) = (kept.calibration, kept.similarity);
    let calibration = Loader::new(move || api_client::faces::calibration(calibration));
    calibration.show_quietly(move |calibration| {
        view! { <section><h2>{t!(review.position)}</h2>{chart::histogram(&calibration, Some(similarity))}</section> }.into_any()
    })
}
