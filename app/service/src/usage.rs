//! Who looked at a person's record, and what an account looked at: the audit trail, read so that people can judge it.
//!
//! Nothing is kept here that the trail does not have. Looks that follow each other closely are shown as one, with their
//! number; the trail has each.

#[cfg(test)]
mod tests;

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use api::ids::{PersonId, UserId};
use api::usage::{UseKind, UseQuery, UsedBy, Uses};
use api::{Date, Flaw, Right, dossier::Use};
use archive::db::{Connection, office::visit};
use jiff::{SignedDuration, Timestamp, tz::TimeZone};

use crate::staff::Staff;
use crate::{Actor, Error, Office, Refusal as _, Result, audit, dossier};

/// How soon one look follows another to be shown with it.
const WITHIN: SignedDuration = SignedDuration::from_mins(10);
/// How many uses are returned when nothing is said, and at most.
const LIMIT: (u32, u32) = (50, 500);
/// How many uses a dossier shows.
const IN_DOSSIER: u32 = 10;
/// For how long somebody who was found once need not be noted again, and how many are borne in mind for that.
const AGAIN: Duration = Duration::from_secs(300);
const BORNE_IN_MIND: usize = 4096;

/// The use register of a person.
///
/// # Errors
///
/// Without one of the rights `read_dossier` and `read_audit`; `bad-field` for a day there is not.
pub fn of_person(office: &Office, actor: &Actor, id: PersonId, query: &UseQuery) -> Result<Uses> {
    let subject = id.to_string();
    audit::recorded(office, actor, "uses.read", Some(&subject), || {
        actor.may_any(&[Right::ReadDossier, Right::ReadAudit])?;
        uses(office, Some(&subject), query)
    })
}

/// What was looked at, by one account or by all.
///
/// # Errors
///
/// Without the right `read_audit`; `bad-field` for a day there is not.
pub fn of_accounts(office: &Office, actor: &Actor, query: &UseQuery) -> Result<Uses> {
    audit::recorded(office, actor, "uses.list", None, || {
        actor.may(Right::ReadAudit)?;
        uses(office, None, query)
    })
}

fn uses(office: &Office, subject: Option<&str>, query: &UseQuery) -> Result<Uses> {
    let actions = actions(query.kind);
    let wanted = visit::Wanted {
        account: query.account.as_deref().filter(|account| !account.is_empty()),
        subject,
        actions: &actions,
        from: query.from.map(|day| begins("from", day)).transpose()?,
        until: query
            .until
            .map(|day| begins("until", day.tomorrow().or_failed("count a day on")?))
            .transpose()?,
        within: WITHIN,
    };
    let limit = if query.limit == 0 { LIMIT.0 } else { query.limit.min(LIMIT.1) };
    office.office.read(|conn| {
        let staff = Staff::read(conn)?;
        let totals = visit::totals(conn, wanted)?;
        let items = visit::list(conn, wanted, query.offset, limit)?;
        let accounts = visit::accounts(conn)?.into_iter();
        Ok(Uses {
            items: items.into_iter().map(|visit| to_api(visit, &staff)).collect(),
            total: totals.visits,
            subjects: totals.subjects,
            accounts: accounts.map(|account| UsedBy { name: staff.name(&account), account }).collect(),
        })
    })
}

/// When a day begins where the appliance stands.
fn begins(field: &str, day: Date) -> Result<Timestamp> {
    let start = day.to_zoned(TimeZone::system());
    Ok(start.map_err(|_| Error::bad_field(field, Flaw::NoSuchDay))?.timestamp())
}

fn actions(kind: Option<UseKind>) -> Vec<&'static str> {
    let kinds = kind.map_or_else(|| UseKind::ALL.to_vec(), |kind| vec![kind]);
    kinds.iter().flat_map(|kind| kind.actions()).copied().collect()
}

/// The latest uses of a dossier, as it shows them itself.
pub(crate) fn latest(conn: &Connection, subject: &str, staff: &Staff) -> Result<Vec<Use>> {
    let actions = actions(None);
    let wanted = visit::Wanted {
        account: None,
        subject: Some(subject),
        actions: &actions,
        from: None,
        until: None,
        within: WITHIN,
    };
    Ok(visit::list(conn, wanted, 0, IN_DOSSIER)?.into_iter().map(|visit| to_api(visit, staff)).collect())
}

fn to_api(visit: visit::Visit, staff: &Staff) -> Use {
    Use {
        first: visit.first,
        at: visit.last,
        count: visit.count,
        by: staff.name(&visit.account),
        account: visit.account,
        action: visit.action,
        purpose: visit.purpose.unwrap_or_default(),
        subject: visit.subject.unwrap_or_default(),
    }
}

/// Notes that a dossier is about to be printed from its page.
///
/// # Errors
///
/// Without the right `read_dossier` or a purpose; `not-found`.
pub fn printed(office: &Office, actor: &Actor, id: PersonId) -> Result<()> {
    audit::recorded(office, actor, "dossier.print", Some(&id.to_string()), || {
        actor.may(Right::ReadDossier)?;
        actor.purpose()?;
        dossier::exists(office, id)
    })
}

/// Who was found by whom a moment ago: a search is asked anew with every key.
#[derive(Debug, Default)]
pub struct Found(Mutex<BTreeMap<(UserId, PersonId), Instant>>);

impl Found {
    /// Whether this is to be noted now.
    fn is_news(&self, who: UserId, whom: PersonId) -> bool {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        if known.get(&(who, whom)).is_some_and(|at| now.duration_since(*at) < AGAIN) {
            return false;
        }
        if known.len() >= BORNE_IN_MIND {
            known.retain(|_, at| now.duration_since(*at) < AGAIN);
        }
        if known.len() >= BORNE_IN_MIND {
            known.clear();
        }
        known.insert((who, whom), now);
        true
    }
}

/// Notes that a search was for this person and nobody else: it found one.
///
/// # Errors
///
/// When the trail can't be written. Then nobody is shown.
pub(crate) fn looked_up(office: &Office, actor: &Actor, id: PersonId) -> Result<()> {
    if !office.found.is_news(actor.user, id) {
        return Ok(());
    }
    audit::record(office, actor, "person.looked_up", Some(&id.to_string()), true)
}
