//! Is this the same person?

use std::collections::BTreeSet;

use crate::prelude::*;
use api::Page;
use api::dossier::{Dossier, PhotoKind};
use api::face::{Comparison, ComparisonState, Decide, FaceDecision, Pair};
use api::ids::{PersonId, PhotoId};
use api::search::SearchQuery;
use wasm_bindgen::JsCast as _;

use crate::api_client;
use crate::browser;
use crate::camera::{Camera, Stand};
use crate::components::{
    attempt::Attempt,
    field, hand_check,
    loader::Loader,
    mark::{self, Status},
    notice, pager, photo, subject,
};
use crate::format;
use crate::i18n::{self, Text, words};
use crate::live;
use crate::router;
use crate::state::state;
use crate::t;

/// How many undecided comparisons are shown at once.
const LIMIT: u32 = 20;

/// The desk, with nobody at it or with the person to be checked.
pub(crate) fn page(person: Option<PersonId>) -> AnyView {
    let offset = pager::offset();
    let queue = Loader::new(move || api_client::faces::comparisons("open", false, offset.get(), LIMIT));
    // Several desks share the queue.
    live::on_change(&["comparison"], move || queue.again());
    let body = match person {
        Some(person) => at_the_desk(person, queue),
        None => nobody(),
    };
    view! {
        <header class="page-head">
            <h1>{t!(rail.desk)}</h1>
            {person.is_some().then(|| view! { <a class="button" href="/desk">{t!(desk.next_person)}</a> })}
        </header>
        {body}
        <section>
            <h2>{t!(desk.queue)}</h2>
            {queue.show(move |open| view! {
                {queue_list(&open)}
                {pager::pager(offset.get_untracked(), LIMIT, open.total)}
            }.into_any())}
        </section>
    }
    .into_any()
}

/// A box to call the next person up: by number, name or class.
fn nobody() -> AnyView {
    let typed = RwSignal::new(String::new());
    let found = Loader::new(move || {
        let query = SearchQuery { q: typed.get(), limit: 8, ..SearchQuery::default() };
        async move {
            if query.q.trim().is_empty() {
                Ok(None)
            } else {
                api_client::people::search(&query).await.map(Some)
            }
        }
    });
    Effect::new(|_| browser::focus("desk-who"));
    let first = move || {
        let person = found.now().flatten().and_then(|found| found.exact.first().map(|hit| hit.person));
        if let Some(person) = person {
            router::go(&format!("/desk/{person}"));
        }
    };
    view! {
        <form class="panel" on:submit=move |event| { event.prevent_default(); first(); }>
            {field::hinted("desk-who", t!(desk.who), "search", typed, t!(desk.who_hint))}
            {found.show(|found| match found {
                None => ().into_any(),
                Some(found) if found.exact.is_empty() && found.pinyin.is_empty() => notice::empty(t!(find.none), t!(desk.none_how)),
                Some(found) => view! {
                    <ul class="picks">{found.exact.iter().chain(&found.pinyin).map(|hit| view! {
                        <li><a href=format!("/desk/{}", hit.person)>
                            <span class="name private">{hit.name.clone()}</span> " "
                            <span class="digits private">{hit.student_number.clone()}</span> " "
                            <span class="dim">{hit.class.clone()}</span>
                        </a></li>
                    }).collect_view()}</ul>
                }.into_any(),
            })}
        </form>
    }
    .into_any()
}

fn at_the_desk(person: PersonId, queue: Loader<Page<Comparison>>) -> AnyView {
    let dossier = Loader::new(move || api_client::people::dossier(person));
    let made = RwSignal::new(None::<Comparison>);
    let camera = Camera::new();
    let attempt = Attempt::new();
    let deciding = Attempt::new();
    let by_hand = RwSignal::new(false);
    let compare = move |probe: web_sys::Blob| {
        attempt.run(async move { api_client::faces::compare(person, &probe).await }, move |comparison| {
            made.set(Some(comparison));
            queue.again();
        });
    };
    let take = move || {
        if made.get_untracked().is_some() || camera.stand.get_untracked() != Stand::On {
            return;
        }
        spawn_local(async move {
            match camera.take().await {
                Ok(probe) => compare(probe),
                Err(_) => state().tell(t!(desk.not_taken)),
            }
        });
    };
    let retake = move || {
        made.set(None);
        attempt.clear();
        if camera.stand.get_untracked() != Stand::On {
            camera.start();
        }
    };
    let decide = move |decision: FaceDecision| {
        let Some(comparison) = made.get_untracked().filter(|c| c.state == ComparisonState::Open) else {
            return;
        };
        let decide = Decide { decision, note: String::new() };
        deciding.run(
            async move { api_client::faces::decide(comparison.id, &decide).await },
            move |comparison| {
                made.set(Some(comparison));
                queue.again();
            },
        );
    };
    browser::on_key(move |key, _| {
        match key {
            "1" => decide(FaceDecision::Same),
            "2" => decide(FaceDecision::Doubtful),
            "3" => decide(FaceDecision::Different),
            // Open before any photo is taken, and when none can be compared.
            "m" if made.get_untracked().is_none() => by_hand.set(true),
            "m" => decide(FaceDecision::Manual),
            "r" => retake(),
            " " => take(),
            "Escape" => router::go("/desk"),
            _ => return false,
        }
        true
    });
    Effect::new(move |_| camera.start());
    view! {
        {dossier.show(|kept| who(&kept))}
        <div class="desk" class:three=move || dossier.get().is_some_and(|kept| references(&kept).len() > 1)>
            {move || dossier.get().map(|kept| shown(&kept, made.get()))}
            <figure>
                {viewfinder(camera, made, take)}
                <figcaption>{move || if made.get().is_some() { t!(desk.probe) } else { t!(desk.live) }}</figcaption>
            </figure>
            <div class="desk-side">
                {attempt.refusal()}
                {move || attempt.busy().then(|| view! { <p role="status">{t!(desk.comparing)}</p> })}
                {move || made.get().map(|comparison| band(&comparison))}
                {deciding.refusal()}
                {move || controls(camera, made.get(), attempt, deciding, take, retake, decide, compare)}
                {move || made.get().is_none().then(|| view! {
                    <div class="actions desk-actions">
                        <button type="button" on:click=move |_| by_hand.set(true)>{t!(hand.title)} " " <kbd>"m"</kbd></button>
                    </div>
                })}
                {hand_check::dialog(by_hand, person)}
            </div>
        </div>
    }
    .into_any()
}

fn who(kept: &Dossier) -> AnyView {
    view! {
        <p class="desk-who">
            <strong class="name private">{kept.facts.name.clone()}</strong> " "
            <span class="digits private">{kept.facts.student_number.clone()}</span> " "
            <span class="dim">{kept.facts.college.clone()} " · " {kept.facts.class.clone()}</span>
        </p>
    }
    .into_any()
}

/// The photos a probe is compared with: admission and ID photo, or the enrolment photo when there is neither.
fn references(kept: &Dossier) -> Vec<(PhotoKind, PhotoId)> {
    let of = |kind| {
        let photo = kept.photos.iter().rfind(|p| p.kind == kind && p.superseded_by.is_none())?;
        Some((kind, photo.id))
    };
    let found: Vec<_> = [PhotoKind::Admission, PhotoKind::IdCard].into_iter().filter_map(of).collect();
    if found.is_empty() { of(PhotoKind::Enrolment).into_iter().collect() } else { found }
}

/// The references, each with how alike the probe is once it is taken.
fn shown(kept: &Dossier, made: Option<Comparison>) -> AnyView {
    let references = references(kept);
    if references.is_empty() {
        return view! {
            <figure>
                <span class="photo"><span class="no-photo">{t!(desk.no_reference)}</span></span>
                <figcaption>{t!(desk.reference)}</figcaption>
            </figure>
        }
        .into_any();
    }
    let figure = move |(kind, id): (PhotoKind, PhotoId)| {
        let pair =
            made.as_ref().and_then(|made| made.pairs.iter().find(|pair| pair.reference == id).cloned());
        view! {
            <figure>
                {photo::kept(Some(id), "full", i18n::name_of(words::photo_kind, kind))}
                <figcaption>{i18n::name_of(words::photo_kind, kind)} {pair.map(|pair| alike(&pair))}</figcaption>
            </figure>
        }
    };
    references.into_iter().map(figure).collect_view().into_any()
}

/// How alike one pair is.
pub(crate) fn alike(pair: &Pair) -> AnyView {
    match (pair.verdict, pair.similarity) {
        (Some(verdict), Some(similarity)) => view! {
            " " {mark::shape(mark::verdict_status(verdict))} " " <span class="digits">{format::fixed(similarity, 3)}</span>
        }
        .into_any(),
        _ => view! { " " {mark::mark(Status::Waiting, t!(desk.not_comparable))} }.into_any(),
    }
}

/// The live picture with its guide, or the probe once it is taken.
fn viewfinder(
    camera: Camera,
    made: RwSignal<Option<Comparison>>,
    take: impl Fn() + Copy + Send + 'static,
) -> AnyView {
    let probe =
        Memo::new(move |_| made.get().filter(|c| c.has_probe).map(|c| api_client::faces::probe_url(c.id)));
    let guide = move || camera.guide.get();
    let word = move |good: bool, yes: Text, no: Text| {
        if good { mark::mark(Status::Ok, yes) } else { mark::mark(Status::Attention, no) }
    };
    view! {
        <div class="photo viewfinder" class:hidden=move || made.get().is_some()>
            <video node_ref=camera.video autoplay=true playsinline=true prop:muted=true aria-label=t!(desk.live)
                on:click=move |_| take()></video>
            <svg viewBox="0 0 300 400" aria-hidden="true" class="guide" class:good=move || guide().good()>
                <ellipse cx="150" cy="180" rx="88" ry="118"></ellipse>
                <line x1="40" x2="260" y1="160" y2="160"></line>
            </svg>
            {move || match camera.stand.get() {
                Stand::Unavailable => Some(view! { <p class="no-photo">{t!(desk.no_camera)}</p> }),
                Stand::Off | Stand::Starting => Some(view! { <p class="no-photo">{t!(desk.camera_starting)}</p> }),
                Stand::On => None,
            }}
        </div>
        {move || made.get().is_some().then(|| photo::photo(probe.get(), t!(desk.probe)))}
        {move || (camera.stand.get() == Stand::On && made.get().is_none()).then(|| view! {
            <p class="guide-words" role="status">
                {word(guide().light, t!(desk.light_good), t!(desk.light_bad))}
                {word(guide().sharp, t!(desk.sharp_good), t!(desk.sharp_bad))}
                {word(guide().still, t!(desk.still_good), t!(desk.still_bad))}
            </p>
        })}
    }
    .into_any()
}

/// The verdict: what the machine says, by which figures; a person decides.
pub(crate) fn band(comparison: &Comparison) -> AnyView {
    let status = mark::verdict_status(comparison.verdict);
    let odds = comparison.odds.map_or_else(|| t!(desk.no_odds).to_string(), format::odds);
    let of = |status| comparison.findings.iter().filter(|f| f.status == status).collect::<Vec<_>>();
    let (failed, unmeasured) = (of("failed"), of("not_measurable"));
    let held_back: Vec<_> =
        comparison.held_back.iter().map(|code| i18n::worded(words::finding, code)).collect();
    let held_back = (!held_back.is_empty() && comparison.similarity >= comparison.accept)
        .then(|| t!(desk.held_back, reasons = format::list(&held_back)));
    let decides = comparison.pairs.iter().find(|pair| pair.reference == comparison.reference);
    let decides = decides
        .filter(|_| comparison.pairs.len() > 1)
        .map(|pair| i18n::name_of(words::photo_kind, pair.kind));
    let decided = comparison.decision.map(|decision| {
        let by = comparison.decided_by.clone().unwrap_or_default();
        t!(desk.decided, decision = i18n::name_of(words::face_decision, decision), name = by)
    });
    view! {
        <div class=format!("band {}", status.class()) role="status" aria-live="assertive">
            <p class="band-verdict">{mark::shape(status)} " " {i18n::name_of(words::verdict, comparison.verdict)}</p>
            {held_back.map(|held_back| view! { <p><strong>{held_back}</strong></p> })}
            <dl class="band-figures">
                <div><dt>{t!(chart.similarity)}</dt><dd>{format::fixed(comparison.similarity, 3)}</dd></div>
                {decides.map(|kind| view! { <div><dt>{t!(desk.decides)}</dt><dd>{kind}</dd></div> })}
                <div><dt>{t!(desk.odds)}</dt><dd>{odds}</dd></div>
                <div><dt>{t!(desk.thresholds)}</dt><dd>{format!("{} / {}", format::fixed(comparison.reject, 3), format::fixed(comparison.accept, 3))}</dd></div>
                <div><dt>{t!(desk.calibration)}</dt><dd title=comparison.calibration.to_string()>{subject::short(&comparison.calibration.to_string())}</dd></div>
            </dl>
            {(comparison.state == ComparisonState::InReview).then(|| view! { <p>{t!(desk.goes_to_review)}</p> })}
            {decided.map(|decided| view! { <p><strong>{decided}</strong></p> })}
            {(!failed.is_empty()).then(|| view! {
                <ul class="reasons">{failed.iter().map(|f| view! {
                    <li>{mark::mark(Status::of_severity(&f.severity), i18n::worded(words::finding, &f.code))}
                        <span class="dim">{f.measured.as_deref().map(i18n::measured)} {f.limit.as_deref().map(|limit| format!(" / {}", i18n::measured(limit)))}</span></li>
                }).collect_view()}</ul>
            })}
            {(!unmeasured.is_empty()).then(|| {
                let names: BTreeSet<_> = unmeasured.iter().map(|f| i18n::worded(words::finding, &f.code)).collect();
                let names: Vec<_> = names.into_iter().collect();
                view! { <p class="dim">{t!(desk.unmeasured, names = format::list(&names))}</p> }
            })}
        </div>
    }
    .into_any()
}

#[expect(clippy::too_many_arguments, reason = "the desk's keys and buttons do the same things")]
fn controls(
    camera: Camera,
    made: Option<Comparison>,
    attempt: Attempt,
    deciding: Attempt,
    take: impl Fn() + Copy + Send + 'static,
    retake: impl Fn() + Copy + Send + 'static,
    decide: impl Fn(FaceDecision) + Copy + Send + 'static,
    compare: impl Fn(web_sys::Blob) + Copy + 'static,
) -> AnyView {
    let decision = move |key: &'static str, decision: FaceDecision, status: Option<Status>| {
        view! {
            <button type="button" class="decide" disabled=move || deciding.busy() on:click=move |_| decide(decision)>
                {status.map(mark::shape)} " " {i18n::name_of(words::face_decision, decision)} " " <kbd>{key}</kbd>
            </button>
        }
    };
    match made {
        None => view! {
            <div class="actions desk-actions">
                <button type="button" class="primary" disabled=move || attempt.busy() || camera.stand.get() != Stand::On
                    on:click=move |_| take()>{t!(desk.take)} " " <kbd>{t!(desk.space)}</kbd></button>
                <label class="button" for="desk-file">{t!(desk.file)}
                    <input id="desk-file" class="sr-only" type="file" accept="image/jpeg,image/png" on:change:target=move |event| {
                        let file = event.target().files().and_then(|files| files.get(0));
                        if let Some(file) = file.and_then(|file| file.dyn_into::<web_sys::Blob>().ok()) {
                            compare(file);
                        }
                    }/>
                </label>
            </div>
        }
        .into_any(),
        Some(comparison) if comparison.state == ComparisonState::Open => view! {
            <div class="actions desk-actions">
                {decision("1", FaceDecision::Same, Some(Status::Ok))}
                {decision("2", FaceDecision::Doubtful, Some(Status::Attention))}
                {decision("3", FaceDecision::Different, Some(Status::Stop))}
                {decision("m", FaceDecision::Manual, None)}
                <button type="button" on:click=move |_| retake()>{t!(desk.retake)} " " <kbd>"r"</kbd></button>
            </div>
        }
        .into_any(),
        Some(_) => view! {
            <div class="actions desk-actions"><a class="button primary" href="/desk">{t!(desk.next_person)} " " <kbd>"Esc"</kbd></a></div>
        }
        .into_any(),
    }
}

fn queue_list(open: &Page<Comparison>) -> AnyView {
    if open.total == 0 {
        return notice::empty(t!(desk.queue_empty), t!(desk.queue_empty_how));
    }
    view! {
        <div class="scroll"><table class="dense rows stack">
            <thead><tr><th>{i18n::label("name")}</th><th>{t!(desk.verdict)}</th><th class="number">{t!(chart.similarity)}</th><th>{t!(common.when)}</th></tr></thead>
            <tbody>{open.items.iter().map(|comparison| view! {
                <tr>
                    <td class="name private whole"><a href=format!("/review/{}", comparison.id)>{comparison.name.clone()}</a></td>
                    <td>{mark::mark(mark::verdict_status(comparison.verdict), i18n::name_of(words::verdict, comparison.verdict))}</td>
                    <td class="number" data-label=t!(chart.similarity)>{format::fixed(comparison.similarity, 3)}</td>
                    <td>{format::when(comparison.at)}</td>
                </tr>
            }).collect_view()}</tbody>
        </table></div>
    }
    .into_any()
}
