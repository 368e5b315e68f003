//! The appliance, made and opened.

use std::{
    io,
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use api::ProblemCode;
use archive::db::{self, Store, catalog, imprint, office};
use archive::ocfl;
use fs_err as fs;
use models::Installed;
use verify::{Engine, Reader};

use crate::authority::Names;
use crate::change::Changes;
use crate::job::Jobs;
use crate::keys::KeysError;
use crate::ledger::Ledger;
use crate::{Config, Error, Keys};

/// The opened appliance: everything a function of this crate works with.
pub struct Office {
    /// What it was told of its surroundings.
    pub config: Config,
    /// Where things lie.
    pub paths: Paths,
    /// The school's name.
    pub school: String,
    /// What the archive holds; derived.
    pub catalog: Store,
    /// Accounts, open work, decisions.
    pub office: Store,
    /// The archive itself.
    pub archive: ocfl::Root,
    /// The secret keys.
    pub keys: Keys,
    /// The tamper-evident record of what happened.
    pub ledger: Ledger,
    /// Long work.
    pub jobs: Jobs,
    /// What changed, told to whoever is at work.
    pub changes: Changes,
    /// The search index; derived.
    pub index: crate::index::Handle,
    /// Who was found by whom a moment ago.
    pub found: crate::usage::Found,
    engine: Mutex<Option<Arc<Engine>>>,
    reader: Mutex<Option<Arc<Reader>>>,
    // Dropped last, when the stores are closed.
    _imprints: Imprints,
}

/// Takes the stores' imprints when it is dropped.
struct Imprints([PathBuf; 2]);

impl Drop for Imprints {
    fn drop(&mut self) {
        for store in &self.0 {
            if let Err(error) = imprint::take(store) {
                tracing::warn!(cause = ?error, "No imprint of a closed database could be taken: {error}.");
            }
        }
    }
}

impl std::fmt::Debug for Office {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Office").field("data", &self.paths.data).finish_non_exhaustive()
    }
}

/// Where things lie in a data directory.
#[derive(Debug, Clone)]
pub struct Paths {
    /// The data directory.
    pub data: PathBuf,
    /// The OCFL storage root.
    pub archive: PathBuf,
    /// The ledger's tiles and checkpoint.
    pub ledger: PathBuf,
    /// What the archive holds; derived.
    pub catalog: PathBuf,
    /// Accounts, open work, decisions.
    pub office: PathBuf,
    /// The search index; derived.
    pub index: PathBuf,
    /// Deliveries in quarantine.
    pub incoming: PathBuf,
    /// Files that staff put in.
    pub uploads: PathBuf,
    /// What long jobs have seen of faces so far, sealed under their campaigns' keys.
    pub journals: PathBuf,
    /// Keys.
    pub keys: PathBuf,
    /// Thumbnails; derived.
    pub cache: PathBuf,
    /// What was damaged in the archive and replaced; nothing is ever removed from it.
    pub quarantine: PathBuf,
    /// Held by the one process that may work here.
    pub lock: PathBuf,
}

impl Paths {
    /// The places in a data directory.
    #[must_use]
    pub fn new(data: &Path) -> Self {
        Self {
            data: data.to_owned(),
            archive: data.join("archive"),
            ledger: data.join("ledger"),
            catalog: data.join("catalog.db"),
            office: data.join("office.db"),
            index: data.join("index"),
            incoming: data.join("incoming"),
            uploads: data.join("incoming/uploads"),
            journals: data.join("journals"),
            keys: data.join("keys"),
            cache: data.join("cache"),
            quarantine: data.join("quarantine"),
            lock: data.join("lock"),
        }
    }

    fn directories(&self) -> [&Path; 8] {
        let Self { data, ledger, index, incoming, uploads, journals, keys, cache, .. } = self;
        [data, ledger, index, incoming, uploads, journals, keys, cache]
    }
}

/// Why an appliance could not be made or opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// There is no appliance here.
    #[error("{} holds no appliance; `xuecang init --data {}` makes one", .0.display(), .0.display())]
    NotMade(PathBuf),
    /// There is one already.
    #[error("{} holds an appliance already", .0.display())]
    MadeBefore(PathBuf),
    /// A directory or file can't be used.
    #[error("could not use {}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// What went wrong.
        source: io::Error,
    },
    /// Another process works here.
    #[error("another process works in {}", .0.display())]
    InUse(PathBuf),
    /// Bytes of the office's database have changed since it was closed, and nobody wrote them.
    #[error(
        "{} is damaged: its bytes have changed since it was closed, and nobody wrote them; put back its last backup, or \
         remove {}-imprint to go on with it as it is", .0.display(), .0.display()
    )]
    OfficeRotten(PathBuf),
    /// The same of the catalog's.
    #[error(
        "{} is damaged: its bytes have changed since it was closed, and nobody wrote them; delete it and run \
         `xuecang archive rebuild`", .0.display()
    )]
    CatalogRotten(PathBuf),
    /// A database can't be opened.
    #[error(transparent)]
    Store(#[from] db::OpenError),
    /// A database can't be read or written.
    #[error("could not use the database")]
    Database(#[from] db::Error),
    /// The archive can't be opened.
    #[error(transparent)]
    Archive(#[from] ocfl::OpenError),
    /// The keys can't be made or read.
    #[error(transparent)]
    Keys(#[from] KeysError),
}

impl Office {
    /// Makes a new appliance in `data`: directories (0700), keys (0600), databases, the archive's root.
    ///
    /// A crash leaves an appliance without a school's name, which making it again completes.
    ///
    /// # Errors
    ///
    /// When there is one already or something can't be written.
    pub fn create(data: &Path, school: &str, names: &Names) -> Result<(), OpenError> {
        let paths = Paths::new(data);
        for dir in paths.directories() {
            make_private(dir)?;
            close_to_others(dir)?;
        }
        let store = open_private(&paths.office, &office::MIGRATIONS)?;
        if store.read(|conn| office::setting::get(conn, SCHOOL))?.is_some() {
            return Err(OpenError::MadeBefore(data.to_owned()));
        }
        Keys::create(&paths.keys, school, names)?;
        open_private(&paths.catalog, &catalog::MIGRATIONS)?;
        match ocfl::Root::open(&paths.archive) {
            Ok(_) => {}
            Err(ocfl::OpenError::NotARoot(_)) => {
                make_private(&paths.archive)?;
                ocfl::Root::create(&paths.archive)?;
            }
            Err(error) => return Err(error.into()),
        }
        store.write(|tx| office::setting::set(tx, SCHOOL, school))?;
        Ok(())
    }

    /// Opens the appliance in the configured data directory. Nothing runs yet: see [`crate::job::start`].
    ///
    /// # Errors
    ///
    /// When there is none, or something of it can't be opened.
    pub fn open(config: Config) -> Result<Arc<Self>, OpenError> {
        let paths = Paths::new(&config.data);
        if !paths.office.exists() {
            return Err(OpenError::NotMade(config.data));
        }
        for dir in paths.directories() {
            make_private(dir)?;
        }
        for (store, rotten) in [
            (&paths.office, OpenError::OfficeRotten as fn(PathBuf) -> OpenError),
            (&paths.catalog, OpenError::CatalogRotten),
        ] {
            let failed = |source| OpenError::File { path: store.clone(), source };
            if store.exists() && imprint::compare(store).map_err(failed)? == imprint::Since::Rotten {
                return Err(rotten(store.clone()));
            }
        }
        let office = open_private(&paths.office, &office::MIGRATIONS)?;
        let Some(school) = office.read(|conn| office::setting::get(conn, SCHOOL))? else {
            return Err(OpenError::NotMade(config.data));
        };
        let keys = Keys::open(&paths.keys)?;
        let catalog = open_private(&paths.catalog, &catalog::MIGRATIONS)?;
        let archive = ocfl::Root::open(&paths.archive)?;
        let (ledger, jobs) = (Ledger::default(), Jobs::default());
        let (engine, reader) = (Mutex::default(), Mutex::default());
        let index = crate::index::Handle::default();
        Ok(Arc::new(Self {
            school,
            office,
            catalog,
            archive,
            keys,
            ledger,
            jobs,
            changes: Changes::default(),
            index,
            found: crate::usage::Found::default(),
            engine,
            reader,
            _imprints: Imprints([paths.catalog.clone(), paths.office.clone()]),
            paths,
            config,
        }))
    }

    /// The face engine, started when it is first asked for. That takes a second or two.
    ///
    /// # Errors
    ///
    /// `model-unavailable` when a model is missing or damaged. Mended models are found without a restart.
    pub fn engine(&self) -> crate::Result<Arc<Engine>> {
        let mut engine = self.engine.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(engine) = engine.as_ref() {
            return Ok(Arc::clone(engine));
        }
        let installed = Installed::open(&self.config.models).map_err(|error| model_unavailable(&error))?;
        let opened = Arc::new(
            Engine::open(&installed, self.config.engine_threads)
                .map_err(|error| model_unavailable(&error))?,
        );
        *engine = Some(Arc::clone(&opened));
        Ok(opened)
    }

    /// What reads the text of scans, started when it is first asked for. That takes a second or two.
    ///
    /// # Errors
    ///
    /// `model-unavailable` when a model is missing or damaged. Mended models are found without a restart.
    pub fn reader(&self) -> crate::Result<Arc<Reader>> {
        let mut reader = self.reader.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(reader) = reader.as_ref() {
            return Ok(Arc::clone(reader));
        }
        let unavailable = |error: &(dyn std::error::Error + 'static)| {
            let params = [("model", "text reader".to_owned()), ("reason", error.to_string())];
            Error::refused(ProblemCode::ModelUnavailable, params)
        };
        let models = models::Readers::open(&self.config.models).map_err(|error| unavailable(&error))?;
        // One page at a time: reading waits for nobody, and a face at the desk must not wait for it.
        let opened = Arc::new(Reader::open(&models, 1).map_err(|error| unavailable(&error))?);
        *reader = Some(Arc::clone(&opened));
        Ok(opened)
    }

    /// Whether the models that read are here. What they are is looked at when they are opened.
    #[must_use]
    pub fn can_read(&self) -> bool {
        self.reader.lock().unwrap_or_else(PoisonError::into_inner).is_some()
            || models::Readers::are_there(&self.config.models)
    }
}

/// How often and after what pause the data directory is tried again that somebody has.
const TRIES: u32 = 20;
const PAUSE: Duration = Duration::from_millis(25);

/// Takes the data directory for this process alone. Let go of by dropping, or by dying. It may be held for a moment longer
/// than its holder has it: a process that is being started has a copy of every open file until it becomes another program.
///
/// # Errors
///
/// When another process has it.
pub fn take(data: &Path) -> Result<Taken, OpenError> {
    let paths = Paths::new(data);
    let failed = |source| OpenError::File { path: paths.lock.clone(), source };
    let file = std::fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(&paths.lock)
        .map_err(failed)?;
    let mut tries = TRIES;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(Taken(file)),
            Err(std::fs::TryLockError::WouldBlock) if tries > 0 => {
                tries -= 1;
                std::thread::sleep(PAUSE);
            }
            Err(std::fs::TryLockError::WouldBlock) => return Err(OpenError::InUse(data.to_owned())),
            Err(std::fs::TryLockError::Error(source)) => return Err(failed(source)),
        }
    }
}

/// A data directory that no other process may serve.
#[derive(Debug)]
#[must_use = "another process may take the directory when this is dropped"]
pub struct Taken(#[expect(dead_code, reason = "holding the file holds the lock")] std::fs::File);

fn model_unavailable(error: &(dyn std::error::Error + 'static)) -> Error {
    tracing::warn!(cause = ?error, "The face engine can't be started: {error}.");
    let model = "face engine".to_owned();
    Error::refused(ProblemCode::ModelUnavailable, [("model", model), ("reason", error.to_string())])
}

/// The setting that holds the school's name, and by being there says that the appliance is whole.
const SCHOOL: &str = "school.name";

/// Makes a directory that only the appliance may enter, or leaves the one that is there.
fn make_private(dir: &Path) -> Result<(), OpenError> {
    if dir.is_dir() {
        return Ok(());
    }
    let failed = |source| OpenError::File { path: dir.to_owned(), source };
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(dir).map_err(failed)
}

/// Keeps everybody else out of a directory.
fn close_to_others(dir: &Path) -> Result<(), OpenError> {
    let failed = |source| OpenError::File { path: dir.to_owned(), source };
    fs::set_permissions(dir, std::fs::Permissions::from_mode(0o700)).map_err(failed)
}

fn open_private(path: &Path, migrations: &db::Migrations) -> Result<Store, OpenError> {
    let store = Store::open(path, migrations)?;
    fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))
        .map_err(|source| OpenError::File { path: path.to_owned(), source })?;
    Ok(store)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_that_is_being_let_go_of_is_waited_for_and_one_in_use_is_not_taken() {
        let dir = tempfile::tempdir().unwrap();
        let taken = take(dir.path()).unwrap();
        assert!(matches!(take(dir.path()), Err(OpenError::InUse(_))));
        let leaving = std::thread::spawn(move || {
            std::thread::sleep(PAUSE * 3);
            drop(taken);
        });
        drop(take(dir.path()).unwrap());
        leaving.join().unwrap();
    }
}
