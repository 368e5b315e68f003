//! How a campaign goes, for those who watch it: counted from the roster, the tokens and what the deliveries brought.

use std::collections::{BTreeMap, BTreeSet};

use api::campaign::{
    DayProgress, GroupProgress, JournalEntry, Progress, RoundFigures, RoundProgress, StationProgress,
};
use api::delivery::CheckReport;
use api::{Right, Timestamp, ids::CampaignId, ids::PersonId};
use archive::db::office::delivery::{self, Delivery};
use archive::db::office::item::{self, Item, ItemState};
use archive::db::office::{event, roster};
use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::staff::Staff;
use crate::{Actor, Error, Office, Result, campaign};

/// How many entries of the journal are shown.
const JOURNAL: usize = 50;

/// One photo of somebody on the roster, as a delivery brought it.
struct Capture {
    person: PersonId,
    state: ItemState,
    /// SHA-256 of the photo: one that is delivered again was not taken again.
    photo: Option<String>,
    at: Option<Timestamp>,
    device: Option<String>,
}

/// Counts how far a campaign is.
///
/// # Errors
///
/// Without the right `read_deliveries`; `not-found`.
pub fn progress(office: &Office, actor: &Actor, id: CampaignId) -> Result<Progress> {
    actor.may(Right::ReadDeliveries)?;
    let row = campaign::find(office, id)?;
    let (entries, mut rounds) = office
        .office
        .read(|conn| -> Result<_> { Ok((roster::entries(conn, id)?, delivery::list(conn, Some(id))?)) })?;
    rounds.sort_by_key(|delivery| delivery.round);
    let people: BTreeSet<_> = entries.iter().map(|entry| entry.person).collect();
    let captures = captures(office, &rounds, &people)?;
    let latest: BTreeMap<_, _> = captures.iter().map(|capture| (capture.person, capture.state)).collect();
    let photos = photos(&captures);
    let facts = campaign::people(office, id)?;
    let facts: BTreeMap<_, _> = facts.into_iter().collect();

    let mut total = GroupProgress::default();
    let mut groups: BTreeMap<(String, String), GroupProgress> = BTreeMap::new();
    for entry in &entries {
        let facts = facts.get(&entry.person);
        let part = |text: Option<&String>| text.cloned().unwrap_or_default();
        let college = part(facts.and_then(|facts| facts.college.as_ref()));
        let class = part(facts.and_then(|facts| facts.class.as_ref()));
        let group = groups.entry((college.clone(), class.clone())).or_insert_with(|| GroupProgress {
            college,
            class,
            ..GroupProgress::default()
        });
        for group in [group, &mut total] {
            count(group, entry, latest.get(&entry.person).copied());
        }
    }
    let zone = TimeZone::system();
    let today = Timestamp::now().to_zoned(zone.clone()).date();
    let days_left = days_left(today, row.capture_from, row.capture_until);
    let open = total.roster.saturating_sub(total.captured).saturating_add(total.retakes);
    Ok(Progress {
        today,
        days_left,
        needed_per_day: (days_left > 0).then(|| open.div_ceil(u64::from(days_left))),
        days: days(&photos, &zone),
        stations: stations(&photos),
        journal: journal(office, id, &rounds)?,
        rounds: rounds.iter().map(round).collect::<Result<_>>()?,
        groups: groups.into_values().collect(),
        total,
    })
}

/// The photos of people on the roster, in the order of the rounds and, within one, of their capture.
fn captures(office: &Office, rounds: &[Delivery], people: &BTreeSet<PersonId>) -> Result<Vec<Capture>> {
    let mut all = Vec::new();
    for delivery in rounds {
        let mut items = office.office.read(|conn| item::all(conn, delivery.id))?;
        items.sort_by_key(|item| item.captured);
        all.extend(items.into_iter().filter_map(|item| capture(item, people)));
    }
    Ok(all)
}

fn capture(item: Item, people: &BTreeSet<PersonId>) -> Option<Capture> {
    let person = item.person.filter(|person| people.contains(person))?;
    if matches!(item.state, ItemState::Missing | ItemState::Extra) {
        return None;
    }
    Some(Capture { person, state: item.state, photo: item.sha256, at: item.captured, device: item.device })
}

/// Each photo once, as its latest delivery found it, in the order in which they were taken.
fn photos(captures: &[Capture]) -> Vec<&Capture> {
    let latest: BTreeMap<_, _> =
        captures.iter().map(|capture| ((capture.person, &capture.photo), capture)).collect();
    let mut photos: Vec<_> = latest.into_values().collect();
    photos.sort_by_key(|capture| capture.at);
    photos
}

fn count(group: &mut GroupProgress, entry: &roster::Entry, latest: Option<ItemState>) {
    group.roster += 1;
    group.tokens += u64::from(entry.token);
    group.captured += u64::from(latest.is_some());
    group.accepted += u64::from(entry.accepted);
    group.retakes += u64::from(!entry.accepted && latest == Some(ItemState::Wrong));
}

/// Days on which capture can still happen, today included.
fn days_left(today: Date, from: Date, until: Date) -> u32 {
    let first = today.max(from);
    let days = first.until(until).map_or(-1, |span| span.get_days());
    u32::try_from(days.saturating_add(1)).unwrap_or(0)
}

fn days(photos: &[&Capture], zone: &TimeZone) -> Vec<DayProgress> {
    let mut seen = BTreeSet::new();
    let mut days: BTreeMap<Date, DayProgress> = BTreeMap::new();
    for capture in photos {
        let Some(at) = capture.at else { continue };
        let date = at.to_zoned(zone.clone()).date();
        let day = days.entry(date).or_insert(DayProgress { date, first: 0, again: 0 });
        match seen.insert(capture.person) {
            true => day.first += 1,
            false => day.again += 1,
        }
    }
    days.into_values().collect()
}

fn stations(photos: &[&Capture]) -> Vec<StationProgress> {
    let mut stations: BTreeMap<&str, StationProgress> = BTreeMap::new();
    for capture in photos {
        let Some(device) = capture.device.as_deref().filter(|device| !device.is_empty()) else { continue };
        let station = stations.entry(device).or_insert_with(|| StationProgress {
            device: device.to_owned(),
            photos: 0,
            wrong: 0,
            latest: None,
        });
        station.photos += 1;
        station.wrong += u64::from(capture.state == ItemState::Wrong);
        station.latest = station.latest.max(capture.at);
    }
    stations.into_values().collect()
}

fn round(delivery: &Delivery) -> Result<RoundProgress> {
    let report = delivery.report.as_deref().and_then(|text| serde_json::from_str::<CheckReport>(text).ok());
    let state = crate::from_word(delivery.state.word());
    Ok(RoundProgress {
        delivery: delivery.id,
        round: delivery.round,
        state: state.ok_or_else(|| Error::failed("read a delivery", "its state is unknown"))?,
        received: delivery.received,
        report: report.map(|report| RoundFigures {
            photos: report.photos,
            extra: report.extra,
            missing: report.missing,
            wrong: report.wrong,
            late: report.late,
            first_pass: report.first_pass,
        }),
    })
}

/// What the ledger holds of a campaign and its deliveries, newest first.
fn journal(office: &Office, id: CampaignId, rounds: &[Delivery]) -> Result<Vec<JournalEntry>> {
    let limit = u32::try_from(JOURNAL).unwrap_or(u32::MAX);
    let subjects =
        std::iter::once(id.to_string()).chain(rounds.iter().map(|delivery| delivery.id.to_string()));
    let mut all = Vec::new();
    for subject in subjects {
        all.extend(office.office.read(|conn| event::list(conn, Some(&subject), 0, limit))?);
    }
    all.sort_by_key(|queued| std::cmp::Reverse(queued.number));
    all.truncate(JOURNAL);
    let staff = Staff::of(office)?;
    let entry = |queued: event::Queued| JournalEntry {
        at: queued.event.at,
        kind: queued.event.kind,
        subject: queued.event.subject,
        actor: staff.name(&queued.event.account),
        leaf: queued.leaf,
    };
    Ok(all.into_iter().map(entry).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn the_last_day_counts_and_the_days_before_the_first_do_not() {
        let (from, until) = (date(2026, 5, 4), date(2026, 5, 8));
        assert_eq!(days_left(date(2026, 5, 1), from, until), 5);
        assert_eq!(days_left(date(2026, 5, 7), from, until), 2);
        assert_eq!(days_left(date(2026, 5, 8), from, until), 1);
        assert_eq!(days_left(date(2026, 5, 9), from, until), 0);
    }

    fn capture(person: PersonId, day: i64, photo: &str, state: ItemState) -> Capture {
        let at = Timestamp::from_second(day * 86_400).ok();
        Capture { person, state, photo: Some(photo.to_owned()), at, device: Some("station".to_owned()) }
    }

    #[test]
    fn somebody_who_comes_again_is_counted_once_as_new() {
        let person = PersonId::new();
        let both = [capture(person, 1, "a", ItemState::Wrong), capture(person, 2, "b", ItemState::Good)];
        let days = days(&photos(&both), &TimeZone::UTC);
        let counts: Vec<_> = days.iter().map(|day| (day.first, day.again)).collect();
        assert_eq!(counts, [(1, 0), (0, 1)]);
    }

    #[test]
    fn a_photo_that_is_delivered_again_was_not_taken_again() {
        let person = PersonId::new();
        let both = [capture(person, 1, "a", ItemState::Wrong), capture(person, 1, "a", ItemState::Good)];
        let photos = photos(&both);
        let days = days(&photos, &TimeZone::UTC);
        assert_eq!(days.iter().map(|day| (day.first, day.again)).collect::<Vec<_>>(), [(1, 0)]);
        let stations = stations(&photos);
        assert_eq!(stations.iter().map(|s| (s.photos, s.wrong)).collect::<Vec<_>>(), [(1, 0)]);
    }
}
