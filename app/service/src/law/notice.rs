//! What people are told before their faces are compared. A version, once published, stays as it is.

use api::ids::CampaignId;
use api::law::{Bar, Notice, NoticeText};
use api::{Flaw, ProblemCode, Right};
use archive::db::office::{notice as rows, opening};
use serde_json::json;
use sha2::{Digest as _, Sha256};

use super::written;
use crate::staff::Staff;
use crate::{Actor, Error, Office, Refusal as _, Result, audit, campaign, event, word};

/// The longest a part of a notice may be, characters.
const MOST: usize = 2000;

/// Publishes a further version of a campaign's notice. Where it changes what faces are used for, everybody is to be asked
/// again, and the assessment is to be written and signed anew.
///
/// # Errors
///
/// Without the right `manage_campaigns`; `not-found`; `bad-field` when a part says nothing, or all of it says what the
/// version before says; `no-ground` once comparing has ended.
pub fn publish(office: &Office, actor: &Actor, id: CampaignId, text: &NoticeText) -> Result<Notice> {
    actor.may(Right::ManageCampaigns)?;
    campaign::find(office, id)?;
    let text = checked(text)?;
    let canonical = ledger::json::canonical(&text).or_failed("write a notice")?;
    office.office.write(|tx| -> Result<Notice> {
        if opening::get(tx, id)?.is_some_and(|opening| opening.end.is_some()) {
            return Err(Error::refused(ProblemCode::NoGround, [("reason", word(&Bar::ComparingEnded))]));
        }
        let before = rows::of(tx, id)?;
        let row = rows::Notice {
            campaign: id,
            version: before.last().map_or(1, |last| last.version + 1),
            text: String::from_utf8(canonical.clone()).or_failed("write a notice")?,
            sha256: hex::encode(Sha256::digest(&canonical)),
            by: actor.user,
            by_name: actor.account.clone(),
            at: crate::dossier::now(),
        };
        if before.last().is_some_and(|last| last.sha256 == row.sha256) {
            return Err(Error::bad_field("notice", Flaw::SameAsBefore));
        }
        rows::insert(tx, &row)?;
        let detail = json!({ "version": row.version, "sha256": row.sha256 });
        event::queue(tx, actor, "notice.published", id, &row.version.to_string(), &detail)?;
        audit::record_in(tx, actor, "notice.publish", Some(&id.to_string()), true)?;
        to_api(row, &Staff::read(tx)?)
    })
}

fn checked(text: &NoticeText) -> Result<NoticeText> {
    Ok(NoticeText {
        contact: written("contact", &text.contact, MOST)?,
        purpose: written("purpose", &text.purpose, MOST)?,
        method: written("method", &text.method, MOST)?,
        kinds: written("kinds", &text.kinds, MOST)?,
        retention: written("retention", &text.retention, MOST)?,
        necessity: written("necessity", &text.necessity, MOST)?,
        rights: written("rights", &text.rights, MOST)?,
    })
}

pub(super) fn to_api(row: rows::Notice, staff: &Staff) -> Result<Notice> {
    Ok(Notice {
        version: row.version,
        text: serde_json::from_str(&row.text).or_failed("read a notice")?,
        sha256: row.sha256,
        by: staff.name(&row.by_name),
        at: row.at,
    })
}
