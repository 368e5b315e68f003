//! What a case rests on: the person's photos, how alike each pair of them is, and other people's that are too much
//! like them.

use crate::prelude::*;
use api::Right;
use api::cohort::{Case, CasePair, CasePhoto, Cohort, LookAlike};
use api::ids::{CohortId, PhotoId};

use crate::components::{
    figure,
    loader::Loader,
    mark::{self, Status},
    notice, photo, subject,
};
use crate::format;
use crate::i18n::{self, words};
use crate::state::state;
use crate::t;

/// What a photo is called on this page: its place and its kind.
fn named(photos: &[CasePhoto], id: PhotoId) -> String {
    let found = photos.iter().zip(1_u32..).find(|(photo, _)| photo.id == id);
    found.map_or_else(
        || subject::short(&id.to_string()),
        |(photo, place)| format!("{place} {}", i18n::name_of(words::photo_kind, photo.kind)),
    )
}

/// Every photo at equal size, side by side.
pub(super) fn photos(case: &Case) -> AnyView {
    let figure = |photo: &CasePhoto| {
        let name = named(&case.photos, photo.id);
        let hinders = photo.hinders.iter();
        view! {
            <figure>
                {photo::kept_or_ask(Some(photo.id), name.clone())}
                <figcaption>
                    {name} " " <code title=photo.sha256.clone()>{subject::short(&photo.sha256)}</code>
                    {photo.refusal.as_ref().map(|code| view! { <br/> {mark::mark(Status::Stop, super::reason(code))} })}
                    {hinders.map(|code| view! { <br/> {mark::mark(Status::Attention, super::reason(code))} }).collect_view()}
                </figcaption>
            </figure>
        }
    };
    let shown = match (case.photos.is_empty(), case.bar) {
        (true, Some(_)) => notice::empty(t!(cohort.not_listed), t!(cohort.not_listed_how)),
        (true, None) => notice::empty(t!(cohort.no_photos), t!(cohort.no_photos_how)),
        (false, _) => {
            view! { <div class="case-photos">{case.photos.iter().map(figure).collect_view()}</div> }
        }
    };
    view! { <section><h2>{t!(dossier.photos)}</h2>{shown}</section> }.into_any()
}

/// Every pair of the person's photos, the least alike first.
pub(super) fn pairs(case: &Case) -> Option<AnyView> {
    let mut pairs = case.pairs.clone();
    pairs.sort_by(|a, b| a.similarity.total_cmp(&b.similarity));
    let row = |pair: &CasePair| {
        view! {
            <tr>
                <td>{named(&case.photos, pair.one)} " – " {named(&case.photos, pair.other)}</td>
                <td class="number">{format::fixed(pair.similarity, 3)}</td>
                <td>{mark::mark(mark::verdict_status(pair.verdict), i18n::name_of(words::verdict, pair.verdict))}</td>
            </tr>
        }
    };
    (!pairs.is_empty()).then(|| view! {
        <section>
            <h2>{t!(cohort.pair_by_pair)}</h2>
            <div class="scroll"><table class="dense stack">
                <thead><tr><th>{t!(cohort.pair)}</th><th class="number">{t!(chart.similarity)}</th><th>{t!(cohort.machine)}</th></tr></thead>
                <tbody>{pairs.iter().map(row).collect_view()}</tbody>
            </table></div>
        </section>
    })
}

/// Where the pair that decides lies between the thresholds.
pub(super) fn scale(case: &Case, cohort: Loader<Cohort>) -> Option<AnyView> {
    let similarity = case.row.similarity?;
    Some(cohort.show_quietly(move |cohort| figure::scale(similarity, cohort.reject, cohort.accept)))
}

/// This person's photo beside each of somebody else's that is too much like it.
pub(super) fn look_alikes(id: CohortId, case: &Case, cohort: Loader<Cohort>) -> Option<AnyView> {
    // Whoever is of another campaign has no case here, but a dossier.
    let name = |found: &LookAlike| {
        let name = found.name.clone();
        let href = match &found.campaign {
            None => Some(super::case_href(id, found.person, &super::kept_query())),
            Some(_) => state().may(Right::ReadDossier).then(|| format!("/persons/{}", found.person)),
        };
        href.map_or_else(
            || view! { <span class="name private">{name.clone()}</span> }.into_any(),
            |href| view! { <a class="name private" href=href>{name.clone()}</a> }.into_any(),
        )
    };
    let one = |found: &LookAlike| {
        let (own, kind) = (named(&case.photos, found.photo), i18n::name_of(words::photo_kind, found.kind));
        view! {
            <li>
                <div class="pair">
                    <figure>{photo::kept_or_ask(Some(found.photo), own.clone())}<figcaption>{own}</figcaption></figure>
                    <figure>
                        {photo::kept_or_ask(Some(found.other), kind.clone())}
                        <figcaption>
                            {name(found)} " "
                            <span class="digits private">{found.number.clone()}</span> " " {kind}
                            {found.campaign.clone().map(|name| view! { " · " {name} })}
                        </figcaption>
                    </figure>
                </div>
                <p>{mark::mark(Status::Attention, t!(item.similarity, value = format::fixed(found.similarity, 3)))}</p>
            </li>
        }
    };
    let from = cohort.show_quietly(|cohort| t!(cohort.alike_from, value = format::fixed(cohort.alike, 3)));
    (!case.look_alikes.is_empty()).then(|| {
        view! {
            <section>
                <h2>{t!(cohort.looks_like)} " " <small class="dim">{from}</small></h2>
                <ul class="alikes">{case.look_alikes.iter().map(one).collect_view()}</ul>
            </section>
        }
    })
}
