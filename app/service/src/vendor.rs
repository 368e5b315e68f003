//! Vendors: registered by the school with a certificate of its own, let in by that certificate's fingerprint.
//!
//! A certificate is good only as long as its vendor is active in the table: revoking takes effect with the next request.

use api::ids::VendorId;
use api::vendor::{Enrolment, NewVendor, Vendor, VendorCampaign};
use api::{Flaw, ProblemCode, Right};
use archive::db::office::{campaign, token, vendor as rows};
use jiff::Timestamp;
use ledger::{from_base64, to_base64};
use openssl::{
    hash::MessageDigest,
    nid::Nid,
    pkey::{Id, PKey, Public},
    x509::{X509, X509Req},
};

use crate::authority::{Authority, Usage};
use crate::{Actor, Error, Office, Refusal as _, Result, audit, event};

/// Days a vendor's certificate is valid: a contract's two years.
const CERTIFICATE_DAYS: u32 = 730;

/// The longest name of a vendor or a signatory, characters.
const NAME_LIMIT: usize = 200;

/// Registers a vendor: signs its certificate request and says what its agent needs to connect.
///
/// # Errors
///
/// Without the right `manage_vendors`; `bad-field`; `bad-certificate-request`.
pub fn register(office: &Office, actor: &Actor, new: &NewVendor) -> Result<Enrolment> {
    actor.may(Right::ManageVendors)?;
    let (name, legal_name) = (name("vendor_name", &new.name)?, name("legal_name", &new.legal_name)?);
    let agent_key = handshake_key("agent_key", &new.agent_key)?;
    let legal_key = handshake_key("legal_key", &new.legal_key)?;
    if agent_key == legal_key {
        return Err(Error::bad_field("legal_key", Flaw::SameKey));
    }
    let key = requested_key(&new.csr).map_err(bad_request)?;
    let id = VendorId::new();
    let certificate = authority(office)?
        .issue(&id.to_string(), &key, Usage::Client, CERTIFICATE_DAYS)
        .or_failed("issue a vendor's certificate")?;
    let row = rows::Vendor {
        id,
        name,
        legal_name,
        agent_key: new.agent_key.clone(),
        legal_key: new.legal_key.clone(),
        certificate: pem(&certificate)?,
        fingerprint: fingerprint(&certificate)?,
        expires: expires(&certificate)?,
        created: Timestamp::now(),
        active: true,
    };
    office.office.write(|tx| -> Result<()> {
        rows::insert(tx, &row)?;
        let detail = serde_json::json!({ "fingerprint": row.fingerprint });
        event::queue(tx, actor, "vendor.registered", id, "", &detail)?;
        audit::record_in(tx, actor, "vendor.register", Some(&id.to_string()), true)
    })?;
    tracing::info!(vendor.id = %id, "Registered {id}.");
    to_enrolment(office, &row)
}

/// Lists vendors, by name.
///
/// # Errors
///
/// Without a right that has to do with vendors.
pub fn list(office: &Office, actor: &Actor) -> Result<Vec<Vendor>> {
    actor.may_any(&[Right::ManageVendors, Right::ManageCampaigns, Right::ReadDeliveries])?;
    Ok(office.office.read(rows::list)?.iter().map(to_api).collect())
}

/// Says again what a vendor's agent needs to connect.
///
/// # Errors
///
/// Without the right `manage_vendors`; `not-found`.
pub fn enrolment(office: &Office, actor: &Actor, id: VendorId) -> Result<Enrolment> {
    actor.may(Right::ManageVendors)?;
    to_enrolment(office, &get(office, id)?)
}

/// Takes away a vendor's access, from its next request on. What it delivered stays.
///
/// # Errors
///
/// Without the right `manage_vendors`; `not-found`; `wrong-state` when it was done before.
pub fn revoke(office: &Office, actor: &Actor, id: VendorId) -> Result<Vendor> {
    actor.may(Right::ManageVendors)?;
    let row = office.office.write(|tx| -> Result<_> {
        let row = rows::get(tx, id)?.ok_or_else(|| Error::not_found(VendorId::KIND, id))?;
        if !row.active {
            return Err(wrong_state(id, "revoked"));
        }
        rows::set_active(tx, id, false)?;
        let detail = serde_json::json!({ "fingerprint": row.fingerprint });
        event::queue(tx, actor, "vendor.revoked", id, "", &detail)?;
        audit::record_in(tx, actor, "vendor.revoke", Some(&id.to_string()), true)?;
        Ok(rows::Vendor { active: false, ..row })
    })?;
    tracing::info!(vendor.id = %id, "Revoked {id}.");
    Ok(to_api(&row))
}

/// The vendor behind a connection of the vendors' port, by the fingerprint of the certificate it showed.
///
/// # Errors
///
/// `client-certificate-required` when no active vendor has this certificate.
pub fn connected(office: &Office, fingerprint: &str) -> Result<rows::Vendor> {
    office
        .office
        .read(|conn| rows::by_fingerprint(conn, fingerprint))?
        .filter(|vendor| vendor.active && vendor.expires > Timestamp::now())
        .ok_or_else(|| Error::refused(ProblemCode::ClientCertificateRequired, []))
}

/// The vendor whose certificate this is, as somebody who acts, whether or not it may still connect; nobody if no vendor
/// has such a certificate.
///
/// # Errors
///
/// When the store can't be read.
pub fn whose(office: &Office, fingerprint: &str) -> Result<Option<Actor>> {
    let vendor = office.office.read(|conn| rows::by_fingerprint(conn, fingerprint))?;
    Ok(vendor.map(|vendor| as_actor(vendor.id)))
}

/// Lists the campaigns a vendor captures, as it may see them.
///
/// # Errors
///
/// As [`connected`].
pub fn campaigns(office: &Office, fingerprint: &str) -> Result<Vec<VendorCampaign>> {
    let vendor = connected(office, fingerprint)?;
    office.office.read(|conn| {
        campaign::of_vendor(conn, vendor.id)?
            .into_iter()
            .map(|campaign| {
                Ok(VendorCampaign {
                    id: campaign.id,
                    capture_from: campaign.capture_from,
                    capture_until: campaign.capture_until,
                    deliver_by: campaign.deliver_by,
                    tokens: token::count(conn, campaign.id)?,
                })
            })
            .collect()
    })
}

/// The vendor as somebody who acts, for events and jobs: it has no account.
pub(crate) fn as_actor(vendor: VendorId) -> Actor {
    Actor { account: vendor.to_string(), ..Actor::appliance() }
}

/// The CA that issues vendors' certificates, PEM.
pub(crate) fn authority_pem(office: &Office) -> Result<Vec<u8>> {
    fs_err::read(office.paths.keys.join("vendor-ca.pem")).or_failed("read the vendors' authority")
}

pub(crate) fn get(office: &Office, id: VendorId) -> Result<rows::Vendor> {
    office.office.read(|conn| rows::get(conn, id))?.ok_or_else(|| Error::not_found(VendorId::KIND, id))
}

fn authority(office: &Office) -> Result<Authority> {
    let keys = &office.paths.keys;
    Authority::open(&keys.join("vendor-ca.pem"), &keys.join("vendor-ca.key"))
        .or_failed("open the vendors' authority")
}

fn to_api(row: &rows::Vendor) -> Vendor {
    Vendor {
        id: row.id,
        name: row.name.clone(),
        legal_name: row.legal_name.clone(),
        created: row.created,
        expires: row.expires,
        fingerprint: row.fingerprint.clone(),
        active: row.active,
    }
}

fn to_enrolment(office: &Office, row: &rows::Vendor) -> Result<Enrolment> {
    Ok(Enrolment {
        vendor: to_api(row),
        certificate: row.certificate.clone(),
        ca: String::from_utf8(authority_pem(office)?).or_failed("read the vendors' authority")?,
        address: office.config.vendor_address.clone(),
        school_key: to_base64(office.keys.school.verifying_key().as_bytes()),
        ledger_key: crate::ledger::verifier_key(office)?.to_string(),
    })
}

fn name(field: &str, text: &str) -> Result<String> {
    let text = text.trim();
    if text.is_empty() || text.chars().count() > NAME_LIMIT || text.chars().any(char::is_control) {
        return Err(Error::bad_field(field, Flaw::Length { min: 1, max: NAME_LIMIT }));
    }
    Ok(text.to_owned())
}

/// An Ed25519 public key of the handshake, base64.
fn handshake_key(field: &str, text: &str) -> Result<ed25519_dalek::VerifyingKey> {
    from_base64(text)
        .and_then(|bytes| <[u8; 32]>::try_from(bytes).ok())
        .and_then(|bytes| ed25519_dalek::VerifyingKey::from_bytes(&bytes).ok())
        .filter(|key| !key.is_weak())
        .ok_or_else(|| Error::bad_field(field, Flaw::NotAKey))
}

/// The key for which a certificate is asked. The request must be signed with it, and it must be P-256.
fn requested_key(csr: &str) -> Result<PKey<Public>, &'static str> {
    let request = X509Req::from_pem(csr.as_bytes()).map_err(|_| "it is not a certificate request in PEM")?;
    let key = request.public_key().map_err(|_| "its key can't be read")?;
    let curve = key.ec_key().ok().and_then(|key| key.group().curve_name());
    if key.id() != Id::EC || curve != Some(Nid::X9_62_PRIME256V1) {
        return Err("its key is not of the curve P-256");
    }
    match request.verify(&key) {
        Ok(true) => Ok(key),
        Ok(false) | Err(_) => Err("it is not signed with its own key"),
    }
}

fn bad_request(reason: &'static str) -> Error {
    Error::refused(ProblemCode::BadCertificateRequest, [("reason", reason.to_owned())])
}

fn wrong_state(id: VendorId, state: &str) -> Error {
    let params = [("kind", VendorId::KIND.to_owned()), ("id", id.to_string()), ("state", state.to_owned())];
    Error::refused(ProblemCode::WrongState, params)
}

fn pem(certificate: &X509) -> Result<String> {
    String::from_utf8(certificate.to_pem().or_failed("write a certificate")?).or_failed("write a certificate")
}

fn fingerprint(certificate: &X509) -> Result<String> {
    Ok(hex::encode(certificate.digest(MessageDigest::sha256()).or_failed("fingerprint a certificate")?))
}

fn expires(certificate: &X509) -> Result<Timestamp> {
    let read = || -> std::result::Result<Timestamp, Box<dyn std::error::Error + Send + Sync>> {
        let epoch = openssl::asn1::Asn1Time::from_unix(0)?;
        let left = epoch.diff(certificate.not_after())?;
        Ok(Timestamp::from_second(i64::from(left.days) * 86_400 + i64::from(left.secs))?)
    };
    read().map_err(|error| Error::failed("read a certificate's dates", error))
}
