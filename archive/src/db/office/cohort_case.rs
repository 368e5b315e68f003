//! Cases of a cohort: one person each.

use ids::{CohortId, PersonId};
use rusqlite::{Connection, OptionalExtension as _, Row, Transaction, named_params};

crate::db::words! {
    /// What the machine says of a person's photos among themselves.
    Outcome {
        /// One person.
        Match = "match",
        /// It can't say.
        Unsure = "unsure",
        /// Different people.
        NoMatch = "no_match",
        /// It says nothing.
        ByHand = "by_hand",
    }

    /// What people say of a case.
    Disposition {
        /// Nothing is wrong.
        Normal = "normal",
        /// It stays in doubt.
        Doubtful = "doubtful",
        /// It is somebody else.
        Abnormal = "abnormal",
    }
}

/// One case.
#[derive(Debug, Clone, PartialEq)]
pub struct Case {
    /// The person.
    pub person: PersonId,
    /// The place in the roster's order.
    pub position: u32,
    /// What the machine says.
    pub outcome: Outcome,
    /// Why the law let no machine compare, a word.
    pub bar: Option<String>,
    /// The similarity of the pair that decides.
    pub similarity: Option<f32>,
    /// Why the machine says no more: a JSON array of codes.
    pub reasons: String,
    /// The person's photos, JSON.
    pub photos: String,
    /// Every pair of them, JSON.
    pub pairs: String,
    /// The consent by which it was compared.
    pub consent: Option<i64>,
    /// Whether it is in the sample.
    pub sampled: bool,
    /// Whether another look was asked for.
    pub contested: bool,
    /// The round of words at hand.
    pub round: u32,
    /// What people found, once that is settled.
    pub disposition: Option<Disposition>,
}

impl Case {
    fn from_row(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            person: row.get("person")?,
            position: row.get("position")?,
            outcome: row.get("outcome")?,
            bar: row.get("bar")?,
            similarity: row.get("similarity")?,
            reasons: row.get("reasons")?,
            photos: row.get("photos")?,
            pairs: row.get("pairs")?,
            consent: row.get("consent")?,
            sampled: row.get("sampled")?,
            contested: row.get("contested")?,
            round: row.get("round")?,
            disposition: row.get("disposition")?,
        })
    }
}

/// The cases of a cohort, in the roster's order.
pub fn of(conn: &Connection, cohort: CohortId) -> rusqlite::Result<Vec<Case>> {
    conn.prepare_cached("SELECT * FROM cohort_case WHERE cohort = :cohort ORDER BY position, person")?
        .query_map(named_params! {":cohort": cohort}, Case::from_row)?
        .collect()
}

/// A person's case, if the person is in the cohort.
pub fn get(conn: &Connection, cohort: CohortId, person: PersonId) -> rusqlite::Result<Option<Case>> {
    conn.prepare_cached("SELECT * FROM cohort_case WHERE cohort = :cohort AND person = :person")?
        .query_row(named_params! {":cohort": cohort, ":person": person}, Case::from_row)
        .optional()
}

/// Keeps a case.
pub fn insert(tx: &Transaction<'_>, cohort: CohortId, case: &Case) -> rusqlite::Result<()> {
    tx.prepare_cached(
        "INSERT INTO cohort_case (cohort, person, position, outcome, bar, similarity, reasons, photos, pairs, consent,
                                  sampled, contested, round, disposition)
         VALUES (:cohort, :person, :position, :outcome, :bar, :similarity, :reasons, :photos, :pairs, :consent,
                 :sampled, :contested, :round, :disposition)",
    )?
    .execute(named_params! {
        ":cohort": cohort, ":person": case.person, ":position": case.position, ":outcome": case.outcome,
        ":bar": case.bar, ":similarity": case.similarity, ":reasons": case.reasons, ":photos": case.photos,
        ":pairs": case.pairs, ":consent": case.consent, ":sampled": case.sampled, ":contested": case.contested,
        ":round": case.round, ":disposition": case.disposition,
    })?;
    Ok(())
}

/// Writes down what people found.
pub fn settle(
    tx: &Transaction<'_>,
    cohort: CohortId,
    person: PersonId,
    found: Disposition,
) -> rusqlite::Result<()> {
    tx.execute(
        "UPDATE cohort_case SET disposition = :found WHERE cohort = :cohort AND person = :person",
        named_params! {":cohort": cohort, ":person": person, ":found": found},
    )?;
    Ok(())
}

/// Begins another round of words.
pub fn reopen(tx: &Transaction<'_>, cohort: CohortId, person: PersonId) -> rusqlite::Result<()> {
    tx.execute(
        "UPDATE cohort_case SET disposition = NULL, contested = 1, round = round + 1
         WHERE cohort = :cohort AND person = :person",
        named_params! {":cohort": cohort, ":person": person},
    )?;
    Ok(())
}

/// Takes what the machine said out of a case: from now on a person looks without it.
pub fn strip(
    tx: &Transaction<'_>,
    cohort: CohortId,
    person: PersonId,
    (bar, photos): (&str, &str),
) -> rusqlite::Result<()> {
    tx.execute(
        "UPDATE cohort_case
         SET outcome = 'by_hand', bar = :bar, similarity = NULL, reasons = '[]', photos = :photos,
             pairs = '[]', consent = NULL,
             sampled = 0, contested = 0, round = round + 1, disposition = NULL
         WHERE cohort = :cohort AND person = :person",
        named_params! {":cohort": cohort, ":person": person, ":bar": bar, ":photos": photos},
    )?;
    tx.execute(
        "DELETE FROM cohort_alike WHERE cohort = :cohort AND (person = :person OR other = :person)",
        named_params! {":cohort": cohort, ":person": person},
    )?;
    Ok(())
}
