//! A system call that writes, as the tracer finds it: what it is and which files it is about.

use std::ffi::OsString;
use std::fmt;
use std::os::unix::ffi::OsStringExt as _;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use fs_err as fs;
use nix::libc::{self, user_regs_struct as Registers};
use nix::unistd::Pid;

/// The longest path there can be, bytes.
const LONGEST: usize = 4096;

/// What a call does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Says something on stdout.
    Say,
    /// Writes bytes where the file is being written, or at a place of its own (bytes).
    Write(Option<u64>),
    /// Writes bytes in a way that is not followed.
    Splice,
    /// Makes a file longer or shorter.
    Resize,
    /// Makes a file, or empties one.
    Open,
    /// Makes a file without a name.
    OpenUnnamed,
    /// Makes a folder.
    MakeDir,
    /// Gives a file or folder another name.
    Rename,
    /// Gives a file one more name.
    Link,
    /// Makes a symbolic link.
    Symlink,
    /// Takes a name away.
    Unlink,
    /// Removes a folder.
    RemoveDir,
    /// Changes who may read and write it.
    Permit,
    /// Makes a file's bytes or a folder's names durable.
    Sync,
    /// Makes everything durable.
    SyncAll,
    /// Begins to write and promises nothing.
    Hint,
    /// Maps a file so that it can be written by way of memory.
    Map,
}

/// A call that writes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// What it does.
    pub kind: Kind,
    /// The files it is about: a renamed one's old name, then its new one.
    pub paths: Vec<PathBuf>,
    /// The open file it is about.
    pub fd: Option<i32>,
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let paths: Vec<_> = self.paths.iter().map(|path| path.display().to_string()).collect();
        write!(f, "{:?} {}", self.kind, paths.join(" -> "))
    }
}

impl Call {
    /// The call that a stopped thread is about to do.
    ///
    /// # Errors
    ///
    /// When it is none that is known here, or the thread's memory can't be read.
    pub fn of(thread: Pid, at: &Registers) -> Result<Self> {
        let (fd, first, second) = (int(at.rdi), at.rdi, at.rsi);
        let number = i64::try_from(at.orig_rax).unwrap_or(-1);
        let here = libc::AT_FDCWD;
        let file = |kind, fd| Self::on_file(thread, kind, fd);
        let named = |kind, at: &[(i32, u64)]| Self::on_paths(thread, kind, at);
        match number {
            libc::SYS_write | libc::SYS_writev if fd == libc::STDOUT_FILENO => {
                Ok(Self { kind: Kind::Say, paths: Vec::new(), fd: Some(fd) })
            }
            libc::SYS_write | libc::SYS_writev => file(Kind::Write(None), fd),
            libc::SYS_pwrite64 | libc::SYS_pwritev | libc::SYS_pwritev2 => {
                file(Kind::Write(Some(at.r10)), fd)
            }
            libc::SYS_copy_file_range if at.r10 == 0 => file(Kind::Write(None), int(at.rdx)),
            libc::SYS_copy_file_range | libc::SYS_splice => file(Kind::Splice, int(at.rdx)),
            libc::SYS_sendfile => file(Kind::Write(None), fd),
            libc::SYS_ftruncate | libc::SYS_fallocate => file(Kind::Resize, fd),
            libc::SYS_truncate => named(Kind::Resize, &[(here, first)]),
            libc::SYS_open => named(opens(second), &[(here, first)]),
            libc::SYS_creat => named(Kind::Open, &[(here, first)]),
            libc::SYS_openat => named(opens(at.rdx), &[(fd, second)]),
            libc::SYS_mkdir => named(Kind::MakeDir, &[(here, first)]),
            libc::SYS_mkdirat => named(Kind::MakeDir, &[(fd, second)]),
            libc::SYS_rename => named(Kind::Rename, &[(here, first), (here, second)]),
            libc::SYS_renameat | libc::SYS_renameat2 => {
                named(Kind::Rename, &[(fd, second), (int(at.rdx), at.r10)])
            }
            libc::SYS_link => named(Kind::Link, &[(here, first), (here, second)]),
            libc::SYS_linkat => named(Kind::Link, &[(fd, second), (int(at.rdx), at.r10)]),
            libc::SYS_symlink => named(Kind::Symlink, &[(here, second)]),
            libc::SYS_symlinkat => named(Kind::Symlink, &[(int(at.rsi), at.rdx)]),
            libc::SYS_unlink => named(Kind::Unlink, &[(here, first)]),
            libc::SYS_unlinkat if at.rdx & bits(libc::AT_REMOVEDIR) != 0 => {
                named(Kind::RemoveDir, &[(fd, second)])
            }
            libc::SYS_unlinkat => named(Kind::Unlink, &[(fd, second)]),
            libc::SYS_rmdir => named(Kind::RemoveDir, &[(here, first)]),
            libc::SYS_chmod => named(Kind::Permit, &[(here, first)]),
            libc::SYS_fchmodat => named(Kind::Permit, &[(fd, second)]),
            libc::SYS_fchmod => file(Kind::Permit, fd),
            libc::SYS_fsync | libc::SYS_fdatasync => file(Kind::Sync, fd),
            libc::SYS_syncfs => file(Kind::SyncAll, fd),
            libc::SYS_sync => Ok(Self { kind: Kind::SyncAll, paths: Vec::new(), fd: None }),
            libc::SYS_sync_file_range => file(Kind::Hint, fd),
            libc::SYS_mmap => file(Kind::Map, int(at.r8)),
            other => bail!("system call {other} is not known to the tracer"),
        }
    }

    /// Whether it is about something below a folder.
    #[must_use]
    pub fn is_below(&self, folder: &Path) -> bool {
        self.paths.iter().any(|path| path.starts_with(folder))
    }

    fn on_file(thread: Pid, kind: Kind, fd: i32) -> Result<Self> {
        // What is mapped without a file has none.
        let path = if fd < 0 { None } else { Some(fs::read_link(format!("/proc/{thread}/fd/{fd}"))) };
        let paths = path.transpose().unwrap_or_default().into_iter().collect();
        Ok(Self { kind, paths, fd: Some(fd) })
    }

    fn on_paths(thread: Pid, kind: Kind, at: &[(i32, u64)]) -> Result<Self> {
        let paths = at.iter().map(|&(dir, address)| resolved(thread, dir, address)).collect::<Result<_>>()?;
        Ok(Self { kind, paths, fd: None })
    }
}

fn opens(flags: u64) -> Kind {
    let unnamed = bits(libc::O_TMPFILE);
    if flags & unnamed == unnamed { Kind::OpenUnnamed } else { Kind::Open }
}

fn bits(flags: libc::c_int) -> u64 {
    u64::from(flags.unsigned_abs())
}

/// The lower half of a register, which is where an `int` is passed.
#[expect(clippy::cast_possible_truncation, reason = "the upper half means nothing")]
fn int(register: u64) -> i32 {
    register as u32 as i32
}

/// A path that a thread names, seen from the folder that it names it in.
fn resolved(thread: Pid, dir: i32, address: u64) -> Result<PathBuf> {
    let path = PathBuf::from(OsString::from_vec(text(thread, address)?));
    if path.is_absolute() {
        return Ok(path);
    }
    let from = match dir {
        libc::AT_FDCWD => format!("/proc/{thread}/cwd"),
        fd => format!("/proc/{thread}/fd/{fd}"),
    };
    Ok(fs::read_link(from)?.join(path))
}

/// The text at an address of a thread's memory, up to its zero byte.
fn text(thread: Pid, address: u64) -> Result<Vec<u8>> {
    let mut bytes = memory(thread, address, LONGEST)?;
    let end = bytes.iter().position(|byte| *byte == 0).context("a path has no end")?;
    bytes.truncate(end);
    Ok(bytes)
}

/// Up to so many bytes at an address of a thread's memory: fewer where it ends.
///
/// # Errors
///
/// When it can't be read.
pub fn memory(thread: Pid, address: u64, len: usize) -> Result<Vec<u8>> {
    let memory = fs::File::open(format!("/proc/{thread}/mem"))?;
    let mut bytes = vec![0; len];
    let mut read = 0;
    while let Some(rest) = bytes.get_mut(read..).filter(|rest| !rest.is_empty()) {
        match memory.file().read_at(rest, address.wrapping_add(read as u64)) {
            Ok(0) => break,
            Ok(more) => read += more,
            // The next page is not there: the text ends before it.
            Err(_) if read > 0 => break,
            Err(error) => return Err(error.into()),
        }
    }
    bytes.truncate(read);
    Ok(bytes)
}
