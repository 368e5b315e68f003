//! Bringing files in: uploads by staff, and what an import found.

use serde::{Deserialize, Serialize};

use crate::dossier::PhotoKind;
use crate::ids::{CampaignId, UploadId};

/// A file that staff put in. `POST /uploads?name=…` with the bytes as body
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Upload {
    /// Its id.
    pub id: UploadId,
    /// How many bytes it has.
    pub bytes: u64,
    /// SHA-256 of its bytes.
    pub sha256: String,
}

/// Imports an uploaded roster. `POST /campaigns/{id}/roster`; imports a register. `POST /diplomas/import`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ImportFile {
    /// The uploaded file.
    pub upload: UploadId,
}

/// Imports photos of a kind. `POST /photos/import`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ImportPhotos {
    /// The uploaded zip.
    pub upload: UploadId,
    /// The campaign whose roster names the people.
    pub campaign: CampaignId,
    /// Which photos they are; admission photos when nothing is said.
    #[serde(default)]
    pub kind: Option<PhotoKind>,
}

/// Something an import found in a file. `GET /jobs/{id}/findings`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ImportFinding {
    /// Where: sheet and row, or file name's position.
    pub place: String,
    /// The column or field, if one.
    pub field: Option<String>,
    /// Stable code, `ROS-01`.
    pub code: String,
    /// `block`, `warn` or `info`.
    pub severity: String,
}
