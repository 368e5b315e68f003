//! The guardian of somebody under 14: sealed, since `office.db` names nobody.

use api::ids::{CampaignId, PersonId};
use api::law::Guardian;
use sha2::{Digest as _, Sha256};

use crate::keys::Secret;
use crate::{Office, Refusal as _, Result, seal, stated};

/// Seals a guardian's name and relationship.
///
/// # Errors
///
/// `bad-field` when one of them says nothing.
pub(super) fn seal(
    office: &Office,
    campaign: CampaignId,
    person: PersonId,
    guardian: &Guardian,
) -> Result<Vec<u8>> {
    let guardian = Guardian {
        name: stated("guardian", &guardian.name)?,
        relationship: stated("relationship", &guardian.relationship)?,
    };
    let text = serde_json::to_vec(&guardian).or_failed("write a guardian down")?;
    seal::seal(&key(office), context(campaign, person).as_bytes(), &text).or_failed("seal a guardian")
}

/// Opens what [`seal()`] sealed.
///
/// # Errors
///
/// When the bytes are not what was sealed.
pub(super) fn open(
    office: &Office,
    campaign: CampaignId,
    person: PersonId,
    sealed: &[u8],
) -> Result<Guardian> {
    let text = seal::open(&key(office), context(campaign, person).as_bytes(), sealed);
    let text = text.ok_or("it is not what was sealed").or_failed("read a guardian")?;
    serde_json::from_slice(&text).or_failed("read a guardian")
}

/// A key of its own for guardians, out of the office's.
fn key(office: &Office) -> Secret {
    let mut digest = Sha256::new();
    digest.update(b"xuecang.guardian/1");
    digest.update(office.keys.office.bytes());
    Secret::from_bytes(digest.finalize().into())
}

fn context(campaign: CampaignId, person: PersonId) -> String {
    format!("guardian of {person} in {campaign}")
}
