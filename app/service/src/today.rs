//! What waits for the person who signed in, and what changed since they were last here.

use api::ids::UserId;
use api::today::{Changed, Today, Waiting};
use api::{Right, Timestamp};
use archive::db::office::{
    comparison::{self, ComparisonState},
    copy, deletion,
    delivery::{self, DeliveryState},
    event,
};

use crate::law::ground;
use crate::staff::Staff;
use crate::{Actor, Office, Result, change::may_hear, cohort, doctor};

/// How many lines of what changed are shown.
const CHANGES: usize = 50;
/// How many are read, of which some may be for other offices.
const READ: u32 = 500;

/// States of a deletion case in which nothing waits any more.
const CLOSED_CASES: [&str; 4] = ["CERTIFIED", "PARTIAL", "ABORTED", "REFUSED"];

/// What waits for the actor, what changed, and health in one line.
///
/// # Errors
///
/// When a store can't be read.
pub fn today(office: &Office, actor: &Actor) -> Result<Today> {
    let since = actor.session.as_ref().and_then(|session| session.since);
    let mut waiting = waiting(office, actor)?;
    waiting.sort_by_key(|waiting| waiting.oldest);
    let (health, health_code) = doctor::quick(office);
    Ok(Today {
        waiting,
        changed: changed(office, actor, since)?,
        health: health.to_owned(),
        health_code: health_code.map(str::to_owned),
        since,
    })
}

fn waiting(office: &Office, actor: &Actor) -> Result<Vec<Waiting>> {
    let mut found = Vec::new();
    if actor.has(Right::CheckDeliveries) {
        found.extend(deliveries(office, "delivery_to_check", DeliveryState::Received, |_| true)?);
    }
    if actor.has(Right::AcceptDeliveries) {
        found.extend(deliveries(office, "delivery_to_decide", DeliveryState::Checked, |_| true)?);
        // Whoever proposed can't confirm.
        let another = |row: &delivery::Delivery| {
            row.proposal.as_ref().is_some_and(|proposal| proposal.signed.by != actor.user)
        };
        found.extend(deliveries(office, "delivery_to_confirm", DeliveryState::Proposed, another)?);
    }
    if actor.has(Right::Compare) {
        found.extend(comparisons(office, "comparison_open", "/desk", ComparisonState::Open, None)?);
    }
    if actor.has(Right::ReviewComparisons) {
        let (state, mine) = (ComparisonState::InReview, Some(actor.user));
        found.extend(comparisons(office, "comparison_in_review", "/review", state, mine)?);
    }
    if actor.has(Right::ReadCohorts) {
        for (kind, count, oldest, campaign) in cohort::waiting(office, actor)? {
            let link = match kind {
                cohort::TO_LOOK_AT => format!("/campaigns/{campaign}/cohorts?wanted=mine"),
                _ => format!("/campaigns/{campaign}/cohorts"),
            };
            found.push(Waiting { kind: kind.to_owned(), count, oldest, link });
        }
    }
    if actor.has(Right::ManageCampaigns) {
        for (campaign, since) in ground::wanting(office)? {
            let link = format!("/campaigns/{campaign}/ground");
            found.extend(group("campaign_without_ground", &link, std::iter::once(since)));
        }
    }
    if actor.has(Right::ApproveCopies) {
        let asked = office.office.read(|conn| copy::waiting_for(conn, actor.user))?;
        found.extend(group("copy_to_decide", "/copies", asked.into_iter()));
    }
    if actor.has(Right::SignDeletions) {
        let rows = office.office.read(|conn| deletion::list(conn, None))?;
        let open = rows.iter().filter(|case| !CLOSED_CASES.contains(&case.state.as_str()));
        found.extend(group("case_open", "/deletions", open.map(|case| case.opened)));
    }
    Ok(found)
}

fn comparisons(
    office: &Office,
    kind: &str,
    link: &str,
    state: ComparisonState,
    waits_for: Option<UserId>,
) -> Result<Option<Waiting>> {
    // The oldest comes first.
    let (first, count) = office.office.read(|conn| comparison::in_state(conn, state, waits_for, (0, 1)))?;
    let oldest = first.first().map(|row| row.at);
    Ok(oldest.map(|oldest| Waiting { kind: kind.to_owned(), count, oldest, link: link.to_owned() }))
}

fn deliveries(
    office: &Office,
    kind: &str,
    state: DeliveryState,
    mine: impl Fn(&delivery::Delivery) -> bool,
) -> Result<Option<Waiting>> {
    let rows = office.office.read(|conn| delivery::in_state(conn, state))?;
    let since = rows.iter().filter(|row| mine(row)).map(|row| row.received.unwrap_or(row.opened));
    Ok(group(kind, "/deliveries", since))
}

fn group(kind: &str, link: &str, since: impl Iterator<Item = Timestamp>) -> Option<Waiting> {
    let since: Vec<_> = since.collect();
    let oldest = since.iter().min().copied()?;
    Some(Waiting { kind: kind.to_owned(), count: since.len() as u64, oldest, link: link.to_owned() })
}

fn changed(office: &Office, actor: &Actor, since: Option<Timestamp>) -> Result<Vec<Changed>> {
    let since = since.unwrap_or(Timestamp::UNIX_EPOCH);
    let (lines, staff) = office
        .office
        .read(|conn| -> Result<_> { Ok((event::digest(conn, since, READ)?, Staff::read(conn)?)) })?;
    let visible = lines.into_iter().filter(|line| may_hear(actor, &line.kind)).take(CHANGES);
    let changed = visible.map(|line| Changed {
        actor: staff.name(&line.account),
        kind: line.kind,
        at: line.at,
        subject: line.subject,
        count: line.count,
    });
    Ok(changed.collect())
}
