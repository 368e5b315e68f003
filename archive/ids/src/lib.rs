//! Ids: one type per kind of thing, written with its kind in front (`person_…`), so that one can't pass for another.
//!
//! The text form is `kind_` followed by 32 lower-case hex digits of a random UUID. Ids carry no meaning and
//! no personal data; they may stand in paths, logs and URLs.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use uuid::Uuid;

/// A text that is not an id of the wanted kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not an id of the form {kind}_<32 hex digits>")]
pub struct ParseIdError {
    /// The kind that was wanted.
    pub kind: &'static str,
    /// What was given.
    pub text: String,
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident = $prefix:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(Uuid);

        impl $name {
            /// The word in front of the id's text.
            pub const KIND: &'static str = $prefix;

            /// Makes a fresh random id.
            #[expect(clippy::new_without_default, reason = "an id is never a default")]
            #[must_use]
            pub fn new() -> Self {
                Self(Uuid::new_v4())
            }

            /// Makes the id that stands for this UUID.
            #[must_use]
            pub const fn from_uuid(uuid: Uuid) -> Self {
                Self(uuid)
            }

            /// The UUID inside, for `urn:uuid:` names.
            #[must_use]
            pub const fn uuid(self) -> Uuid {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!($prefix, "_{}"), self.0.simple())
            }
        }

        impl FromStr for $name {
            type Err = ParseIdError;

            fn from_str(text: &str) -> Result<Self, ParseIdError> {
                text.strip_prefix(concat!($prefix, "_"))
                    .filter(|hex| hex.len() == 32)
                    .and_then(|hex| Uuid::try_parse(hex).ok())
                    .map(Self)
                    .ok_or_else(|| ParseIdError { kind: $prefix, text: text.to_owned() })
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
            }
        }

        #[cfg(feature = "openapi")]
        impl utoipa::PartialSchema for $name {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
                utoipa::openapi::ObjectBuilder::new()
                    .schema_type(utoipa::openapi::schema::Type::String)
                    .pattern(Some(concat!("^", $prefix, "_[0-9a-f]{32}$")))
                    .into()
            }
        }

        #[cfg(feature = "openapi")]
        impl utoipa::ToSchema for $name {}

        #[cfg(feature = "sql")]
        impl rusqlite::ToSql for $name {
            fn to_sql(&self) -> rusqlite::Result<rusqlite::types::ToSqlOutput<'_>> {
                Ok(self.to_string().into())
            }
        }

        #[cfg(feature = "sql")]
        impl rusqlite::types::FromSql for $name {
            fn column_result(value: rusqlite::types::ValueRef<'_>) -> rusqlite::types::FromSqlResult<Self> {
                value.as_str()?.parse().map_err(rusqlite::types::FromSqlError::other)
            }
        }
    )*};
}

ids! {
    /// A check of DA/T 70-2018 (四性检测) that was done.
    AppraisalId = "appraisal";
    /// A person whose photos and diplomas are kept.
    PersonId = "person";
    /// One kept photo.
    PhotoId = "photo";
    /// One entry of the certificate register.
    DiplomaId = "diploma";
    /// One kept scan of a diploma.
    ScanId = "scan";
    /// A printed proof that was issued.
    ProofId = "proof";
    /// A campaign: one cohort, one roster, one period of capture.
    CampaignId = "campaign";
    /// A delivery of photos, from the first uploaded byte to its receipt.
    DeliveryId = "delivery";
    /// A file uploaded for a job: a roster, a zip of photos, a bag.
    UploadId = "upload";
    /// A piece of long work.
    JobId = "job";
    /// A vendor of photos.
    VendorId = "vendor";
    /// A deletion case.
    CaseId = "case";
    /// One comparison of faces.
    ComparisonId = "comparison";
    /// A calibration of thresholds.
    CalibrationId = "calibration";
    /// The comparison of everybody on a campaign's roster.
    CohortId = "cohort";
    /// Something that happened and is in the ledger.
    EventId = "event";
    /// A legal hold on a person's record.
    HoldId = "hold";
    /// A request for copies from the archive.
    CopyId = "copy";
    /// A copy of the archive on a further volume.
    ReplicaId = "replica";
    /// Someone who signs in.
    UserId = "user";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_reads_back_what_it_wrote() {
        let id = PersonId::new();
        assert_eq!(id.to_string().parse(), Ok(id));
    }

    #[test]
    fn a_person_cannot_be_passed_for_a_photo() {
        let text = PersonId::new().to_string();
        assert_eq!(text.parse::<PhotoId>(), Err(ParseIdError { kind: "photo", text }));
    }

    #[test]
    fn hyphens_and_capitals_do_not_make_a_second_spelling_of_an_id() {
        let id = PhotoId::new();
        assert!(format!("photo_{}", id.uuid().hyphenated()).parse::<PhotoId>().is_err());
    }
}
