//! The ground of a campaign as a whole: what is there, and what is missing.

use api::ids::CampaignId;
use api::law::{Act, Bar, Closing, ConsentCounts, Ground};
use archive::db::office::{assessment, campaign as rows, notice, opening, roster};

use super::gate::Standing;
use super::{assessment as assessments, consent, notice as notices};
use crate::staff::Staff;
use crate::{Actor, Office, Refusal as _, Result, campaign};

/// The ground on which a campaign compares faces.
///
/// # Errors
///
/// Without a right that has to do with campaigns; `not-found`.
pub fn get(office: &Office, actor: &Actor, id: CampaignId) -> Result<Ground> {
    actor.may_any(&campaign::READERS)?;
    campaign::find(office, id)?;
    let consents = counts(consent::bars(office, id)?.into_iter().map(|(_, _, bar)| bar));
    office.office.read(|conn| {
        let staff = Staff::read(conn)?;
        let standing = Standing::read(conn, id)?;
        let opening = opening::get(conn, id)?;
        let opened =
            opening.as_ref().map(|opening| Act { by: staff.name(&opening.opened_by), at: opening.opened });
        let end = opening.and_then(|opening| opening.end);
        let is_ending = end.as_ref().is_some_and(|end| end.closed.is_none());
        let closed = match end.as_ref().and_then(|end| Some((end, end.closed.as_ref()?))) {
            None => None,
            Some((end, (at, by))) => Some(Closing {
                act: Act { by: staff.name(by), at: *at },
                destroyed: serde_json::from_str(&end.destroyed).or_failed("read a closing")?,
            }),
        };
        let found = notice::of(conn, id)?.into_iter().rev();
        let assessed = assessment::of(conn, id)?.into_iter().rev();
        Ok(Ground {
            campaign: id,
            bar: standing.bar,
            notices: found.map(|row| notices::to_api(row, &staff)).collect::<Result<_>>()?,
            assessments: assessed
                .map(|row| assessments::to_api(row, &standing, &staff))
                .collect::<Result<_>>()?,
            opened,
            is_ending,
            closed,
            consents,
        })
    })
}

/// The campaigns that go on, have people on their roster, and compare nobody because part of their ground is missing; with when
/// each began.
///
/// # Errors
///
/// When the store can't be read.
pub(crate) fn wanting(office: &Office) -> Result<Vec<(CampaignId, jiff::Timestamp)>> {
    let today = jiff::Zoned::now().date();
    office.office.read(|conn| {
        let mut found = Vec::new();
        for campaign in rows::list(conn)?.into_iter().filter(|campaign| campaign.deliver_by >= today) {
            let bar = Standing::read(conn, campaign.id)?.bar;
            let is_missing = bar.is_some_and(|bar| bar != Bar::ComparingEnded);
            if is_missing && roster::count(conn, campaign.id)? > 0 {
                found.push((campaign.id, campaign.created));
            }
        }
        Ok(found)
    })
}

fn counts(bars: impl Iterator<Item = Option<Bar>>) -> ConsentCounts {
    let mut counts = ConsentCounts::default();
    for bar in bars {
        counts.roster += 1;
        match bar {
            None => counts.agreed += 1,
            Some(Bar::ConsentWithdrawn) => counts.withdrawn += 1,
            Some(Bar::NoConsent) => counts.none += 1,
            Some(_) => counts.ask_again += 1,
        }
    }
    counts
}
