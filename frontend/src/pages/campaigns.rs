//! Which cohorts are being captured, and how far is each?

use crate::prelude::*;
use api::campaign::{Campaign, CampaignKind, NewCampaign, PhotoState, RosterRow};
use api::ids::CampaignId;

use crate::api_client;
use crate::components::{
    attempt::Attempt,
    dialog, field, figure,
    loader::Loader,
    mark::{self, Status},
    notice, pager,
};
use crate::format;
use crate::i18n::{self, words};
use crate::router;
use crate::state::{now, state};
use crate::t;

/// How many rows of a roster a part has.
const LIMIT: u32 = 100;

/// The list.
pub(crate) fn page() -> AnyView {
    let campaigns = Loader::new(api_client::campaigns::campaigns);
    let creating = RwSignal::new(false);
    let may_create = state().may(api::Right::ManageCampaigns);
    view! {
        <header class="page-head">
            <h1>{t!(rail.campaigns)}</h1>
            {may_create.then(|| view! { <button type="button" class="primary" on:click=move |_| creating.set(true)>{t!(campaigns.create)}</button> })}
        </header>
        {campaigns.show(|campaigns| if campaigns.is_empty() {
            notice::empty(t!(campaigns.none), t!(campaigns.none_how))
        } else {
            list(&campaigns)
        })}
        {create_dialog(creating)}
    }
    .into_any()
}

fn list(campaigns: &[Campaign]) -> AnyView {
    view! {
        <div class="scroll"><table class="dense rows">
            <thead><tr>
                <th>{t!(campaigns.name)}</th><th>{t!(campaigns.kind)}</th><th>{t!(campaigns.capture)}</th><th>{t!(campaigns.deliver_by)}</th>
                <th class="number">{t!(campaigns.roster)}</th><th class="number">{t!(campaigns.tokens)}</th>
                <th class="number">{t!(campaigns.accepted)}</th><th class="number">{t!(campaigns.late)}</th>
            </tr></thead>
            <tbody>{campaigns.iter().map(|campaign| {
                let facts = &campaign.facts;
                let counts = campaign.counts;
                view! {
                    <tr>
                        <td><a href=format!("/campaigns/{}", campaign.id)>{facts.name.clone()}</a></td>
                        <td>{i18n::name_of(words::campaign_kind, facts.kind)} " " {facts.year}</td>
                        <td>{facts.capture_from.to_string()} " – " {facts.capture_until.to_string()}</td>
                        <td>{facts.deliver_by.to_string()}</td>
                        <td class="number">{format::count(counts.roster)}</td><td class="number">{format::count(counts.tokens)}</td>
                        <td class="number">{format::count(counts.accepted)}</td>
                        <td class="number">{late(counts.late)}</td>
                    </tr>
                }
            }).collect_view()}</tbody>
        </table></div>
    }
    .into_any()
}

fn late(n: u64) -> AnyView {
    if n == 0 { "0".into_any() } else { mark::mark(Status::Attention, format::count(n)) }
}

fn create_dialog(open: RwSignal<bool>) -> AnyView {
    dialog::dialog(
        open,
        t!(campaigns.create),
        || (),
        move || {
            let rules = Loader::new(api_client::campaigns::rule_sets);
            let vendors = Loader::new(api_client::deliveries::vendors);
            rules.show(move |rules| {
                let rules: Vec<_> = rules.into_iter().map(|set| (set.name.clone(), set.name)).collect();
                vendors.show(move |vendors| {
                    let vendors =
                        vendors.into_iter().map(|vendor| (vendor.id.to_string(), vendor.name)).collect();
                    create_form(open, rules.clone(), vendors)
                })
            })
        },
    )
}

fn create_form(
    open: RwSignal<bool>,
    rules: Vec<(String, String)>,
    mut vendors: Vec<(String, String)>,
) -> AnyView {
    let text = |value: String| RwSignal::new(value);
    let year = format::local_date(now()).get(..4).unwrap_or("2026").to_owned();
    let (name, kind, year) = (text(String::new()), text("graduation".to_owned()), text(year));
    let (from, until, by) = (text(String::new()), text(String::new()), text(String::new()));
    let rule = text(rules.first().map(|(name, _)| name.clone()).unwrap_or_default());
    let vendor = text(String::new());
    vendors.insert(0, (String::new(), t!(campaigns.no_vendor).to_string()));
    let kinds = [CampaignKind::Enrolment, CampaignKind::Graduation]
        .map(|kind| (i18n::code_of(kind), i18n::name_of(words::campaign_kind, kind)))
        .to_vec();
    let attempt = Attempt::new();
    let draft = move || {
        Some(NewCampaign {
            name: name.get().trim().to_owned(),
            kind: if kind.get() == "enrolment" { CampaignKind::Enrolment } else { CampaignKind::Graduation },
            year: year.get().parse().ok()?,
            capture_from: from.get().parse().ok()?,
            capture_until: until.get().parse().ok()?,
            deliver_by: by.get().parse().ok()?,
            rule_set: rule.get(),
            vendor: vendor.get().parse().ok(),
        })
    };
    let ready = Memo::new(move |_| draft().is_some_and(|draft| !draft.name.is_empty()));
    let submit = move || {
        let Some(new) = untrack(draft) else { return };
        attempt.run(async move { api_client::campaigns::create_campaign(&new).await }, move |campaign| {
            open.set(false);
            router::go(&format!("/campaigns/{}", campaign.id));
        });
    };
    view! {
        <form on:submit=move |event| { event.prevent_default(); submit(); }>
            {field::text("campaign-name", t!(campaigns.name), "text", name)}
            <div class="form-grid">
                {field::choice("campaign-kind", t!(campaigns.kind), kind, kinds)}
                {field::text("campaign-year", t!(campaigns.year), "number", year)}
                {field::text("campaign-from", t!(campaigns.from), "date", from)}
                {field::text("campaign-until", t!(campaigns.until), "date", until)}
                {field::text("campaign-by", t!(campaigns.deliver_by), "date", by)}
                {field::choice("campaign-rules", t!(campaigns.rules), rule, rules)}
                {field::choice("campaign-vendor", t!(campaigns.vendor), vendor, vendors)}
            </div>
            {attempt.refusal()}
            <div class="actions">
                <button type="button" on:click=move |_| open.set(false)>{t!(common.cancel)}</button>
                <button type="submit" class="primary" disabled=move || attempt.busy() || !ready.get()>{t!(campaigns.create)}</button>
            </div>
        </form>
    }
    .into_any()
}

/// One campaign.
pub(crate) fn one(id: CampaignId) -> AnyView {
    let campaign = Loader::new(move || api_client::campaigns::campaign(id));
    view! {
        <p class="crumb"><a href="/campaigns">{t!(rail.campaigns)}</a></p>
        {campaign.show(move |kept| head(&kept, campaign))}
        <section>
            <h2>{t!(campaigns.roster)}</h2>
            {roster(id)}
        </section>
    }
    .into_any()
}

fn head(kept: &Campaign, campaign: Loader<Campaign>) -> AnyView {
    let id = kept.id;
    let facts = &kept.facts;
    let counts = kept.counts;
    let issuing = Attempt::new();
    let lacking = counts.roster.saturating_sub(counts.tokens);
    let issue = move |_| {
        issuing.run(api_client::campaigns::issue_tokens(id), move |issued| {
            state().tell(t!(
                campaigns.issued,
                issued = format::count(issued.issued),
                total = format::count(issued.total)
            ));
            campaign.again();
        });
    };
    let may = state().may(api::Right::ManageCampaigns);
    view! {
        <header class="page-head">
            <div>
                <h1>{facts.name.clone()}</h1>
                <p class="dim">{i18n::name_of(words::campaign_kind, facts.kind)} " " {facts.year} " · "
                    {t!(campaigns.capture)} " " {facts.capture_from.to_string()} " – " {facts.capture_until.to_string()} " · "
                    {t!(campaigns.deliver_by)} " " {facts.deliver_by.to_string()} " · " {t!(campaigns.rules)} " " {facts.rule_set.clone()}</p>
            </div>
            <div class="actions">
                <a class="button" href=format!("/campaigns/{id}/ground")>{t!(ground.link)}</a>
                {state().may(api::Right::ReadCohorts).then(|| view! { <a class="button" href=format!("/campaigns/{id}/cohorts")>{t!(cohort.title)}</a> })}
                {(state().may(api::Right::Import)).then(|| view! { <a class="button" class:primary=counts.roster == 0 href=format!("/imports?kind=roster&campaign={id}")>{t!(campaigns.import_roster)}</a> })}
                {(may && lacking > 0).then(|| view! {
                    <button type="button" class="primary" disabled=move || issuing.busy() on:click=issue>{t!(campaigns.issue, n = format::count(lacking))}</button>
                })}
                {(may && counts.tokens > 0).then(|| view! {
                    <a class="button" href=api_client::url(&format!("/campaigns/{id}/tokens")) download="tokens.csv">{t!(campaigns.token_list)}</a>
                    <a class="button" href=format!("/campaigns/{id}/slips")>{t!(slips.title)}</a>
                })}
            </div>
        </header>
        {issuing.refusal()}
        {figure::figures(vec![
            figure::figure(t!(campaigns.roster), format::count(counts.roster)),
            figure::figure(t!(campaigns.admission_photos), format::count(counts.admission_photos)),
            figure::figure(t!(campaigns.tokens), format::count(counts.tokens)),
            figure::figure(t!(campaigns.accepted), format::count(counts.accepted)),
            figure::figure(t!(campaigns.late), late(counts.late)),
        ])}
    }
    .into_any()
}

fn roster(id: CampaignId) -> AnyView {
    let offset = pager::offset();
    let rows = Loader::new(move || api_client::campaigns::roster(id, offset.get(), LIMIT));
    rows.show(move |part| {
        if part.total == 0 {
            return notice::empty(t!(campaigns.no_roster), t!(campaigns.no_roster_how));
        }
        view! {
            <div class="scroll"><table class="dense rows">
                <thead><tr><th>{i18n::label("name")}</th><th>{i18n::label("student_number")}</th><th>{i18n::label("college")}</th>
                    <th>{i18n::label("class")}</th><th>{t!(campaigns.token)}</th><th>{t!(campaigns.photo)}</th></tr></thead>
                <tbody>{part.items.iter().map(row).collect_view()}</tbody>
            </table></div>
            {pager::pager(offset.get_untracked(), LIMIT, part.total)}
        }
        .into_any()
    })
}

fn row(row: &RosterRow) -> AnyView {
    let status = match row.photo {
        PhotoState::Awaited | PhotoState::Delivered => Status::Waiting,
        PhotoState::Accepted => Status::Ok,
        PhotoState::Late => Status::Attention,
    };
    let name = if state().may(api::Right::ReadDossier) {
        view! { <a href=format!("/persons/{}", row.person)>{row.name.clone()}</a> }.into_any()
    } else {
        row.name.clone().into_any()
    };
    let token = if row.token {
        mark::mark(Status::Ok, t!(campaigns.token_issued))
    } else {
        mark::mark(Status::Waiting, t!(campaigns.token_missing))
    };
    view! {
        <tr>
            <td class="name private">{name}</td><td class="digits private">{row.student_number.clone()}</td>
            <td>{row.college.clone()}</td><td>{row.class.clone()}</td><td>{token}</td>
            <td>{mark::mark(status, i18n::name_of(words::roster_photo, row.photo))}</td>
        </tr>
    }
    .into_any()
}
