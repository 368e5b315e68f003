//! Opening a campaign for comparing faces, and ending that for good.

use api::ids::CampaignId;
use api::law::{Bar, Destroyed, EndComparing, Ground};
use api::{Flaw, ProblemCode, Right};
use archive::db::office::{assessment, opening as rows};
use serde_json::json;

use super::gate::Standing;
use super::{ground, journal, key};
use crate::{Actor, Error, Office, Refusal as _, Result, audit, campaign, compare, event, word};

/// The note in the comparisons that the end leaves undecided.
const ENDED: &str = "comparing has ended";

/// What nobody can see from here, by stable words: what the volume keeps of overwritten blocks and earlier states, and
/// what was backed up before.
const DECLARED_ONLY: [&str; 2] = ["volume-copies", "backups"];

/// Opens a campaign for comparing faces, and makes its key.
///
/// # Errors
///
/// Without the right `manage_campaigns`; `not-found`; `no-ground` while a notice or a signed assessment of it is missing,
/// and once comparing has ended; `wrong-state` when it is open.
pub fn open(office: &Office, actor: &Actor, id: CampaignId) -> Result<Ground> {
    actor.may(Right::ManageCampaigns)?;
    campaign::find(office, id)?;
    ready(office.office.read(|conn| Standing::read(conn, id))?.bar, id)?;
    // The key first, then the row that counts on it.
    let key_sha256 = key::create(&office.paths.keys, id)?;
    office.office.write(|tx| -> Result<()> {
        let standing = Standing::read(tx, id)?;
        ready(standing.bar, id)?;
        let signed = assessment::of(tx, id)?.into_iter().rev().find(|row| row.signed.is_some());
        let signed = signed.ok_or_else(|| no_ground(Bar::NoAssessment))?;
        let opening = rows::Opening {
            campaign: id,
            assessment: signed.number,
            opened: crate::dossier::now(),
            opened_by: actor.account.clone(),
            key_sha256: key_sha256.clone(),
            end: None,
        };
        rows::insert(tx, &opening)?;
        let detail =
            json!({ "assessment": signed.number, "digest": signed.digest, "key_sha256": key_sha256 });
        event::queue(tx, actor, "campaign.comparing_opened", id, "", &detail)?;
        audit::record_in(tx, actor, "comparing.open", Some(&id.to_string()), true)
    })?;
    ground::get(office, actor, id)
}

/// Whether a campaign with this bar is to be opened and nothing else.
fn ready(bar: Option<Bar>, id: CampaignId) -> Result<()> {
    match bar {
        Some(Bar::NotOpened) => Ok(()),
        Some(bar) => Err(no_ground(bar)),
        None => Err(wrong_state(id, "open")),
    }
}

/// Ends comparing faces in a campaign: what waits for a decision is left to a person, pixels and key are destroyed, and
/// the ledger learns what was. Asked for once more, it goes on where a crash has ended it.
///
/// # Errors
///
/// Without the right `manage_campaigns`; `not-found`; `bad-field` when the name is not the campaign's; `wrong-state` when
/// it was never opened or is closed already.
pub fn end(office: &Office, actor: &Actor, id: CampaignId, request: &EndComparing) -> Result<Ground> {
    actor.may(Right::ManageCampaigns)?;
    let campaign = campaign::find(office, id)?;
    if request.name.trim() != campaign.name {
        return Err(Error::bad_field("campaign_name", Flaw::NotTheName));
    }
    // From here on nothing is compared, whatever happens below.
    let probes = office.office.write(|tx| begin(office, tx, actor, id))?;
    for probe in probes {
        compare::remove_pixels(office, &probe)?;
    }
    journal::forget(office, id)?;
    key::destroy(&office.paths.keys, id)?;
    office.office.write(|tx| -> Result<()> {
        let end = rows::get(tx, id)?.and_then(|opening| opening.end);
        let end = end.ok_or_else(|| wrong_state(id, "not opened"))?;
        if !rows::close(tx, id, crate::dossier::now(), &actor.account)? {
            return Err(wrong_state(id, "closed"));
        }
        let destroyed: Destroyed =
            serde_json::from_str(&end.destroyed).or_failed("read what was destroyed")?;
        event::queue(tx, actor, "campaign.comparing_ended", id, "", &destroyed)?;
        audit::record_in(tx, actor, "comparing.end", Some(&id.to_string()), true)
    })?;
    ground::get(office, actor, id)
}

/// Bars the campaign and lets go of its probes. Returns the files their pixels are in; of an end that has begun before,
/// what it left behind.
fn begin(
    office: &Office,
    tx: &archive::db::Transaction<'_>,
    actor: &Actor,
    id: CampaignId,
) -> Result<Vec<String>> {
    let opening = rows::get(tx, id)?.ok_or_else(|| wrong_state(id, "not opened"))?;
    match opening.end {
        Some(end) if end.closed.is_some() => return Err(wrong_state(id, "closed")),
        Some(end) => {
            let left: Begun =
                serde_json::from_str(&end.destroyed).or_failed("read what is to be destroyed")?;
            return Ok(left.files);
        }
        None => {}
    }
    let (mut files, mut comparisons) = (Vec::new(), 0);
    for (comparison, _) in rows::undecided(tx, id)? {
        files.extend(compare::leave_to_hand(tx, actor, comparison, ENDED)?);
        comparisons += 1;
    }
    let begun = Begun {
        destroyed: Destroyed {
            key_sha256: opening.key_sha256,
            probes: files.len() as u64,
            comparisons,
            templates: journal::templates(office, id)?,
            declared_only: DECLARED_ONLY.map(str::to_owned).to_vec(),
        },
        files: files.clone(),
    };
    let text = serde_json::to_string(&begun).or_failed("write what is to be destroyed")?;
    rows::begin_end(tx, id, crate::dossier::now(), &text)?;
    Ok(files)
}

/// What an end destroys, and the names of the files it has to remove: they name nobody.
#[derive(serde::Serialize, serde::Deserialize)]
struct Begun {
    #[serde(flatten)]
    destroyed: Destroyed,
    #[serde(default)]
    files: Vec<String>,
}

fn no_ground(bar: Bar) -> Error {
    Error::refused(ProblemCode::NoGround, [("reason", word(&bar))])
}

fn wrong_state(id: CampaignId, state: &str) -> Error {
    let params = [("kind", CampaignId::KIND.to_owned()), ("id", id.to_string()), ("state", state.to_owned())];
    Error::refused(ProblemCode::WrongState, params)
}
