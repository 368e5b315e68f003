//! Scans of diplomas out of a zip or a folder, each file named by the certificate's number.
//!
//! `105811202606000123.pdf`; of several files for one diploma the further ones have something after the number:
//! `105811202606000123-2.jpg`. What belongs to nobody's diploma, is there twice or can't be opened is listed; the others
//! are kept.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read as _;
use std::path::Path;

use api::import::{ImportFile, ImportFinding};
use api::job::{Job, JobKind};
use api::{Right, ids::DiplomaId};
use archive::db::catalog::diploma;
use archive::dossier::{Change, Kept, NewScan};
use archive::import::{PhotoFile, PhotoLimits, PhotoProblemKind, Photos, photos};

use super::{Import, PHOTO_BYTES, PHOTOS, Params};
use crate::dossier::keep;
use crate::job::Ctx;
use crate::{Actor, Error, Office, Refusal as _, Result, audit, event, job, upload};

/// What versions made by an import say.
const MESSAGE: &str = "Scan of a diploma imported";

/// Imports an uploaded zip of scans.
///
/// # Errors
///
/// Without the right `import`; `not-found`.
pub fn scans(office: &Office, actor: &Actor, file: ImportFile) -> Result<Job> {
    actor.may(Right::Import)?;
    upload::find(office, actor, file.upload)?;
    job::enqueue(office, actor, JobKind::ImportScans, None, &Params { upload: file.upload, kind: None })
}

/// What an import came to.
#[derive(Debug, Default)]
pub struct Imported {
    /// Figures: `scans`, `changed`, `refused`, …
    pub figures: BTreeMap<&'static str, u64>,
    /// What was not taken, and why.
    pub findings: Vec<ImportFinding>,
}

/// Imports a folder of scans that lies on this machine, for whoever works at its console. `progress` hears of files done
/// and in all, and says whether to go on.
///
/// # Errors
///
/// Without the right `import`; `bad-file`. Running it again goes on where it stopped.
pub fn folder(
    office: &Office,
    actor: &Actor,
    path: &Path,
    progress: &mut dyn FnMut(u64, u64) -> bool,
) -> Result<Imported> {
    actor.may(Right::Import)?;
    let mut files = photos(path, PhotoLimits::scans()).or_failed("open the folder of scans")?;
    let mut go_on = |done, total| if progress(done, total) { Ok(()) } else { Err(crate::rebuild::stopped()) };
    let changed = |kept: &[Kept]| Ok(kept.iter().filter(|kept| kept.changed).count() as u64);
    let mut intake = Intake::new(office, actor, &changed);
    intake.take_all(&mut files, &mut go_on)?;
    let imported = intake.imported;
    let reference = uuid::Uuid::new_v4().simple().to_string();
    office.office.write(|tx| -> Result<()> {
        event::queue(tx, actor, "scans.imported", "folder", &reference, &imported.figures)?;
        audit::record_in(tx, actor, "scans.imported", None, true)
    })?;
    Ok(imported)
}

/// Body of the job that imports scans.
pub(crate) fn run_scans(ctx: &Ctx<'_>) -> Result<()> {
    let subject = ctx.params::<Params>()?.upload.to_string();
    let Some(import) = Import::begin(ctx, "scans.imported", subject)? else {
        // Killed after its last word, and maybe before anybody was asked to read.
        return crate::scan::begin_reading(ctx.office(), &ctx.actor()?);
    };
    let mut files =
        photos(&import.file.path, PhotoLimits::scans()).map_err(|error| super::unusable(&import, &error))?;
    let mut go_on = |done, total| {
        ctx.progress("storing", done, total);
        ctx.go_on()
    };
    let changed = |kept: &[Kept]| import.changed(kept, MESSAGE);
    let mut intake = Intake::new(import.office(), &import.actor, &changed);
    intake.take_all(&mut files, &mut go_on)?;
    let Imported { figures, findings } = intake.imported;
    ctx.findings(&findings)?;
    import.finish(&figures, |_| Ok(()))?;
    crate::scan::begin_reading(import.office(), &import.actor)
}

/// Hears of files done and in all; an error ends the import where nothing is half done.
type GoOn<'a> = &'a mut dyn FnMut(u64, u64) -> Result<()>;

/// Scans being taken in.
struct Intake<'a> {
    office: &'a Office,
    actor: &'a Actor,
    imported: Imported,
    /// What this import has seen of each diploma, by the digest of its bytes.
    seen: BTreeSet<(DiplomaId, String)>,
    /// How many dossiers this import changed, those of an interrupted run among them.
    changed: &'a dyn Fn(&[Kept]) -> Result<u64>,
}

impl<'a> Intake<'a> {
    fn new(office: &'a Office, actor: &'a Actor, changed: &'a dyn Fn(&[Kept]) -> Result<u64>) -> Self {
        Self { office, actor, imported: Imported::default(), seen: BTreeSet::new(), changed }
    }

    fn take_all(&mut self, files: &mut Photos, go_on: GoOn<'_>) -> Result<()> {
        let total = files.entries() as u64;
        let (mut done, mut changes, mut bytes) = (0, Vec::new(), 0);
        while let Some(next) = files.next() {
            done += 1;
            match next {
                Ok(file) => changes.extend(self.take(file, &mut bytes)?),
                Err(problem) => {
                    let skipped = matches!(problem.kind, PhotoProblemKind::NotAPhoto);
                    let code =
                        problem.code().replacen("photo", "scan", 1).replace("not-a-photo", "not-a-scan");
                    self.note(problem.entry, &code, if skipped { "info" } else { "warn" });
                    self.count("refused", 1);
                }
            }
            if changes.len() >= PHOTOS || bytes >= PHOTO_BYTES {
                self.keep(std::mem::take(&mut changes))?;
                bytes = 0;
                go_on(done, total)?;
            }
        }
        self.keep(changes)?;
        go_on(done, total)
    }

    /// The change a file makes, or nothing and a finding.
    fn take(&mut self, mut file: PhotoFile<'_>, total: &mut usize) -> Result<Option<Change>> {
        let (entry, key) = (file.entry, file.key.clone());
        let number = number_of(&key);
        let holders = self.office.catalog.read(|conn| diploma::by_number(conn, number))?;
        let (person, diploma) = match holders.as_slice() {
            [] => return Ok(self.refuse(entry, "scan-unmatched")),
            [only] if !number.is_empty() => *only,
            _ => return Ok(self.refuse(entry, "scan-ambiguous")),
        };
        let mut bytes = Vec::new();
        if let Err(error) = file.read_to_end(&mut bytes) {
            let Some(problem) = PhotoFile::problem(&error) else {
                return Err(Error::failed("read a scan", error));
            };
            return Ok(self.refuse(entry, &problem.code().replacen("photo", "scan", 1)));
        }
        *total += bytes.len();
        let scan = match NewScan::from_bytes(bytes, format!("imported from the file named {key}")) {
            Ok(scan) => scan,
            Err(error) => return Ok(self.refuse(entry, error.code())),
        };
        if !self.seen.insert((diploma, scan.sha256().to_owned())) {
            return Ok(self.refuse(entry, "scan-same-bytes"));
        }
        Ok(Some(Change::of(person, MESSAGE).scan(diploma, scan)))
    }

    fn keep(&mut self, changes: Vec<Change>) -> Result<()> {
        if changes.is_empty() {
            return Ok(());
        }
        let kept = keep(self.office, self.actor, changes)?;
        self.count("scans", kept.iter().map(|kept: &Kept| kept.scans.len() as u64).sum());
        self.count("changed", (self.changed)(&kept)?);
        Ok(())
    }

    fn refuse(&mut self, entry: u64, code: &str) -> Option<Change> {
        self.count("refused", 1);
        self.note(entry, code, "warn");
        None
    }

    fn note(&mut self, entry: u64, code: &str, severity: &str) {
        self.imported.findings.push(ImportFinding {
            place: entry.to_string(),
            field: None,
            code: code.to_owned(),
            severity: severity.to_owned(),
        });
    }

    fn count(&mut self, figure: &'static str, more: u64) {
        *self.imported.figures.entry(figure).or_default() += more;
    }
}

/// The number at the beginning of a file's name: up to the first sign that is neither digit nor letter.
fn number_of(key: &str) -> &str {
    key.split(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn further_files_of_a_diploma_have_something_after_the_number() {
        for key in
            ["105811202606000123", "105811202606000123-2", "105811202606000123_反面", "105811202606000123(1)"]
        {
            assert_eq!(number_of(key), "105811202606000123", "{key}");
        }
        assert_eq!(number_of("反面"), "");
    }
}
