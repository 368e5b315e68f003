//! The papers that people sign, read as text: they say in words what the screen says, in both languages.

use std::io::Write as _;
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, ensure};
use api::Role;
use api::delivery::Delivery;
use tests::{Appliance, LANGUAGES, Words};

/// Reads the acceptance report of every delivery and the certificate of a case.
pub(crate) fn read(appliance: &Appliance, case: &str) -> Result<()> {
    if Command::new("pdftotext").arg("-v").output().is_err() {
        println!("skipped: pdftotext is not there; `cargo xtask setup` installs it");
        return Ok(());
    }
    let registrar = appliance.enter(Role::Registrar)?;
    let deliveries: Vec<Delivery> = registrar.get("/deliveries")?;
    ensure!(deliveries.len() == 2, "two parcels came");
    for language in LANGUAGES {
        let words = Words::of(language)?;
        for delivery in &deliveries {
            let paper =
                registrar.bytes(&format!("/deliveries/{}/report.pdf?lang={language}", delivery.id))?;
            let report = delivery.report.as_ref().context("it was checked")?;
            let findings = report.findings.iter().map(|finding| words.say("finding", &finding.code));
            holds(&text(&paper)?, &findings.collect::<Result<Vec<_>>>()?)?;
        }
        let paper = registrar.bytes(&format!("/deletions/{case}/certificate.pdf?lang={language}"))?;
        let text = text(&paper)?;
        let mut said = Vec::new();
        for (table, code) in [
            ("case_state", "PARTIAL"),
            ("assurance", "AL1"),
            ("claim", "vendor.held_objects"),
            ("claim", "location.absent"),
            ("guard", "archive.replicas"),
            ("risk", "hidden_copies"),
            ("risk", "officers_keys"),
        ] {
            said.push(words.say(table, code)?);
            ensure!(code == "PARTIAL" || code == "AL1" || !text.contains(code), "{code} is no word");
        }
        said.extend(["除所列位置外，没有其他副本。", "文件系统之下的数据块、快照和别处的副本没有查看"]);
        holds(&text, &said)?;
    }
    Ok(())
}

/// Whether a paper says all of this, however its lines are broken.
fn holds(text: &str, said: &[&str]) -> Result<()> {
    for words in said {
        let words: String = words.split_whitespace().collect();
        ensure!(text.contains(&words), "the paper does not say “{words}”:\n{text}");
    }
    Ok(())
}

/// The text of a PDF without its spaces.
fn text(pdf: &[u8]) -> Result<String> {
    let mut child = Command::new("pdftotext")
        .args(["-raw", "-", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    child.stdin.take().context("it reads")?.write_all(pdf)?;
    let output = child.wait_with_output()?;
    ensure!(output.status.success(), "pdftotext ended with {}", output.status);
    Ok(String::from_utf8(output.stdout)?.split_whitespace().collect())
}
