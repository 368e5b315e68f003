//! The impact assessment (个人信息保护影响评估) without which no campaign compares faces. One person writes it, another
//! signs it.

use api::ids::CampaignId;
use api::law::{Assessment, AssessmentText, Bar, NewAssessment, SignAssessment, Signed};
use api::{Flaw, ProblemCode, Right};
use archive::db::office::{assessment as rows, notice, opening};
use ed25519_dalek::Signer as _;
use fs_err as fs;
use serde::Serialize;
use serde_json::json;
use sha2::{Digest as _, Sha256};

use super::gate::Standing;
use super::written;
use crate::staff::Staff;
use crate::{Actor, Error, Office, Refusal as _, Result, account, audit, campaign, event, upload, word};

/// The longest a part may be, characters.
const MOST: usize = 4000;

/// The largest document, bytes.
const MOST_BYTES: u64 = 16 << 20;

/// What begins every PDF (ISO 32000-2, 7.5.2).
const PDF: &[u8] = b"%PDF-";

/// What is signed: its SHA-256 as canonical JSON is the digest.
#[derive(Serialize)]
struct Statement<'a> {
    campaign: CampaignId,
    number: u32,
    notice: u32,
    notice_sha256: &'a str,
    text: Option<&'a AssessmentText>,
    document_sha256: Option<String>,
}

/// Puts an assessment of the newest notice in. An uploaded document is taken over, and the upload is gone.
///
/// # Errors
///
/// Without the right `manage_campaigns`; `not-found`; `bad-field` with neither text nor document, or with a document that
/// is no PDF or larger than 16 MiB; `no-ground` without a notice, or once comparing has ended.
pub fn write(office: &Office, actor: &Actor, id: CampaignId, new: &NewAssessment) -> Result<Assessment> {
    actor.may(Right::ManageCampaigns)?;
    campaign::find(office, id)?;
    let text = new.text.as_ref().map(checked).transpose()?;
    let document = match new.document {
        Some(upload) => Some(document_of(&upload::find(office, actor, upload)?)?),
        None => None,
    };
    if text.is_none() && document.is_none() {
        return Err(Error::bad_field("assessment", Flaw::NeitherTextNorDocument));
    }
    let kept = office.office.write(|tx| -> Result<Assessment> {
        if opening::get(tx, id)?.is_some_and(|opening| opening.end.is_some()) {
            return Err(no_ground(Bar::ComparingEnded));
        }
        let notice = notice::of(tx, id)?.pop().ok_or_else(|| no_ground(Bar::NoNotice))?;
        let number = rows::of(tx, id)?.last().map_or(1, |last| last.number + 1);
        let statement = Statement {
            campaign: id,
            number,
            notice: notice.version,
            notice_sha256: &notice.sha256,
            text: text.as_ref(),
            document_sha256: document.as_ref().map(|bytes| hex::encode(Sha256::digest(bytes))),
        };
        let canonical = ledger::json::canonical(&statement).or_failed("write an assessment")?;
        let row = rows::Assessment {
            campaign: id,
            number,
            notice: notice.version,
            text: text.as_ref().map(serde_json::to_string).transpose().or_failed("write an assessment")?,
            has_document: document.is_some(),
            digest: hex::encode(Sha256::digest(canonical)),
            by: actor.user,
            by_name: actor.account.clone(),
            at: crate::dossier::now(),
            signed: None,
        };
        rows::insert(tx, &row, document.as_deref())?;
        let detail = json!({ "number": number, "notice": row.notice, "digest": row.digest });
        event::queue(tx, actor, "assessment.written", id, &number.to_string(), &detail)?;
        audit::record_in(tx, actor, "assessment.write", Some(&id.to_string()), true)?;
        to_api(row, &Standing::read(tx, id)?, &Staff::read(tx)?)
    })?;
    if let Some(upload) = new.document {
        upload::remove(office, upload)?;
    }
    Ok(kept)
}

/// Signs an assessment with the account's own key.
///
/// # Errors
///
/// Without the right `sign_assessments`; `bad-credentials`; `not-found`; `same-person` for whoever put it in;
/// `wrong-state` when it is signed already; `no-ground` when the notice says something else by now.
pub fn sign(
    office: &Office,
    actor: &Actor,
    id: CampaignId,
    number: u32,
    request: &SignAssessment,
) -> Result<Assessment> {
    actor.may(Right::SignAssessments)?;
    let found = find(office, id, number)?;
    if found.by == actor.user {
        return Err(Error::refused(ProblemCode::SamePerson, []));
    }
    let key = account::officer_key(office, actor, &request.password)?;
    let signed = rows::Signed {
        by: actor.user,
        by_name: actor.account.clone(),
        at: crate::dossier::now(),
        public_key: ledger::to_base64(key.verifying_key().as_bytes()),
        signature: ledger::to_base64(&key.sign(signed_text(&found.digest).as_bytes()).to_bytes()),
    };
    office.office.write(|tx| -> Result<Assessment> {
        let standing = Standing::read(tx, id)?;
        if standing.bar == Some(Bar::ComparingEnded) {
            return Err(no_ground(Bar::ComparingEnded));
        }
        if standing.is_outdated(found.notice) {
            return Err(no_ground(Bar::AssessmentOutdated));
        }
        if !rows::sign(tx, id, number, &signed)? {
            let params = [
                ("kind", "assessment".to_owned()),
                ("id", number.to_string()),
                ("state", "signed".to_owned()),
            ];
            return Err(Error::refused(ProblemCode::WrongState, params));
        }
        let detail = json!({
            "number": number, "notice": found.notice, "digest": found.digest, "public_key": signed.public_key,
            "signature": signed.signature,
        });
        event::queue(tx, actor, "assessment.signed", id, &number.to_string(), &detail)?;
        audit::record_in(tx, actor, "assessment.sign", Some(&id.to_string()), true)?;
        let row = rows::Assessment { signed: Some(signed.clone()), ..found.clone() };
        to_api(row, &Standing::read(tx, id)?, &Staff::read(tx)?)
    })
}

/// The document of an assessment.
///
/// # Errors
///
/// Without a right that has to do with campaigns; `not-found`, also when all of it is written here.
pub fn document(office: &Office, actor: &Actor, id: CampaignId, number: u32) -> Result<Vec<u8>> {
    actor.may_any(&campaign::READERS)?;
    find(office, id, number)?;
    let found = office.office.read(|conn| rows::document(conn, id, number))?;
    found.ok_or_else(|| Error::not_found("document", number))
}

/// What the key signs: it can't be taken for a message of a deletion case.
fn signed_text(digest: &str) -> String {
    format!("xuecang.assessment/1 {digest}")
}

fn find(office: &Office, id: CampaignId, number: u32) -> Result<rows::Assessment> {
    let all = office.office.read(|conn| rows::of(conn, id))?;
    let found = all.into_iter().find(|row| row.number == number);
    found.ok_or_else(|| Error::not_found("assessment", number))
}

fn checked(text: &AssessmentText) -> Result<AssessmentText> {
    Ok(AssessmentText {
        necessity: written("necessity", &text.necessity, MOST)?,
        impact: written("impact", &text.impact, MOST)?,
        risk: written("risk", &text.risk, MOST)?,
        measures: written("measures", &text.measures, MOST)?,
    })
}

fn document_of(kept: &upload::Kept) -> Result<Vec<u8>> {
    if kept.bytes > MOST_BYTES {
        return Err(Error::refused(ProblemCode::TooLarge, [("limit_bytes", MOST_BYTES.to_string())]));
    }
    let bytes = fs::read(&kept.path).or_failed("read an assessment's document")?;
    if bytes.starts_with(PDF) { Ok(bytes) } else { Err(Error::bad_field("document", Flaw::NotPdf)) }
}

fn no_ground(bar: Bar) -> Error {
    Error::refused(ProblemCode::NoGround, [("reason", word(&bar))])
}

pub(super) fn to_api(row: rows::Assessment, standing: &Standing, staff: &Staff) -> Result<Assessment> {
    let text = row.text.as_deref().map(serde_json::from_str).transpose().or_failed("read an assessment")?;
    Ok(Assessment {
        holds: row.signed.is_some() && !standing.is_outdated(row.notice),
        number: row.number,
        notice: row.notice,
        text,
        has_document: row.has_document,
        digest: row.digest,
        by: staff.name(&row.by_name),
        at: row.at,
        signed: row.signed.map(|signed| Signed {
            by: staff.name(&signed.by_name),
            at: signed.at,
            public_key: signed.public_key,
            signature: signed.signature,
        }),
    })
}
