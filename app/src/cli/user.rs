//! `xuecang user`

use std::process::ExitCode;

use anyhow::{Context as _, Result, bail};
use api::Role;
use api::account::{ChangeUser, NewUser, User};
use service::{Actor, Office, account, word};

use super::{password, place::Place};

#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// Creates an account
    Add(Add),
    /// Lists accounts
    List(List),
    /// Sets an account's password anew; its sessions end
    Passwd(Passwd),
    /// Replaces an account's offices; its sessions end
    Roles(Roles),
}

#[derive(Debug, clap::Args)]
pub(super) struct Add {
    #[command(flatten)]
    place: Place,

    /// The name to sign in with
    account: String,

    /// The person's own name
    #[arg(long)]
    name: String,

    /// An office; may be repeated
    #[arg(long = "role", value_parser = role, required = true)]
    roles: Vec<Role>,

    #[command(flatten)]
    password: password::Source,
}

#[derive(Debug, clap::Args)]
pub(super) struct List {
    #[command(flatten)]
    place: Place,

    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, clap::Args)]
pub(super) struct Passwd {
    #[command(flatten)]
    place: Place,

    /// The name to sign in with
    account: String,

    #[command(flatten)]
    password: password::Source,
}

#[derive(Debug, clap::Args)]
pub(super) struct Roles {
    #[command(flatten)]
    place: Place,

    /// The name to sign in with
    account: String,

    /// An office; may be repeated
    #[arg(long = "role", value_parser = role, required = true)]
    roles: Vec<Role>,
}

pub(super) fn run(command: Command) -> Result<ExitCode> {
    match command {
        Command::Add(args) => add(args)?,
        Command::List(args) => list(&args)?,
        Command::Passwd(args) => passwd(&args)?,
        Command::Roles(args) => roles(args)?,
    }
    Ok(ExitCode::SUCCESS)
}

fn add(args: Add) -> Result<()> {
    let office = args.place.open()?;
    let password = args.password.read(&args.account)?;
    let new = NewUser { account: args.account, name: args.name, roles: args.roles, password };
    let user = account::create(&office, &Actor::console(), &new)?;
    println!("{} {}", user.id, user.account);
    Ok(())
}

fn list(args: &List) -> Result<()> {
    let users = account::list(&*args.place.open()?, &Actor::console())?;
    if args.json {
        println!("{}", serde_json::to_string_pretty(&users)?);
        return Ok(());
    }
    for user in users {
        let roles: Vec<_> = user.roles.iter().map(word).collect();
        let active = if user.active { "active" } else { "closed" };
        println!("{}\t{}\t{active}\t{}", user.id, user.account, roles.join(","));
    }
    Ok(())
}

fn passwd(args: &Passwd) -> Result<()> {
    let office = args.place.open()?;
    let user = find(&office, &args.account)?;
    let password = args.password.read(&args.account)?;
    account::reset_password(&office, &Actor::console(), user.id, &password)?;
    println!("{} has a new password and a new signing key.", user.account);
    Ok(())
}

fn roles(args: Roles) -> Result<()> {
    let office = args.place.open()?;
    let user = find(&office, &args.account)?;
    let change = ChangeUser { name: user.name, roles: args.roles, active: user.active };
    let user = account::change(&office, &Actor::console(), user.id, &change)?;
    let roles: Vec<_> = user.roles.iter().map(word).collect();
    println!("{} holds {}.", user.account, roles.join(", "));
    Ok(())
}

fn find(office: &Office, name: &str) -> Result<User> {
    let users = account::list(office, &Actor::console())?;
    users.into_iter().find(|user| user.account == name).with_context(|| format!("there is no account {name}"))
}

fn role(text: &str) -> Result<Role> {
    match service::from_word(text) {
        Some(role) => Ok(role),
        None => {
            let known: Vec<_> = Role::ALL.iter().map(word).collect();
            bail!("the offices are {}", known.join(", "))
        }
    }
}
