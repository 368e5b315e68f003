//! Somebody's photos, each looked at for its face.

use std::sync::Arc;

use api::cohort::CasePhoto;
use api::dossier::PhotoKind;
use api::ids::PersonId;
use api::law::Bar;
use archive::db::catalog;
use archive::dossier::{Holdings, Photo};
use verify::standard::RuleSet;
use verify::{Engine, EngineError, Template, Thresholds};

use super::evidence::{Evidence, Looked};
use crate::law::gate::{Listed, Permit};
use crate::law::journal::Journal;
use crate::{Error, Office, Refusal as _, Result, compare, from_word};

/// The kinds of photo on which a person is captured, and which are held to the rules.
const CAPTURED: [PhotoKind; 2] = [PhotoKind::Enrolment, PhotoKind::Graduation];

/// Somebody with what was found out.
pub(super) struct Person {
    pub(super) id: PersonId,
    pub(super) permit: std::result::Result<Permit, Bar>,
    pub(super) evidence: Evidence,
    pub(super) looked: Vec<Looked>,
}

/// What everybody is looked at by.
pub(super) struct Look<'a> {
    pub(super) office: &'a Office,
    pub(super) rules: &'a Arc<RuleSet>,
    pub(super) thresholds: &'a Thresholds,
    /// Whether captured photos are held to the rules, too.
    pub(super) judges: bool,
}

impl Look<'_> {
    /// Somebody's photos, and how alike they are. Without a permit they are named, for whoever looks without a machine, and not
    /// opened.
    ///
    /// # Errors
    ///
    /// When a store can't be read; when the engine fails.
    pub(super) fn at(&self, engine: &Engine, journal: &Journal, (id, permit): Listed) -> Result<Person> {
        let photos = photos_of(self.office, id)?;
        let looked: Vec<Looked> = match permit {
            Ok(_) => {
                let look = |photo: &Photo| {
                    let seen = journal.look(&photo.id.to_string(), || self.photo(engine, id, photo));
                    seen.map(|(photo, template)| Looked { photo, template })
                };
                photos.iter().map(look).collect::<Result<_>>()?
            }
            Err(_) => photos.iter().map(unseen).collect::<Result<_>>()?,
        };
        let mut evidence = Evidence::of(&looked, self.thresholds)?;
        if permit.is_err() {
            // Not for want of a photo.
            evidence.reasons.clear();
        }
        Ok(Person { id, permit, evidence, looked })
    }

    /// What is kept of a photo, and the template of its one face.
    fn photo(
        &self,
        engine: &Engine,
        person: PersonId,
        photo: &Photo,
    ) -> Result<(CasePhoto, Option<Template>)> {
        let mut kept = unseen(photo)?.photo;
        // A photo that can't be read is a matter of the archive's health; this person is looked at by hand.
        let bytes = Holdings::new(&self.office.archive, &self.office.catalog).photo(person, photo);
        let Ok(Some(bytes)) = bytes.inspect_err(|error| {
            tracing::warn!(error = %error, "Could not read {} to compare it.", photo.id);
        }) else {
            kept.refusal = Some("unreadable".to_owned());
            return Ok((kept, None));
        };
        let seen = if self.judges && CAPTURED.contains(&kept.kind) {
            engine.analyse_patiently(bytes, self.rules).and_then(|seen| {
                let hindering = seen.summary.findings.iter().filter(|found| compare::hinders(found));
                kept.hinders = hindering.map(|found| found.code.clone()).collect();
                seen.face.map(|face| face.template).map_err(EngineError::from)
            })
        } else {
            engine.template_patiently(bytes, &self.rules.faces)
        };
        match seen {
            Ok(template) => return Ok((kept, Some(template))),
            Err(EngineError::Refused(refusal)) => kept.refusal = Some(refusal.code().to_owned()),
            Err(EngineError::Lost) => kept.refusal = Some("unreadable".to_owned()),
            Err(error @ (EngineError::Busy | EngineError::Model(_))) => {
                return Err(Error::failed("look at a photo", error));
            }
        }
        Ok((kept, None))
    }
}

/// A person's photos. The same bytes count once, and an original is the photo it became.
fn photos_of(office: &Office, person: PersonId) -> Result<Vec<Photo>> {
    let mut photos = office.catalog.read(|conn| catalog::photo::of(conn, person))?;
    photos
        .retain(|photo| photo.superseded_by.is_none() && photo.kind != archive::dossier::PhotoKind::Original);
    photos.sort_by(|a, b| (a.kind, &a.sha256).cmp(&(b.kind, &b.sha256)));
    photos.dedup_by(|a, b| a.sha256 == b.sha256);
    Ok(photos)
}

/// A photo before it is looked at.
fn unseen(photo: &Photo) -> Result<Looked> {
    let kind = from_word(photo.kind.word()).ok_or("it is of an unknown kind");
    let photo = CasePhoto {
        id: photo.id,
        kind: kind.or_failed("read a photo's kind")?,
        sha256: photo.sha256.clone(),
        refusal: None,
        hinders: Vec::new(),
    };
    Ok(Looked { photo, template: None })
}
