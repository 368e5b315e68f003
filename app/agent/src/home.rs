//! Where the agent keeps its keys and what it was told at enrolment: one folder, readable by its owner alone.
//!
//! ```text
//! client.key       P-256, PKCS #8: connects, and signs parcels
//! request.csr      what the school signs
//! agent.key        Ed25519, PKCS #8: speaks for the agent in the deletion handshake
//! legal.key        Ed25519, PKCS #8: the signatory's own; may be moved to another medium
//! enrolment.json   the school's answer: certificate, authority, address, public keys
//! receipts/        receipts, each checked before it was kept
//! ```

use std::io;
use std::path::{Path, PathBuf};

use api::ids::DeliveryId;
use api::vendor::Enrolment;
use fs_err as fs;
use ledger::to_base64;
use openssl::{
    ec::{EcGroup, EcKey},
    error::ErrorStack,
    hash::MessageDigest,
    nid::Nid,
    pkey::{PKey, Private},
    x509::{X509, X509NameBuilder, X509ReqBuilder},
};
use serde::{Deserialize, Serialize};

use crate::private;

/// The agent's folder.
#[derive(Debug, Clone)]
pub struct Home {
    dir: PathBuf,
}

/// What the school needs to register this vendor: goes into its form for new vendors.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// The certificate request, PEM.
    pub csr: String,
    /// The agent's public key, base64.
    pub agent_key: String,
    /// The signatory's public key, base64.
    pub legal_key: String,
}

/// Why the agent's folder could not be used.
#[derive(Debug, thiserror::Error)]
pub enum HomeError {
    /// Keys are there already; making new ones would lose the registration.
    #[error("{} holds keys already", .0.display())]
    EnrolledBefore(PathBuf),
    /// The agent is not enrolled.
    #[error(
        "this agent is not connected to a school; run `xuecang-agent enrol`, then `xuecang-agent connect`"
    )]
    NotConnected,
    /// A file can't be used.
    #[error("could not use {}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What went wrong.
        source: io::Error,
    },
    /// A file does not hold what it should.
    #[error("{} does not hold {what}", path.display())]
    Content {
        /// The file.
        path: PathBuf,
        /// What it should hold.
        what: &'static str,
    },
    /// The school's certificate is for another key than this agent's.
    #[error("the certificate is not for this agent's key")]
    OtherKey,
    /// The certificate is not by the authority that came with it.
    #[error("the certificate is not by the authority that came with it")]
    OtherAuthority,
    /// OpenSSL refused.
    #[error("OpenSSL refused")]
    OpenSsl(#[from] ErrorStack),
}

const CLIENT_KEY: &str = "client.key";
const REQUEST: &str = "request.csr";
const AGENT_KEY: &str = "agent.key";
const LEGAL_KEY: &str = "legal.key";
const ENROLMENT: &str = "enrolment.json";
const RECEIPTS: &str = "receipts";

impl Home {
    /// The folder `dir`, whether it is there or not.
    #[must_use]
    pub fn at(dir: impl Into<PathBuf>) -> Self {
        Self { dir: dir.into() }
    }

    /// The folder.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Makes the keys and the certificate request. A crash leaves some of them, and making them again makes the rest.
    ///
    /// # Errors
    ///
    /// If the request is there already, or something can't be written.
    pub fn enrol(&self) -> Result<Request, HomeError> {
        make_private(&self.dir)?;
        if self.path(REQUEST).exists() {
            return Err(HomeError::EnrolledBefore(self.dir.clone()));
        }
        for name in [AGENT_KEY, LEGAL_KEY] {
            self.make_key(name, PKey::generate_ed25519)?;
        }
        let key = self.make_key(CLIENT_KEY, || {
            let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1)?;
            PKey::from_ec_key(EcKey::generate(&group)?)
        })?;
        self.write(REQUEST, &certificate_request(&key)?)?;
        self.request()
    }

    /// What the school needs, as made by [`Home::enrol`].
    ///
    /// # Errors
    ///
    /// If it was not made, or a key can't be read.
    pub fn request(&self) -> Result<Request, HomeError> {
        let csr = self.read(REQUEST)?;
        let csr = String::from_utf8(csr).map_err(|_| self.content(REQUEST, "a certificate request"))?;
        let public = |name| Ok::<_, HomeError>(to_base64(&self.key(name)?.raw_public_key()?));
        Ok(Request { csr, agent_key: public(AGENT_KEY)?, legal_key: public(LEGAL_KEY)? })
    }

    /// Keeps what the school answered, once it is sure that it is for this agent.
    ///
    /// # Errors
    ///
    /// If the certificate is not for this agent's key or not by the authority beside it.
    pub fn connect(&self, enrolment: &Enrolment) -> Result<(), HomeError> {
        let certificate = X509::from_pem(enrolment.certificate.as_bytes())?;
        let own = self.key(CLIENT_KEY)?;
        if !certificate.public_key()?.public_eq(&own) {
            return Err(HomeError::OtherKey);
        }
        let authority = X509::from_pem(enrolment.ca.as_bytes())?;
        if !certificate.verify(&*authority.public_key()?)? {
            return Err(HomeError::OtherAuthority);
        }
        let text =
            serde_json::to_vec_pretty(enrolment).map_err(|_| self.content(ENROLMENT, "an enrolment"))?;
        self.write(ENROLMENT, &text)
    }

    /// What the school answered.
    ///
    /// # Errors
    ///
    /// If the agent is not connected yet.
    pub fn enrolment(&self) -> Result<Enrolment, HomeError> {
        if !self.path(ENROLMENT).exists() {
            return Err(HomeError::NotConnected);
        }
        let text = self.read(ENROLMENT)?;
        serde_json::from_slice(&text).map_err(|_| self.content(ENROLMENT, "an enrolment"))
    }

    /// The key that connects and signs parcels, PEM.
    ///
    /// # Errors
    ///
    /// If it can't be read.
    pub fn client_key_pem(&self) -> Result<Vec<u8>, HomeError> {
        self.read(CLIENT_KEY)
    }

    /// The agent's key of the deletion handshake, PEM.
    ///
    /// # Errors
    ///
    /// If it can't be read.
    pub fn agent_key_pem(&self) -> Result<Vec<u8>, HomeError> {
        self.read(AGENT_KEY)
    }

    /// The signatory's key of the deletion handshake, PEM.
    ///
    /// # Errors
    ///
    /// If it can't be read.
    pub fn legal_key_pem(&self) -> Result<Vec<u8>, HomeError> {
        self.read(LEGAL_KEY)
    }

    /// Keeps a checked receipt. Returns where.
    ///
    /// # Errors
    ///
    /// If it can't be written.
    pub fn keep_receipt(&self, delivery: DeliveryId, receipt: &[u8]) -> Result<PathBuf, HomeError> {
        make_private(&self.path(RECEIPTS))?;
        let name = format!("{RECEIPTS}/{delivery}.json");
        self.write(&name, receipt)?;
        Ok(self.path(&name))
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }

    fn content(&self, name: &str, what: &'static str) -> HomeError {
        HomeError::Content { path: self.path(name), what }
    }

    fn read(&self, name: &str) -> Result<Vec<u8>, HomeError> {
        let path = self.path(name);
        fs::read(&path).map_err(|source| HomeError::File { path, source })
    }

    fn key(&self, name: &str) -> Result<PKey<Private>, HomeError> {
        PKey::private_key_from_pem(&self.read(name)?).map_err(|_| self.content(name, "a private key"))
    }

    fn make_key(
        &self,
        name: &str,
        make: impl FnOnce() -> Result<PKey<Private>, ErrorStack>,
    ) -> Result<PKey<Private>, HomeError> {
        if self.path(name).exists() {
            return self.key(name);
        }
        let key = make()?;
        self.write(name, &key.private_key_to_pem_pkcs8()?)?;
        Ok(key)
    }

    /// Writes a file with mode 0600, whole or not at all.
    fn write(&self, name: &str, bytes: &[u8]) -> Result<(), HomeError> {
        let path = self.path(name);
        private::write(&path, bytes).map_err(|source| HomeError::File { path, source })
    }
}

fn make_private(dir: &Path) -> Result<(), HomeError> {
    private::folder(dir).map_err(|source| HomeError::File { path: dir.to_owned(), source })
}

/// A request for a certificate. Its name does not matter: the school gives its own.
fn certificate_request(key: &PKey<Private>) -> Result<Vec<u8>, ErrorStack> {
    let mut name = X509NameBuilder::new()?;
    name.append_entry_by_nid(Nid::COMMONNAME, "xuecang-agent")?;
    let mut request = X509ReqBuilder::new()?;
    request.set_subject_name(&name.build())?;
    request.set_pubkey(key)?;
    request.sign(key, MessageDigest::sha256())?;
    request.build().to_pem()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use openssl::x509::X509Req;

    use super::*;

    #[test]
    fn keys_are_made_once_and_nobody_else_may_read_them() {
        let dir = tempfile::tempdir().unwrap();
        let home = Home::at(dir.path().join("agent"));
        let request = home.enrol().unwrap();
        assert!(matches!(home.enrol(), Err(HomeError::EnrolledBefore(_))));
        assert_eq!(home.request().unwrap(), request);
        for entry in fs::read_dir(home.dir()).unwrap() {
            assert_eq!(entry.unwrap().metadata().unwrap().permissions().mode() & 0o777, 0o600);
        }
        assert_eq!(fs::metadata(home.dir()).unwrap().permissions().mode() & 0o777, 0o700);
        let csr = X509Req::from_pem(request.csr.as_bytes()).unwrap();
        assert!(csr.verify(&csr.public_key().unwrap()).unwrap());
        assert_ne!(request.agent_key, request.legal_key);
        assert_eq!(ledger::from_base64(&request.agent_key).unwrap().len(), 32);
    }

    #[test]
    fn an_interrupted_enrolment_is_completed_with_the_same_keys() {
        let dir = tempfile::tempdir().unwrap();
        let home = Home::at(dir.path());
        let first = home.enrol().unwrap();
        fs::remove_file(dir.path().join(REQUEST)).unwrap();
        assert_eq!(home.enrol().unwrap().agent_key, first.agent_key);
    }

    #[test]
    fn an_agent_that_is_not_connected_says_so() {
        let dir = tempfile::tempdir().unwrap();
        assert!(matches!(Home::at(dir.path()).enrolment(), Err(HomeError::NotConnected)));
    }
}
