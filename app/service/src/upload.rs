//! Files that staff put in for a job: streamed to disk, hashed while written, durable before they are named.

use std::{io::Write as _, path::PathBuf, time::Duration};

use api::import::Upload;
use api::{ProblemCode, Right, ids::UploadId};
use archive::db::office::upload as rows;
use fs_err::{self as fs, os::unix::fs::OpenOptionsExt as _};
use jiff::{SignedDuration, Timestamp};
use sha2::{Digest as _, Sha256};

use crate::{Actor, Error, Office, Refusal as _, Result, audit};

/// How long an upload that no job used is kept.
const KEPT: SignedDuration = SignedDuration::from_hours(7 * 24);

/// The rights of which any one lets somebody put a file in.
const RIGHTS: [Right; 1] = [Right::Import];

/// A file being put in. Dropping it removes its bytes.
#[derive(Debug)]
#[must_use = "a file that is not kept vanishes"]
pub struct Receiving {
    id: UploadId,
    path: PathBuf,
    file: fs::File,
    digest: Sha256,
    bytes: u64,
    limit: u64,
    kept: bool,
}

/// Begins to take a file in.
///
/// # Errors
///
/// Without the right `import`; `disk-full`.
pub fn begin(office: &Office, actor: &Actor) -> Result<Receiving> {
    actor.may_any(&RIGHTS)?;
    let id = UploadId::new();
    let path = path(office, id);
    let file = fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&path)
        .or_failed("begin an upload")?;
    let (digest, limit) = (Sha256::new(), office.config.limits.upload);
    Ok(Receiving { id, path, file, digest, bytes: 0, limit, kept: false })
}

impl Receiving {
    /// Takes the next bytes.
    ///
    /// # Errors
    ///
    /// `too-large` beyond the limit; `disk-full`.
    pub fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.bytes = self.bytes.saturating_add(bytes.len() as u64);
        if self.bytes > self.limit {
            return Err(Error::refused(ProblemCode::TooLarge, [("limit_bytes", self.limit.to_string())]));
        }
        self.digest.update(bytes);
        self.file.write_all(bytes).or_failed("write an upload")
    }

    /// Keeps the file under the name the client gave it, which is never a path.
    ///
    /// # Errors
    ///
    /// `bad-request` when it is empty; when it can't be made durable.
    pub fn keep(mut self, office: &Office, actor: &Actor, name: &str) -> Result<Upload> {
        if self.bytes == 0 {
            return Err(Error::refused(
                ProblemCode::BadRequest,
                [("reason", "the file is empty".to_owned())],
            ));
        }
        self.file.sync_all().or_failed("keep an upload")?;
        fs::File::open(&office.paths.uploads).and_then(|dir| dir.sync_all()).or_failed("keep an upload")?;
        let sha256 = hex::encode(std::mem::take(&mut self.digest).finalize());
        let row = rows::Upload {
            id: self.id,
            user: actor.user,
            name: name.chars().filter(|c| !c.is_control()).take(255).collect(),
            bytes: self.bytes,
            sha256,
            created: Timestamp::now(),
        };
        office.office.write(|tx| -> Result<()> {
            rows::insert(tx, &row)?;
            audit::record_in(tx, actor, "upload.keep", Some(&row.id.to_string()), true)
        })?;
        self.kept = true;
        Ok(Upload { id: row.id, bytes: row.bytes, sha256: row.sha256 })
    }
}

impl Drop for Receiving {
    fn drop(&mut self) {
        if !self.kept {
            // What stays behind is swept later.
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// A kept upload, for the job that uses it.
#[derive(Debug, Clone)]
pub struct Kept {
    /// Where its bytes lie.
    pub path: PathBuf,
    /// As the client named it: tells the format.
    pub name: String,
    /// Its bytes.
    pub bytes: u64,
    /// SHA-256 of its bytes.
    pub sha256: String,
}

/// Finds an upload.
///
/// # Errors
///
/// Without the right `import`; `not-found`.
pub fn find(office: &Office, actor: &Actor, id: UploadId) -> Result<Kept> {
    actor.may_any(&RIGHTS)?;
    let row = office
        .office
        .read(|conn| rows::by_id(conn, id))?
        .ok_or_else(|| Error::not_found(UploadId::KIND, id))?;
    Ok(Kept { path: path(office, id), name: row.name, bytes: row.bytes, sha256: row.sha256 })
}

/// Removes an upload that was used: the row first, so that no row is without its bytes.
///
/// # Errors
///
/// When it can't be removed.
pub fn remove(office: &Office, id: UploadId) -> Result<()> {
    office.office.write(|tx| rows::delete(tx, id))?;
    match fs::remove_file(path(office, id)) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(Error::failed("remove an upload", error))
        }
        _ => Ok(()),
    }
}

/// Removes uploads nobody used for a week, and bytes that no row has named for `unnamed_for`: zero before anything comes
/// in, later longer than anybody takes to put a file in.
///
/// # Errors
///
/// When the folder or the store can't be used.
pub fn sweep(office: &Office, unnamed_for: Duration) -> Result<()> {
    let before = Timestamp::now() - KEPT;
    for row in office.office.read(|conn| rows::older_than(conn, before))? {
        remove(office, row.id)?;
    }
    for entry in fs::read_dir(&office.paths.uploads).or_failed("sweep uploads")? {
        let entry = entry.or_failed("sweep uploads")?;
        let id = entry.file_name().to_str().and_then(|name| name.parse::<UploadId>().ok());
        let touched = entry.metadata().and_then(|meta| meta.modified()).ok();
        let old = touched.is_some_and(|at| at.elapsed().is_ok_and(|age| age >= unnamed_for));
        let named = match id {
            Some(id) => office.office.read(|conn| rows::by_id(conn, id))?.is_some(),
            None => false,
        };
        if old && !named {
            fs::remove_file(entry.path()).or_failed("sweep uploads")?;
        }
    }
    Ok(())
}

fn path(office: &Office, id: UploadId) -> PathBuf {
    office.paths.uploads.join(id.to_string())
}
