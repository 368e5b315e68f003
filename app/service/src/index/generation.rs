//! The folders of the index, and the two files that name those which are meant.

use std::{
    io::{self, Write as _},
    path::PathBuf,
};

use archive::search::Index;
use fs_err as fs;

use crate::Office;

/// The file that names the generation that answers.
pub(super) const CURRENT: &str = "current";
/// The file that names the generation that is being filled beside it.
pub(super) const NEXT: &str = "next";

/// Where a generation lies.
pub(super) fn folder(office: &Office, name: &str) -> PathBuf {
    office.paths.index.join(name)
}

/// What one of the two files names.
pub(super) fn named(office: &Office, file: &str) -> Option<String> {
    let name = fs::read_to_string(office.paths.index.join(file)).ok()?.trim().to_owned();
    (!name.is_empty() && !name.contains(['/', '.'])).then_some(name)
}

/// Names a generation, durably and at once.
pub(super) fn name(office: &Office, file: &str, name: &str) -> io::Result<()> {
    let mut written = tempfile::NamedTempFile::new_in(&office.paths.index)?;
    writeln!(written, "{name}")?;
    written.as_file().sync_all()?;
    written.persist(office.paths.index.join(file)).map_err(|error| error.error)?;
    fs::File::open(&office.paths.index)?.sync_all()
}

/// Names no generation as the next one. If a crash undoes this, the file names what is in use or what is gone.
pub(super) fn forget_next(office: &Office) {
    match fs::remove_file(office.paths.index.join(NEXT)) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            tracing::warn!(error = %error, "Could not forget the next search index.");
        }
        _ => {}
    }
}

/// Removes generations that nothing names. Those that another process still reads stay readable to it.
pub(super) fn sweep(office: &Office) {
    let Some(current) = named(office, CURRENT) else { return };
    let kept = [Some(current), named(office, NEXT)];
    for entry in fs::read_dir(&office.paths.index).into_iter().flatten().flatten() {
        let name = entry.file_name().into_string().ok();
        if entry.path().is_dir()
            && !kept.contains(&name)
            && let Err(error) = fs::remove_dir_all(entry.path())
        {
            tracing::warn!(error = %error, "Could not remove an old search index.");
        }
    }
}

/// Whether the index that is named was made by an older version, for whoever must not make another. None is no older one.
pub(crate) fn is_older(office: &Office) -> Result<bool, String> {
    if let Some(index) = super::opened(office) {
        return Ok(index.is_older());
    }
    let Some(name) = named(office, CURRENT) else { return Ok(false) };
    Index::open(&folder(office, &name)).map(|index| index.is_older()).map_err(|error| error.to_string())
}
