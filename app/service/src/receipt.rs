//! Receipts: what the school has accepted, signed by the school and anchored in the ledger.

use api::delivery::Receipt;
use api::ids::DeliveryId;
use api::{ProblemCode, Right};
use archive::db::office::{delivery as rows, event as events};
use archive::delivery::{Opening, SignedStatement};
use ledger::{OfflineProof, to_base64};
use serde::{Deserialize, Serialize};

use crate::{Actor, Error, Office, Refusal as _, Result, delivery};

/// The kind of the event that anchors a receipt.
pub(crate) const ACCEPTED: &str = "delivery.accepted";

/// A receipt as it is kept: without the ledger's proof, which comes later and may be asked for anew.
#[derive(Debug, Serialize, Deserialize)]
struct Kept {
    statement: String,
    signature: String,
    public_key: String,
}

/// Returns the receipt of an accepted delivery.
///
/// # Errors
///
/// Without the right `read_deliveries`; `not-found`; `wrong-state` before the delivery is accepted.
pub fn get(office: &Office, actor: &Actor, id: DeliveryId) -> Result<Receipt> {
    actor.may(Right::ReadDeliveries)?;
    let row = delivery::row(office, id)?;
    of(office, &row)?.ok_or_else(|| {
        let state = row.state.word().to_owned();
        let params = [("kind", DeliveryId::KIND.to_owned()), ("id", id.to_string()), ("state", state)];
        Error::refused(ProblemCode::WrongState, params)
    })
}

/// The receipt of a delivery, once it is accepted, with a fresh proof that its leaf is in the ledger.
pub(crate) fn of(office: &Office, row: &rows::Delivery) -> Result<Option<Receipt>> {
    let Some(kept) = &row.receipt else { return Ok(None) };
    let kept: Kept = serde_json::from_str(kept).or_failed("read a receipt")?;
    let subject = row.id.to_string();
    let queued = office.office.read(|conn| events::by_key(conn, ACCEPTED, &subject, ""))?;
    let Some(queued) = queued else { return Ok(None) };
    let event = crate::ledger::to_log(&queued.event);
    let text = event.canonical().or_failed("write an event")?;
    let text = String::from_utf8(text).or_failed("write an event")?;
    let opening = Opening { kind: event.kind, salt: hex::encode(event.salt), event: text };
    let proof = crate::ledger::proof_of(office, ACCEPTED, &subject, "")?;
    let mut proof: OfflineProof = proof.parse().or_failed("read a proof")?;
    proof.extra = Some(opening.to_string().into_bytes());
    Ok(Some(Receipt {
        statement: kept.statement,
        signature: kept.signature,
        public_key: kept.public_key,
        proof: proof.to_string(),
    }))
}

/// The receipt as it is kept in the archive and the office: JSON.
pub(crate) fn document(office: &Office, signed: &SignedStatement) -> Result<Vec<u8>> {
    let kept = Kept {
        statement: signed.statement.clone(),
        signature: to_base64(&signed.signature),
        public_key: to_base64(office.keys.school.verifying_key().as_bytes()),
    };
    serde_json::to_vec_pretty(&kept).or_failed("write a receipt")
}
