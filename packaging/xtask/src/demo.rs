//! Builds the release and plays the main job on a fresh data directory.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;
use fs_err as fs;

use crate::workspace::Workspace;
use crate::{frontend, run::run as execute, setup};

/// How the demo is played.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Where the demo's data goes; emptied first [default: <target>/demo]
    #[arg(long)]
    data: Option<PathBuf>,

    /// A folder of photos, one folder per person; without it portraits are drawn
    #[arg(long)]
    faces: Option<PathBuf>,

    /// Play the story and stop, instead of leaving the server running
    #[arg(long)]
    once: bool,
}

/// Sets up, builds, plays.
pub(crate) fn run(workspace: &Workspace, args: &Args) -> Result<()> {
    setup::all(workspace, setup::For::Running)?;
    frontend::build(workspace, &setup::wasm::ensure(workspace)?)?;
    execute(
        Command::new("cargo")
            .args(["build", "--release", "--package", "xuecang", "--package", "xuecang-agent"])
            .env("XUECANG_FRONTEND", workspace.client())
            .current_dir(workspace.root()),
    )?;
    link_release(workspace)?;
    let data = args.data.clone().unwrap_or_else(|| workspace.target().join("demo"));
    if is_demo(&data) {
        fs::remove_dir_all(&data)?;
    }
    let mut demo = Command::new(workspace.target().join("release/xuecang"));
    demo.arg("demo").arg("--data").arg(&data).arg("--models").arg(workspace.models());
    if let Some(faces) = &args.faces {
        demo.arg("--faces").arg(faces);
    }
    if args.once {
        demo.args(["--once", "--json"]);
    }
    execute(&mut demo)
}

/// Only a folder that an earlier demo filled is emptied.
fn is_demo(data: &Path) -> bool {
    data.join("demo.json").is_file()
}

/// `target/release` is where people look, wherever cargo builds.
fn link_release(workspace: &Workspace) -> Result<()> {
    let usual = workspace.root().join("target/release");
    let actual = workspace.target().join("release");
    if usual == actual || usual.exists() {
        return Ok(());
    }
    fs::create_dir_all(workspace.root().join("target"))?;
    fs_err::os::unix::fs::symlink(actual, usual)?;
    Ok(())
}
