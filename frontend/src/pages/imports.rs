//! Bringing rosters, photos and certificate registers in.

use std::collections::BTreeMap;

use crate::prelude::*;
use api::Right;
use api::campaign::Campaign;
use api::dossier::PhotoKind;
use api::ids::{CampaignId, JobId, UploadId};
use api::import::{ImportFile, ImportFinding, ImportPhotos};
use api::job::{Job, JobKind, JobState};

use crate::api_client::{self, Answer};
use crate::components::{
    attempt::Attempt,
    diploma, field, job,
    loader::Loader,
    mark::{self, Status},
    notice, register,
    upload::{self, Stand},
};
use crate::format;
use crate::i18n::{self, words};
use crate::router;
use crate::state::state;
use crate::t;

/// What can be imported, as the address names it.
const KINDS: [&str; 4] = ["roster", "photos", "diplomas", "scans"];

/// The kinds of photo that can be imported.
const PHOTO_KINDS: [PhotoKind; 5] = [
    PhotoKind::Admission,
    PhotoKind::Enrolment,
    PhotoKind::Graduation,
    PhotoKind::Original,
    PhotoKind::IdCard,
];

/// The page.
pub(crate) fn page() -> AnyView {
    let asked = router::query("kind");
    let kind = Memo::new(move |_| {
        let asked = asked.get();
        KINDS.into_iter().find(|kind| *kind == asked).unwrap_or("roster")
    });
    let campaigns = Loader::new(api_client::campaigns::campaigns);
    let running = RwSignal::new(None::<JobId>);
    view! {
        <header class="page-head"><h1>{t!(rail.imports)}</h1></header>
        <div class="tabs" role="tablist">
            {KINDS.into_iter().map(|k| view! {
                <button type="button" role="tab" aria-selected=move || (kind.get() == k).to_string()
                    on:click=move |_| { running.set(None); router::set_query(&[("kind", k)]); }>{i18n::worded(words::import, k)}</button>
            }).collect_view()}
        </div>
        {campaigns.show(move |campaigns| view! { {move || form(kind.get(), &campaigns, running)} }.into_any())}
        {move || running.get().map(outcome)}
        {move || match kind.get() {
            "diplomas" => Some(register::numbers()),
            "scans" => Some(register::scans(move |job| { running.set(Some(job.id)); state().heard_of(job); })),
            _ => None,
        }}
        {move || (kind.get() == "scans" && state().may(Right::ReadDossier)).then(diploma::look_up)}
        {recent()}
    }
    .into_any()
}

fn form(kind: &'static str, campaigns: &[Campaign], running: RwSignal<Option<JobId>>) -> AnyView {
    let of_school = matches!(kind, "diplomas" | "scans");
    if !of_school && campaigns.is_empty() {
        return notice::empty(t!(imports.no_campaign), t!(imports.no_campaign_how));
    }
    let asked = router::query("campaign").get_untracked();
    let asked = if asked.is_empty() { state().campaign.get_untracked() } else { asked };
    let first = campaigns.iter().map(|c| c.id.to_string()).find(|id| *id == asked);
    let first = first.or_else(|| campaigns.first().map(|c| c.id.to_string())).unwrap_or_default();
    let campaign = RwSignal::new(first);
    let file = RwSignal::new(Stand::Empty);
    let photos = RwSignal::new(i18n::code_of(PhotoKind::Admission));
    let photo_kinds =
        PHOTO_KINDS.map(|kind| (i18n::code_of(kind), i18n::name_of(words::photo_kind, kind))).to_vec();
    let attempt = Attempt::new();
    let submit = move || {
        let Stand::Kept(upload) = file.get_untracked() else { return };
        let id = campaign.get_untracked().parse::<CampaignId>().ok();
        let of = photo_kind(&photos.get_untracked());
        attempt.run(start(kind, id, upload.id, of), move |job| {
            running.set(Some(job.id));
            state().heard_of(job);
            file.set(Stand::Empty);
        });
    };
    let (hint, accept) = match kind {
        "photos" => (t!(imports.photos_hint), ".zip"),
        "diplomas" => (t!(imports.diplomas_hint), ".xlsx,.xls,.csv,.dbf"),
        "scans" => (t!(imports.scans_hint), ".zip"),
        _ => (t!(imports.roster_hint), ".xlsx,.xls,.csv,.dbf"),
    };
    let options = campaigns.iter().map(|c| (c.id.to_string(), c.facts.name.clone())).collect::<Vec<_>>();
    view! {
        <form class="panel" on:submit=move |event| { event.prevent_default(); submit(); }>
            {(!of_school).then(|| field::choice("import-campaign", t!(imports.campaign), campaign, options))}
            {(kind == "photos").then(|| field::choice("import-photo-kind", t!(imports.photo_kind), photos, photo_kinds))}
            {upload::place("import-file", t!(imports.file), hint, accept, file)}
            {attempt.refusal()}
            <div class="actions">
                <button type="submit" class="primary" disabled=move || attempt.busy() || !matches!(file.get(), Stand::Kept(_))>{t!(imports.go)}</button>
            </div>
        </form>
    }
    .into_any()
}

/// The kind of photo that a code names.
fn photo_kind(code: &str) -> Option<PhotoKind> {
    PHOTO_KINDS.into_iter().find(|kind| i18n::code_of(kind) == code)
}

async fn start(
    kind: &'static str,
    campaign: Option<CampaignId>,
    upload: UploadId,
    photos: Option<PhotoKind>,
) -> Answer<Job> {
    match (kind, campaign) {
        ("photos", Some(campaign)) => {
            api_client::jobs::import_photos(&ImportPhotos { upload, campaign, kind: photos }).await
        }
        ("roster", Some(campaign)) => api_client::jobs::import_roster(campaign, &ImportFile { upload }).await,
        ("scans", _) => api_client::jobs::import_scans(&ImportFile { upload }).await,
        _ => api_client::jobs::import_diplomas(&ImportFile { upload }).await,
    }
}

/// How an import goes, and what it found.
fn outcome(id: JobId) -> AnyView {
    let followed = job::follow(id);
    let ended =
        Memo::new(move |_| followed.get().as_ref().filter(|job| job::is_over(job)).map(|job| job.state));
    view! {
        <section class="panel">
            {job::here(followed)}
            {move || ended.get().map(|state| findings(id, state))}
        </section>
    }
    .into_any()
}

/// What it found. Where it could not be done, finding nothing means nothing.
fn findings(id: JobId, state: JobState) -> AnyView {
    let found = Loader::new(move || api_client::jobs::findings(id));
    found.show(move |found| {
        if found.items.is_empty() {
            return match state {
                JobState::Done => mark::mark(Status::Ok, t!(imports.no_findings)),
                _ => view! { <p class="dim">{t!(imports.not_checked)}</p> }.into_any(),
            };
        }
        let shown = found.items.len() as u64;
        view! {
            {finding_groups(&found.items)}
            {(shown < found.total).then(|| view! { <p class="dim">{t!(imports.more, shown = format::count(shown), total = format::count(found.total))}</p> })}
        }
        .into_any()
    })
}

/// Findings by code: how many, and where.
fn finding_groups(found: &[ImportFinding]) -> AnyView {
    let mut groups = BTreeMap::<(&str, &str), Vec<&ImportFinding>>::new();
    for finding in found {
        groups.entry((&finding.severity, &finding.code)).or_default().push(finding);
    }
    let group = |((severity, code), rows): ((&str, &str), Vec<&ImportFinding>)| {
        view! {
            <details class="finding-group">
                <summary>
                    {mark::mark(Status::of_severity(severity), i18n::worded(words::finding, code))}
                    <code>{code.to_owned()}</code> <span class="dim">{format::count(rows.len() as u64)}</span>
                </summary>
                <ul class="places">{rows.iter().map(|row| view! {
                    <li>{row.place.clone()} {row.field.as_ref().map(|field| format!(" · {}", i18n::field(field)))}</li>
                }).collect_view()}</ul>
            </details>
        }
    };
    view! {
        <h2>{t!(imports.findings)}</h2>
        {groups.into_iter().map(group).collect_view()}
    }
    .into_any()
}

/// The imports that this session has heard of.
fn recent() -> AnyView {
    const IMPORTS: [JobKind; 5] = [
        JobKind::ImportRoster,
        JobKind::ImportPhotos,
        JobKind::ImportDiplomas,
        JobKind::ImportScans,
        JobKind::ReadScans,
    ];
    let jobs = Memo::new(|_| {
        let mut jobs: Vec<Job> = state()
            .jobs
            .with(|jobs| jobs.values().filter(|job| IMPORTS.contains(&job.kind)).cloned().collect());
        jobs.sort_by_key(|job| std::cmp::Reverse(job.created));
        jobs
    });
    view! {
        <section>
            <h2>{t!(imports.recent)}</h2>
            {move || {
                let jobs = jobs.get();
                if jobs.is_empty() {
                    return notice::empty(t!(imports.none), t!(imports.none_how));
                }
                jobs.iter().take(10).map(|job| {
                    let (id, state) = (job.id, job.state);
                    let open = RwSignal::new(false);
                    view! {
                        <div class="panel">
                            {job::card(job)}
                            {job::is_over(job).then(|| view! {
                                <button type="button" class="quiet" aria-expanded=move || open.get().to_string()
                                    on:click=move |_| open.update(|open| *open = !*open)>{t!(imports.findings)}</button>
                            })}
                            {move || open.get().then(|| findings(id, state))}
                        </div>
                    }
                }).collect_view().into_any()
            }}
        </section>
    }
    .into_any()
}
