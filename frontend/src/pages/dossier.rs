//! What does the archive keep about this person?

use crate::prelude::*;
use api::Right;
use api::dossier::{Correction, Dossier, Fixity, PersonFacts, Photo, PhotoKind, Use, Version};
use api::hold::Hold;
use api::ids::{HoldId, PersonId, PhotoId};

use crate::api_client;
use crate::browser;
use crate::components::{
    attempt::Attempt,
    dialog, diploma, field, figure,
    loader::Loader,
    mark::{self, Status},
    notice, photo, subject, uses,
};
use crate::format;
use crate::i18n::{self, words};
use crate::router;
use crate::state::{now, state};
use crate::t;

/// The page.
pub(crate) fn page(person: PersonId) -> AnyView {
    let dossier = Loader::new(move || api_client::people::dossier(person));
    browser::on_key(|key, _| {
        if key == "Escape" {
            router::back("/find");
        }
        key == "Escape"
    });
    view! { <article class="dossier">{dossier.show(move |kept| full(&kept, dossier))}</article> }.into_any()
}

fn full(kept: &Dossier, dossier: Loader<Dossier>) -> AnyView {
    let person = kept.person;
    let shown = RwSignal::new(kept.facts.clone());
    let revealed = RwSignal::new(false);
    let correcting = RwSignal::new(false);
    let reveal = Attempt::new();
    let printing = Attempt::new();
    let version = kept.versions.first().map_or(1, |version| version.number);
    let first_photo = kept.photos.iter().rfind(|photo| photo.superseded_by.is_none()).map(|photo| photo.id);
    view! {
        {watermark()}
        <header class="page-head">
            <div>
                <p class="crumb"><a href="/find" on:click=|event| { event.prevent_default(); router::back("/find"); }>{t!(dossier.back)}</a></p>
                <h1 class="name private">{kept.facts.name.clone()}</h1>
                <p>{fixity(&kept.fixity)}</p>
            </div>
            <div class="actions no-print">
                {state().may(Right::RevealNumbers).then(|| view! {
                    <button type="button" aria-pressed=move || revealed.get().to_string() disabled=move || reveal.busy()
                        on:click=move |_| reveal.run(api_client::people::reveal(person), move |facts| { shown.set(facts); revealed.set(true); })>
                        {t!(dossier.reveal)}</button>
                })}
                {state().may(Right::CorrectDossier).then(|| view! {
                    <button type="button" on:click=move |_| correcting.set(true)>{t!(dossier.correct)}</button>
                })}
                {state().may(Right::Compare).then(|| view! {
                    <a class="button" href=format!("/desk/{person}")>{t!(find.to_desk)}</a>
                })}
                <button type="button" class="primary" disabled=move || printing.busy()
                    on:click=move |_| printing.run(api_client::people::printed(person), |()| browser::print())>{t!(common.print)}</button>
            </div>
        </header>
        {reveal.refusal()}
        {printing.refusal()}
        <div class="dossier-top">
            <div class="portrait">{photo::kept(first_photo, "full", t!(find.photo_of))}</div>
            {move || facts(&shown.get())}
        </div>
        {photos(&kept.photos)}
        {diploma::section(person, &kept.diplomas, dossier)}
        {holds(&kept.holds, person, dossier)}
        {versions(&kept.versions)}
        {latest_uses(person, &kept.uses)}
        {correction_dialog(correcting, person, version, dossier)}
    }
    .into_any()
}

/// Who looked, when and why, across every printed copy.
fn watermark() -> AnyView {
    let session = state().session_now();
    let account = session.as_ref().map(|s| s.user.account.clone()).unwrap_or_default();
    let purpose = session.and_then(|s| s.purpose).unwrap_or_default();
    let text = format!("{account} · {} · {purpose}", format::local_time(now()));
    view! {
        <div class="watermark" aria-hidden="true">
            {(0..12).map(|_| view! { <span>{text.clone()}</span> }).collect_view()}
        </div>
    }
    .into_any()
}

fn fixity(fixity: &Fixity) -> AnyView {
    let (status, text) = match (fixity.intact, fixity.checked) {
        (Some(true), Some(at)) if fixity.newer => {
            (Status::Waiting, t!(dossier.intact_before, time = format::local_time(at)))
        }
        (Some(true), Some(at)) => (Status::Ok, t!(dossier.intact, time = format::local_time(at))),
        (Some(false), Some(at)) => (Status::Stop, t!(dossier.damaged, time = format::local_time(at))),
        _ => (Status::Waiting, t!(dossier.never_checked).to_string()),
    };
    mark::mark(status, text)
}

fn date(date: Option<impl ToString>) -> String {
    date.map(|date| date.to_string()).unwrap_or_default()
}

fn facts(facts: &PersonFacts) -> AnyView {
    let years = if facts.years.is_empty() { String::new() } else { t!(dossier.years, n = facts.years) };
    view! {
        <dl class="facts columns">
            {figure::fact(i18n::label("student_number"), &*facts.student_number, true)}
            {figure::fact(i18n::label("candidate_number"), &*facts.candidate_number, true)}
            {figure::fact(i18n::label("id_number"), &*facts.id_number, true)}
            {figure::fact(i18n::label("sex"), &*facts.sex, false)}
            {figure::fact(i18n::label("birth_date"), date(facts.birth_date), true)}
            {figure::fact(i18n::label("ethnicity"), &*facts.ethnicity, false)}
            {figure::fact(i18n::label("college"), &*facts.college, false)}
            {figure::fact(i18n::label("major"), &*facts.major, false)}
            {figure::fact(i18n::label("class"), &*facts.class, false)}
            {figure::fact(i18n::label("level"), &*facts.level, false)}
            {figure::fact(i18n::label("years"), years, false)}
            {figure::fact(i18n::label("entry_date"), date(facts.entry_date), false)}
            {figure::fact(i18n::label("expected_graduation"), date(facts.expected_graduation), false)}
            {figure::fact(i18n::label("former_names"), facts.former_names.join(" "), true)}
            {figure::fact(i18n::label("note"), &*facts.note, false)}
        </dl>
    }
    .into_any()
}

/// The photos by kind side by side; two of them can be set beside each other at equal size.
fn photos(all: &[Photo]) -> AnyView {
    const KINDS: [PhotoKind; 5] = [
        PhotoKind::IdCard,
        PhotoKind::Admission,
        PhotoKind::Enrolment,
        PhotoKind::Graduation,
        PhotoKind::Original,
    ];
    let chosen = RwSignal::new(Vec::<PhotoId>::new());
    let columns = KINDS.into_iter().filter_map(|kind| {
        let photos: Vec<_> = all.iter().filter(|photo| photo.kind == kind).collect();
        let awaited = matches!(kind, PhotoKind::Admission | PhotoKind::Enrolment | PhotoKind::Graduation);
        if photos.is_empty() && !awaited {
            return None;
        }
        Some(view! {
            <li>
                <h3>{i18n::name_of(words::photo_kind, kind)}</h3>
                {photos.is_empty().then(|| photo::photo(None, ""))}
                {photos.into_iter().rev().map(|photo| one_photo(photo, chosen)).collect_view()}
            </li>
        })
    });
    view! {
        <section>
            <h2>{t!(dossier.photos)}</h2>
            <p class="dim no-print">{t!(dossier.photos_how)}</p>
            <ol class="timeline-photos">{columns.collect_view()}</ol>
            {move || {
                let chosen = chosen.get();
                (chosen.len() == 2).then(|| view! {
                    <div class="pair" role="region" aria-label=t!(dossier.side_by_side)>
                        {chosen.into_iter().map(|id| photo::kept(Some(id), "full", t!(find.photo_of))).collect_view()}
                    </div>
                })
            }}
        </section>
    }
    .into_any()
}

fn one_photo(kept: &Photo, chosen: RwSignal<Vec<PhotoId>>) -> AnyView {
    let id = kept.id;
    let choose = move |_| {
        chosen.update(|chosen| match chosen.iter().position(|other| *other == id) {
            Some(at) => drop(chosen.remove(at)),
            None => {
                chosen.push(id);
                if chosen.len() > 2 {
                    chosen.remove(0);
                }
            }
        });
    };
    view! {
        <div class="kept-photo" class:superseded=kept.superseded_by.is_some()>
            <button type="button" class="photo-button" aria-pressed=move || chosen.get().contains(&id).to_string()
                aria-label=t!(dossier.choose) on:click=choose>
                {photo::kept(Some(id), "thumb", i18n::name_of(words::photo_kind, kept.kind))}
            </button>
            {kept.superseded_by.map(|_| mark::mark(Status::Waiting, t!(dossier.superseded)))}
            <dl class="small">
                {kept.captured.map(|at| figure::fact(t!(dossier.captured), format::local_date(at), false))}
                {figure::fact(t!(dossier.kept), format::local_date(kept.kept), false)}
                {figure::fact(t!(dossier.size), format!("{} × {} · {}", kept.width, kept.height, format::size(kept.bytes)), false)}
                {kept.delivery.map(|id| view! { <div class="fact"><dt>{t!(dossier.delivery)}</dt><dd>{subject::link(&id.to_string())}</dd></div> })}
                <div class="fact"><dt>"SHA-512"</dt><dd><code class="digest" title=kept.sha512.clone()>{kept.sha512.get(..16).unwrap_or_default().to_owned()} "…"</code></dd></div>
            </dl>
        </div>
    }
    .into_any()
}

/// Legal holds: what keeps copies of this person's photos from being deleted.
fn holds(holds: &[Hold], person: PersonId, dossier: Loader<Dossier>) -> AnyView {
    let may = state().may(Right::ManageHolds);
    if holds.is_empty() && !may {
        return ().into_any();
    }
    let acting = RwSignal::new(None);
    view! {
        <section class="no-print">
            <h2>{t!(dossier.holds)}</h2>
            <p class="dim">{t!(dossier.holds_mean)}</p>
            {(!holds.is_empty()).then(|| view! {
                <div class="scroll"><table class="dense stack">
                    <thead><tr><th>{t!(dossier.hold_state)}</th><th>{t!(dossier.reason)}</th><th>{t!(common.who)}</th><th>{t!(common.when)}</th><th></th></tr></thead>
                    <tbody>{holds.iter().map(|hold| one_hold(hold, may, acting)).collect_view()}</tbody>
                </table></div>
            })}
            {may.then(|| view! {
                <div class="actions"><button type="button" on:click=move |_| acting.set(Some(HoldAct::Place(person)))>{t!(dossier.hold_place)}</button></div>
            })}
            {hold_dialog(acting, dossier)}
        </section>
    }
    .into_any()
}

/// What is to be done about a hold.
#[derive(Clone, Copy)]
enum HoldAct {
    Place(PersonId),
    Lift(HoldId),
}

fn one_hold(hold: &Hold, may: bool, acting: RwSignal<Option<HoldAct>>) -> AnyView {
    let id = hold.id;
    let (status, word) = match &hold.lifted {
        None => (Status::Stop, t!(dossier.hold_stands)),
        Some(_) => (Status::Ok, t!(dossier.hold_lifted)),
    };
    let end = hold.lifted.as_ref().map(|end| view! {
        <br/> <span class="dim">{end.reason.clone()} " · " {end.by.clone()} " · " {format::when(end.at)}</span>
    });
    view! {
        <tr>
            <td>{mark::mark(status, word)}</td><td>{hold.reason.clone()} {end}</td>
            <td>{hold.placed_by.clone()}</td><td>{format::when(hold.placed)}</td>
            <td>{(may && hold.lifted.is_none()).then(|| view! {
                <button type="button" on:click=move |_| acting.set(Some(HoldAct::Lift(id)))>{t!(dossier.hold_lift)}</button>
            })}</td>
        </tr>
    }
    .into_any()
}

fn hold_dialog(acting: RwSignal<Option<HoldAct>>, dossier: Loader<Dossier>) -> AnyView {
    let open = RwSignal::new(false);
    Effect::new(move |_| open.set(acting.get().is_some()));
    dialog::dialog(
        open,
        t!(dossier.hold_title),
        move || acting.set(None),
        move || match acting.get_untracked() {
            Some(act) => hold_form(act, acting, dossier),
            None => ().into_any(),
        },
    )
}

fn hold_form(act: HoldAct, acting: RwSignal<Option<HoldAct>>, dossier: Loader<Dossier>) -> AnyView {
    let reason = RwSignal::new(String::new());
    let attempt = Attempt::new();
    let (means, verb) = match act {
        HoldAct::Place(_) => (t!(dossier.hold_place_means), t!(dossier.hold_place)),
        HoldAct::Lift(_) => (t!(dossier.hold_lift_means), t!(dossier.hold_lift)),
    };
    let submit = move || {
        let reason = reason.get_untracked().trim().to_owned();
        let work = async move {
            match act {
                HoldAct::Place(person) => api_client::people::place_hold(person, reason).await,
                HoldAct::Lift(id) => api_client::people::lift_hold(id, reason).await,
            }
        };
        attempt.run(work, move |_| {
            acting.set(None);
            dossier.again();
        });
    };
    view! {
        <form on:submit=move |event| { event.prevent_default(); submit(); }>
            <p>{means}</p>
            {field::lines("hold-reason", t!(dossier.reason), 2, reason)}
            {attempt.refusal()}
            <div class="actions">
                <button type="button" on:click=move |_| acting.set(None)>{t!(common.cancel)}</button>
                <button type="submit" class="primary" disabled=move || attempt.busy() || reason.get().trim().chars().count() < 2>{verb}</button>
            </div>
        </form>
    }
    .into_any()
}

/// What a version's message says. The archive keeps its messages in English, for whoever reads it in thirty years.
fn said(message: &str) -> String {
    let reason = message.strip_prefix("Correction: ").or_else(|| message.strip_prefix("Scan added: "));
    let code = match message {
        "Certificate register imported" => "register",
        "Scan of a diploma imported" => "scan",
        "Text of a scan read by machine" => "scan_read",
        m if m.starts_with("Scan added: ") => "scan_added",
        m if m.starts_with("Roster of ") => "roster",
        m if m.ends_with(" photo imported") => "photo",
        m if m.contains("delivery_") => "delivery",
        _ if reason.is_some() => "correction",
        _ => return message.to_owned(),
    };
    words::version(code).map(|text| text.fill(&[("reason", &reason.unwrap_or_default())])).unwrap_or_default()
}

fn versions(versions: &[Version]) -> AnyView {
    view! {
        <section>
            <h2>{t!(dossier.versions)}</h2>
            <div class="scroll"><table class="dense">
                <thead><tr><th class="number">{t!(dossier.version)}</th><th>{t!(common.when)}</th><th>{t!(common.who)}</th><th>{t!(common.what)}</th><th>{t!(rail.ledger)}</th></tr></thead>
                <tbody>{versions.iter().map(|version| view! {
                    <tr>
                        <td class="number">{version.number}</td><td>{format::when(version.created)}</td>
                        <td>{version.by.clone()}</td><td>{said(&version.message)}</td>
                        <td>{leaf(version.leaf)}</td>
                    </tr>
                }).collect_view()}</tbody>
            </table></div>
        </section>
    }
    .into_any()
}

/// The leaf of the ledger that holds something, or that it is still to come.
pub(crate) fn leaf(leaf: Option<u64>) -> AnyView {
    match leaf {
        Some(leaf) if state().may(Right::ReadLedger) => {
            view! { <a href=format!("/ledger/{leaf}")>{format::count(leaf)}</a> }.into_any()
        }
        Some(leaf) => format::count(leaf).into_any(),
        None => mark::mark(Status::Waiting, t!(dossier.leaf_waits)),
    }
}

/// Who used the dossier lately, and the way to all of them.
fn latest_uses(person: PersonId, latest: &[Use]) -> AnyView {
    view! {
        <section class="no-print">
            <h2>{t!(dossier.uses)}</h2>
            {latest.is_empty().then(|| notice::empty(t!(dossier.no_uses), t!(dossier.no_uses_how)))}
            {(!latest.is_empty()).then(|| view! {
                {uses::table(latest, false)}
                <p><a href=format!("/persons/{person}/uses")>{t!(uses.all)}</a></p>
            })}
        </section>
    }
    .into_any()
}

/// The facts as the person types them.
#[derive(Clone, Copy)]
struct Draft {
    texts: [(&'static str, RwSignal<String>); 13],
    dates: [(&'static str, RwSignal<String>); 3],
    reason: RwSignal<String>,
}

impl Draft {
    fn of(facts: &PersonFacts) -> Self {
        let text = |value: &str| RwSignal::new(value.to_owned());
        Self {
            texts: [
                ("name", text(&facts.name)),
                ("former_names", text(&facts.former_names.join(" "))),
                ("sex", text(&facts.sex)),
                ("ethnicity", text(&facts.ethnicity)),
                ("candidate_number", text(&facts.candidate_number)),
                ("student_number", text(&facts.student_number)),
                ("id_number", text(&facts.id_number)),
                ("college", text(&facts.college)),
                ("major", text(&facts.major)),
                ("level", text(&facts.level)),
                ("years", text(&facts.years)),
                ("class", text(&facts.class)),
                ("note", text(&facts.note)),
            ],
            dates: [
                ("birth_date", text(&date(facts.birth_date))),
                ("entry_date", text(&date(facts.entry_date))),
                ("expected_graduation", text(&date(facts.expected_graduation))),
            ],
            reason: text(""),
        }
    }

    fn text(&self, name: &str) -> String {
        let found = self.texts.iter().find(|(n, _)| *n == name);
        found.map(|(_, value)| value.get_untracked().trim().to_owned()).unwrap_or_default()
    }

    fn facts(&self) -> PersonFacts {
        let date = |name: &str| {
            let found = self.dates.iter().find(|(n, _)| *n == name);
            found.and_then(|(_, value)| value.get_untracked().parse().ok())
        };
        PersonFacts {
            name: self.text("name"),
            former_names: self.text("former_names").split_whitespace().map(str::to_owned).collect(),
            sex: self.text("sex"),
            birth_date: date("birth_date"),
            ethnicity: self.text("ethnicity"),
            candidate_number: self.text("candidate_number"),
            student_number: self.text("student_number"),
            id_number: self.text("id_number"),
            college: self.text("college"),
            major: self.text("major"),
            level: self.text("level"),
            years: self.text("years"),
            class: self.text("class"),
            entry_date: date("entry_date"),
            expected_graduation: date("expected_graduation"),
            note: self.text("note"),
        }
    }
}

/// Corrects facts with a reason. The full numbers are fetched first: a masked one must never be written back.
fn correction_dialog(
    open: RwSignal<bool>,
    person: PersonId,
    from_version: u32,
    dossier: Loader<Dossier>,
) -> AnyView {
    dialog::dialog(
        open,
        t!(dossier.correct),
        || (),
        move || {
            let facts = Loader::new(move || api_client::people::reveal(person));
            facts.show(move |facts| correction_form(Draft::of(&facts), open, person, from_version, dossier))
        },
    )
}

fn correction_form(
    draft: Draft,
    open: RwSignal<bool>,
    person: PersonId,
    from_version: u32,
    dossier: Loader<Dossier>,
) -> AnyView {
    let attempt = Attempt::new();
    let submit = move || {
        let correction = Correction {
            facts: draft.facts(),
            reason: draft.reason.get_untracked().trim().to_owned(),
            from_version,
        };
        attempt.run(async move { api_client::people::correct(person, &correction).await }, move |()| {
            open.set(false);
            state().tell(t!(dossier.corrected));
            dossier.again();
        });
    };
    view! {
        <form on:submit=move |event| { event.prevent_default(); submit(); }>
            <p>{t!(dossier.correct_how)}</p>
            <div class="form-grid">
                {draft.texts.into_iter().map(|(name, value)| field::text(name, i18n::label(name), "text", value)).collect_view()}
                {draft.dates.into_iter().map(|(name, value)| field::text(name, i18n::label(name), "date", value)).collect_view()}
            </div>
            {field::lines("reason", t!(dossier.reason), 2, draft.reason)}
            {attempt.refusal()}
            <div class="actions">
                <button type="button" on:click=move |_| open.set(false)>{t!(common.cancel)}</button>
                <button type="submit" class="primary" disabled=move || attempt.busy() || draft.reason.get().trim().is_empty()>{t!(dossier.save)}</button>
            </div>
        </form>
    }
    .into_any()
}
