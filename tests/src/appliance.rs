//! One appliance: made, served, killed, served again, copied.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use api::Role;
use api::account::{NewUser, User};
use fs_err as fs;
use rustix::process::{Pid, Signal, kill_process};

use crate::{Client, files, models, port, program};

/// The password of every account of a story's appliance.
const PASSWORD: &str = "stories-need-no-secret-42";

/// How long a job of a story may take.
const PATIENCE: Duration = Duration::from_secs(120);

/// The account `init` makes.
const SECURITY: &str = "security";

/// An appliance in a temporary directory. Dropping it ends its process and removes its data.
#[derive(Debug)]
pub struct Appliance {
    dir: tempfile::TempDir,
    /// The data directory; elsewhere for an appliance on a volume of its own.
    data: PathBuf,
    staff: u16,
    vendors: u16,
    models: PathBuf,
    child: Mutex<Option<Child>>,
}

impl Appliance {
    /// Makes an appliance and serves it.
    ///
    /// # Errors
    ///
    /// When it can't be made or does not answer.
    pub fn start() -> Result<Self> {
        let dir = tempfile::tempdir()?;
        let data = dir.path().join("data");
        Self::start_in(dir, data)
    }

    /// Makes an appliance whose data lies on a volume of its own, and serves it.
    ///
    /// # Errors
    ///
    /// As [`Appliance::start`].
    pub fn start_on(volume: &Path) -> Result<Self> {
        Self::start_in(tempfile::tempdir()?, volume.join("data"))
    }

    fn start_in(dir: tempfile::TempDir, data: PathBuf) -> Result<Self> {
        let models = models().unwrap_or_else(|| dir.path().join("no-models"));
        let (staff, vendors) = (port::free()?, port::free()?);
        let appliance = Self { dir, data, staff, vendors, models, child: Mutex::default() };
        appliance.init()?;
        appliance.serve()?;
        let security = appliance.sign_in(SECURITY)?;
        for role in Role::ALL.into_iter().filter(|role| *role != Role::SecurityAdmin) {
            let account = demo::office(role)?;
            let new =
                NewUser { name: account.clone(), account, roles: vec![role], password: PASSWORD.to_owned() };
            let _: User = security.post("/users", &new)?;
        }
        Ok(appliance)
    }

    /// A second appliance with the same people, keys and everything, on ports of its own. Neither is serving.
    ///
    /// # Errors
    ///
    /// When it can't be copied; this one must be stopped.
    pub fn copy(&self) -> Result<Self> {
        if self.child().is_some() {
            bail!("an appliance is copied while it does not serve");
        }
        let dir = tempfile::tempdir()?;
        files::copy(self.dir.path(), dir.path())?;
        let data = dir.path().join("data");
        let (staff, vendors) = (port::free()?, port::free()?);
        let copy = Self { dir, data, staff, vendors, models: self.models.clone(), child: Mutex::default() };
        fs::write(copy.log(), "")?;
        copy.configure()?;
        Ok(copy)
    }

    /// Uses the models of another folder from the next start on.
    ///
    /// # Errors
    ///
    /// When the configuration can't be written.
    pub fn use_models(&mut self, folder: &Path) -> Result<()> {
        folder.clone_into(&mut self.models);
        self.configure()
    }

    /// The data directory.
    #[must_use]
    pub fn data(&self) -> &Path {
        &self.data
    }

    /// Where the server's log is written.
    #[must_use]
    pub fn log(&self) -> PathBuf {
        self.dir.path().join("serve.log")
    }

    /// A folder for the story's own files.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.dir.path()
    }

    /// Where staff sign in.
    #[must_use]
    pub fn address(&self) -> String {
        format!("https://localhost:{}", self.staff)
    }

    /// Where vendors deliver.
    #[must_use]
    pub fn vendor_address(&self) -> String {
        format!("https://localhost:{}", self.vendors)
    }

    /// The password of every account.
    #[must_use]
    pub fn password(&self) -> &'static str {
        PASSWORD
    }

    /// Makes one more account that holds a role, with the password of all.
    ///
    /// # Errors
    ///
    /// When it is refused.
    pub fn employ(&self, account: &str, role: Role) -> Result<User> {
        let new = NewUser {
            name: account.to_owned(),
            account: account.to_owned(),
            roles: vec![role],
            password: PASSWORD.to_owned(),
        };
        self.sign_in(SECURITY)?.post("/users", &new)
    }

    /// Signs in the account that holds a role, with a purpose stated.
    ///
    /// # Errors
    ///
    /// When it may not sign in.
    pub fn enter(&self, role: Role) -> Result<Client> {
        let client = if role == Role::SecurityAdmin {
            self.sign_in(SECURITY)?
        } else {
            self.sign_in(&demo::office(role)?)?
        };
        client.purpose("a story")?;
        Ok(client)
    }

    /// Signs in an account.
    ///
    /// # Errors
    ///
    /// When it may not sign in.
    pub fn sign_in(&self, account: &str) -> Result<Client> {
        let authority = fs::read(self.data().join("keys/tls-ca.pem"))?;
        Ok(Client::sign_in(&self.address(), &authority, account, PASSWORD)?.with_patience(PATIENCE))
    }

    /// Kills the process at once, as a power cut would.
    ///
    /// # Errors
    ///
    /// When the process can't be waited for.
    pub fn kill(&self) -> Result<()> {
        if let Some(mut child) = self.child().take() {
            child.kill()?;
            child.wait()?;
        }
        Ok(())
    }

    /// Asks the process to close and waits for it.
    ///
    /// # Errors
    ///
    /// When it can't be told or waited for.
    pub fn stop(&self) -> Result<()> {
        if let Some(mut child) = self.child().take() {
            kill_process(Pid::from_child(&child), Signal::TERM)?;
            child.wait()?;
        }
        Ok(())
    }

    /// Serves, after a stop or a kill.
    ///
    /// # Errors
    ///
    /// When it does not answer within half a minute.
    pub fn serve(&self) -> Result<()> {
        let log = fs::File::options().create(true).append(true).open(self.log())?.into_file();
        let mut command = self.command(&["serve"])?;
        let mut child = self.child();
        *child = Some(command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).spawn()?);
        let begun = Instant::now();
        while std::net::TcpStream::connect(("127.0.0.1", self.staff)).is_err() {
            let ended = child.as_mut().map(Child::try_wait).transpose()?.flatten();
            if ended.is_some() || begun.elapsed() > Duration::from_secs(30) {
                bail!("the appliance does not serve: {}", fs::read_to_string(self.log())?);
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(())
    }

    /// Runs one of the program's commands on this appliance.
    ///
    /// # Errors
    ///
    /// When it can't be started.
    pub fn run(&self, words: &[&str]) -> Result<Output> {
        Ok(self.command(words)?.stdin(Stdio::null()).output()?)
    }

    /// The number of the process that serves.
    #[must_use]
    pub fn process(&self) -> Option<u32> {
        self.child().as_ref().map(Child::id)
    }

    fn child(&self) -> MutexGuard<'_, Option<Child>> {
        self.child.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn command(&self, words: &[&str]) -> Result<Command> {
        let mut command = Command::new(program("xuecang")?);
        command
            .env("NO_COLOR", "1")
            // The configuration says which.
            .env_remove("XUECANG_MODELS")
            .args(words)
            .arg("--data")
            .arg(self.data())
            .arg("--config")
            .arg(self.dir.path().join("config.toml"));
        Ok(command)
    }

    fn configure(&self) -> Result<()> {
        let config = format!(
            "allow_unencrypted_volume = true\nmodels = {:?}\nlisten = \"127.0.0.1:{}\"\n\
             vendor_listen = \"127.0.0.1:{}\"\nvendor_address = \"{}\"\n",
            self.models.display().to_string(),
            self.staff,
            self.vendors,
            self.vendor_address(),
        );
        fs::write(self.dir.path().join("config.toml"), config)?;
        Ok(())
    }

    fn init(&self) -> Result<()> {
        self.configure()?;
        let mut init = Command::new(program("xuecang")?)
            .args(["init", "--school", "故事学院", "--admin", SECURITY, "--data"])
            .arg(self.data())
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()?;
        writeln!(init.stdin.take().context("init takes no password")?, "{PASSWORD}")?;
        if !init.wait()?.success() {
            bail!("the appliance could not be made");
        }
        Ok(())
    }
}

impl Drop for Appliance {
    fn drop(&mut self) {
        // A process that is gone already needs no ending.
        let _ = self.kill();
    }
}
