//! A person at a browser: real headless Chromium on the real appliance.
//!
//! Things are found as a person with a screen reader finds them, by role and name in Chromium's own accessibility
//! tree. Every wait has a deadline. Everything Chromium says in the meantime is kept; [`Browser::finish`] holds it
//! against what a story may never show: an error in the console, an exception, a request that leaves this machine.

mod page;
mod pipe;
mod record;

use std::cell::RefCell;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::rc::Rc;

use anyhow::{Context, Result, bail};
use base64::Engine as _;
use fs_err as fs;
use openssl::x509::X509;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

pub use page::{DESKTOP, PHONE, Page, Thing};
use pipe::Pipe;
use record::Expected;

use crate::{Appliance, program};

/// What every Chromium is started with.
const FLAGS: [&str; 17] = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--disable-breakpad",
    "--no-first-run",
    "--no-default-browser-check",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-extensions",
    "--disable-background-timer-throttling",
    "--disable-renderer-backgrounding",
    "--disable-backgrounding-occluded-windows",
    "--force-color-profile=srgb",
    "--remote-debugging-pipe",
];

/// A Chromium that trusts one appliance's certificate and no other.
#[derive(Debug)]
pub struct Browser {
    pipe: Rc<Pipe>,
    base: String,
    shots: PathBuf,
    expected: Rc<RefCell<Vec<Expected>>>,
    home: tempfile::TempDir,
}

impl Browser {
    /// Starts Chromium for an appliance. Says so and gives nothing when Chromium is not installed, except in continuous
    /// integration (`CI` is set), where that is an error. `story` names the folder of its screenshots.
    ///
    /// # Errors
    ///
    /// When Chromium does not start, or the appliance has no client to show.
    pub fn open(appliance: &Appliance, story: &str) -> Result<Option<Self>> {
        Self::start(appliance, story, None)
    }

    /// The same with a camera that shows the pictures of a Y4M file, over and over.
    ///
    /// # Errors
    ///
    /// As [`Browser::open`].
    pub fn with_camera(appliance: &Appliance, story: &str, pictures: &Path) -> Result<Option<Self>> {
        Self::start(appliance, story, Some(pictures))
    }

    fn start(appliance: &Appliance, story: &str, camera: Option<&Path>) -> Result<Option<Self>> {
        let Some(chromium) = chromium()? else { return Ok(None) };
        let home = tempfile::tempdir()?;
        let mut words: Vec<String> = FLAGS.map(str::to_owned).to_vec();
        words.push(format!("--user-data-dir={}", home.path().join("profile").display()));
        words.push(format!("--ignore-certificate-errors-spki-list={}", fingerprint(appliance)?));
        if let Some(pictures) = camera {
            words.push("--use-fake-device-for-media-stream".to_owned());
            words.push("--use-fake-ui-for-media-stream".to_owned());
            words.push(format!("--use-file-for-fake-video-capture={}", pictures.display()));
        }
        let log = fs::File::create(home.path().join("chromium.log"))?.into_file();
        // Chromium speaks on the descriptors 3 and 4; the shell lays standard input and output there.
        let child = Command::new("sh")
            .args(["-c", "exec \"$0\" \"$@\" 3<&0 4>&1 </dev/null >/dev/null"])
            .arg(chromium)
            .args(words)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .context("Chromium could not be started")?;
        let target = program("xuecang")?;
        let target =
            target.parent().and_then(Path::parent).context("the program lies in no target folder")?;
        let shots = target.join("browser").join(story);
        fs::create_dir_all(&shots)?;
        let browser = Self {
            pipe: Rc::new(Pipe::new(child)?),
            base: appliance.address(),
            shots,
            expected: Rc::default(),
            home,
        };
        browser.pipe.call(None, "Browser.getVersion", json!({})).with_context(|| {
            fs::read_to_string(browser.home.path().join("chromium.log")).unwrap_or_default()
        })?;
        Ok(Some(browser))
    }

    /// Where downloads go.
    #[must_use]
    pub fn downloads(&self) -> PathBuf {
        self.home.path().join("downloads")
    }

    /// A window of a person's own, with cookies and a store that no other window sees.
    ///
    /// # Errors
    ///
    /// When Chromium opens none.
    pub fn window(&self) -> Result<Page> {
        let text = |value: &Value, name: &str| {
            value.get(name).and_then(Value::as_str).map(str::to_owned).context("Chromium names no window")
        };
        let context =
            text(&self.pipe.call(None, "Target.createBrowserContext", json!({}))?, "browserContextId")?;
        fs::create_dir_all(self.downloads())?;
        let saving = json!({
            "behavior": "allow", "browserContextId": context, "downloadPath": self.downloads(), "eventsEnabled": true,
        });
        self.pipe.call(None, "Browser.setDownloadBehavior", saving)?;
        let blank = json!({ "url": "about:blank", "browserContextId": context });
        let target = text(&self.pipe.call(None, "Target.createTarget", blank)?, "targetId")?;
        let wanted = json!({ "targetId": target, "flatten": true });
        let session = text(&self.pipe.call(None, "Target.attachToTarget", wanted)?, "sessionId")?;
        Page::new(
            Rc::clone(&self.pipe),
            session,
            self.base.clone(),
            self.shots.clone(),
            Rc::clone(&self.expected),
        )
    }

    /// A window in which an account is signed in, by its sign-in page.
    ///
    /// # Errors
    ///
    /// When it does not get in.
    pub fn signed_in(&self, appliance: &Appliance, account: &str) -> Result<Page> {
        self.signed_in_at(appliance, account, DESKTOP)
    }

    /// A window of a size in which an account is signed in.
    ///
    /// # Errors
    ///
    /// As [`Browser::signed_in`].
    pub fn signed_in_at(&self, appliance: &Appliance, account: &str, size: (u32, u32)) -> Result<Page> {
        let page = self.window()?;
        page.resize(size)?;
        page.goto("/")?;
        page.fill("账号", account)?;
        page.fill("密码", appliance.password())?;
        page.click("button", "登录")?;
        page.find("navigation", "导航")?;
        Ok(page)
    }

    /// Ends the story: nothing went wrong that nobody saw.
    ///
    /// # Errors
    ///
    /// When the console shows an error, a script failed, a request left this machine, or the server refused something
    /// that the story did not [expect](Page::expect) to be refused; and when something expected did not happen.
    pub fn finish(self) -> Result<()> {
        let faults = record::faults(&self.pipe, &self.base, &self.expected.borrow());
        println!("screenshots: {}", self.shots.display());
        if faults.is_empty() {
            return Ok(());
        }
        let mut list = String::new();
        for fault in &faults {
            write!(list, "\n  {fault}")?;
        }
        bail!("the browser saw what no story may show:{list}");
    }
}

/// The script of axe-core, the auditor of accessibility, where `cargo xtask setup` could bring it.
///
/// # Errors
///
/// When it can't be read.
pub fn axe() -> Result<Option<String>> {
    let target = program("xuecang")?;
    let target = target.parent().and_then(Path::parent).context("the program lies in no target folder")?;
    let file = target.join("axe-core/axe.min.js");
    file.is_file().then(|| fs::read_to_string(&file)).transpose().map_err(Into::into)
}

/// Where Chromium lies, if it does.
fn chromium() -> Result<Option<PathBuf>> {
    let folders = std::env::var_os("PATH").unwrap_or_default();
    let found = ["chromium", "chromium-browser", "google-chrome"]
        .iter()
        .flat_map(|name| std::env::split_paths(&folders).map(move |folder| folder.join(name)))
        .find(|path| path.is_file());
    if found.is_none() {
        if std::env::var_os("CI").is_some_and(|value| !value.is_empty() && value != "false") {
            bail!("Chromium is missing, and continuous integration may not go without the browser's stories");
        }
        println!("skipped: Chromium is not installed; `cargo xtask setup` installs it");
    }
    Ok(found)
}

/// The SHA-256 of the public key in the appliance's TLS certificate, as Chromium wants it.
fn fingerprint(appliance: &Appliance) -> Result<String> {
    let certificate = X509::from_pem(&fs::read(appliance.data().join("keys/tls.pem"))?)?;
    let key = certificate.public_key()?.public_key_to_der()?;
    Ok(base64::engine::general_purpose::STANDARD.encode(Sha256::digest(key)))
}
