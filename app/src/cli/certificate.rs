//! `xuecang certificate`

use std::{path::PathBuf, process::ExitCode};

use anyhow::{Context as _, Result, bail};
use handshake::certificate::{Certificate, Report, Trust, verify_certificate};
use handshake::policy::Policy;
use ledger::Hash;
use ledger::json::from_canonical;
use serde::Deserialize;
use serde_json::json;
use service::{Keys, authority::Names};

use super::place::Place;

#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// Makes new certificates for both ports, by the appliance's own authorities; restart the server afterwards
    Renew(Renew),
    /// Checks a deletion certificate, offline and to the byte: 0 good, 1 not good, 2 could not be checked
    Verify(Verify),
}

#[derive(Debug, clap::Args)]
pub(super) struct Renew {
    #[command(flatten)]
    place: Place,

    /// A host name or address under which the appliance is reached, besides localhost; may be repeated
    #[arg(long = "host")]
    hosts: Vec<String>,
}

#[derive(Debug, clap::Args)]
pub(super) struct Verify {
    /// The certificate
    file: PathBuf,

    /// The fingerprint of the policy, as printed in the contract's annex: whose keys are trusted
    #[arg(long, conflicts_with = "policy_file")]
    policy: Option<Hash>,

    /// The policy itself, in a file
    #[arg(long)]
    policy_file: Option<PathBuf>,

    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(command: Command) -> Result<ExitCode> {
    match command {
        Command::Renew(args) => renew(&args),
        Command::Verify(args) => verify(&args),
    }
}

fn renew(args: &Renew) -> Result<ExitCode> {
    let office = args.place.open()?;
    Keys::renew_certificates(&office.paths.keys, &office.school, &Names::local_and(&args.hosts))?;
    println!("Both ports have new certificates, used from the next start on.");
    Ok(ExitCode::SUCCESS)
}

/// Whose keys were trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Trusted {
    /// Those of the policy that was named.
    Named,
    /// Those of the policy inside: the certificate is whole and agrees with itself, but anybody could have made it.
    Itself,
}

fn verify(args: &Verify) -> Result<ExitCode> {
    let bytes = fs_err::read(&args.file)?;
    let (trusted, found) = match (&args.policy, &args.policy_file) {
        (Some(fingerprint), _) => {
            (Trusted::Named, verify_certificate(&bytes, Trust::Fingerprint(*fingerprint)))
        }
        (None, Some(file)) => {
            let policy: Policy = from_canonical(&fs_err::read(file)?)
                .with_context(|| format!("{} is no policy", file.display()))?;
            (Trusted::Named, verify_certificate(&bytes, Trust::Policy(&policy)))
        }
        (None, None) => match policy_inside(&bytes) {
            Some(policy) => (Trusted::Itself, verify_certificate(&bytes, Trust::Policy(&policy))),
            None => return Ok(refuse(args, "the file is not a certificate, or was changed")),
        },
    };
    match found {
        Ok(report) => {
            accept(args, &report, trusted)?;
            Ok(ExitCode::SUCCESS)
        }
        Err(fault) => Ok(refuse(args, &fault.to_string())),
    }
}

/// The policy that the certificate itself names.
fn policy_inside(bytes: &[u8]) -> Option<Policy> {
    #[derive(Deserialize)]
    struct Inside {
        policy: Policy,
    }
    from_canonical::<Certificate>(bytes).ok()?;
    serde_json::from_slice::<Inside>(bytes).ok().map(|inside| inside.policy)
}

fn refuse(args: &Verify, why: &str) -> ExitCode {
    if args.json {
        println!("{}", json!({ "good": false, "reason": why }));
    } else {
        println!("not good: {why}");
    }
    ExitCode::from(1)
}

fn accept(args: &Verify, report: &Report, trusted: Trusted) -> Result<()> {
    if args.json {
        let trust = if trusted == Trusted::Named { "named" } else { "own" };
        let mut answer = serde_json::to_value(report)?;
        let Some(fields) = answer.as_object_mut() else { bail!("the report can't be written") };
        fields.insert("good".to_owned(), json!(true));
        fields.insert("trust".to_owned(), json!(trust));
        println!("{}", serde_json::to_string_pretty(&answer)?);
        return Ok(());
    }
    let statement = &report.statement;
    println!("good: {} at {}", service::word(&report.outcome), report.level);
    println!(
        "  {} objects, {} bytes of {}",
        statement.object_count, statement.byte_count, statement.delivery
    );
    println!("  from {} to {}", report.between.0, report.between.1);
    println!("  policy {}", report.policy);
    if trusted == Trusted::Itself {
        println!(
            "  The keys are those the certificate names itself: compare the policy's fingerprint with the contract's annex."
        );
    }
    for claim in &report.proven {
        println!("  proven    {}", service::word(&claim.code));
    }
    for claim in &report.declared {
        let place = claim.location.as_ref().map(ToString::to_string).unwrap_or_default();
        println!("  declared  {} {place}", service::word(&claim.code));
    }
    for guard in &report.unmet {
        println!("  not met   {} ({})", guard.code.name(), guard.detail);
    }
    for risk in &statement.residual_risks {
        println!("  remains   {}", service::word(risk));
    }
    Ok(())
}
