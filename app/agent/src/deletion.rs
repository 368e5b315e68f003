//! A deletion, as the vendor leads it: the conversation with the school, kept on disk before anything is sent.
//!
//! ```text
//! HOME/deletions/<case>/
//!   journal.json      the conversation, with the message under way
//!   objects.json      what is to be deleted
//!   places.json       what was declared
//!   files.json        what was found and proven: nothing else is ever erased
//!   erase.log         what was done to which file
//!   certificate.json  how it ended
//! ```

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use api::ProblemCode;
use api::ids::CaseId;
use api::vendor::{Enrolment, Envelopes, VendorCase};
use ed25519_dalek::SigningKey;
use fs_err as fs;
use handshake::bytes::BootId;
use handshake::certificate::{Fault, Report, Trust, verify_certificate};
use handshake::envelope::{Envelope, SignError};
use handshake::keys::Role;
use handshake::objects::{ObjectList, ObjectListError};
use handshake::policy::Policy;
use handshake::session::Stamp;
use handshake::side::{DraftError, JournalError};
use handshake::state::Refusal;
use handshake::vendor::Vendor;
use jiff::Timestamp;
use ledger::json::{JsonError, canonical, from_canonical};
use ledger::{Hash, from_base64};
use openssl::pkey::PKey;
use reqwest::Method;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::client::{Client, ClientError, send};
use crate::home::{Home, HomeError};
use crate::private;

/// This start of the program: numbers drawn before another start are burnt.
static BOOT: LazyLock<BootId> = LazyLock::new(|| BootId::from_bytes(rand::random()));
static STARTED: LazyLock<Instant> = LazyLock::new(Instant::now);

/// How often a request is tried before it is given up, and how long is waited between.
const TRIES: (u32, Duration) = (15, Duration::from_secs(2));

/// The vendor's side of one case.
#[derive(Debug)]
pub struct Deletion {
    dir: PathBuf,
    case: CaseId,
    client: Client,
    keys: Keys,
    /// The conversation.
    pub vendor: Vendor,
    /// What is to be deleted.
    pub list: ObjectList,
}

/// The keys that speak for the vendor.
#[derive(Clone)]
pub struct Keys {
    agent: SigningKey,
    legal: SigningKey,
}

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Keys(withheld)")
    }
}

/// Why a deletion can't go on. What was said before stays said; the same command goes on from there.
#[derive(Debug, thiserror::Error)]
pub enum DeletionError {
    /// The school can't be reached, or refuses.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// The agent's folder can't be used.
    #[error(transparent)]
    Home(#[from] HomeError),
    /// A file of the case can't be used.
    #[error("could not use {}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// A key is not an Ed25519 key.
    #[error("{0} is no Ed25519 key in PEM")]
    Key(PathBuf),
    /// The policy is not the one agreed on.
    #[error("the school's policy is not the one agreed on: {0}")]
    Policy(&'static str),
    /// The list is not the one the invitation speaks of.
    #[error(transparent)]
    List(#[from] ObjectListError),
    /// The journal is damaged.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// Something is not canonical JSON.
    #[error(transparent)]
    Json(#[from] JsonError),
    /// A message can't be written.
    #[error(transparent)]
    Draft(#[from] DraftError),
    /// A message can't be signed.
    #[error(transparent)]
    Sign(#[from] SignError),
    /// The school, or somebody in between, doesn't keep the rules.
    #[error("a message of the school breaks the rules; stopping here")]
    Rules(#[source] Refusal),
    /// Our own message would be refused.
    #[error("this message would be refused: {0}")]
    Own(Refusal),
    /// The certificate does not stand its check.
    #[error("the school's certificate is not good")]
    Certificate(#[from] Fault),
}

type Result<T, E = DeletionError> = std::result::Result<T, E>;

impl Keys {
    /// The agent's key, and the signatory's from `legal` or from the agent's folder.
    ///
    /// # Errors
    ///
    /// If one can't be read.
    pub fn open(home: &Home, legal: Option<&Path>) -> Result<Self> {
        let legal = match legal {
            Some(path) => {
                let pem =
                    fs::read(path).map_err(|source| DeletionError::File { path: path.to_owned(), source })?;
                key(&pem, path)?
            }
            None => key(&home.legal_key_pem()?, home.dir())?,
        };
        Ok(Self { agent: key(&home.agent_key_pem()?, home.dir())?, legal })
    }
}

fn key(pem: &[u8], path: &Path) -> Result<SigningKey> {
    PKey::private_key_from_pem(pem)
        .and_then(|key| key.raw_private_key())
        .ok()
        .and_then(|bytes| <[u8; 32]>::try_from(bytes).ok())
        .map(|seed| SigningKey::from_bytes(&seed))
        .ok_or_else(|| DeletionError::Key(path.to_owned()))
}

/// Lists this vendor's cases.
///
/// # Errors
///
/// If the school can't be reached.
pub fn cases(client: &Client) -> Result<Vec<VendorCase>> {
    Ok(json(client, "/vendor/v1/deletions")?)
}

/// What became of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sent {
    /// The school has it on record.
    Taken,
    /// The school refused it; nothing was said. Look again at what is next.
    Refused(String),
}

impl Deletion {
    /// Joins a case, or goes on with one. `fingerprint` is the policy's, as printed in the contract's annex.
    ///
    /// # Errors
    ///
    /// If the policy is another than agreed on, or something can't be read.
    pub fn open(
        home: &Home,
        client: Client,
        keys: Keys,
        case: CaseId,
        fingerprint: Option<Hash>,
    ) -> Result<Self> {
        let dir = home.dir().join("deletions").join(case.to_string());
        let failed = |source| DeletionError::File { path: dir.clone(), source };
        private::folder(&dir).map_err(failed)?;
        let (journal, objects) = (dir.join("journal.json"), dir.join("objects.json"));
        if !journal.exists() {
            let policy = policy(&client, case, &keys, &home.enrolment()?, fingerprint)?;
            let bytes = bytes(&client, &format!("/vendor/v1/deletions/{case}/objects"))?;
            let list = ObjectList::from_bytes(&bytes)?;
            keep(&objects, &bytes)?;
            let vendor = Vendor::join(list.session(), policy, *BOOT);
            keep(&journal, &vendor.to_bytes()?)?;
        }
        let list = ObjectList::from_bytes(&read(&objects)?)?;
        let vendor = Vendor::load(&read(&journal)?, *BOOT)?;
        if fingerprint.is_some_and(|fingerprint| fingerprint != vendor.state().policy().fingerprint()) {
            return Err(DeletionError::Policy("its fingerprint is another"));
        }
        let mut deletion = Self { dir, case, client, keys, vendor, list };
        deletion.fetch()?;
        if deletion.vendor.known() > 0 {
            deletion.vendor.check_list(&deletion.list)?;
        }
        Ok(deletion)
    }

    /// A file of the case.
    #[must_use]
    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }

    /// Keeps a document of the case, whole or not at all.
    ///
    /// # Errors
    ///
    /// If it can't be written.
    pub fn keep<T: Serialize>(&self, name: &str, value: &T) -> Result<()> {
        let path = self.path(name);
        let bytes = serde_json::to_vec(value)
            .map_err(|error| DeletionError::File { path: path.clone(), source: error.into() })?;
        keep(&path, &bytes)
    }

    /// A document of the case, if it was kept.
    ///
    /// # Errors
    ///
    /// If it can't be read.
    pub fn kept<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>> {
        let path = self.path(name);
        if !path.exists() {
            return Ok(None);
        }
        let value = serde_json::from_slice(&read(&path)?);
        value.map(Some).map_err(|error| DeletionError::File { path, source: error.into() })
    }

    /// The clocks, and the newest checkpoint that the school has named.
    #[must_use]
    pub fn stamp(&self) -> Stamp {
        let seen = self.vendor.state().checkpoints_seen().last_key_value();
        let (log_size, log_root) = seen.map_or_else(|| (0, Hash::empty()), |(size, root)| (*size, *root));
        let mono_ms = u64::try_from(STARTED.elapsed().as_millis()).unwrap_or(u64::MAX);
        Stamp { at: Timestamp::now(), mono_ms, log_size, log_root }
    }

    /// Signs a message with the keys it needs, keeps it, and sends it.
    ///
    /// # Errors
    ///
    /// If it would be refused, or the school can't be reached; the message is kept then and sent the next time.
    pub fn say(&mut self, mut envelope: Envelope) -> Result<Sent> {
        let missing = envelope.missing(self.vendor.state().policy()).map_err(SignError::from)?;
        for role in missing {
            match role {
                Role::Agent => envelope.sign(&self.keys.agent)?,
                Role::Legal => envelope.sign(&self.keys.legal)?,
                Role::School | Role::Registrar | Role::It => {}
            }
        }
        self.vendor.hold(envelope).map_err(DeletionError::Own)?;
        self.save()?;
        self.send()
    }

    /// Sends the message under way, the same bytes as before.
    ///
    /// # Errors
    ///
    /// If the school can't be reached.
    pub fn send(&mut self) -> Result<Sent> {
        let Some(bytes) =
            self.vendor.pending().map(Envelope::to_bytes).transpose().map_err(SignError::from)?
        else {
            return Ok(Sent::Taken);
        };
        let path = format!("/vendor/v1/deletions/{}/messages", self.case);
        let sent = patiently(|| {
            let request = self.client.request(Method::POST, &path);
            send(request.header("content-type", "application/json").body(bytes.clone()))
        });
        match sent {
            Ok(_) => {
                self.vendor.arrived().map_err(DeletionError::Own)?;
                self.save()?;
                Ok(Sent::Taken)
            }
            Err(ClientError::Refused(problem)) if is_refusal(problem.code) => {
                self.vendor.withdraw();
                self.save()?;
                self.fetch()?;
                Ok(Sent::Refused(problem.title.clone()))
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Gets what the school has said since. Returns whether there was anything.
    ///
    /// # Errors
    ///
    /// If the school can't be reached, or what it says breaks the rules.
    pub fn fetch(&mut self) -> Result<bool> {
        let known = self.vendor.known();
        let after = known.checked_sub(1).map(|last| format!("?after={last}")).unwrap_or_default();
        let path = format!("/vendor/v1/deletions/{}/messages{after}", self.case);
        let answer: Envelopes = json(&self.client, &path)?;
        for value in answer.envelopes {
            let envelope: Envelope = from_canonical(&canonical(&value)?)?;
            self.vendor.receive(envelope, Timestamp::now()).map_err(DeletionError::Rules)?;
        }
        let new = self.vendor.known() > known;
        if new {
            self.save()?;
        }
        Ok(new)
    }

    /// Gets the certificate, checks it, and keeps it; nothing if there is none yet.
    ///
    /// # Errors
    ///
    /// If it is not good, or the school can't be reached.
    pub fn certificate(&self) -> Result<Option<Report>> {
        let path = format!("/vendor/v1/deletions/{}/certificate", self.case);
        let file = match bytes(&self.client, &path) {
            Err(ClientError::Refused(problem)) if problem.code == ProblemCode::NotFound => return Ok(None),
            file => file?,
        };
        let report = verify_certificate(&file, Trust::Policy(self.vendor.state().policy()))?;
        keep(&self.path("certificate.json"), &file)?;
        Ok(Some(report))
    }

    fn save(&self) -> Result<()> {
        keep(&self.path("journal.json"), &self.vendor.to_bytes()?)
    }
}

/// Problems that mean: this message was not said.
const fn is_refusal(code: ProblemCode) -> bool {
    matches!(code, ProblemCode::HandshakeRefused | ProblemCode::GuardNotMet | ProblemCode::CodeMismatch)
}

/// The policy, if it names the keys that were exchanged when this vendor was registered.
fn policy(
    client: &Client,
    case: CaseId,
    keys: &Keys,
    enrolment: &Enrolment,
    fingerprint: Option<Hash>,
) -> Result<Arc<Policy>> {
    let policy: Policy = from_canonical(&bytes(client, &format!("/vendor/v1/deletions/{case}/policy"))?)?;
    let is = |role, key: &[u8]| policy.key(role).as_bytes().as_slice() == key;
    let school = from_base64(&enrolment.school_key).unwrap_or_default();
    let ledger = policy.ledger().logs().iter().any(|log| log.to_string() == enrolment.ledger_key);
    if fingerprint.is_some_and(|fingerprint| fingerprint != policy.fingerprint()) {
        Err(DeletionError::Policy("its fingerprint is another"))
    } else if !is(Role::School, &school) || !ledger {
        Err(DeletionError::Policy("it names other keys of the school than the enrolment"))
    } else if !is(Role::Agent, keys.agent.verifying_key().as_bytes())
        || !is(Role::Legal, keys.legal.verifying_key().as_bytes())
    {
        Err(DeletionError::Policy("it names other keys of this vendor"))
    } else {
        Ok(Arc::new(policy))
    }
}

/// Tries again while that may help.
fn patiently<T>(mut request: impl FnMut() -> Result<T, ClientError>) -> Result<T, ClientError> {
    let (tries, pause) = TRIES;
    for _ in 1..tries {
        match request() {
            Err(error) if error.may_pass() => std::thread::sleep(pause),
            answer => return answer,
        }
    }
    request()
}

fn bytes(client: &Client, path: &str) -> Result<Vec<u8>, ClientError> {
    patiently(|| {
        let answer = send(client.request(Method::GET, path))?;
        answer.bytes().map(|bytes| bytes.to_vec()).map_err(ClientError::Connection)
    })
}

fn json<T: DeserializeOwned>(client: &Client, path: &str) -> Result<T, ClientError> {
    serde_json::from_slice(&bytes(client, path)?).map_err(|_| ClientError::Answer(200))
}

fn read(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).map_err(|source| DeletionError::File { path: path.to_owned(), source })
}

fn keep(path: &Path, bytes: &[u8]) -> Result<()> {
    private::write(path, bytes).map_err(|source| DeletionError::File { path: path.to_owned(), source })
}
