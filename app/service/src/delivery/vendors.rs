//! Deliveries as their vendor sees them: by token, never by person.

use api::delivery::DeliveryState;
use api::ids::DeliveryId;
use api::vendor::{Defect, VendorDelivery};
use archive::db::office::{delivery as rows, item};
use archive::delivery::State;

use super::to_api;
use crate::{Error, Office, Result, receipt, vendor};

/// Lists a vendor's deliveries, newest first. Defects and receipts come with each one alone.
///
/// # Errors
///
/// `client-certificate-required`.
pub fn deliveries_of(office: &Office, fingerprint: &str) -> Result<Vec<VendorDelivery>> {
    let vendor = vendor::connected(office, fingerprint)?;
    let found = office.office.read(|conn| rows::of_vendor(conn, vendor.id))?;
    found.iter().map(|row| Ok(shown(row, to_api::state(row.state)?))).collect()
}

/// Returns one of a vendor's deliveries: what must be put right once checked, the receipt once accepted.
///
/// # Errors
///
/// `client-certificate-required`; `not-found`, also for another vendor's.
pub fn delivery_of(office: &Office, fingerprint: &str, id: DeliveryId) -> Result<VendorDelivery> {
    let row = own(office, fingerprint, id)?;
    let mut seen = shown(&row, to_api::state(row.state)?);
    seen.defects = defects(office, &row)?;
    seen.receipt = if row.state == State::Accepted { receipt::of(office, &row)? } else { None };
    Ok(seen)
}

/// One of a vendor's own deliveries.
pub(super) fn own(office: &Office, fingerprint: &str, id: DeliveryId) -> Result<rows::Delivery> {
    let vendor = vendor::connected(office, fingerprint)?;
    office
        .office
        .read(|conn| rows::get(conn, id))?
        .filter(|row| row.vendor == vendor.id)
        .ok_or_else(|| Error::not_found(DeliveryId::KIND, id))
}

fn shown(row: &rows::Delivery, state: DeliveryState) -> VendorDelivery {
    VendorDelivery {
        id: row.id,
        campaign: row.campaign,
        round: row.round,
        state,
        defects: Vec::new(),
        receipt: None,
    }
}

/// What must be put right. A parcel that was refused as a whole has one defect without a token.
fn defects(office: &Office, row: &rows::Delivery) -> Result<Vec<Defect>> {
    let items = office.office.read(|conn| item::all(conn, row.id))?;
    if items.is_empty() && row.state == State::Rejected {
        let codes =
            row.reject_reason.iter().flat_map(|reason| reason.split(", ")).map(str::to_owned).collect();
        return Ok(vec![Defect {
            token: String::new(),
            group: "wrong".to_owned(),
            codes,
            files: to_api::reject_files(row).unwrap_or_default(),
        }]);
    }
    // That no token was issued is the school's affair.
    let concerns = |item: &&item::Item| !item.state.is_acceptable() && item.token.is_some();
    items.iter().filter(concerns).map(defect).collect()
}

fn defect(item: &item::Item) -> Result<Defect> {
    let failed = |finding: &api::delivery::Finding| finding.status == "failed" && finding.severity == "block";
    let codes = to_api::findings(item)?.into_iter().filter(failed).map(|finding| finding.code).collect();
    let token = item.token.clone().unwrap_or_default();
    Ok(Defect { token, group: item.state.word().to_owned(), codes, files: Vec::new() })
}
