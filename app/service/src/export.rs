//! Dossiers that leave as a bag, and objects that come back from one.
//!
//! Personal data leaves: a purpose and an approving person are stated, every dossier's use register tells of it, and so
//! does the ledger. All of that is written before the bag has its name, so that no bag exists that nobody knows of.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use api::ids::{CampaignId, PersonId};
use api::{Flaw, ProblemCode, Right};
use archive::db::catalog::object::ObjectKind;
use archive::db::catalog::{object, person};
use archive::dossier::object_of;
use archive::export::{self as bags, About, AdmitError, Admitted, Content, ExportError};
use archive::ocfl::ObjectId;
use fs_err as fs;
use jiff::{Timestamp, Zoned};
use uuid::Uuid;

use crate::{Actor, Error, Office, Refusal as _, Result, audit, dossier, event, stated, volume};

const EXPORTED: &str = "archive.exported";
const ADMITTED: &str = "archive.admitted";
/// What both events are about.
const ARCHIVE: &str = "archive";
/// What the manifests, inventories and the aids of one object take at most, bytes; and the rest of a bag.
const PER_OBJECT: u64 = 48 << 10;
const PER_BAG: u64 = 4 << 20;
/// What the end of a file's last block wastes, bytes.
const PER_FILE: u64 = 4 << 10;

/// Whose dossiers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Whom {
    /// Everybody's, and the records of deliveries and deletions.
    All,
    /// Of those on a campaign's roster.
    Campaign(CampaignId),
    /// Of a class, by its name.
    Class(String),
    /// Of those who entered in a year.
    Year(i16),
    /// Of these people.
    People(Vec<PersonId>),
}

/// What is to leave, where to, and by whose word.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// The folder that will be the bag: empty or missing.
    pub to: PathBuf,
    /// Whose dossiers.
    pub whom: Whom,
    /// What they are for.
    pub purpose: String,
    /// Who approved it.
    pub approved_by: String,
}

/// A bag that was written.
#[derive(Debug, Clone)]
pub struct Exported {
    /// What tells exports apart.
    pub id: Uuid,
    /// Where it is.
    pub to: PathBuf,
    /// What it holds.
    pub content: Content,
}

/// Writes dossiers into a bag. `progress` gets dossiers done and in all, and returns whether to go on.
///
/// # Errors
///
/// Without the rights to keep the archive and to read dossiers and numbers; when purpose or approval is missing, nobody
/// is chosen, the folder is not empty, lies in the data directory or has too little room; `not-found`; when it was
/// stopped. Nothing is left of the bag then.
pub fn export(
    office: &Office,
    actor: &Actor,
    wanted: &Wanted,
    progress: &mut dyn FnMut(u64, u64) -> bool,
) -> Result<Exported> {
    let mut actor = actor.clone();
    actor.purpose =
        Some(format!("{}（批准人 approved by: {}）", wanted.purpose.trim(), wanted.approved_by.trim()));
    let done = write(office, &actor, wanted, progress);
    if done.is_err() {
        audit::record(office, &actor, "archive.export", None, false)?;
    }
    done
}

fn write(
    office: &Office,
    actor: &Actor,
    wanted: &Wanted,
    progress: &mut dyn FnMut(u64, u64) -> bool,
) -> Result<Exported> {
    for right in [Right::MaintainArchive, Right::ReadDossier, Right::RevealNumbers] {
        actor.may(right)?;
    }
    let purpose = stated("purpose", &wanted.purpose)?;
    let approved_by = stated("approved_by", &wanted.approved_by)?;
    let chosen = choose(office, &wanted.whom)?;
    check_place(office, &wanted.to)?;
    check_room(office, &wanted.to, &chosen)?;
    let id = Uuid::new_v4();
    let about = About {
        school: office.school.clone(),
        purpose,
        approved_by,
        software: format!("xuecang {}", env!("CARGO_PKG_VERSION")),
        id,
        date: Zoned::now().date(),
    };
    let mut export = bags::Export::begin(&wanted.to, about).map_err(refusal)?;
    let total = chosen.len() as u64;
    for (done, object) in (0_u64..).zip(chosen) {
        if !progress(done, total) {
            return Err(Error::failed("export", "it was stopped; nothing was written"));
        }
        export.add(&office.archive, object).map_err(refusal)?;
    }
    progress(total, total);
    let content = export.content();
    if content.objects == 0 {
        return Err(Error::failed(
            "export",
            "none of the chosen dossiers is intact; run `xuecang archive check`",
        ));
    }
    note(office, actor, id, &export)?;
    export.finish().map_err(refusal)?;
    Ok(Exported { id, to: wanted.to.clone(), content })
}

/// The objects that are wanted, each once.
fn choose(office: &Office, whom: &Whom) -> Result<Vec<ObjectId>> {
    let chosen: Vec<ObjectId> = office.catalog.read(|conn| -> Result<_> {
        let of = |people: Vec<PersonId>| -> Vec<ObjectId> { people.into_iter().map(object_of).collect() };
        Ok(match whom {
            Whom::All => {
                let known = object::all(conn)?.into_iter().filter(|object| object.kind != ObjectKind::Other);
                known.map(|object| object.id).collect()
            }
            Whom::Campaign(id) => of(person::of_campaign(conn, *id)?.into_iter().map(|(id, _)| id).collect()),
            Whom::Class(name) => {
                of(where_facts(conn, |facts| facts.class.as_deref() == Some(name.as_str()))?)
            }
            Whom::Year(year) => {
                of(where_facts(conn, |facts| facts.entry_date.is_some_and(|date| date.year() == *year))?)
            }
            Whom::People(ids) => {
                for id in ids {
                    person::facts(conn, *id)?.ok_or_else(|| Error::not_found(PersonId::KIND, id))?;
                }
                of(ids.iter().copied().collect::<BTreeSet<_>>().into_iter().collect())
            }
        })
    })?;
    if chosen.is_empty() {
        return Err(Error::bad_field("whom", Flaw::NobodyFound));
    }
    Ok(chosen)
}

fn where_facts(
    conn: &archive::db::Connection,
    wanted: impl Fn(&archive::person::PersonRecord) -> bool,
) -> Result<Vec<PersonId>> {
    let mut found = Vec::new();
    for id in person::all(conn)? {
        if person::facts(conn, id)?.is_some_and(|facts| wanted(&facts)) {
            found.push(id);
        }
    }
    Ok(found)
}

/// A bag among the appliance's own files would be taken for one of them.
fn check_place(office: &Office, to: &Path) -> Result<()> {
    let data = fs::canonicalize(&office.paths.data).or_failed("look at the data directory")?;
    let folder =
        fs::canonicalize(folder_of(to)).map_err(|error| Error::bad_field("to", Flaw::cause(error)))?;
    if folder.starts_with(&data) {
        return Err(Error::bad_field("to", Flaw::InTheData));
    }
    Ok(())
}

/// The folder a new folder will lie in.
fn folder_of(to: &Path) -> &Path {
    to.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

fn check_room(office: &Office, to: &Path, chosen: &[ObjectId]) -> Result<()> {
    let chosen: BTreeSet<_> = chosen.iter().collect();
    let objects = office.catalog.read(object::all)?;
    let needed = objects.iter().filter(|object| chosen.contains(&object.id)).fold(PER_BAG, |sum, object| {
        sum.saturating_add(object.bytes).saturating_add(object.files * PER_FILE).saturating_add(PER_OBJECT)
    });
    enough(folder_of(to), needed)
}

/// Refuses what would not find room.
fn enough(folder: &Path, needed: u64) -> Result<()> {
    let free = volume::free_bytes(folder).or_failed("ask for free space")?;
    if free >= needed {
        return Ok(());
    }
    let what = format!("{needed} bytes are needed in {} and {free} are free", folder.display());
    Err(Error::refused(ProblemCode::DiskFull, [("what", what)]))
}

/// One entry for the export, one for every dossier in it, and an event for the ledger: all or none.
fn note(office: &Office, actor: &Actor, id: Uuid, export: &bags::Export) -> Result<()> {
    let content = export.content();
    let known = office.catalog.read(person::all)?;
    let known: BTreeSet<ObjectId> = known.into_iter().map(object_of).collect();
    let people = export.objects().filter(|object| known.contains(object));
    let mut whole = actor.clone();
    whole.purpose =
        actor.purpose.as_ref().map(|purpose| format!("{purpose} · {} 份 dossiers", content.dossiers));
    let detail = serde_json::json!({
        "dossiers": content.dossiers, "objects": content.objects, "files": content.files, "bytes": content.bytes,
        "left_out": content.left_out.len(), "seal": content.seal,
    });
    office.office.write(|tx| -> Result<()> {
        audit::record_in(tx, &whole, "archive.export", Some(&id.urn().to_string()), true)?;
        for object in people {
            let person = PersonId::from_uuid(object.uuid()).to_string();
            audit::record_in(tx, actor, "dossier.export", Some(&person), true)?;
        }
        event::queue(tx, actor, EXPORTED, ARCHIVE, &id.to_string(), &detail)
    })
}

fn refusal(error: ExportError) -> Error {
    match error {
        ExportError::NotEmpty(_) => Error::bad_field("to", Flaw::NotEmptyFolder),
        error => Error::failed("export", error),
    }
}

/// Takes in every object of a bag that the archive does not hold, byte for byte. `progress` gets the step, objects done
/// and in all, and returns whether to go on. No server may run meanwhile.
///
/// # Errors
///
/// Without the rights to keep the archive and to import; when the folder holds no valid bag or there is no room; when
/// it was stopped. What was taken in before stays, and the same call goes on from there.
pub fn admit(
    office: &Office,
    actor: &Actor,
    dir: &Path,
    progress: &mut dyn FnMut(&str, u64, u64) -> bool,
) -> Result<Admitted> {
    audit::recorded(office, actor, "archive.admit", None, || {
        actor.may(Right::MaintainArchive)?;
        actor.may(Right::Import)?;
        let size =
            archive::export::payload(dir).map_err(|error| Error::bad_field("dir", Flaw::cause(error)))?;
        let (files, bytes) = size;
        enough(&office.paths.data, bytes.saturating_add(files * PER_FILE).saturating_add(PER_BAG))?;
        let admitted = bags::admit(dossier::holdings(office), dir, progress);
        // Also of what came in before something went wrong.
        dossier::announce(office)?;
        let admitted = admitted.map_err(|error| match error {
            error @ (AdmitError::NotValid { .. } | AdmitError::NoObjects(_)) => {
                Error::bad_field("dir", Flaw::cause(error))
            }
            error => Error::failed("take in the bag", error),
        })?;
        let seal = Some(&admitted.seal)
            .filter(|seal| seal.len() == 64 && seal.bytes().all(|b| b.is_ascii_hexdigit()));
        let detail = serde_json::json!({
            "taken": admitted.taken, "held": admitted.held, "refused": admitted.refused.len(), "seal": seal,
        });
        let reference = Timestamp::now().to_string();
        office.office.write(|tx| event::queue(tx, actor, ADMITTED, ARCHIVE, &reference, &detail))?;
        Ok(admitted)
    })
}
