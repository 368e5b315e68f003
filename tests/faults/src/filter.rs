//! Which system calls a traced program is stopped at: those that change a file, a folder, or what is durable of them.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result};
use nix::libc;
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule,
    TargetArch,
};

/// Calls that always count.
const ALWAYS: &[libc::c_long] = &[
    libc::SYS_pwrite64,
    libc::SYS_pwritev,
    libc::SYS_pwritev2,
    libc::SYS_copy_file_range,
    libc::SYS_sendfile,
    libc::SYS_splice,
    libc::SYS_truncate,
    libc::SYS_ftruncate,
    libc::SYS_fallocate,
    libc::SYS_creat,
    libc::SYS_openat2,
    libc::SYS_mkdir,
    libc::SYS_mkdirat,
    libc::SYS_rename,
    libc::SYS_renameat,
    libc::SYS_renameat2,
    libc::SYS_link,
    libc::SYS_linkat,
    libc::SYS_symlink,
    libc::SYS_symlinkat,
    libc::SYS_unlink,
    libc::SYS_unlinkat,
    libc::SYS_rmdir,
    libc::SYS_chmod,
    libc::SYS_fchmod,
    libc::SYS_fchmodat,
    libc::SYS_fsync,
    libc::SYS_fdatasync,
    libc::SYS_syncfs,
    libc::SYS_sync,
    libc::SYS_sync_file_range,
];

/// The program that stops this process, and every thread it will have, at such calls. Without a tracer they fail.
///
/// # Errors
///
/// When it can't be compiled.
pub fn program() -> Result<BpfProgram> {
    let mut rules: BTreeMap<i64, Vec<SeccompRule>> =
        ALWAYS.iter().map(|&number| (number, Vec::new())).collect();
    // What is said on stdout is heard there; the log on stderr is nobody's business.
    for number in [libc::SYS_write, libc::SYS_writev] {
        rules.insert(number, vec![when(&[(0, SeccompCmpOp::Ne, flag(libc::STDERR_FILENO))])?]);
    }
    for (number, flags) in [(libc::SYS_open, 1), (libc::SYS_openat, 2)] {
        let opens = [libc::O_CREAT, libc::O_TRUNC, libc::O_TMPFILE].map(flag);
        let opens = opens.map(|bits| when(&[(flags, SeccompCmpOp::MaskedEq(bits), bits)]));
        rules.insert(number, opens.into_iter().collect::<Result<_>>()?);
    }
    // Bytes that are written by way of memory are not seen; that nobody does so is checked.
    let (write, shared) = (flag(libc::PROT_WRITE), flag(libc::MAP_SHARED));
    let maps =
        when(&[(2, SeccompCmpOp::MaskedEq(write), write), (3, SeccompCmpOp::MaskedEq(shared), shared)])?;
    rules.insert(libc::SYS_mmap, vec![maps]);
    let filter =
        SeccompFilter::new(rules, SeccompAction::Allow, SeccompAction::Trace(0), TargetArch::x86_64)?;
    filter.try_into().context("the filter can't be compiled")
}

fn when(conditions: &[(u8, SeccompCmpOp, u64)]) -> Result<SeccompRule> {
    let conditions = conditions
        .iter()
        .map(|(argument, is, value)| {
            SeccompCondition::new(*argument, SeccompCmpArgLen::Dword, is.clone(), *value)
        })
        .collect::<Result<_, _>>()?;
    Ok(SeccompRule::new(conditions)?)
}

/// Flags of the C library are positive.
fn flag(bits: libc::c_int) -> u64 {
    u64::from(bits.unsigned_abs())
}
