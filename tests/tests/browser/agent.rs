//! The vendor's agent while a deletion runs: a process that speaks, listens and erases real files.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;

use anyhow::{Context as _, Result};
use serde_json::Value;
use tests::{Appliance, program};

/// An agent in the middle of a deletion.
#[derive(Debug)]
pub(crate) struct Erasing {
    child: Child,
    input: ChildStdin,
    lines: Receiver<String>,
}

impl Erasing {
    /// Starts the agent beside an appliance on a case; `folders` are all the places where the vendor keeps copies.
    pub(crate) fn start(appliance: &Appliance, case: &str, folders: &[&str]) -> Result<Self> {
        let home = appliance.folder();
        let mut command = Command::new(program("xuecang-agent")?);
        command.args(["deletion", "run", case, "--json", "--countersign", "--operator", "和影"]);
        command.args(["--derivative", "*=lists, parcels, and captures that were sent back"]);
        for folder in folders {
            let place = format!(
                "kind=disk,id={folder},path={},owner=彩云图像,make=story,model=story,serial=story-1,encryption=none,\
                 snapshots=none,retention=until deleted,hidden_areas=not known",
                home.join(folder).display(),
            );
            command.args(["--location", &place]);
        }
        command.arg("--home").arg(home.join("agent"));
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let input = child.stdin.take().context("the agent takes no input")?;
        let output = child.stdout.take().context("the agent gives no output")?;
        let (told, lines) = channel();
        thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                if told.send(line).is_err() {
                    return;
                }
            }
        });
        Ok(Self { child, input, lines })
    }

    /// The code that it asks its person to read aloud, if it has just done so.
    pub(crate) fn reads_aloud(&self) -> Result<Option<String>> {
        let mut code = None;
        while let Ok(line) = self.lines.try_recv() {
            let event: Value =
                serde_json::from_str(&line).with_context(|| format!("the agent printed {line:?}"))?;
            code = event.get("read_aloud").and_then(Value::as_str).map(str::to_owned).or(code);
        }
        Ok(code)
    }

    /// Types the code that its person heard.
    pub(crate) fn types(&mut self, code: &str) -> Result<()> {
        writeln!(self.input, "{code}")?;
        Ok(self.input.flush()?)
    }

    /// How it ended, if it has.
    pub(crate) fn ended(&mut self) -> Result<Option<ExitStatus>> {
        Ok(self.child.try_wait()?)
    }
}

impl Drop for Erasing {
    fn drop(&mut self) {
        // Nothing else can be done about a child that is gone already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
