//! The commands: one file each. Parse, call, print.
//!
//! To add a command, write a file with `pub(super) struct Args` (its doc comments are its help) and
//! `pub(super) fn run(agent: &Agent, args: Args) -> anyhow::Result<()>`, and add a line to [`Command`] and one to [`main`].

mod campaigns;
mod connect;
mod deletion;
mod deliver;
mod enrol;
mod pack;
mod receipt;
mod status;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};
use serde::Serialize;
use tracing_subscriber::EnvFilter;

use crate::client::Client;
use crate::home::Home;

/// 学藏 vendor agent: packs captures, delivers them to the school, keeps the receipts.
#[derive(Debug, Parser)]
#[command(name = "xuecang-agent", version)]
struct Cli {
    /// The folder with the agent's keys
    #[arg(long, global = true, env = "XUECANG_AGENT_HOME", default_value = "xuecang-agent")]
    home: PathBuf,

    /// Prints JSON instead of text
    #[arg(long, global = true)]
    json: bool,

    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Makes the agent's keys and what the school needs to register it
    Enrol(enrol::Args),
    /// Keeps what the school answered to the registration
    Connect(connect::Args),
    /// Lists the campaigns to be captured
    Campaigns(campaigns::Args),
    /// Packs captures into a signed parcel
    Pack(pack::Args),
    /// Delivers a parcel, going on where an earlier try was interrupted
    Deliver(deliver::Args),
    /// Says what became of deliveries
    Status(status::Args),
    /// Fetches the receipt of a delivery and checks it
    Receipt(receipt::Args),
    /// Deletes copies provably, together with the school
    #[command(subcommand)]
    Deletion(deletion::Command),
}

/// What every command works with.
#[derive(Debug)]
struct Agent {
    home: Home,
    json: bool,
}

impl Agent {
    /// Connects as the enrolment says.
    fn connect(&self) -> Result<Client> {
        Ok(Client::new(&self.home.enrolment()?, &self.home.client_key_pem()?)?)
    }

    /// Prints a value as JSON, or as `text` makes of it.
    fn print<T: Serialize>(&self, value: &T, text: impl FnOnce(&T) -> String) -> Result<()> {
        if self.json {
            println!("{}", serde_json::to_string_pretty(value)?);
        } else {
            println!("{}", text(value));
        }
        Ok(())
    }
}

/// Runs the command that was typed. A failure is printed with its causes and ends with 2.
#[must_use]
pub fn main() -> ExitCode {
    let filter =
        EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("warn,xuecang_agent=info"));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    let cli = Cli::parse();
    let agent = Agent { home: Home::at(cli.home), json: cli.json };
    let done = match cli.command {
        Command::Enrol(args) => enrol::run(&agent, args),
        Command::Connect(args) => connect::run(&agent, args),
        Command::Campaigns(args) => campaigns::run(&agent, args),
        Command::Pack(args) => pack::run(&agent, args),
        Command::Deliver(args) => deliver::run(&agent, args),
        Command::Status(args) => status::run(&agent, args),
        Command::Receipt(args) => receipt::run(&agent, args),
        Command::Deletion(command) => deletion::run(&agent, command),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xuecang-agent: {error:#}");
            ExitCode::from(2)
        }
    }
}
