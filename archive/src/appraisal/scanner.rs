//! A virus scanner that is installed here: ClamAV, as a program of its own.
//!
//! Nothing that anybody typed reaches its command line: the program is one of a few fixed places, and what it is to read
//! is handed over as a list in a file.

use std::io::{self, Write as _};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use super::{Error, Stop};

const PLACES: [&str; 3] = ["/usr/bin", "/usr/local/bin", "/opt/clamav/bin"];
/// The one that asks a running daemon is the quicker one.
const PROGRAMS: [&str; 2] = ["clamdscan", "clamscan"];
/// How often a running scanner is looked after.
const LOOK: Duration = Duration::from_millis(50);

/// A scanner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scanner {
    /// Those that are here, to be tried in turn.
    programs: Vec<PathBuf>,
}

/// What a scan gave.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Scanned {
    /// All was read; these files hold something.
    Done(Vec<PathBuf>),
    /// No program could do it: no signatures, no daemon, no permission.
    Failed,
}

impl Scanner {
    /// The scanner that is installed, if there is one.
    #[must_use]
    pub fn installed() -> Option<Self> {
        let all =
            PROGRAMS.iter().flat_map(|name| PLACES.iter().map(move |place| Path::new(place).join(name)));
        Self::at(all.collect())
    }

    /// Those of these programs that are there.
    pub(super) fn at(programs: Vec<PathBuf>) -> Option<Self> {
        let runs = |program: &PathBuf| {
            program.metadata().is_ok_and(|file| file.is_file() && file.permissions().mode() & 0o111 != 0)
        };
        let programs: Vec<_> = programs.into_iter().filter(runs).collect();
        (!programs.is_empty()).then_some(Self { programs })
    }

    /// Reads everything below `folders`.
    pub(super) fn scan(&self, folders: &[PathBuf], stop: Stop<'_>) -> Result<Scanned, Error> {
        for program in &self.programs {
            if let Scanned::Done(infected) = scan_with(program, folders, stop)? {
                return Ok(Scanned::Done(infected));
            }
        }
        Ok(Scanned::Failed)
    }
}

fn scan_with(program: &Path, folders: &[PathBuf], stop: Stop<'_>) -> Result<Scanned, Error> {
    let mut list = tempfile::NamedTempFile::new().map_err(Error::Scanner)?;
    for folder in folders {
        list.write_all(folder.as_os_str().as_bytes())
            .and_then(|()| list.write_all(b"\n"))
            .map_err(Error::Scanner)?;
    }
    list.flush().map_err(Error::Scanner)?;
    let told = tempfile::NamedTempFile::new().map_err(Error::Scanner)?;
    let mut command = Command::new(program);
    command.arg("--infected").arg("--no-summary");
    if program.file_name().is_some_and(|name| name == "clamdscan") {
        // The daemon may not be allowed to open the files itself.
        command.arg("--fdpass");
    } else {
        command.arg("--recursive");
    }
    command.arg(format!("--file-list={}", list.path().display()));
    command.stdin(Stdio::null()).stderr(Stdio::null()).stdout(told.reopen().map_err(Error::Scanner)?);
    let Ok(child) = command.spawn() else { return Ok(Scanned::Failed) };
    match wait(child, stop)? {
        Some(0) => Ok(Scanned::Done(Vec::new())),
        Some(1) => {
            let text = std::fs::read(told.path()).map_err(Error::Scanner)?;
            let infected = infected(&String::from_utf8_lossy(&text));
            // A scanner that says that there is something and not where has not told what it found.
            Ok(if infected.is_empty() { Scanned::Failed } else { Scanned::Done(infected) })
        }
        _ => Ok(Scanned::Failed),
    }
}

/// Waits for the scanner; once `stop` says so, it is ended.
fn wait(mut child: std::process::Child, stop: Stop<'_>) -> Result<Option<i32>, Error> {
    loop {
        match child.try_wait() {
            Ok(Some(status)) => return Ok(status.code()),
            Ok(None) if stop() => {
                let ended = child.kill().and_then(|()| child.wait());
                return ended.map_err(Error::Scanner).and(Err(Error::Stopped));
            }
            Ok(None) => thread::sleep(LOOK),
            Err(error) => return Err(Error::Scanner(io::Error::other(error))),
        }
    }
}

/// The files of lines such as `/archive/…/photo.jpg: Eicar-Signature FOUND`.
fn infected(text: &str) -> Vec<PathBuf> {
    let line = |line: &str| {
        let (file, _) = line.strip_suffix(" FOUND")?.rsplit_once(": ")?;
        Some(PathBuf::from(file))
    };
    let mut files: Vec<_> = text.lines().filter_map(line).collect();
    files.sort();
    files.dedup();
    files
}
