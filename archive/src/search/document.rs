//! What the index knows about one person.

use std::{collections::BTreeSet, fmt};

use ids::{CampaignId, DeliveryId, PersonId, PhotoId};
use serde::{Deserialize, Serialize};

/// The keyed hash of an identity number, made by the caller: the index never sees the number itself.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct IdNumberHash(pub [u8; 32]);

impl IdNumberHash {
    /// The hash as text, as it stands in the index.
    pub(super) fn term(self) -> String {
        hex::encode(self.0)
    }
}

impl fmt::Debug for IdNumberHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("IdNumberHash(…)")
    }
}

/// What the index knows about one person. `{:?}` shows only the id.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PersonDoc {
    /// The person.
    pub person: PersonId,
    /// 姓名.
    pub name: String,
    /// 曾用名.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub former_names: Vec<String>,
    /// 学号.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub student_number: Option<String>,
    /// 考生号.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub candidate_number: Option<String>,
    /// The keyed hash of the identity number.
    #[serde(skip)]
    pub id_number_hash: Option<IdNumberHash>,
    /// 班级.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub class: Option<String>,
    /// 专业.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub major: Option<String>,
    /// 学院.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub college: Option<String>,
    /// The year of graduation (届).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub year: Option<i16>,
    /// 证书编号.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub certificate_numbers: Vec<String>,
    /// What was read from the diplomas.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub diploma_text: String,
    /// Notes people made.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub notes: String,
    /// The photo that people know the person by. Since layout 5.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub photo: Option<PhotoId>,
    /// How far the person's photo has come, as the caller names it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub photo_state: Option<String>,
    /// The campaign the person belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub campaign: Option<CampaignId>,
    /// The deliveries that brought photos of the person, superseded ones included.
    #[serde(skip)]
    pub deliveries: BTreeSet<DeliveryId>,
}

impl PersonDoc {
    /// A document that says nothing but who the person is and what they are called.
    #[must_use]
    pub fn new(person: PersonId, name: impl Into<String>) -> Self {
        Self {
            person,
            name: name.into(),
            former_names: Vec::new(),
            student_number: None,
            candidate_number: None,
            id_number_hash: None,
            class: None,
            major: None,
            college: None,
            year: None,
            certificate_numbers: Vec::new(),
            diploma_text: String::new(),
            notes: String::new(),
            photo: None,
            photo_state: None,
            campaign: None,
            deliveries: BTreeSet::new(),
        }
    }
}

impl fmt::Debug for PersonDoc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PersonDoc").field("person", &self.person).finish_non_exhaustive()
    }
}

/// A change of the index.
#[derive(Debug, Clone)]
pub enum Change {
    /// The person is as the document says, whatever was known before.
    Upsert(Box<PersonDoc>),
    /// The person is forgotten. See [`Index::purge`](super::Index::purge) for when the bytes are gone, too.
    Remove(PersonId),
}
