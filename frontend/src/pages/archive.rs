//! Is everything still there, and still what it was?

use std::collections::BTreeMap;

use crate::prelude::*;
use api::Right;
use api::health::{ArchiveHealth, Drill, FixityCheck, Patrol, Repair, Replica};
use api::ids::{JobId, ReplicaId};

use crate::api_client;
use crate::components::{
    attempt::Attempt,
    figure, job,
    loader::Loader,
    mark::{self, Status},
    notice,
};
use crate::format;
use crate::i18n::{self, words};
use crate::pages::appraisal;
use crate::state::{now, state};
use crate::t;

/// How many days the calendar shows.
const DAYS: i64 = 63;
/// How many days a restore drill counts for.
const YEAR: i64 = 366;
/// A day, ms.
const DAY: i64 = 86_400_000;

/// The page.
pub(crate) fn page() -> AnyView {
    let health = Loader::new(api_client::archive::archive_health);
    let running = RwSignal::new(None);
    let attempt = Attempt::new();
    let may = state().may(Right::MaintainArchive);
    let check = move |_| {
        attempt.run(api_client::archive::check_archive(), move |job| {
            running.set(Some(job.id));
            state().heard_of(job);
        });
    };
    let rebuild = move |_| {
        attempt.run(api_client::archive::rebuild(), move |job| {
            running.set(Some(job.id));
            state().heard_of(job);
        });
    };
    let renew = move |_| {
        attempt.run(api_client::archive::renew_index(), move |job| {
            running.set(Some(job.id));
            state().heard_of(job);
        });
    };
    view! {
        <header class="page-head">
            <h1>{t!(rail.archive)}</h1>
            {may.then(|| view! {
                <div class="actions">
                    <button type="button" disabled=move || attempt.busy() on:click=rebuild>{t!(archive.rebuild)}</button>
                    <button type="button" disabled=move || attempt.busy() on:click=renew>{t!(archive.renew)}</button>
                    <button type="button" class="primary" disabled=move || attempt.busy() on:click=check>{t!(archive.check)}</button>
                </div>
            })}
        </header>
        {attempt.refusal()}
        {move || running.get().map(|id| {
            let followed = job::follow(id);
            job::when_over(followed, move |_| health.again());
            view! { <section class="panel">{job::here(followed)}</section> }
        })}
        {health.show(move |health| full(&health, Acting { attempt, running, may }))}
        {appraisal::section(None)}
    }
    .into_any()
}

/// What a person may begin on this page, and how it goes.
#[derive(Clone, Copy)]
struct Acting {
    attempt: Attempt,
    running: RwSignal<Option<JobId>>,
    may: bool,
}

fn full(health: &ArchiveHealth, acting: Acting) -> AnyView {
    let index = if health.index_behind == 0 {
        mark::mark(Status::Ok, t!(archive.index_current))
    } else {
        mark::mark(Status::Attention, t!(archive.index_behind, n = format::count(health.index_behind)))
    };
    view! {
        {last_check(health.last_check.as_ref())}
        {figure::figures(vec![
            figure::figure(t!(archive.dossiers), format::count(health.dossiers)),
            figure::figure(t!(archive.photos), format::count(health.photos)),
            figure::figure(t!(archive.diplomas), format::count(health.diplomas)),
            figure::figure(t!(archive.objects), format::count(health.objects)),
            figure::figure(t!(archive.bytes), format::size(health.bytes)),
            figure::figure(t!(archive.free), format::size(health.free_bytes)),
            figure::figure(t!(archive.indexed), format::count(health.indexed)),
        ])}
        <p>{index}</p>
        <section><h2>{t!(archive.calendar)}</h2>{calendar(&health.checks)}</section>
        <details><summary>{t!(archive.checks)}</summary>{checks(&health.checks)}</details>
        <section><h2>{t!(archive.patrol)}</h2>{patrol(&health.patrol)}</section>
        <section><h2>{t!(archive.replicas)}</h2>{replicas(&health.replicas, acting)}</section>
        <section><h2>{t!(archive.repairs)}</h2>{repairs(&health.repairs, &health.replicas)}</section>
        <section><h2>{t!(archive.drill)}</h2>{last_drill(health.last_drill.as_ref())}</section>
    }
    .into_any()
}

fn status(check: &FixityCheck) -> Status {
    if check.damaged > check.repaired {
        Status::Stop
    } else if check.damaged + check.unreadable > 0 {
        Status::Attention
    } else {
        Status::Ok
    }
}

fn last_check(check: Option<&FixityCheck>) -> AnyView {
    let Some(check) = check else {
        return notice::empty(t!(archive.never), t!(archive.never_how));
    };
    let text = if check.damaged + check.unreadable == 0 {
        t!(archive.intact, n = format::count(check.intact), time = format::local_time(check.at))
    } else if check.damaged + check.unreadable == check.repaired {
        t!(archive.repaired, n = format::count(check.repaired), time = format::local_time(check.at))
    } else {
        t!(
            archive.damaged,
            damaged = format::count(check.damaged),
            unreadable = format::count(check.unreadable),
            time = format::local_time(check.at)
        )
    };
    view! { <p class="lead">{mark::mark(status(check), text)}</p> }.into_any()
}

/// How far the background reading is.
fn patrol(patrol: &Patrol) -> AnyView {
    let (objects, days) = (format::count(patrol.objects), format::count(patrol.days));
    let (status, text) = if patrol.hurt > 0 {
        (Status::Stop, t!(archive.patrol_hurt, hurt = format::count(patrol.hurt)))
    } else if patrol.overdue > 0 {
        let overdue = format::count(patrol.overdue);
        (Status::Attention, t!(archive.patrol_overdue, objects = objects, overdue = overdue, days = days))
    } else {
        (Status::Ok, t!(archive.patrol_done, days = days, objects = objects))
    };
    view! { <p>{mark::mark(status, text)}</p> }.into_any()
}

fn replica_status(replica: &Replica) -> Status {
    match replica.state.as_str() {
        "current" => Status::Ok,
        "damaged" => Status::Stop,
        "never_synced" => Status::Waiting,
        _ => Status::Attention,
    }
}

/// The copies on other volumes, and what can be done with each.
fn replicas(replicas: &[Replica], acting: Acting) -> AnyView {
    if replicas.is_empty() {
        return notice::empty(t!(archive.replica_none), t!(archive.replica_none_how));
    }
    let row = |replica: &Replica| {
        let at = |at: Option<api::Timestamp>| match at {
            Some(at) => format::when(at),
            None => view! { <span class="dim">{t!(archive.replica_never)}</span> }.into_any(),
        };
        let device = match replica.other_device {
            Some(true) => Some(t!(archive.replica_elsewhere).to_string()),
            Some(false) => Some(t!(archive.replica_here).to_string()),
            None => None,
        };
        let state = i18n::worded(words::replica_state, &replica.state);
        view! {
            <tr>
                <td class="whole">{replica.name.clone()} " " <span class="dim">{device}</span></td>
                <td>{mark::mark(replica_status(replica), state)}</td>
                <td class="number" data-label=t!(archive.replica_objects)>{format::count(replica.objects)}</td>
                <td class="number" data-label=t!(archive.replica_behind)>{format::count(replica.behind)}</td>
                <td data-label=t!(archive.replica_synced)>{at(replica.synced)}</td>
                <td data-label=t!(archive.replica_verified)>{at(replica.verified)}</td>
                <td class="number" data-label=t!(archive.replica_free)>{replica.free_bytes.map(format::size)}</td>
                <td>{acting.may.then(|| actions(replica.id, acting))}</td>
            </tr>
        }
    };
    view! {
        <div class="scroll"><table class="dense stack">
            <thead><tr><th>{t!(archive.replica)}</th><th>{t!(archive.replica_state)}</th>
                <th class="number">{t!(archive.replica_objects)}</th><th class="number">{t!(archive.replica_behind)}</th>
                <th>{t!(archive.replica_synced)}</th><th>{t!(archive.replica_verified)}</th>
                <th class="number">{t!(archive.replica_free)}</th><td></td></tr></thead>
            <tbody>{replicas.iter().map(row).collect_view()}</tbody>
        </table></div>
    }
    .into_any()
}

fn actions(id: ReplicaId, Acting { attempt, running, .. }: Acting) -> AnyView {
    let heard = move |job: api::job::Job| {
        running.set(Some(job.id));
        state().heard_of(job);
    };
    let sync = move |_| attempt.run(api_client::archive::sync_replica(id), heard);
    let verify = move |_| attempt.run(api_client::archive::verify_replica(id), heard);
    view! {
        <button type="button" disabled=move || attempt.busy() on:click=sync>{t!(archive.replica_sync)}</button> " "
        <button type="button" disabled=move || attempt.busy() on:click=verify>{t!(archive.replica_verify)}</button>
    }
    .into_any()
}

/// What was damaged and came back, newest first.
fn repairs(repairs: &[Repair], replicas: &[Replica]) -> AnyView {
    if repairs.is_empty() {
        return notice::empty(t!(archive.repair_none), t!(archive.repair_none_how));
    }
    let called = |place: &str| {
        let replica = replicas.iter().find(|replica| replica.id.to_string() == place);
        let name = replica.map_or(place, |replica| replica.name.as_str());
        if name == "archive" { t!(archive.repair_archive).to_string() } else { name.to_owned() }
    };
    view! {
        <div class="scroll"><table class="dense stack">
            <thead><tr><th>{t!(common.when)}</th><th>{t!(archive.repair_object)}</th><th>{t!(archive.repair_where)}</th>
                <th>{t!(archive.repair_from)}</th><th>{t!(archive.repair_kept)}</th></tr></thead>
            <tbody>{repairs.iter().map(|repair| view! {
                <tr>
                    <td>{format::when(repair.at)}</td><td>{repair.object.clone()}</td>
                    <td data-label=t!(archive.repair_where)>{called(&repair.place)}</td>
                    <td data-label=t!(archive.repair_from)>{called(&repair.from)}</td>
                    <td data-label=t!(archive.repair_kept)>{repair.kept.clone()}</td>
                </tr>
            }).collect_view()}</tbody>
        </table></div>
    }
    .into_any()
}

/// The restore drill: when, how much came back, and whether another is due.
fn last_drill(drill: Option<&Drill>) -> AnyView {
    let Some(drill) = drill else {
        return notice::empty(t!(archive.drill_never), t!(archive.drill_never_how));
    };
    let (objects, bytes) = (format::count(drill.objects), format::size(drill.bytes));
    let time = format::local_time(drill.at);
    let is_old = now().as_millisecond() - drill.at.as_millisecond() > YEAR * DAY;
    let (status, text) = if drill.differing > 0 {
        let differing = format::count(drill.differing);
        (
            Status::Stop,
            t!(archive.drill_differs, differing = differing, objects = objects, bytes = bytes, time = time),
        )
    } else {
        let status = if is_old { Status::Attention } else { Status::Ok };
        (status, t!(archive.drill_whole, objects = objects, bytes = bytes, time = time))
    };
    let device = if drill.other_device { t!(archive.drill_elsewhere) } else { t!(archive.drill_here) };
    view! {
        <p>{mark::mark(status, text)}</p>
        <p>{device} " " {is_old.then(|| t!(archive.drill_due).to_string())}</p>
        <dl class="facts">{figure::fact(t!(archive.drill_report), &*drill.report, false)}</dl>
    }
    .into_any()
}

/// A square a day: the worst check of that day, or none.
fn calendar(checks: &[FixityCheck]) -> AnyView {
    let mut by_day = BTreeMap::<String, &FixityCheck>::new();
    for check in checks {
        let day = by_day.entry(format::local_date(check.at)).or_insert(check);
        if check.damaged + check.unreadable > day.damaged + day.unreadable {
            *day = check;
        }
    }
    let today = now().as_millisecond();
    let square = |back: i64| {
        let date =
            api::Timestamp::from_millisecond(today - back * DAY).map(format::local_date).unwrap_or_default();
        let check = by_day.get(&date);
        let (status, word) = match check {
            Some(check) => (
                status(check),
                t!(
                    archive.day_checked,
                    intact = format::count(check.intact),
                    damaged = format::count(check.damaged + check.unreadable)
                ),
            ),
            None => (Status::Waiting, t!(archive.day_none).to_string()),
        };
        let label = format!("{date}: {word}");
        let spoken = label.clone();
        view! { <li class=format!("day {}", status.class()) title=label>{mark::shape(status)}<span class="sr-only">{spoken}</span></li> }
    };
    view! { <ol class="calendar">{(0..DAYS).rev().map(square).collect_view()}</ol> }.into_any()
}

fn checks(checks: &[FixityCheck]) -> AnyView {
    if checks.is_empty() {
        return notice::empty(t!(archive.never), t!(archive.never_how));
    }
    view! {
        <div class="scroll"><table class="dense">
            <thead><tr><th>{t!(common.when)}</th><th class="number">{t!(archive.files_intact)}</th><th class="number">{t!(archive.files_damaged)}</th>
                <th class="number">{t!(archive.files_unreadable)}</th><th class="number">{t!(archive.files_repaired)}</th>
                <th class="number">{t!(archive.bytes_read)}</th><th class="number">{t!(archive.took)}</th></tr></thead>
            <tbody>{checks.iter().map(|check| view! {
                <tr>
                    <td>{mark::shape(status(check))} " " {format::when(check.at)}</td>
                    <td class="number">{format::count(check.intact)}</td><td class="number">{format::count(check.damaged)}</td>
                    <td class="number">{format::count(check.unreadable)}</td><td class="number">{format::count(check.repaired)}</td><td class="number">{format::size(check.bytes)}</td>
                    <td class="number">{format::span(check.ms)}</td>
                </tr>
            }).collect_view()}</tbody>
        </table></div>
    }
    .into_any()
}
