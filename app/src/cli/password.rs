//! Passwords from the console: never an argument, which everybody on the machine could read.

use std::{
    io::{BufRead as _, Write as _, stderr, stdin},
    path::PathBuf,
};

use anyhow::{Context as _, Result, bail};
use fs_err as fs;
use rustix::termios::{LocalModes, OptionalActions, isatty, tcgetattr, tcsetattr};

/// Where a password comes from.
#[derive(Debug, clap::Args)]
pub(super) struct Source {
    /// A file whose first line is the password; otherwise it is asked for, or read from standard input
    #[arg(long)]
    password_file: Option<PathBuf>,
}

impl Source {
    /// The password for `whose` account.
    pub(super) fn read(&self, whose: &str) -> Result<String> {
        let text = match &self.password_file {
            Some(path) => fs::read_to_string(path)?,
            None if isatty(stdin()) => ask_twice(whose)?,
            None => line()?,
        };
        match text.lines().next() {
            Some(password) if !password.is_empty() => Ok(password.to_owned()),
            _ => bail!("there was no password to read"),
        }
    }
}

fn ask_twice(whose: &str) -> Result<String> {
    let first = ask(&format!("Password for {whose}: "))?;
    if first == ask("Once more: ")? { Ok(first) } else { bail!("the two passwords differ") }
}

/// Asks without echo. The terminal is put back also when reading fails.
fn ask(question: &str) -> Result<String> {
    eprint!("{question}");
    stderr().flush()?;
    let before = tcgetattr(stdin()).context("could not ask the terminal")?;
    let mut silent = before.clone();
    silent.local_modes.remove(LocalModes::ECHO);
    tcsetattr(stdin(), OptionalActions::Flush, &silent).context("could not turn the echo off")?;
    let answer = line();
    tcsetattr(stdin(), OptionalActions::Flush, &before).context("could not turn the echo on")?;
    eprintln!();
    answer
}

fn line() -> Result<String> {
    let mut line = String::new();
    stdin().lock().read_line(&mut line).context("could not read the password")?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}
