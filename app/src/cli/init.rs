//! `xuecang init`

use std::{path::PathBuf, process::ExitCode};

use anyhow::{Context as _, Result};
use api::{Role, account::NewUser};
use service::{Actor, Config, Office, account, authority::Names};

use super::password;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The data directory; made if it is not there
    #[arg(long)]
    data: PathBuf,

    /// The school's name, as it stands in certificates and receipts
    #[arg(long)]
    school: String,

    /// The account of the first security administrator, who makes all others
    #[arg(long, default_value = "security")]
    admin: String,

    /// That person's own name
    #[arg(long, default_value = "安全管理员")]
    admin_name: String,

    /// A host name or address under which the appliance is reached, besides localhost; may be repeated
    #[arg(long = "host")]
    hosts: Vec<String>,

    #[command(flatten)]
    password: password::Source,
}

pub(super) fn run(args: Args) -> Result<ExitCode> {
    let password = args.password.read(&args.admin)?;
    Office::create(&args.data, &args.school, &Names::local_and(&args.hosts))?;
    let office = Office::open(Config::new(&args.data))?;
    let admin =
        NewUser { account: args.admin, name: args.admin_name, roles: vec![Role::SecurityAdmin], password };
    let user = account::create(&office, &Actor::console(), &admin)
        .context("the appliance is made, but its first account is not; `xuecang user add` makes one")?;
    println!("The appliance is in {}.", args.data.display());
    println!("{} keeps accounts.", user.account);
    println!(
        "Browsers trust the appliance once they know {}.",
        office.paths.keys.join("tls-ca.pem").display()
    );
    Ok(ExitCode::SUCCESS)
}
