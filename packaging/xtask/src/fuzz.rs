//! Fuzzing the readers of files from outside with libFuzzer, on stable Rust.
//!
//! `tests/readers` holds the targets and writes the seeds; `tests/fuzz` is libFuzzer's entry. LLVM's own pass counts the
//! branches (`sancov-module`), as cargo-fuzz has it do without a sanitizer, so no nightly compiler is needed. What was found
//! to reach something new stays in the target directory for the next run.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::run::{ask, run as execute};
use crate::workspace::Workspace;

/// What is fuzzed, and for how long.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The reader; all of them in turn without a name
    target: Option<String>,

    /// How long each is fuzzed, seconds
    #[arg(long, default_value_t = 60)]
    seconds: u32,

    /// Words handed on to libFuzzer, for example `-print_coverage=1`
    #[arg(last = true)]
    words: Vec<String>,
}

/// Counts how often each branch was taken, and what was compared with what.
const COUNTED: &str = "-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares --cfg=fuzzing";

/// Resident memory, MiB: 256 beyond what the program with its counters and the corpus has, about 128.
const MEMORY: &str = "-rss_limit_mb=384";
/// One allocation, MiB.
const ALLOCATION: &str = "-malloc_limit_mb=256";
/// One input, seconds.
const PATIENCE: &str = "-timeout=2";

/// Builds the fuzzer and runs it on one reader or all.
pub(crate) fn run(workspace: &Workspace, args: &Args) -> Result<()> {
    let program = build(workspace)?;
    let place = workspace.target().join("fuzz-corpus");
    let targets = match &args.target {
        Some(name) => vec![name.clone()],
        None => names(workspace)?,
    };
    let mut found = Vec::new();
    for name in targets {
        println!("fuzz: {name}, {} s", args.seconds);
        if let Err(error) = one(&program, &place.join(&name), &name, args) {
            println!("fuzz: {error:#}");
            found.push(name);
        }
    }
    if !found.is_empty() {
        bail!("what was found lies in {}: {}", place.display(), found.join(", "));
    }
    Ok(())
}

fn build(workspace: &Workspace) -> Result<std::path::PathBuf> {
    let host = host()?;
    let target = workspace.target().join("fuzz");
    execute(
        Command::new("cargo")
            // With a target named, the flags reach neither build scripts nor macros.
            .args(["build", "--package", "fuzz", "--profile", "fuzz", "--target", &host, "--target-dir"])
            .arg(&target)
            .env("RUSTFLAGS", COUNTED)
            .current_dir(workspace.root()),
    )?;
    Ok(target.join(host).join("fuzz/fuzz"))
}

fn host() -> Result<String> {
    let told = ask(Command::new("rustc").arg("-vV")).context("rustc does not say what it builds for")?;
    let host = told.lines().find_map(|line| line.strip_prefix("host: "));
    host.map(str::to_owned).context("rustc does not say what it builds for")
}

fn names(workspace: &Workspace) -> Result<Vec<String>> {
    let words = ["run", "--quiet", "--bin", "readers", "--", "--list"];
    let told = ask(Command::new("cargo").args(words).current_dir(workspace.root()));
    Ok(told.context("the readers do not say their names")?.lines().map(str::to_owned).collect())
}

/// Files that a reader needs are made in memory where the system has a place for that: no disk sets the pace.
fn one(program: &Path, place: &Path, name: &str, args: &Args) -> Result<()> {
    let (corpus, found) = (place.join("corpus"), place.join("found"));
    fs_err::create_dir_all(&corpus)?;
    fs_err::create_dir_all(&found)?;
    let memory = Path::new("/dev/shm");
    let mut command = Command::new(program);
    if memory.is_dir() {
        command.env("TMPDIR", memory);
    }
    execute(
        command
            .args([MEMORY, ALLOCATION, PATIENCE, "-max_len=65536", "-print_final_stats=1", "-seed=2027"])
            .arg(format!("-max_total_time={}", args.seconds))
            .arg(format!("-artifact_prefix={}/", found.display()))
            .args(&args.words)
            .arg(&corpus)
            .env("XUECANG_READER", name)
            .env("XUECANG_SEEDS", &corpus),
    )
}
