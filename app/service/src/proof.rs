//! Printed proofs of a diploma, for a graduate who asks: the register's entry and the graduation photo, dated, with who
//! issued it and what for, under a code by which the school finds it again.
//!
//! What a proof says is kept as it was said: a later correction of the register changes no paper that is out, and whoever
//! looks it up sees both that it was issued and whether it still holds.

use api::diploma::{NewProof, Proof, Said};
use api::{Right, ids::DiplomaId, ids::PersonId, ids::ProofId};
use archive::db::catalog::{diploma, object, photo};
use archive::db::office::proof as rows;
use archive::dossier::{DiplomaFacts, PhotoKind, object_of};

use crate::dossier::{now, photo_bytes};
use crate::staff::Staff;
use crate::{Actor, Error, Office, Refusal as _, Result, audit, event, keys};

/// The signs of a code: none that is taken for another when it is read aloud or by hand (Crockford's base 32).
const SIGNS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
/// How many signs a code has: 60 bits, which nobody guesses.
const LENGTH: usize = 12;

/// Issues a proof of a diploma.
///
/// # Errors
///
/// Without the right `reveal_numbers`, since the paper shows the number whole, or a purpose; `not-found`.
pub fn issue(office: &Office, actor: &Actor, person: PersonId, wanted: &NewProof) -> Result<Proof> {
    let subject = person.to_string();
    audit::recorded(office, actor, "proof.issue", Some(&subject), || {
        actor.may(Right::RevealNumbers)?;
        let purpose = actor.purpose()?.to_owned();
        let not_found = || Error::not_found(DiplomaId::KIND, wanted.diploma);
        let (facts, photo, version) = office.catalog.read(|conn| -> Result<_> {
            let diploma = diploma::of(conn, person)?.into_iter().find(|diploma| diploma.id == wanted.diploma);
            let version = object::head(conn, object_of(person))?;
            let photo = photo::current(conn, person, PhotoKind::Graduation)?;
            Ok((diploma.ok_or_else(not_found)?.facts, photo, version.ok_or_else(not_found)?))
        })?;
        let row = rows::Proof {
            id: ProofId::new(),
            code: code()?,
            person,
            diploma: wanted.diploma,
            photo: photo.map(|photo| photo.id),
            version,
            issued: now(),
            account: actor.account.clone(),
            purpose,
            said: serde_json::to_value(said(&office.school, facts)).or_failed("write what a proof says")?,
        };
        office.office.write(|tx| -> Result<()> {
            rows::insert(tx, &row)?;
            let detail = serde_json::json!({"version": row.version, "photo": row.photo.is_some()});
            event::queue(tx, actor, "proof.issued", person, &row.id.to_string(), &detail)
        })?;
        to_api(office, row)
    })
}

/// Finds an issued proof by the code on the paper, however it is typed.
///
/// # Errors
///
/// Without the right `read_dossier` or a purpose; `not-found`.
pub fn look_up(office: &Office, actor: &Actor, typed: &str) -> Result<Proof> {
    let row = office.office.read(|conn| rows::by_code(conn, &spelt(typed)))?;
    let subject = row.as_ref().map(|row| row.person.to_string());
    audit::recorded(office, actor, "proof.look_up", subject.as_deref(), || {
        actor.may(Right::ReadDossier)?;
        actor.purpose()?;
        to_api(office, row.ok_or_else(|| Error::not_found(ProofId::KIND, "of this code"))?)
    })
}

/// What goes onto the paper: what the proof says, and the graduation photo it shows.
///
/// # Errors
///
/// Without the right `reveal_numbers` or a purpose; `not-found`.
pub fn paper(office: &Office, actor: &Actor, id: ProofId) -> Result<(Proof, Option<Vec<u8>>)> {
    let row = office.office.read(|conn| rows::by_id(conn, id))?;
    let subject = row.as_ref().map_or_else(|| id.to_string(), |row| row.person.to_string());
    audit::recorded(office, actor, "proof.paper", Some(&subject), || {
        actor.may(Right::RevealNumbers)?;
        actor.purpose()?;
        let row = row.ok_or_else(|| Error::not_found(ProofId::KIND, id))?;
        let kept = row.photo.map(|photo| office.catalog.read(|conn| photo::get(conn, photo))).transpose()?;
        let photo = kept.flatten().map(|(person, photo)| photo_bytes(office, person, &photo)).transpose()?;
        Ok((to_api(office, row)?, photo.map(as_jpeg).transpose()?))
    })
}

/// A photo as papers take it. One that is a JPEG stays what it is.
fn as_jpeg(bytes: Vec<u8>) -> Result<Vec<u8>> {
    if image::guess_format(&bytes).is_ok_and(|format| format == image::ImageFormat::Jpeg) {
        return Ok(bytes);
    }
    let photo = image::load_from_memory(&bytes).or_failed("decode a kept photo")?.into_rgb8();
    let mut jpeg = Vec::new();
    image::codecs::jpeg::JpegEncoder::new_with_quality(&mut jpeg, 92)
        .encode_image(&photo)
        .or_failed("write a photo for a paper")?;
    Ok(jpeg)
}

fn to_api(office: &Office, row: rows::Proof) -> Result<Proof> {
    let said: Said = serde_json::from_value(row.said).or_failed("read what a proof says")?;
    let diplomas = office.catalog.read(|conn| diploma::of(conn, row.person))?;
    let today = diplomas.into_iter().find(|diploma| diploma.id == row.diploma);
    let today = today.map(|diploma| self::said(&office.school, diploma.facts));
    let by = office.office.read(|conn| -> Result<_> { Ok(Staff::read(conn)?.name(&row.account)) })?;
    Ok(Proof {
        id: row.id,
        code: grouped(&row.code),
        person: row.person,
        issued: row.issued,
        by,
        purpose: row.purpose,
        version: row.version,
        has_photo: row.photo.is_some(),
        current: today.as_ref() == Some(&said),
        said,
    })
}

fn said(school: &str, facts: DiplomaFacts) -> Said {
    let text = |text: Option<String>| text.unwrap_or_default();
    Said {
        school: school.to_owned(),
        number: facts.number,
        name: facts.name,
        sex: facts.sex.map(|sex| sex.chinese().to_owned()).unwrap_or_default(),
        birth_date: facts.birth_date,
        entry_date: facts.entry_date,
        graduation_date: facts.graduation_date,
        issued: facts.issued,
        major: text(facts.major),
        level: text(facts.level),
        years: facts.years.map(|years| years.to_string()).unwrap_or_default(),
        study_form: text(facts.study_form),
        outcome: text(facts.outcome),
        president: text(facts.president),
    }
}

/// A fresh code.
fn code() -> Result<String> {
    let bytes: [u8; 32] = keys::random().or_failed("draw a code")?;
    let sign = |byte: &u8| SIGNS.get(usize::from(byte % 32)).copied().map(char::from);
    Ok(bytes.iter().take(LENGTH).filter_map(sign).collect())
}

/// A code as it stands on the paper: in groups of four.
fn grouped(code: &str) -> String {
    let signs: Vec<char> = code.chars().collect();
    signs.chunks(4).map(|group| group.iter().collect::<String>()).collect::<Vec<_>>().join("-")
}

/// The one spelling of a code: without groups, and with the digits that letters are mistaken for.
fn spelt(typed: &str) -> String {
    let folded = archive::person::fold(typed).as_str().to_ascii_uppercase();
    let sign = |sign: char| match sign {
        'O' => '0',
        'I' | 'L' => '1',
        sign => sign,
    };
    folded.chars().filter(char::is_ascii_alphanumeric).map(sign).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_found_however_it_is_typed() {
        let code = code().unwrap();
        assert_eq!(code.len(), LENGTH);
        assert_ne!(code, super::code().unwrap());
        for typed in [grouped(&code), code.to_lowercase(), format!(" {} ", grouped(&code).replace('-', " "))]
        {
            assert_eq!(spelt(&typed), code);
        }
        assert_eq!(spelt("OIL0-ab12"), "0110AB12");
        assert_eq!(grouped("7K2M9QXD4RTV"), "7K2M-9QXD-4RTV");
    }
}
