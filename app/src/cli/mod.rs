//! The commands: one file each. Parse, call, print.
//!
//! To add a command, write a file with `pub(super) struct Args` (its doc comments are its help) and
//! `pub(super) fn run(args: Args) -> anyhow::Result<ExitCode>`, and add a line to [`Command`] and one to [`main`]'s match.

mod admit;
mod appraise;
mod archive;
mod bag;
mod bar;
mod certificate;
mod demo;
mod doctor;
mod drill;
mod export;
mod face;
mod import;
mod init;
mod job;
mod ledger;
mod models;
mod numbers;
mod ocfl;
mod password;
mod place;
mod replica;
mod search;
mod serve;
mod stop;
mod user;
mod verdict;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// 学藏: keeps, finds and verifies students' photos and diplomas.
#[derive(Debug, Parser)]
#[command(name = "xuecang", version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Makes a new appliance in a data directory
    Init(init::Args),
    /// Runs the server
    Serve(serve::Args),
    /// Keeps accounts from the machine's console
    #[command(subcommand)]
    User(user::Command),
    /// Examines the appliance and says what mends each finding
    Doctor(doctor::Args),
    /// Imports rosters, photos and certificate registers
    #[command(subcommand)]
    Import(import::Command),
    /// Finds people
    Search(search::Args),
    /// Writes dossiers out as a bag that anybody can read and check
    Export(export::Args),
    /// Looks after the archive
    #[command(subcommand)]
    Archive(archive::Command),
    /// Keeps the archive once more on further volumes
    #[command(subcommand)]
    Replica(replica::Command),
    /// Shows long work and how far it is
    #[command(subcommand)]
    Job(job::Command),
    /// Looks after the ledger
    #[command(subcommand)]
    Ledger(ledger::Command),
    /// Judges an OCFL storage root
    #[command(subcommand)]
    Ocfl(ocfl::Command),
    /// Judges a BagIt package
    #[command(subcommand)]
    Bag(bag::Command),
    /// Looks after the models that compare faces
    #[command(subcommand)]
    Models(models::Command),
    /// Compares photos without an appliance
    #[command(subcommand)]
    Face(face::Command),
    /// Plays the main job on a made-up school
    Demo(demo::Args),
    /// Checks deletion certificates; renews the ports' own
    #[command(subcommand)]
    Certificate(certificate::Command),
}

/// Runs the command that was typed. A failure is printed with its causes and ends with 2.
#[must_use]
pub fn main() -> ExitCode {
    let done = match Cli::parse().command {
        Command::Init(args) => init::run(args),
        Command::Serve(args) => serve::run(args),
        Command::User(command) => user::run(command),
        Command::Doctor(args) => doctor::run(args),
        Command::Import(command) => import::run(command),
        Command::Search(args) => search::run(args),
        Command::Export(args) => export::run(args),
        Command::Archive(command) => archive::run(command),
        Command::Replica(command) => replica::run(command),
        Command::Job(command) => job::run(command),
        Command::Ledger(command) => ledger::run(command),
        Command::Ocfl(command) => ocfl::run(command),
        Command::Bag(command) => bag::run(command),
        Command::Models(command) => models::run(command),
        Command::Face(command) => face::run(command),
        Command::Demo(args) => demo::run(args),
        Command::Certificate(command) => certificate::run(command),
    };
    done.unwrap_or_else(|error| {
        eprintln!("xuecang: {error:#}");
        ExitCode::from(2)
    })
}
