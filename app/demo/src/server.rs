//! The appliance as the demo runs it: this program's own `serve`, as a process of its own.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use fs_err as fs;
use rustix::process::{Pid, Signal, kill_process};

/// A running appliance. Dropping it stops it.
#[derive(Debug)]
pub(crate) struct Server {
    data: PathBuf,
    config: PathBuf,
    staff: u16,
    child: Option<Child>,
}

impl Server {
    /// Writes the demo's configuration and starts the server. Ports 0 mean any that are free.
    pub(crate) fn start(data: &Path, models: &Path, staff: u16, vendors: u16) -> Result<Self> {
        let staff = if staff == 0 { free_port()? } else { staff };
        let vendors = if vendors == 0 { free_port()? } else { vendors };
        let config = data.join("demo.toml");
        let text = format!(
            "# A demonstration holds no real person's data.\nallow_unencrypted_volume = true\nmodels = {:?}\n\
             listen = \"127.0.0.1:{staff}\"\nvendor_listen = \"127.0.0.1:{vendors}\"\n\
             vendor_address = \"https://localhost:{vendors}\"\n",
            models.display().to_string()
        );
        fs::write(&config, text)?;
        let mut server = Self { data: data.to_owned(), config, staff, child: None };
        server.resume()?;
        Ok(server)
    }

    /// Starts the stopped server again.
    pub(crate) fn resume(&mut self) -> Result<()> {
        let log = fs::File::create(self.data.join("demo.log"))?.into_file();
        let mut command = self.command(&["serve", "--leave-with-parent"])?;
        self.child = Some(command.stdout(Stdio::null()).stderr(log).stdin(Stdio::null()).spawn()?);
        let begun = Instant::now();
        while std::net::TcpStream::connect(("127.0.0.1", self.staff)).is_err() {
            if let Some(status) =
                self.child.as_mut().and_then(|child| child.try_wait().transpose()).transpose()?
            {
                bail!("the server ended ({status}): {}", fs::read_to_string(self.data.join("demo.log"))?);
            }
            if begun.elapsed() > Duration::from_secs(60) {
                bail!("the server did not answer within a minute");
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(())
    }

    /// Asks the server to close and waits until it has.
    pub(crate) fn stop(&mut self) -> Result<()> {
        let Some(mut child) = self.child.take() else { return Ok(()) };
        let pid = Pid::from_child(&child);
        kill_process(pid, Signal::TERM)?;
        child.wait()?;
        Ok(())
    }

    /// Waits until the server ends, as when its terminal interrupts it.
    pub(crate) fn wait(&mut self) -> Result<()> {
        if let Some(mut child) = self.child.take() {
            child.wait()?;
        }
        Ok(())
    }

    /// Runs one of this program's commands on the data directory and returns what it printed.
    pub(crate) fn run(&self, words: &[&str]) -> Result<String> {
        let output = self.command(words)?.output()?;
        if !output.status.success() {
            bail!("`xuecang {}` failed: {}", words.join(" "), String::from_utf8_lossy(&output.stderr).trim());
        }
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    fn command(&self, words: &[&str]) -> Result<Command> {
        let mut command =
            Command::new(std::env::current_exe().context("the program does not know where it lies")?);
        command.args(words).arg("--data").arg(&self.data).arg("--config").arg(&self.config);
        Ok(command)
    }

    /// Where people sign in.
    pub(crate) fn address(&self) -> String {
        format!("https://localhost:{}", self.staff)
    }

    /// The data directory.
    pub(crate) fn data(&self) -> &Path {
        &self.data
    }

    /// The certificate that vouches for the staff port.
    pub(crate) fn authority(&self) -> Result<Vec<u8>> {
        Ok(fs::read(self.data.join("keys/tls-ca.pem"))?)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(child) = self.child.as_mut() {
            // Nothing else can be done about a child that is gone already.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

fn free_port() -> Result<u16> {
    Ok(TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port())
}
