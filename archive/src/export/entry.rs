//! What the aids of an export say about one dossier.

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::Serialize;

use crate::dossier::{Diploma, Dossier, Photo, PhotoKind};

/// One dossier. `{:?}` shows none of it.
#[derive(Clone, Serialize)]
pub(super) struct Entry {
    pub(super) person: String,
    pub(super) object: String,
    pub(super) versions: u32,
    pub(super) name: String,
    pub(super) former_names: Vec<String>,
    pub(super) sex: &'static str,
    pub(super) student_number: String,
    pub(super) candidate_number: String,
    pub(super) college: String,
    pub(super) major: String,
    pub(super) class: String,
    pub(super) level: String,
    pub(super) entry_date: Option<Date>,
    pub(super) graduation_date: Option<Date>,
    pub(super) photos: Vec<Shown>,
    pub(super) diplomas: Vec<Certificate>,
}

/// One photo.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Shown {
    pub(super) kind: PhotoKind,
    /// Where its bytes lie, seen from `data/`.
    pub(super) path: String,
    pub(super) width: u32,
    pub(super) height: u32,
    pub(super) kept: String,
    /// Whether it is the one in use of its kind.
    pub(super) current: bool,
}

/// One entry of the certificate register.
#[derive(Clone, Serialize)]
pub(super) struct Certificate {
    pub(super) number: String,
    pub(super) outcome: String,
    pub(super) name: String,
    pub(super) major: String,
    pub(super) level: String,
    pub(super) graduation_date: Option<Date>,
    pub(super) issued: Option<Date>,
    pub(super) president: String,
}

impl Entry {
    /// What a dossier says. `stored` leads from a SHA-512 to where those bytes lie, seen from `data/`.
    pub(super) fn of(dossier: &Dossier, versions: u32, stored: &BTreeMap<String, String>) -> Self {
        let facts = &dossier.facts;
        let show = |photo: &Photo| {
            let in_use = dossier.current(photo.kind).is_some_and(|current| current.id == photo.id);
            stored.get(&photo.sha512).map(|path| Shown {
                kind: photo.kind,
                path: path.clone(),
                width: photo.width,
                height: photo.height,
                kept: photo.kept.to_string(),
                current: in_use,
            })
        };
        Self {
            person: dossier.person.to_string(),
            object: dossier.person.uuid().to_string(),
            versions,
            name: facts.name.clone(),
            former_names: facts.former_names.clone(),
            sex: facts.sex.map_or("", crate::person::Sex::chinese),
            student_number: text(facts.student_number.as_ref()),
            candidate_number: text(facts.candidate_number.as_ref()),
            college: text(facts.college.as_ref()),
            major: text(facts.major.as_ref()),
            class: text(facts.class.as_ref()),
            level: text(facts.level.as_ref()),
            entry_date: facts.entry_date,
            graduation_date: facts.expected_graduation,
            photos: dossier.photos.iter().filter_map(show).collect(),
            diplomas: dossier.diplomas.iter().map(Certificate::of).collect(),
        }
    }

    /// Where the photo of a kind lies that is in use, seen from `data/`; empty if there is none.
    pub(super) fn current(&self, kind: PhotoKind) -> &str {
        let photo = self.photos.iter().find(|photo| photo.kind == kind && photo.current);
        photo.map_or("", |photo| photo.path.as_str())
    }
}

impl Certificate {
    fn of(diploma: &Diploma) -> Self {
        let facts = &diploma.facts;
        Self {
            number: facts.number.clone(),
            outcome: text(facts.outcome.as_ref()),
            name: facts.name.clone(),
            major: text(facts.major.as_ref()),
            level: text(facts.level.as_ref()),
            graduation_date: facts.graduation_date,
            issued: facts.issued,
            president: text(facts.president.as_ref()),
        }
    }
}

fn text(part: Option<&String>) -> String {
    part.cloned().unwrap_or_default()
}

/// What a kind of photo is called.
pub(super) const fn title(kind: PhotoKind) -> &'static str {
    match kind {
        PhotoKind::Admission => "录取照片 admission photo",
        PhotoKind::Enrolment => "学籍照片 enrolment photo",
        PhotoKind::Graduation => "学历照片 graduation photo",
        PhotoKind::Original => "原始照片 original photo",
        PhotoKind::IdCard => "身份证照片 ID card photo",
    }
}

impl std::fmt::Debug for Entry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Entry").field("person", &self.person).finish_non_exhaustive()
    }
}
