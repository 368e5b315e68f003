//! The main job, played from end to end: a made-up school, its roster and its vendor, over the real HTTP API, with the
//! real agent as a process of its own. Every step makes a claim and prints the figures it rests on.
//!
//! The story is played by `xuecang demo`: the program that plays it is also the one that serves. Its players — client,
//! agent, students and their papers — stand at the disposal of other stories.

mod agent;
mod client;
mod faces;
pub mod files;
mod law;
mod people;
mod queries;
mod random;
mod report;
pub mod school;
mod server;
mod steps;
mod vendor;

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use fs_err as fs;

pub use agent::{Agent, said};
pub use client::Client;
use faces::Faces;
pub use law::{agree, found};
use people::People;
pub use people::office;
use report::Report;
pub use report::Style;
use server::Server;
use steps::Story;

/// How the demo is played.
#[derive(Debug)]
pub struct Options {
    /// Where its data goes: an empty folder, or one that is not there yet.
    pub data: PathBuf,
    /// The folder of the prepared models.
    pub models: PathBuf,
    /// A folder of photographs, one folder per person.
    pub faces: Option<PathBuf>,
    /// Half the number of students.
    pub half: usize,
    /// The seed of everything that is drawn by lot.
    pub seed: u64,
    /// Whether to stop when the story is told.
    pub once: bool,
    /// How to print.
    pub style: Style,
    /// The ports for staff and vendors; 0 means any that is free.
    pub ports: (u16, u16),
}

/// Plays the story. Returns whether every claim held.
///
/// # Errors
///
/// When a step could not be played to its end; the steps before it are printed.
pub fn play(options: &Options) -> Result<bool> {
    prepare(&options.data)?;
    let faces = match &options.faces {
        Some(folder) => Faces::photographs(folder, options.half, options.seed)?,
        None => Faces::drawn(options.half),
    };
    let mut report = Report::new(options.style);
    report.fact("source", faces.name());
    report.fact("rule_set", faces.rule_set());
    if let Some(relaxed) = faces.relaxed()? {
        report.fact("rules", relaxed);
    }
    let passwords = people::Passwords::draw()?;
    initialise(&options.data, &passwords)?;
    let server = Server::start(&options.data, &options.models, options.ports.0, options.ports.1)?;
    let people = People::arrive(&server, &passwords)?;
    let agent = Agent::beside_us(&options.data.join("demo-vendor"))?;
    let mut story = Story::new(server, people, agent, faces, options.seed);
    let told = steps::tell(&mut story, &mut report);
    if let Err(error) = &told {
        report.fact("stopped", format!("{error:#}"));
    }
    let held = told.is_ok() && report.failed().is_empty();
    if options.once {
        story.server.stop()?;
        return Ok(held);
    }
    println!();
    println!("The appliance is at {}. Who can sign in:", story.server.address());
    for (account, password, office) in passwords.all() {
        println!("  {account:<12} {password}   {office}");
    }
    println!("Ctrl-C ends it.");
    story.server.wait()?;
    Ok(held)
}

/// Refuses a folder that holds anything; marks it as the demo's, so that the demo may empty it the next time.
fn prepare(data: &Path) -> Result<()> {
    if data.exists() && fs::read_dir(data)?.next().is_some() {
        bail!("{} is not empty; the demo plays in an empty folder", data.display());
    }
    fs::create_dir_all(data)?;
    fs::write(data.join("demo.json"), "{\"format\":\"xuecang-demo/1\"}\n")?;
    Ok(())
}

fn initialise(data: &Path, passwords: &people::Passwords) -> Result<()> {
    use std::io::Write as _;
    use std::process::{Command, Stdio};
    let mut init = Command::new(std::env::current_exe()?)
        .args(["init", "--school", "云岭文化艺术职业学院", "--admin", people::SECURITY, "--data"])
        .arg(data)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()?;
    if let Some(mut stdin) = init.stdin.take() {
        writeln!(stdin, "{}", passwords.of(people::SECURITY))?;
    }
    let status = init.wait()?;
    if !status.success() {
        bail!("`xuecang init` failed ({status})");
    }
    Ok(())
}
