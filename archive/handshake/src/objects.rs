//! The set of objects to be deleted, and the one hash `R_obj` that stands for it.
//!
//! The list itself names files and is given to the vendor beside the messages; messages, ledger and certificate hold only
//! its root, a Merkle root over salted commitments. Destroying the list makes the root mute.

use std::{collections::HashMap, fmt};

use ledger::{
    Hash, MemoryTree, commitment,
    json::{JsonError, canonical, from_canonical},
    leaf_hash,
};
use serde::{Deserialize, Deserializer, Serialize, de::Error as _};

use crate::bytes::{Salt, SessionId};

/// The id of one object, as the school names it: 1 to 128 visible ASCII characters.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct ObjectId(String);

/// The id of one place where the vendor keeps copies: 1 to 128 visible ASCII characters.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct LocationId(String);

/// A text that can't be an id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an id is 1 to 128 visible ASCII characters")]
pub struct IdError;

macro_rules! text_id {
    ($name:ident) => {
        impl $name {
            /// Makes an id.
            ///
            /// # Errors
            ///
            /// If the text is empty, too long, or holds anything but visible ASCII characters.
            pub fn new(text: impl Into<String>) -> Result<Self, IdError> {
                let text = text.into();
                let good =
                    (1..=128).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
                if good { Ok(Self(text)) } else { Err(IdError) }
            }

            /// The id as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                Self::new(String::deserialize(deserializer)?).map_err(D::Error::custom)
            }
        }
    };
}

text_id!(ObjectId);
text_id!(LocationId);

/// One object: its id, its bytes' hash and length, and the salt of its commitment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Object {
    /// The school's id for it.
    pub id: ObjectId,
    /// SHA-256 of its bytes.
    pub sha256: Hash,
    /// How many bytes it has.
    pub len: u64,
    /// What hides its commitment.
    pub salt: Salt,
}

#[derive(Serialize)]
struct Committed<'a> {
    id: &'a ObjectId,
    sha256: Hash,
    len: u64,
}

/// All objects of one deletion, ordered by id.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "RawList")]
pub struct ObjectList {
    session: SessionId,
    objects: Vec<Object>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawList {
    session: SessionId,
    objects: Vec<Object>,
}

/// Why objects don't make a list.
#[derive(Debug, thiserror::Error)]
pub enum ObjectListError {
    /// There must be at least one object.
    #[error("a deletion needs at least one object")]
    Empty,
    /// Ids must differ and stand in order.
    #[error("object {0} stands twice or in the wrong place")]
    Order(ObjectId),
    /// The list can't be written or read.
    #[error(transparent)]
    Json(#[from] JsonError),
    /// The list is not the one the invitation speaks of.
    #[error("the list doesn't have the root, count and size of the invitation")]
    OtherList,
}

impl TryFrom<RawList> for ObjectList {
    type Error = ObjectListError;

    fn try_from(raw: RawList) -> Result<Self, ObjectListError> {
        let list = Self { session: raw.session, objects: raw.objects };
        list.check()?;
        Ok(list)
    }
}

impl ObjectList {
    /// Makes the list of one deletion; the order of `objects` doesn't matter.
    ///
    /// # Errors
    ///
    /// If there are no objects, or two have the same id.
    pub fn new(session: SessionId, mut objects: Vec<Object>) -> Result<Self, ObjectListError> {
        objects.sort_by(|left, right| left.id.cmp(&right.id));
        let list = Self { session, objects };
        list.check()?;
        Ok(list)
    }

    fn check(&self) -> Result<(), ObjectListError> {
        if self.objects.is_empty() {
            return Err(ObjectListError::Empty);
        }
        let wrong =
            self.objects.iter().zip(self.objects.iter().skip(1)).find(|(left, right)| left.id >= right.id);
        wrong.map_or(Ok(()), |(_, right)| Err(ObjectListError::Order(right.id.clone())))
    }

    /// Reads the document that the school gives out.
    ///
    /// # Errors
    ///
    /// If it is not canonical, empty, or out of order.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, ObjectListError> {
        Ok(from_canonical(bytes)?)
    }

    /// Writes the document that the school gives out.
    ///
    /// # Errors
    ///
    /// If a length is too large for JSON.
    pub fn to_bytes(&self) -> Result<Vec<u8>, ObjectListError> {
        Ok(canonical(self)?)
    }

    /// Which deletion it belongs to.
    #[must_use]
    pub const fn session(&self) -> SessionId {
        self.session
    }

    /// The objects, ordered by id. Their place in this order is the index that messages speak of.
    #[must_use]
    pub fn objects(&self) -> &[Object] {
        &self.objects
    }

    /// How many objects there are.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.objects.len() as u64
    }

    /// How many bytes they have together; the largest number there is if they are said to have more.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.objects.iter().fold(0, |sum, object| sum.saturating_add(object.len))
    }

    /// `R_obj`: the Merkle root over salted commitments to (id, SHA-256, length).
    ///
    /// # Errors
    ///
    /// If a length is too large for JSON.
    pub fn root(&self) -> Result<Hash, ObjectListError> {
        let leaf = |object: &Object| {
            let committed = canonical(&Committed { id: &object.id, sha256: object.sha256, len: object.len })?;
            Ok(leaf_hash(commitment(object.salt.as_bytes(), &committed).as_bytes()))
        };
        Ok(self.objects.iter().map(leaf).collect::<Result<MemoryTree, JsonError>>()?.root())
    }

    /// Finds objects by the hash of their bytes: the index of every object that has these bytes.
    #[must_use]
    pub fn by_hash(&self) -> HashMap<Hash, Vec<u64>> {
        let mut found: HashMap<Hash, Vec<u64>> = HashMap::new();
        for (index, object) in (0..).zip(&self.objects) {
            found.entry(object.sha256).or_default().push(index);
        }
        found
    }
}
