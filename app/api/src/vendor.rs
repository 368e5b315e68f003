//! Vendors: their registration by the school, and all they are ever told on their own port.
//!
//! Nothing here names a person: a vendor knows capture tokens only.

use crate::{Date, Timestamp};
use serde::{Deserialize, Serialize};

use crate::delivery::{DeliveryState, Receipt};
use crate::ids::{CampaignId, CaseId, DeliveryId, VendorId};

/// Registers a vendor. `POST /vendors`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct NewVendor {
    /// The vendor's name.
    pub name: String,
    /// Its certificate request, PEM, made by `xuecang-agent enrol`.
    pub csr: String,
    /// The agent's Ed25519 public key for the handshake, base64.
    pub agent_key: String,
    /// The legal signatory's Ed25519 public key for the handshake, base64.
    pub legal_key: String,
    /// Who signs for the vendor.
    pub legal_name: String,
}

/// A registered vendor.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Vendor {
    /// Its id.
    pub id: VendorId,
    /// Its name.
    pub name: String,
    /// Who signs for it.
    pub legal_name: String,
    /// When it was registered.
    pub created: Timestamp,
    /// When its certificate expires.
    pub expires: Timestamp,
    /// SHA-256 of its certificate.
    pub fingerprint: String,
    /// Whether it may connect.
    pub active: bool,
}

/// What the vendor's agent needs to connect. Answer of `POST /vendors`; `GET /vendors/{id}/enrolment`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Enrolment {
    /// The vendor.
    pub vendor: Vendor,
    /// Its certificate, PEM.
    pub certificate: String,
    /// The school's vendor CA, PEM: signs client certificates, and the certificate of the vendors' port.
    pub ca: String,
    /// The vendors' port, `https://host:8444`.
    pub address: String,
    /// The school's public key that signs receipts and handshake messages, base64.
    pub school_key: String,
    /// The ledger's verifier key.
    pub ledger_key: String,
}

/// A campaign as its vendor sees it. `GET /vendor/v1/campaigns`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct VendorCampaign {
    /// Its id.
    pub id: CampaignId,
    /// First day of capture.
    pub capture_from: Date,
    /// Last day of capture.
    pub capture_until: Date,
    /// Last day on which a delivery is on time.
    pub deliver_by: Date,
    /// How many tokens were issued.
    pub tokens: u64,
}

/// A delivery as its vendor sees it. `GET /vendor/v1/deliveries/{id}`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct VendorDelivery {
    /// Its id.
    pub id: DeliveryId,
    /// The campaign.
    pub campaign: CampaignId,
    /// Which delivery it is, from 1.
    pub round: u32,
    /// How far it is.
    pub state: DeliveryState,
    /// What must be put right, once checked.
    pub defects: Vec<Defect>,
    /// The receipt, once accepted.
    pub receipt: Option<Receipt>,
}

/// Something the vendor must put right, by token.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Defect {
    /// The token, as the vendor named it; the awaited one for missing.
    pub token: String,
    /// `extra`, `missing`, `wrong` or `late`.
    pub group: String,
    /// The codes of the findings.
    pub codes: Vec<String>,
    /// Of a parcel that is broken as a whole: the files in which it was found; the first ten.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<String>,
}

/// A deletion case as its vendor sees it. `GET /vendor/v1/deletions`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct VendorCase {
    /// Its id.
    pub id: CaseId,
    /// The delivery.
    pub delivery: DeliveryId,
    /// The handshake's state.
    pub state: String,
}

/// Envelopes for the vendor. `GET /vendor/v1/deletions/{id}/messages?after=SEQ`; its own by `POST` to the same path
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Envelopes {
    /// DSSE envelopes as JSON, oldest first.
    pub envelopes: Vec<serde_json::Value>,
}
