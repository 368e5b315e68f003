//! Who looked at what: the use register of a person, and what an account looked at.

use serde::{Deserialize, Serialize};

use crate::{Date, dossier::Use};

/// What was done with somebody's record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum UseKind {
    /// Looked up or opened.
    Open,
    /// A photo or a scan was shown.
    Picture,
    /// Whole numbers were shown.
    Numbers,
    /// Printed, exported, taken on a list.
    Copy,
    /// A face was compared.
    Compare,
    /// Changed, or held.
    Change,
}

impl UseKind {
    /// Every kind, in the order they are shown.
    pub const ALL: [Self; 6] =
        [Self::Open, Self::Picture, Self::Numbers, Self::Copy, Self::Compare, Self::Change];

    /// The actions of the audit trail that are of this kind.
    #[must_use]
    pub const fn actions(self) -> &'static [&'static str] {
        match self {
            Self::Open => &["dossier.read", "person.looked_up", "proof.look_up", "uses.read"],
            Self::Picture => {
                &["delivery.photo", "photo.read", "photo.thumb", "probe.read", "scan.page", "scan.read"]
            }
            Self::Numbers => &["numbers.reveal"],
            Self::Copy => &["copy.take", "dossier.export", "dossier.print", "proof.issue", "proof.paper"],
            Self::Compare => &["face.compare"],
            Self::Change => &["dossier.correct", "hold.lift", "hold.place", "scan.attach"],
        }
    }
}

/// Which uses are wanted. What is left out does not matter. `GET /persons/{id}/uses`, `GET /audit/uses`
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::IntoParams, utoipa::ToSchema), into_params(parameter_in = Query))]
#[serde(default)]
pub struct UseQuery {
    /// Only by this account.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// Only of this kind.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<UseKind>,
    /// Only from this day on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<Date>,
    /// Only up to this day, this one included.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<Date>,
    /// How many to pass over.
    pub offset: u32,
    /// How many to return; 0 means 50, at most 500.
    pub limit: u32,
}

/// A part of the uses, the latest first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Uses {
    /// Uses; looks that follow each other closely are one.
    pub items: Vec<Use>,
    /// How many there are.
    pub total: u64,
    /// How many people or things they are about.
    pub subjects: u64,
    /// Who can be asked for: everybody who ever used the appliance.
    pub accounts: Vec<UsedBy>,
}

/// An account, and whose it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct UsedBy {
    /// The account.
    pub account: String,
    /// The name of its owner; the account itself where there is none.
    pub name: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_action_of_a_kind_is_one_of_the_trail_and_of_no_other_kind() {
        let all: Vec<_> = UseKind::ALL.iter().flat_map(|kind| kind.actions()).collect();
        let different: std::collections::BTreeSet<_> = all.iter().collect();
        assert_eq!(different.len(), all.len());
        assert!(all.iter().all(|action| crate::account::ACTIONS.contains(action)));
    }
}
