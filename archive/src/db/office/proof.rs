//! Printed proofs of diplomas that were issued.

use ids::{DiplomaId, PersonId, PhotoId, ProofId};
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, Row, Transaction, named_params};
use serde_json::Value;

use crate::db::{At, Json};

/// An issued proof. `{:?}` withholds what it says.
#[derive(Clone, PartialEq)]
pub struct Proof {
    /// Its id.
    pub id: ProofId,
    /// The code on the paper, in its one spelling.
    pub code: String,
    /// Whose diploma it proves.
    pub person: PersonId,
    /// The diploma.
    pub diploma: DiplomaId,
    /// The graduation photo it shows, if there was one.
    pub photo: Option<PhotoId>,
    /// The version of the dossier it was made from.
    pub version: u32,
    /// When it was issued.
    pub issued: Timestamp,
    /// The account that issued it.
    pub account: String,
    /// What for.
    pub purpose: String,
    /// What it says.
    pub said: Value,
}

impl std::fmt::Debug for Proof {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Proof").field("id", &self.id).finish_non_exhaustive()
    }
}

fn from_row(row: &Row<'_>) -> rusqlite::Result<Proof> {
    Ok(Proof {
        id: row.get("id")?,
        code: row.get("code")?,
        person: row.get("person")?,
        diploma: row.get("diploma")?,
        photo: row.get("photo")?,
        version: row.get("version")?,
        issued: row.get::<_, At>("issued")?.0,
        account: row.get("account")?,
        purpose: row.get("purpose")?,
        said: row.get::<_, Json<Value>>("said")?.0,
    })
}

/// The proof `id`, if there is one.
pub fn by_id(conn: &Connection, id: ProofId) -> rusqlite::Result<Option<Proof>> {
    conn.prepare_cached("SELECT * FROM proof WHERE id = :id")?
        .query_row(named_params! {":id": id}, from_row)
        .optional()
}

/// The proof with this code, if there is one.
pub fn by_code(conn: &Connection, code: &str) -> rusqlite::Result<Option<Proof>> {
    conn.prepare_cached("SELECT * FROM proof WHERE code = :code")?
        .query_row(named_params! {":code": code}, from_row)
        .optional()
}

/// Notes a proof that is issued.
pub fn insert(tx: &Transaction<'_>, proof: &Proof) -> rusqlite::Result<()> {
    tx.prepare_cached(
        "INSERT INTO proof (id, code, person, diploma, photo, version, issued, account, purpose, said)
         VALUES (:id, :code, :person, :diploma, :photo, :version, :issued, :account, :purpose, :said)",
    )?
    .execute(named_params! {
        ":id": proof.id, ":code": proof.code, ":person": proof.person, ":diploma": proof.diploma,
        ":photo": proof.photo, ":version": proof.version, ":issued": At(proof.issued), ":account": proof.account,
        ":purpose": proof.purpose, ":said": Json(&proof.said),
    })?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::tests::office;
    use super::*;

    #[test]
    fn a_proof_is_found_by_its_code_and_no_code_is_given_twice() {
        let mut conn = office();
        let proof = Proof {
            id: ProofId::new(),
            code: "7K2M9QXD4RTV".to_owned(),
            person: PersonId::new(),
            diploma: DiplomaId::new(),
            photo: None,
            version: 3,
            issued: "2026-09-01T08:00:00Z".parse().unwrap(),
            account: "registrar".to_owned(),
            purpose: "入职".to_owned(),
            said: serde_json::json!({"name": "张三丰"}),
        };
        let tx = conn.transaction().unwrap();
        insert(&tx, &proof).unwrap();
        assert!(insert(&tx, &Proof { id: ProofId::new(), ..proof.clone() }).is_err());
        tx.commit().unwrap();
        assert_eq!(by_code(&conn, &proof.code).unwrap(), Some(proof.clone()));
        assert_eq!(by_id(&conn, proof.id).unwrap(), Some(proof));
        assert_eq!(by_code(&conn, "000000000000").unwrap(), None);
    }
}
