//! `faults-driver OPERATION FOLDER`: does an operation while another process traces it, and says what is kept.
//!
//! It stops at every system call that writes and fails there without a tracer, so it is of no use by itself.

use std::process::ExitCode;

use anyhow::Result;

#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
fn main() -> Result<ExitCode> {
    faults::drive::main()
}

#[cfg(not(all(target_os = "linux", target_arch = "x86_64")))]
fn main() -> Result<ExitCode> {
    anyhow::bail!("the tracer knows no system but Linux on x86-64")
}
