//! Opening a case: who speaks for whom, and what is to be deleted.

use std::sync::Arc;

use api::deletion::{Case, NewCase};
use api::ids::{CaseId, DeliveryId, UserId};
use api::{Flaw, ProblemCode, Right, Role as Office_};
use archive::db::catalog::photo;
use archive::db::office::{deletion as rows, delivery as deliveries, user};
use archive::deletion;
use archive::delivery::State;
use handshake::bytes::Salt;
use handshake::keys::PublicKey;
use handshake::objects::{Object, ObjectId};
use handshake::policy::{Officer, Organisation, Policy, PolicyTerms};
use ledger::from_base64;

use super::working::{Kept, Working, boot, now, phase_word};
use super::{broken, to_api};
use crate::{Actor, Error, Office, Refusal as _, Result, account, audit, delivery, event, vendor, word};

/// Opens the case of an accepted delivery. The opener is one of its two officers; the other is whoever of the other
/// office took part in accepting the delivery, or else the first account of that office.
///
/// # Errors
///
/// Without the right `manage_deletions`; `not-found`; `wrong-state` when the delivery is not accepted, has a case, or
/// left no photo in the archive; `bad-field` when nobody holds one of the two offices.
pub fn open(office: &Office, actor: &Actor, new: &NewCase) -> Result<Case> {
    actor.may(Right::ManageDeletions)?;
    let delivery = delivery::row(office, new.delivery)?;
    let objects = objects(office, &delivery)?;
    if delivery.state != State::Accepted || objects.is_empty() {
        return Err(wrong_state(delivery.id, delivery.state.word()));
    }
    let policy = Arc::new(policy(office, actor, &delivery)?);
    let case = deletion::Case::open(policy, objects, boot()).or_failed("open a deletion")?;
    let row = rows::Case {
        id: CaseId::new(),
        delivery: delivery.id,
        vendor: delivery.vendor,
        state: phase_word(case.state().phase()),
        opened: now(),
        opened_by: actor.user,
        session: Kept::text(&case, None)?,
        certificate: None,
    };
    office.office.write(|tx| -> Result<()> {
        if rows::of_delivery(tx, delivery.id)?.is_some() {
            return Err(wrong_state(delivery.id, "in a deletion case already"));
        }
        rows::insert(tx, &row)?;
        let detail =
            serde_json::json!({ "delivery": delivery.id, "session": case.state().session().to_string() });
        event::queue(tx, actor, "deletion.opened", row.id, "", &detail)?;
        audit::record_in(tx, actor, "deletion.open", Some(&row.id.to_string()), true)
    })?;
    tracing::info!(case.id = %row.id, delivery.id = %delivery.id, "Opened {} for {}.", row.id, delivery.id);
    to_api::case(&Working::look(office, row)?)
}

/// Every photo that came with the delivery, as the archive keeps it.
fn objects(office: &Office, delivery: &deliveries::Delivery) -> Result<Vec<Object>> {
    let photos = office.catalog.read(|conn| photo::of_delivery(conn, delivery.id))?;
    let object = |photo: archive::dossier::Photo| {
        Ok(Object {
            id: ObjectId::new(photo.id.to_string()).map_err(broken)?,
            sha256: photo.sha256.parse().map_err(broken)?,
            len: photo.bytes,
            salt: Salt::from_bytes(rand::random()),
        })
    };
    photos.into_iter().map(|(_, photo)| object(photo)).collect()
}

/// Who speaks for whom. No witness is configured at this stage, and the policy says so.
fn policy(office: &Office, actor: &Actor, delivery: &deliveries::Delivery) -> Result<Policy> {
    let (registrar, it) = (
        officer(office, actor, delivery, Office_::Registrar)?,
        officer(office, actor, delivery, Office_::It)?,
    );
    if registrar.id == it.id {
        return Err(Error::refused(ProblemCode::SamePerson, []));
    }
    let vendor = vendor::get(office, delivery.vendor)?;
    let terms = PolicyTerms {
        v: 1,
        school: Organisation {
            name: office.school.clone(),
            key: PublicKey::from(office.keys.school.verifying_key()),
        },
        registrar: signatory(office, registrar, "教务 (registrar)")?,
        it: signatory(office, it, "信息 (IT)")?,
        vendor: Organisation { name: vendor.name, key: public(&vendor.agent_key)? },
        legal: Officer {
            name: vendor.legal_name,
            title: "法定代表 (legal signatory)".to_owned(),
            key: public(&vendor.legal_key)?,
        },
        ledger: format!("log {}\nquorum none\n", crate::ledger::verifier_key(office)?),
    };
    Policy::new(terms).or_failed("agree on who signs a deletion")
}

/// Who signs for an office of the school.
fn officer(
    office: &Office,
    actor: &Actor,
    delivery: &deliveries::Delivery,
    role: Office_,
) -> Result<user::User> {
    let signed = [
        delivery.proposal.as_ref().map(|proposal| proposal.signed.by),
        delivery.confirmation.as_ref().map(|signed| signed.by),
    ];
    let first: Vec<UserId> = std::iter::once(actor.user).chain(signed.into_iter().flatten()).collect();
    let rank = |user: &user::User| first.iter().position(|id| *id == user.id).unwrap_or(first.len());
    let accounts = office.office.read(user::all)?;
    let held = |user: &user::User| user.active && user.roles.contains(&word(&role));
    let found = accounts.into_iter().filter(held).min_by_key(rank);
    found.ok_or_else(|| Error::bad_field("delivery", Flaw::NobodyInOffice { role: word(&role) }))
}

fn signatory(office: &Office, user: user::User, title: &str) -> Result<Officer> {
    let key = PublicKey::from_bytes(&account::officer_public(office, user.id)?);
    let key = key.ok_or_else(|| Error::failed("read an officer's key", "it is no Ed25519 key"))?;
    Ok(Officer { name: user.name, title: title.to_owned(), key })
}

fn public(text: &str) -> Result<PublicKey> {
    let bytes = from_base64(text).and_then(|bytes| <[u8; 32]>::try_from(bytes).ok());
    bytes
        .and_then(|bytes| PublicKey::from_bytes(&bytes))
        .ok_or_else(|| Error::failed("read a vendor's key", "it is no Ed25519 key"))
}

fn wrong_state(id: DeliveryId, state: &str) -> Error {
    let params = [("kind", DeliveryId::KIND.to_owned()), ("id", id.to_string()), ("state", state.to_owned())];
    Error::refused(ProblemCode::WrongState, params)
}
