//! A toolchain that builds for wasm32: the pinned one when rustup may add the target, else Debian's sources of std.
//!
//! Debian's `rustc-web cargo-web rust-web-src` carry the sources of the standard library. Where rustup must not
//! download (`RUSTUP_AUTO_INSTALL=0`) or cannot, std is built from them once, into Debian's own sysroot, and that
//! toolchain is linked into rustup as `debian-web`.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use super::packages::Apt;
use crate::run::{ask, exists, run};
use crate::workspace::Workspace;

const TARGET: &str = "wasm32-unknown-unknown";
const LINKED: &str = "debian-web";
const DEBIAN_LIB: &str = "/usr/lib/rustlib";

/// The name of a rustup toolchain that has the wasm32 target.
#[derive(Debug, Clone)]
pub(crate) struct Toolchain(String);

impl Toolchain {
    /// Starts cargo of this toolchain.
    pub(crate) fn cargo(&self) -> Command {
        let mut command = Command::new("rustup");
        command.args(["run", &self.0, "cargo"]);
        for inherited in ["RUSTUP_TOOLCHAIN", "CARGO", "RUSTC", "RUSTDOC"] {
            command.env_remove(inherited);
        }
        command
    }
}

/// Finds such a toolchain, or makes one.
pub(crate) fn ensure(workspace: &Workspace) -> Result<Toolchain> {
    if !exists("rustup") {
        bail!(
            "rustup is missing: it keeps the toolchains. Please install Rust through rustup and run this again."
        );
    }
    let active = active().context("rustup names no active toolchain")?;
    for name in [active.as_str(), LINKED] {
        if has_target(name) {
            return Ok(Toolchain(name.to_owned()));
        }
    }
    if may_download() {
        println!("setup: rustup target add {TARGET}");
        let added = Command::new("rustup").args(["target", "add", "--toolchain", &active, TARGET]).status();
        if added.is_ok_and(|status| status.success()) && has_target(&active) {
            return Ok(Toolchain(active));
        }
    }
    debian(workspace, &active)?;
    if !has_target(LINKED) {
        bail!("the wasm32 standard library was built, but rustup does not find it under {LINKED}");
    }
    Ok(Toolchain(LINKED.to_owned()))
}

fn active() -> Option<String> {
    let line = ask(Command::new("rustup").args(["show", "active-toolchain"]))?;
    line.split_whitespace().next().map(str::to_owned)
}

fn may_download() -> bool {
    std::env::var("RUSTUP_AUTO_INSTALL").as_deref() != Ok("0")
}

fn sysroot(toolchain: &str) -> Option<PathBuf> {
    let mut command = Command::new("rustup");
    command.args(["run", toolchain, "rustc", "--print", "sysroot"]).env_remove("RUSTUP_TOOLCHAIN");
    ask(&mut command).map(PathBuf::from)
}

fn has_target(toolchain: &str) -> bool {
    sysroot(toolchain).is_some_and(|root| has_std(&root.join("lib/rustlib").join(TARGET).join("lib")))
}

fn has_std(folder: &Path) -> bool {
    let Ok(entries) = fs_err::read_dir(folder) else { return false };
    entries.flatten().any(|entry| {
        let name = entry.file_name();
        name.to_string_lossy().starts_with("libstd-") && name.to_string_lossy().ends_with(".rlib")
    })
}

/// Builds std for wasm32 from Debian's sources and links the toolchain into rustup.
fn debian(workspace: &Workspace, active: &str) -> Result<()> {
    let installed = Path::new("/usr/bin/rustc").exists()
        && Path::new("/usr/lib/rustlib/src/rust/library/Cargo.lock").exists();
    if !installed {
        let Some(apt) = Apt::here() else {
            bail!(
                "the wasm32 target is missing. Please run `rustup target add {TARGET}`, or install the Debian packages \
                 rustc-web cargo-web rust-web-src, and run this again."
            );
        };
        apt.install(&["rustc-web", "cargo-web", "rust-web-src"])?;
    }
    let lib = Path::new(DEBIAN_LIB).join(TARGET).join("lib");
    if !has_std(&lib) {
        build_std(workspace, &lib)?;
    }
    link_linker(active)?;
    if sysroot(LINKED).is_none() {
        run(Command::new("rustup").args(["toolchain", "link", LINKED, "/usr"]))?;
    }
    Ok(())
}

fn build_std(workspace: &Workspace, lib: &Path) -> Result<()> {
    println!("setup: building the standard library for {TARGET} (once, about a minute)");
    let folder = workspace.target().join("wasm-std");
    fs_err::create_dir_all(&folder)?;
    fs_err::write(
        folder.join("Cargo.toml"),
        "[package]\nname = \"wasmstd\"\nversion = \"0.0.0\"\nedition = \"2021\"\n[lib]\npath = \"lib.rs\"\n[profile.release]\nopt-level = \"s\"\npanic = \"abort\"\n[workspace]\n",
    )?;
    fs_err::write(folder.join("lib.rs"), "")?;
    let mut cargo = Command::new("/usr/bin/cargo");
    cargo
        .args(["build", "-q", "--release", "-Z", "build-std=std,panic_abort", "--target", TARGET])
        .current_dir(&folder)
        .env("RUSTC_BOOTSTRAP", "1")
        .env("RUSTC", "/usr/bin/rustc")
        .env("RUSTFLAGS", "-C embed-bitcode=yes")
        .env("CARGO_TARGET_DIR", folder.join("target"))
        .env_remove("RUSTUP_TOOLCHAIN")
        .env_remove("CARGO")
        .env_remove("RUSTC_WRAPPER");
    run(&mut cargo)?;
    let mut rlibs = Vec::new();
    for entry in fs_err::read_dir(folder.join("target").join(TARGET).join("release/deps"))? {
        let path = entry?.path();
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        if name.starts_with("lib") && name.ends_with(".rlib") && !name.starts_with("libwasmstd-") {
            rlibs.push(path);
        }
    }
    run(privileged("mkdir").arg("-p").arg(lib))?;
    run(privileged("install").args(["-m", "0644"]).args(rlibs).arg(lib))
}

/// Debian's compiler looks for its wasm linker beside its sysroot; rustup's toolchain has one.
fn link_linker(active: &str) -> Result<()> {
    let host = ask(Command::new("/usr/bin/rustc").arg("-vV"))
        .and_then(|text| text.lines().find_map(|line| line.strip_prefix("host: ").map(str::to_owned)))
        .context("/usr/bin/rustc does not name its host")?;
    let wanted = Path::new(DEBIAN_LIB).join(&host).join("bin/rust-lld");
    if wanted.exists() {
        return Ok(());
    }
    let own = sysroot(active)
        .context("the active toolchain has no sysroot")?
        .join("lib/rustlib")
        .join(&host)
        .join("bin/rust-lld");
    if let Some(folder) = wanted.parent() {
        run(privileged("mkdir").arg("-p").arg(folder))?;
    }
    run(privileged("ln").arg("-sf").arg(own).arg(&wanted))
}

fn privileged(program: &str) -> Command {
    if ask(Command::new("id").arg("-u")).as_deref() == Some("0") {
        return Command::new(program);
    }
    let mut command = Command::new("sudo");
    command.args(["-n", program]);
    command
}
