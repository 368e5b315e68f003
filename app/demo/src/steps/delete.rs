//! The vendor deletes its copies, under the eyes of two officers, and a certificate says what that is worth.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread::{self, sleep};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use api::deletion::{Case, NewCase, NextStep, SignStep, TypeCode};
use api::ids::{CaseId, DeliveryId};
use fs_err as fs;
use handshake::certificate::{Outcome, Report, Trust, verify_certificate};
use handshake::level::Level;
use ledger::Hash;
use serde_json::Value;

use super::Story;
use crate::client::Client;
use crate::report::Evidence;

/// How long the whole may take.
const LIMIT: Duration = Duration::from_secs(600);

/// The conditions that this stage can't meet, and must say so.
const UNMET: [&str; 4] = ["archive.replicas", "archive.drill", "presence.witnesses", "witness.quorum"];

/// Plays the step.
pub(super) fn play(story: &Story, delivery: DeliveryId, evidence: &mut Evidence) -> Result<()> {
    let alone: Result<Case> = story.people.auditor.post("/deletions", &NewCase { delivery });
    evidence.holds(alone.is_err(), "an auditor can't open a deletion");
    let case: Case = story.people.registrar.post("/deletions", &NewCase { delivery })?;
    sign(story, case.id)?;
    let before = photos(&story.server.data().join("demo-captures"))?;
    let case = lead(story, case.id, Vendor::start(story, case.id)?)?;
    evidence.figure("objects", case.objects);
    evidence.figure("bytes", case.bytes);
    evidence.figure("messages", case.timeline.len());
    evidence.figure("state", case.state.as_str());
    evidence.holds(case.state == "PARTIAL", "the case ends as PARTIAL");
    evidence.holds(case.timeline.iter().all(|event| event.leaf.is_some()), "every message is in the ledger");
    let after = photos(&story.server.data().join("demo-captures"))?;
    evidence.figure("vendor_photos_before", before);
    evidence.figure("vendor_photos_after", after);
    evidence.holds(before as u64 >= case.objects && after == 0, "the vendor's photos are gone");
    certificate(story, case.id, evidence)
}

/// Leads the case to its end: whatever is next, by whoever must do it.
fn lead(story: &Story, id: CaseId, mut vendor: Vendor) -> Result<Case> {
    let begun = Instant::now();
    let mut heard = None;
    loop {
        while let Ok(line) = vendor.lines.try_recv() {
            let event: Value =
                serde_json::from_str(&line).with_context(|| format!("the agent printed {line:?}"))?;
            if let Some(code) = event.get("read_aloud").and_then(Value::as_str) {
                heard = Some(code.to_owned());
            }
        }
        let case: Case = story.people.registrar.get(&format!("/deletions/{id}"))?;
        match (case.next, &case.ceremony) {
            (
                Some(
                    NextStep::SignInvite
                    | NextStep::SignSeal
                    | NextStep::SignReady
                    | NextStep::SignCertificate,
                ),
                _,
            ) => {
                sign(story, id)?;
            }
            (Some(NextStep::Ceremony), Some(ceremony)) => match (&ceremony.code, heard.take()) {
                (Some(code), Some(own)) => {
                    vendor.types(code)?;
                    types(story, id, &own)?;
                }
                (_, kept) => heard = kept,
            },
            _ => {}
        }
        if let Some(status) = vendor.child.try_wait()? {
            if !status.success() {
                bail!("the agent ended with {status}; the case is {}", case.state);
            }
            return story.people.registrar.get(&format!("/deletions/{id}"));
        }
        if begun.elapsed() > LIMIT {
            vendor.child.kill()?;
            bail!("the deletion is still {} after {} s", case.state, LIMIT.as_secs());
        }
        sleep(Duration::from_millis(200));
    }
}

/// Both officers sign what waits; who has nothing to sign is told so.
fn sign(story: &Story, id: CaseId) -> Result<()> {
    let one = |client: &Client, account: &str| -> Result<Case> {
        let step = SignStep { password: story.people.password(account).to_owned() };
        client.post(&format!("/deletions/{id}/signature"), &step)
    };
    match (one(&story.people.registrar, "registrar"), one(&story.people.it, "it")) {
        (Err(error), Err(_)) => Err(error),
        _ => Ok(()),
    }
}

/// The second officer types the vendor's code, once the vendor has typed the school's.
fn types(story: &Story, id: CaseId, code: &str) -> Result<()> {
    let begun = Instant::now();
    loop {
        let case: Case = story.people.it.get(&format!("/deletions/{id}"))?;
        if case.ceremony.is_some_and(|ceremony| ceremony.vendor_typed) {
            let typed = TypeCode { code: code.to_owned() };
            let _: Case = story.people.it.post(&format!("/deletions/{id}/code"), &typed)?;
            return Ok(());
        }
        if begun.elapsed() > Duration::from_secs(60) {
            bail!("the vendor did not confirm the code");
        }
        sleep(Duration::from_millis(100));
    }
}

/// The agent at work, in a process of its own.
struct Vendor {
    child: Child,
    input: ChildStdin,
    lines: Receiver<String>,
}

impl Vendor {
    fn start(story: &Story, id: CaseId) -> Result<Self> {
        let data = story.server.data();
        let place = |id: &str, folder: &str| {
            format!(
                "kind=disk,id={id},path={},owner=彩云图像,make=demo,model=demo,serial=demo-1,encryption=none,\
                 snapshots=none,retention=until deleted,hidden_areas=not known",
                data.join(folder).display(),
            )
        };
        let (captures, parcels) = (place("captures", "demo-captures"), place("parcels", "demo-parcels"));
        let id = id.to_string();
        let mut words = vec!["deletion", "run", &id, "--json", "--countersign", "--operator", "和影"];
        words.extend(["--location", &captures, "--location", &parcels]);
        words.extend(["--derivative", "*=lists, parcels, and captures that were sent back"]);
        let mut child = story.agent.command(&words).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let input = child.stdin.take().context("the agent takes no input")?;
        let output = child.stdout.take().context("the agent gives no output")?;
        Ok(Self { child, input, lines: lines(output) })
    }

    fn types(&mut self, code: &str) -> Result<()> {
        writeln!(self.input, "{code}")?;
        Ok(self.input.flush()?)
    }
}

impl Drop for Vendor {
    fn drop(&mut self) {
        // Nothing else can be done about a child that is gone already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn lines(output: ChildStdout) -> Receiver<String> {
    let (told, lines) = channel();
    thread::spawn(move || {
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            if told.send(line).is_err() {
                return;
            }
        }
    });
    lines
}

/// The certificate is good, says what it is worth, and is refused with any one byte changed.
fn certificate(story: &Story, id: CaseId, evidence: &mut Evidence) -> Result<()> {
    let bytes = story.people.auditor.bytes(&format!("/deletions/{id}/certificate"))?;
    let file = story.server.data().join("demo-certificate.json");
    fs::write(&file, &bytes)?;
    let (good, told) = verify(&file, &[])?;
    evidence.holds(good, "`xuecang certificate verify` accepts the certificate");
    let told: Value = serde_json::from_str(&told)?;
    let policy = told.get("policy").and_then(Value::as_str).context("the report names no policy")?.to_owned();
    evidence.holds(verify(&file, &["--policy", &policy])?.0, "it is good under its policy's fingerprint too");
    let fingerprint: Hash = policy.parse()?;
    let report = verify_certificate(&bytes, Trust::Fingerprint(fingerprint))?;
    honest(&report, evidence)?;
    let refused = refused(&bytes, fingerprint);
    evidence.figure("certificate_bytes", bytes.len());
    evidence.figure("changed_bytes_refused", refused);
    evidence.holds(refused == bytes.len(), "the certificate is refused with any one byte changed");
    let mut changed = bytes;
    let middle = changed.len() / 2;
    if let Some(byte) = changed.get_mut(middle) {
        *byte ^= 1;
    }
    let file = story.server.data().join("demo-certificate-changed.json");
    fs::write(&file, &changed)?;
    evidence.holds(!verify(&file, &[])?.0, "`xuecang certificate verify` refuses a changed certificate");
    let paper = story.people.auditor.bytes(&format!("/deletions/{id}/certificate.pdf?lang=zh"))?;
    evidence.holds(paper.starts_with(b"%PDF"), "the certificate is there on paper");
    Ok(())
}

/// The certificate claims no more than this stage can show.
fn honest(report: &Report, evidence: &mut Evidence) -> Result<()> {
    let unmet: Vec<&str> = report.unmet.iter().map(|guard| guard.code.name()).collect();
    evidence.figure("outcome", serde_json::to_value(report.outcome)?);
    evidence.figure("level", report.level.name());
    evidence.figure("not_met", unmet.clone());
    evidence.holds(report.outcome == Outcome::Partial, "the certificate says PARTIAL");
    evidence.holds(report.level == Level::Al1, "the certificate says AL1");
    for code in UNMET {
        evidence.holds(unmet.contains(&code), format!("the certificate lists {code} as not met"));
    }
    Ok(())
}

/// How many of the files with one bit of one byte changed are refused. Every byte is tried.
fn refused(good: &[u8], policy: Hash) -> usize {
    let threads = thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let share = good.len().div_ceil(threads).max(1);
    thread::scope(|scope| {
        let places: Vec<usize> = (0..good.len()).collect();
        let parts: Vec<_> = places
            .chunks(share)
            .map(|part| {
                let part = part.to_vec();
                scope.spawn(move || {
                    let mut bytes = good.to_vec();
                    part.into_iter().filter(|place| is_refused(&mut bytes, *place, policy)).count()
                })
            })
            .collect();
        parts.into_iter().map(|part| part.join().unwrap_or(0)).sum()
    })
}

fn is_refused(bytes: &mut [u8], place: usize, policy: Hash) -> bool {
    let flip = |bytes: &mut [u8]| bytes.get_mut(place).map(|byte| *byte ^= 1);
    flip(bytes);
    let refused = verify_certificate(bytes, Trust::Fingerprint(policy)).is_err();
    flip(bytes);
    refused
}

/// Asks the real command. Returns whether it accepts, and what it printed.
fn verify(file: &Path, more: &[&str]) -> Result<(bool, String)> {
    let output = Command::new(std::env::current_exe()?)
        .args(["certificate", "verify", "--json"])
        .args(more)
        .arg(file)
        .output()?;
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    match output.status.code() {
        Some(0) => Ok((true, told)),
        Some(1) => Ok((false, told)),
        _ => bail!("`xuecang certificate verify` failed: {}", String::from_utf8_lossy(&output.stderr).trim()),
    }
}

/// How many photos lie below a folder.
fn photos(folder: &Path) -> Result<usize> {
    let mut count = 0;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            count += photos(&entry.path())?;
        } else if entry.path().extension().is_some_and(|extension| extension == "jpg") {
            count += 1;
        }
    }
    Ok(count)
}
