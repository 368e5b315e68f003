//! What the driver program does: an operation while another process traces it, with a word for all that is kept.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Result;
use clap::Parser;
use nix::sys::{ptrace, signal};

use crate::appliance::Appliance;
use crate::operation::Trouble;
use crate::said::{Kept, Said};
use crate::school::Plan;
use crate::{Operation, filter};

/// With this the driver ends where it may not be traced.
pub const NOT_TRACED: u8 = 77;

/// Does an operation under a tracer.
#[derive(Debug, Parser)]
struct Args {
    /// What is done
    operation: Operation,

    /// The folder of the appliance
    folder: PathBuf,
}

/// The driver's main function.
///
/// # Errors
///
/// When its arguments are wrong, or the filter can't be made.
pub fn main() -> Result<ExitCode> {
    let args = Args::parse();
    let filter = filter::program()?;
    let traced = ptrace::traceme().and_then(|()| signal::raise(signal::Signal::SIGSTOP));
    if traced.is_err() || seccompiler::apply_filter(&filter).is_err() {
        return Ok(ExitCode::from(NOT_TRACED));
    }
    std::panic::set_hook(Box::new(|panic| {
        eprintln!("{panic}");
        say(&Said::Panicked(panic.to_string()));
    }));
    let last = match work(args.operation, &args.folder) {
        Ok(()) => Said::Done,
        Err(Trouble::Told(what)) => Said::Refused(what),
        Err(Trouble::Silence) => Said::Nothing,
    };
    say(&last);
    // Threads that still work are left where they are, as when the server is killed.
    std::process::exit(i32::from(last != Said::Done));
}

fn work(operation: Operation, folder: &Path) -> Result<(), Trouble> {
    let told = |error: anyhow::Error| Trouble::Told(format!("{error:#}"));
    let plan = Plan::read(folder).map_err(told)?;
    let appliance = Appliance::open(folder).map_err(told)?;
    operation.run(&appliance.office, &plan, &mut |kept: Kept| say(&Said::Kept(kept)))?;
    // Closing writes, too.
    drop(appliance);
    Ok(())
}

/// In one call, whatever its length: the tracer hears call by call.
fn say(said: &Said) {
    let spoken = serde_json::to_string(said).map_err(std::io::Error::from);
    let spoken = spoken.and_then(|line| std::io::stdout().lock().write_all(format!("{line}\n").as_bytes()));
    if let Err(error) = spoken {
        eprintln!("{said:?} can't be said: {error}");
    }
}
