//! `xuecang archive appraise`

use std::process::ExitCode;

use anyhow::{Result, bail};
use api::appraisal::Appraise;
use api::ids::DeliveryId;
use serde::Serialize;
use service::appraisal::{self, AppraisalReport, Done, Property, Verdict};
use service::{Actor, Office};

use super::{bar::Bar, place::Place, stop::Stop};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    place: Place,

    /// Only this object, as `urn:uuid:…` or `person_…`
    #[arg(long, value_name = "ID", conflicts_with = "delivery")]
    object: Option<String>,

    /// Only this accepted delivery, as `delivery_…`, and the dossiers it brought photos to
    #[arg(long, value_name = "ID")]
    delivery: Option<DeliveryId>,

    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// The check as JSON.
#[derive(Serialize)]
struct Told<'a> {
    id: api::ids::AppraisalId,
    report: &'a AppraisalReport,
    sha256: &'a str,
    passed: bool,
}

pub(super) fn run(args: &Args) -> Result<ExitCode> {
    let office = args.place.open()?;
    let done = appraise(&office, args)?;
    let passed = done.report.has_passed();
    if args.json {
        let told = Told { id: done.id, report: &done.report, sha256: &done.sha256, passed };
        println!("{}", serde_json::to_string_pretty(&told)?);
    } else {
        tell(&done);
    }
    Ok(if passed { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

fn appraise(office: &Office, args: &Args) -> Result<Done> {
    let wanted = Appraise { object: args.object.clone(), delivery: args.delivery };
    let scope = appraisal::scope(&wanted)?;
    let (stop, bar) = (Stop::listen()?, Bar::new());
    let told = |done, total| bar.show("reading", done, total);
    let done = appraisal::now(office, &Actor::console(), scope, &told, &|| stop.asked());
    bar.end();
    if done.is_err() && stop.asked() {
        bail!("the check was stopped; there is no report of it");
    }
    Ok(done?)
}

fn tell(done: &Done) {
    let report = &done.report;
    for property in Property::ALL {
        println!("{}", property.word());
        for row in report.rows.iter().filter(|row| row.item.property() == property) {
            let (verdict, why) = match (row.verdict, &row.reason) {
                (Verdict::Passed, _) => ("passed", format!("{} looked at", row.looked_at)),
                (Verdict::Failed, _) => ("FAILED", format!("{} of {} looked at", row.failed, row.looked_at)),
                (Verdict::NotTestable, why) => ("not testable", why.clone().unwrap_or_default()),
            };
            let veto =
                if row.verdict == Verdict::Failed && row.item.has_veto() { " (decides alone)" } else { "" };
            println!("  {:<5}{:<18}{verdict:<13} {why}{veto}", row.item.number(), row.item.word());
            for fault in &row.failing {
                let object =
                    fault.object.map_or_else(|| "the archive".to_owned(), |object| object.to_string());
                println!("        {object}: {} ({})", fault.place, fault.code);
            }
        }
    }
    let count = |verdict| report.count(verdict);
    println!(
        "{}: {} items passed, {} failed, {} not testable; {} objects, {} files, {} bytes read.",
        if report.has_passed() { "Passed" } else { "NOT PASSED" },
        count(Verdict::Passed),
        count(Verdict::Failed),
        count(Verdict::NotTestable),
        report.objects,
        report.files,
        report.bytes
    );
    println!("Report {}, SHA-256 {}", done.id, done.sha256);
}
