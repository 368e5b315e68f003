//! Look-alikes in a cohort: photos of different people that are too much like each other.

use ids::{CampaignId, CohortId, PersonId, PhotoId};
use rusqlite::{Connection, Row, Transaction, named_params};

/// Somebody else's photo that is too much like one of this person's.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Alike {
    /// This person.
    pub person: PersonId,
    /// This person's photo.
    pub photo: PhotoId,
    /// The other person.
    pub other: PersonId,
    /// The other person's photo.
    pub other_photo: PhotoId,
    /// Cosine similarity.
    pub similarity: f32,
    /// The other campaign that the other person is of. None: they are of the cohort, too.
    pub campaign: Option<CampaignId>,
}

impl Alike {
    /// The same pair as the other person's case shows it, if they have one.
    #[must_use]
    pub fn from_the_other(self) -> Option<Self> {
        self.campaign.is_none().then_some(Self {
            person: self.other,
            photo: self.other_photo,
            other: self.person,
            other_photo: self.photo,
            ..self
        })
    }

    fn from_row(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            person: row.get("person")?,
            photo: row.get("photo")?,
            other: row.get("other")?,
            other_photo: row.get("other_photo")?,
            similarity: row.get("similarity")?,
            campaign: row.get("campaign")?,
        })
    }
}

/// All of a cohort, most alike first.
pub fn of(conn: &Connection, cohort: CohortId) -> rusqlite::Result<Vec<Alike>> {
    conn.prepare_cached(
        "SELECT cohort_alike.*, cohort_other.campaign FROM cohort_alike
             LEFT JOIN cohort_other ON cohort_other.cohort = cohort_alike.cohort AND cohort_other.person = other
         WHERE cohort_alike.cohort = :cohort ORDER BY similarity DESC, cohort_alike.person, photo, other_photo",
    )?
    .query_map(named_params! {":cohort": cohort}, Alike::from_row)?
    .collect()
}

/// Keeps one, seen from one of the two.
pub fn insert(tx: &Transaction<'_>, cohort: CohortId, alike: &Alike) -> rusqlite::Result<()> {
    tx.prepare_cached(
        "INSERT INTO cohort_alike (cohort, person, photo, other, other_photo, similarity)
         VALUES (:cohort, :person, :photo, :other, :other_photo, :similarity)",
    )?
    .execute(named_params! {
        ":cohort": cohort, ":person": alike.person, ":photo": alike.photo, ":other": alike.other,
        ":other_photo": alike.other_photo, ":similarity": alike.similarity,
    })?;
    Ok(())
}
