//! Whether somebody's face may be compared: the one place that says so.

use std::collections::BTreeMap;

use api::ProblemCode;
use api::ids::{CampaignId, ComparisonId, PersonId};
use api::law::{Bar, NoticeText};
use archive::db::catalog::person;
use archive::db::office::{assessment, campaign, consent as rows, notice, opening, roster};
use archive::db::{Connection, Transaction};
use archive::person::PersonRecord;
use jiff::{ToSpan as _, civil::Date};

use crate::{Error, Office, Refusal as _, Result, word};

/// The age from which one's own consent is enough (PIPL art. 31; 办法 art. 7), in full years. A year is full on the day
/// after the birthday (法释〔2006〕1号 art. 2).
const OF_AGE: i64 = 14;

/// What a campaign's notice, assessment and opening allow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Standing {
    /// Every version of the notice, the first one first.
    notices: Vec<NoticeText>,
    /// Why nobody's face may be compared in the campaign.
    pub(super) bar: Option<Bar>,
}

/// Leave to compare one person's face, by the consent that gives it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use = "a comparison notes by which consent it was made"]
pub struct Permit {
    /// The campaign.
    pub campaign: CampaignId,
    /// The person.
    pub person: PersonId,
    /// The consent's number.
    consent: i64,
}

impl Standing {
    /// Reads what the campaign has.
    pub(super) fn read(conn: &Connection, campaign: CampaignId) -> Result<Self> {
        let notices: Vec<NoticeText> = notice::of(conn, campaign)?
            .iter()
            .map(|row| serde_json::from_str(&row.text).or_failed("read a notice"))
            .collect::<Result<_>>()?;
        let signed = assessment::of(conn, campaign)?.into_iter().rev().find(|row| row.signed.is_some());
        let opening = opening::get(conn, campaign)?;
        let mut standing = Self { notices, bar: None };
        standing.bar = if standing.notices.is_empty() {
            Some(Bar::NoNotice)
        } else if opening.as_ref().is_some_and(|opening| opening.end.is_some()) {
            Some(Bar::ComparingEnded)
        } else {
            match signed {
                None => Some(Bar::NoAssessment),
                Some(row) if standing.is_outdated(row.notice) => Some(Bar::AssessmentOutdated),
                Some(_) if opening.is_none() => Some(Bar::NotOpened),
                Some(_) => None,
            }
        };
        Ok(standing)
    }

    /// Whether the notice has come to say something else than its version `version` does.
    pub(super) fn is_outdated(&self, version: u32) -> bool {
        let then = usize::try_from(version).ok().and_then(|n| self.notices.get(n.checked_sub(1)?));
        match (then, self.notices.last()) {
            (Some(then), Some(now)) => then.asks_again(now),
            _ => true,
        }
    }

    /// Leave to compare a person's face by this consent, or why there is none.
    fn permit(
        &self,
        (campaign, person): (CampaignId, PersonId),
        consent: Option<&rows::Consent>,
        facts: Option<&PersonRecord>,
    ) -> std::result::Result<Permit, Bar> {
        match (self.bar.or_else(|| self.of_consent(consent, facts)), consent) {
            (Some(bar), _) => Err(bar),
            (None, None) => Err(Bar::NoConsent),
            (None, Some(consent)) => Ok(Permit { campaign, person, consent: consent.number }),
        }
    }

    /// Why leave that was given does not stand any more.
    fn taken_back(&self, consent: Option<&rows::Consent>) -> Option<Bar> {
        self.bar.or_else(|| match consent {
            Some(last) if last.withdrawn.is_some() => Some(Bar::ConsentWithdrawn),
            Some(last) if self.is_outdated(last.notice) => Some(Bar::NoticeChanged),
            Some(_) => None,
            None => Some(Bar::NoConsent),
        })
    }

    /// Why a person's consent does not let their face be compared, whatever the campaign's own state.
    pub(super) fn of_consent(
        &self,
        consent: Option<&rows::Consent>,
        facts: Option<&PersonRecord>,
    ) -> Option<Bar> {
        let Some(consent) = consent else { return Some(Bar::NoConsent) };
        if consent.withdrawn.is_some() {
            return Some(Bar::ConsentWithdrawn);
        }
        if self.is_outdated(consent.notice) {
            return Some(Bar::NoticeChanged);
        }
        without_guardian(facts, consent.given).filter(|_| consent.guardian.is_none())
    }
}

/// Why somebody's own consent on that day is not enough without a guardian's.
pub(super) fn without_guardian(facts: Option<&PersonRecord>, given: Date) -> Option<Bar> {
    let facts = facts?;
    let by_number = facts.resident_id().and_then(std::result::Result::ok).map(|id| id.birth_date());
    // Where the two disagree, the person counts as the younger one.
    match by_number.into_iter().chain(facts.birth_date).max() {
        None => Some(Bar::AgeUnknown),
        Some(born) if given <= born.saturating_add(OF_AGE.years()) => Some(Bar::GuardianMissing),
        Some(_) => None,
    }
}

/// Why a person's face may not be compared in a campaign; nothing if it may.
///
/// # Errors
///
/// When a store can't be read.
pub fn bar(office: &Office, campaign: CampaignId, person: PersonId) -> Result<Option<Bar>> {
    Ok(permit(office, campaign, person)?.err())
}

/// Leave to compare a person's face at the desk, in the newest campaign that gives it.
///
/// # Errors
///
/// `not-found`; `may-not-compare` with the bar of the newest campaign on whose roster the person is.
pub fn may_compare(office: &Office, person: PersonId) -> Result<Permit> {
    if office.catalog.read(|conn| person::facts(conn, person))?.is_none() {
        return Err(Error::not_found(PersonId::KIND, person));
    }
    let mut campaigns = office.office.read(|conn| -> Result<_> {
        let mut campaigns = Vec::new();
        for id in roster::campaigns_of(conn, person)? {
            campaigns.extend(campaign::get(conn, id)?);
        }
        Ok(campaigns)
    })?;
    campaigns.sort_by_key(|campaign| std::cmp::Reverse((campaign.created, campaign.id)));
    let mut first = None;
    for campaign in campaigns {
        match permit(office, campaign.id, person)? {
            Ok(permit) => return Ok(permit),
            Err(bar) => first = first.or(Some(bar)),
        }
    }
    Err(refused(first.unwrap_or(Bar::NoCampaign)))
}

fn permit(
    office: &Office,
    campaign: CampaignId,
    person: PersonId,
) -> Result<std::result::Result<Permit, Bar>> {
    let facts = office.catalog.read(|conn| person::facts(conn, person))?;
    office.office.read(|conn| {
        let consent = rows::last(conn, campaign, person)?;
        Ok(Standing::read(conn, campaign)?.permit((campaign, person), consent.as_ref(), facts.as_ref()))
    })
}

/// Why nobody's face may be compared in a campaign; nothing if some may.
///
/// # Errors
///
/// When the store can't be read.
pub(crate) fn campaign_bar(office: &Office, campaign: CampaignId) -> Result<Option<Bar>> {
    Ok(office.office.read(|conn| Standing::read(conn, campaign))?.bar)
}

/// Somebody on a roster, with leave to compare their face, or why there is none.
pub(crate) type Listed = (PersonId, std::result::Result<Permit, Bar>);

/// Everybody on a campaign's roster, in its order.
///
/// # Errors
///
/// When a store can't be read.
pub(crate) fn of_roster(office: &Office, campaign: CampaignId) -> Result<Vec<Listed>> {
    let people = crate::campaign::people(office, campaign)?;
    office.office.read(|conn| {
        let standing = Standing::read(conn, campaign)?;
        let given = rows::of_campaign(conn, campaign)?;
        let permit = |person, facts| standing.permit((campaign, person), given.get(&person), Some(facts));
        Ok(people.iter().map(|(person, facts)| (*person, permit(*person, facts))).collect())
    })
}

/// Whose leave does not stand any more, as the transaction sees it, and why.
///
/// # Errors
///
/// When the store can't be read.
pub(crate) fn taken_back<'a>(
    tx: &Transaction<'_>,
    campaign: CampaignId,
    permits: impl Iterator<Item = &'a Permit>,
) -> Result<BTreeMap<PersonId, Bar>> {
    let standing = Standing::read(tx, campaign)?;
    let given = rows::of_campaign(tx, campaign)?;
    let bar = |permit: &Permit| Some((permit.person, standing.taken_back(given.get(&permit.person))?));
    Ok(permits.filter_map(bar).collect())
}

impl Permit {
    /// The consent's number.
    pub(crate) const fn consent(&self) -> i64 {
        self.consent
    }

    /// Notes that a comparison was made by this leave, in the transaction that keeps it.
    ///
    /// # Errors
    ///
    /// `may-not-compare` when the leave was taken back meanwhile.
    pub fn note(&self, tx: &Transaction<'_>, comparison: ComparisonId) -> Result<()> {
        let last = rows::last(tx, self.campaign, self.person)?;
        match Standing::read(tx, self.campaign)?.taken_back(last.as_ref()) {
            Some(bar) => Err(refused(bar)),
            None => Ok(opening::note(tx, comparison, self.campaign, self.consent)?),
        }
    }
}

fn refused(bar: Bar) -> Error {
    Error::refused(ProblemCode::MayNotCompare, [("reason", word(&bar))])
}
