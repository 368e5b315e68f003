//! Is the capture on its way to be done in time, and where not?

use api::Right;
use api::campaign::{DayProgress, GroupProgress, JournalEntry, Progress, RoundProgress, StationProgress};
use api::ids::CampaignId;

use crate::api_client;
use crate::components::{
    figure,
    loader::Loader,
    mark::{self, Status},
    notice, subject,
};
use crate::format;
use crate::i18n::{self, words};
use crate::pages::dossier::leaf;
use crate::prelude::*;
use crate::router;
use crate::state::state;
use crate::t;

/// The page: the campaign chosen in the bar, or the newest one.
pub(crate) fn page() -> AnyView {
    let campaigns = Loader::new(api_client::campaigns::campaigns);
    let of = router::query("campaign");
    view! {
        <header class="page-head"><h1>{t!(rail.supervision)}</h1></header>
        {campaigns.show(move |campaigns| {
            let wanted = [of.get(), state().campaign.get()];
            let chosen = wanted.iter().find_map(|id| campaigns.iter().find(|campaign| campaign.id.to_string() == *id));
            let Some(chosen) = chosen.or(campaigns.iter().max_by_key(|campaign| campaign.facts.deliver_by)).map(|campaign| campaign.id) else {
                return notice::empty(t!(supervision.none), t!(supervision.none_how));
            };
            let tabs = campaigns.into_iter().map(|campaign| view! {
                <a href=format!("/supervision?campaign={}", campaign.id) aria-current=(campaign.id == chosen).then_some("page")>{campaign.facts.name}</a>
            });
            view! {
                <nav class="tabs" aria-label=t!(supervision.choose)>{tabs.collect_view()}</nav>
                {one(chosen)}
            }
        })}
    }
}

fn one(id: CampaignId) -> AnyView {
    let progress = Loader::new(move || api_client::campaigns::progress(id));
    progress.show(|progress| full(&progress))
}

fn full(progress: &Progress) -> AnyView {
    view! {
        {pace(progress)}
        {days(&progress.days)}
        {groups(&progress.groups)}
        {rounds(&progress.rounds)}
        {stations(&progress.stations)}
        {crate::pages::ground::count()}
        {journal(&progress.journal)}
    }
}

fn pace(progress: &Progress) -> AnyView {
    let total = &progress.total;
    let needed = match progress.needed_per_day {
        Some(n) => t!(supervision.people_a_day, n = format::count(n)).into_any(),
        None if total.captured < total.roster || total.retakes > 0 => {
            mark::mark(Status::Attention, t!(supervision.over))
        }
        None => t!(supervision.over).into_any(),
    };
    view! {
        <section>
            <h2>{t!(supervision.pace)} " " <small class="dim">{progress.today.to_string()}</small></h2>
            {figure::figures(vec![
                figure::figure(t!(supervision.roster), format::count(total.roster)),
                figure::figure(t!(supervision.tokens), format::count(total.tokens)),
                figure::figure(t!(supervision.captured), format::count(total.captured)),
                figure::figure(t!(supervision.accepted), format::count(total.accepted)),
                figure::figure(t!(supervision.retakes), retakes(total.retakes)),
                figure::figure(t!(supervision.days_left), format::count(u64::from(progress.days_left))),
                figure::figure(t!(supervision.needed), needed),
            ])}
            <p class="dim">{t!(supervision.captured_note)}</p>
        </section>
    }
}

fn retakes(n: u64) -> AnyView {
    if n == 0 { "0".into_any() } else { mark::mark(Status::Attention, format::count(n)) }
}

/// A share as a line and as two figures.
fn share(done: u64, all: u64) -> AnyView {
    view! {
        <span class="share">
            <progress max=all.max(1).to_string() value=done.to_string() aria-hidden="true"></progress>
            <span class="digits">{t!(supervision.share, done = format::count(done), all = format::count(all))}</span>
        </span>
    }
}

fn days(days: &[DayProgress]) -> AnyView {
    let most = days.iter().map(|day| day.first + day.again).max().unwrap_or(0).max(1);
    let row = |day: &DayProgress| {
        view! {
            <tr>
                <td class="digits">{day.date.to_string()}</td>
                <td class="bar-cell"><progress max=most.to_string() value=(day.first + day.again).to_string() aria-hidden="true"></progress></td>
                <td class="number">{format::count(day.first)}</td>
                <td class="number">{format::count(day.again)}</td>
            </tr>
        }
    };
    view! {
        <section>
            <h2>{t!(supervision.days)}</h2>
            {if days.is_empty() {
                notice::empty(t!(supervision.no_days), t!(supervision.no_days_how))
            } else {
                view! {
                    <div class="scroll"><table class="dense rows">
                        <thead><tr><th>{t!(supervision.date)}</th><td></td><th class="number">{t!(supervision.first)}</th><th class="number">{t!(supervision.again)}</th></tr></thead>
                        <tbody>{days.iter().map(row).collect_view()}</tbody>
                    </table></div>
                }
            }}
        </section>
    }
}

fn groups(groups: &[GroupProgress]) -> Option<AnyView> {
    let row = |group: &GroupProgress| {
        view! {
            <tr>
                <td>{group.college.clone()}</td><td>{group.class.clone()}</td>
                <td class="number">{format::count(group.roster)}</td><td class="number">{format::count(group.tokens)}</td>
                <td>{share(group.captured, group.roster)}</td><td>{share(group.accepted, group.roster)}</td>
                <td class="number">{retakes(group.retakes)}</td>
            </tr>
        }
    };
    (!groups.is_empty()).then(|| {
        view! {
            <section>
                <h2>{t!(supervision.groups)}</h2>
                <div class="scroll"><table class="dense rows">
                    <thead><tr><th>{i18n::label("college")}</th><th>{i18n::label("class")}</th><th class="number">{t!(supervision.roster)}</th>
                        <th class="number">{t!(supervision.tokens)}</th><th>{t!(supervision.captured)}</th><th>{t!(supervision.accepted)}</th>
                        <th class="number">{t!(supervision.retakes)}</th></tr></thead>
                    <tbody>{groups.iter().map(row).collect_view()}</tbody>
                </table></div>
            </section>
        }
    })
}

fn rounds(rounds: &[RoundProgress]) -> Option<AnyView> {
    let row = |round: &RoundProgress| {
        let number = |n: Option<u64>| view! { <td class="number">{n.map_or_else(|| "—".to_owned(), format::count)}</td> };
        let report = round.report.as_ref();
        view! {
            <tr>
                <td><a href=format!("/deliveries/{}", round.delivery)>{t!(delivery.round, n = round.round)}</a></td>
                <td>{mark::delivery_state(round.state)}</td>
                <td>{round.received.map(format::when)}</td>
                {number(report.map(|r| r.photos))}{number(report.map(|r| r.extra))}{number(report.map(|r| r.missing))}
                {number(report.map(|r| r.wrong))}{number(report.map(|r| r.late))}
                <td class="number">{report.map(|r| format::percent(r.first_pass))}</td>
            </tr>
        }
    };
    (!rounds.is_empty()).then(|| {
        view! {
            <section>
                <h2>{t!(supervision.rounds)}</h2>
                <div class="scroll"><table class="dense rows">
                    <thead><tr><th>{t!(supervision.round)}</th><th>{t!(deliveries.state)}</th><th>{t!(deliveries.received)}</th>
                        <th class="number">{t!(deliveries.photos)}</th><th class="number">{t!(delivery.extra)}</th><th class="number">{t!(delivery.missing)}</th>
                        <th class="number">{t!(delivery.wrong)}</th><th class="number">{t!(delivery.late)}</th><th class="number">{t!(delivery.first_pass)}</th></tr></thead>
                    <tbody>{rounds.iter().map(row).collect_view()}</tbody>
                </table></div>
            </section>
        }
    })
}

fn stations(stations: &[StationProgress]) -> Option<AnyView> {
    let row = |station: &StationProgress| {
        view! {
            <tr>
                <td>{station.device.clone()}</td><td class="number">{format::count(station.photos)}</td>
                <td class="number">{retakes(station.wrong)}</td><td>{station.latest.map(format::when)}</td>
            </tr>
        }
    };
    (!stations.is_empty()).then(|| {
        view! {
            <section>
                <h2>{t!(supervision.stations)}</h2>
                <div class="scroll"><table class="dense rows">
                    <thead><tr><th>{t!(supervision.device)}</th><th class="number">{t!(supervision.photos)}</th>
                        <th class="number">{t!(supervision.wrong)}</th><th>{t!(supervision.latest)}</th></tr></thead>
                    <tbody>{stations.iter().map(row).collect_view()}</tbody>
                </table></div>
            </section>
        }
    })
}

fn journal(journal: &[JournalEntry]) -> AnyView {
    let ledger = state().may(Right::ReadLedger);
    let row = move |entry: &JournalEntry| {
        view! {
            <tr>
                <td>{format::when(entry.at)}</td><td>{i18n::worded(words::event, &entry.kind)}</td>
                <td>{subject::link(&entry.subject)}</td><td>{subject::actor(&entry.actor)}</td>
                {ledger.then(|| view! { <td class="number">{leaf(entry.leaf)}</td> })}
            </tr>
        }
    };
    view! {
        <section>
            <h2>{t!(supervision.journal)}</h2>
            {if journal.is_empty() {
                notice::empty(t!(supervision.no_journal), t!(supervision.no_journal_how))
            } else {
                view! {
                    <div class="scroll"><table class="dense rows">
                        <thead><tr><th>{t!(common.when)}</th><th>{t!(common.what)}</th><th>{t!(common.subject)}</th><th>{t!(common.who)}</th>
                            {ledger.then(|| view! { <th class="number">{t!(rail.ledger)}</th> })}</tr></thead>
                        <tbody>{journal.iter().map(row).collect_view()}</tbody>
                    </table></div>
                }
            }}
        </section>
    }
}
