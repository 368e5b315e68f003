//! People of other campaigns whom a cohort's people were compared with.

use ids::{CampaignId, CohortId, PersonId};
use rusqlite::{Connection, Transaction, named_params};

/// Somebody who was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Other {
    /// The person.
    pub person: PersonId,
    /// The campaign in which they agreed.
    pub campaign: CampaignId,
    /// The number of that consent.
    pub consent: i64,
}

/// Keeps one.
pub fn insert(tx: &Transaction<'_>, cohort: CohortId, other: &Other) -> rusqlite::Result<()> {
    tx.prepare_cached(
        "INSERT INTO cohort_other (cohort, person, campaign, consent)
         VALUES (:cohort, :person, :campaign, :consent)",
    )?
    .execute(named_params! {
        ":cohort": cohort, ":person": other.person, ":campaign": other.campaign, ":consent": other.consent,
    })?;
    Ok(())
}

/// The cohorts in which somebody was so by their consent to that campaign.
pub fn cohorts_of(
    conn: &Connection,
    campaign: CampaignId,
    person: PersonId,
) -> rusqlite::Result<Vec<CohortId>> {
    conn.prepare_cached(
        "SELECT cohort FROM cohort_other WHERE campaign = :campaign AND person = :person ORDER BY cohort",
    )?
    .query_map(named_params! {":campaign": campaign, ":person": person}, |row| row.get(0))?
    .collect()
}

/// Takes somebody out of a cohort, with every look-alike of theirs.
pub fn remove(tx: &Transaction<'_>, cohort: CohortId, person: PersonId) -> rusqlite::Result<()> {
    let of = named_params! {":cohort": cohort, ":person": person};
    tx.execute("DELETE FROM cohort_other WHERE cohort = :cohort AND person = :person", of)?;
    tx.execute("DELETE FROM cohort_alike WHERE cohort = :cohort AND other = :person", of)?;
    Ok(())
}
