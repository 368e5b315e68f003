//! People of other campaigns, whom a cohort's people are compared with: one face under two names may be years apart.
//!
//! - Only those whose own campaign lets them be compared now, by their own consent to it. Whether that campaign's notice speaks
//!   of this, whoever starts the cohort says by naming it.
//! - Their templates live while the job runs, and lie sealed under their own campaign's key.

use std::collections::BTreeSet;

use api::Right;
use api::cohort::OtherCampaign;
use api::ids::{CampaignId, PersonId};
use archive::db::office::campaign as rows;

use crate::law::gate::{self, Listed};
use crate::{Actor, Office, Result, campaign};

/// The campaigns whose people a campaign's can be compared with, newest first.
///
/// # Errors
///
/// Without the right `compare`; `not-found`.
pub fn campaigns(office: &Office, actor: &Actor, id: CampaignId) -> Result<Vec<OtherCampaign>> {
    actor.may(Right::Compare)?;
    campaign::find(office, id)?;
    let own = roster(office, id)?;
    let mut found = Vec::new();
    for other in office.office.read(rows::list)?.into_iter().filter(|other| other.id != id) {
        if gate::campaign_bar(office, other.id)?.is_none() {
            let people = people(office, other.id, &own)?.len() as u64;
            found.push(OtherCampaign { campaign: other.id, name: other.name, people });
        }
    }
    Ok(found)
}

/// Who of another campaign may be compared, but for those who are of the cohort themselves.
///
/// # Errors
///
/// When a store can't be read.
pub(super) fn people(office: &Office, other: CampaignId, own: &BTreeSet<PersonId>) -> Result<Vec<Listed>> {
    let mut listed = gate::of_roster(office, other)?;
    listed.retain(|(person, permit)| permit.is_ok() && !own.contains(person));
    Ok(listed)
}

/// Everybody on a roster.
fn roster(office: &Office, id: CampaignId) -> Result<BTreeSet<PersonId>> {
    Ok(office.office.read(|conn| archive::db::office::roster::people(conn, id))?.into_iter().collect())
}
