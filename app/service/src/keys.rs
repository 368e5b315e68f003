//! The appliance's keys: made once, kept under `DATA/keys` with mode 0600, read at start.
//!
//! ```text
//! tls.pem tls.key             the staff port's certificate chain and key
//! tls-ca.pem tls-ca.key       the CA of that certificate, while no other one is configured
//! vendor-ca.pem vendor-ca.key signs the vendors' client certificates
//! vendor-tls.pem vendor-tls.key  the vendors' port, by the same CA
//! ledger.key school.key       Ed25519, PKCS #8
//! token.key search.key office.key  32 random bytes as hex
//! face-….key                 a campaign's, while it compares faces: 32 random bytes as hex
//! ```

use std::{
    fmt, io,
    io::Write as _,
    path::{Path, PathBuf},
};

use ed25519_dalek::SigningKey;
use fs_err::{self as fs, os::unix::fs::OpenOptionsExt as _};
use rand::{TryRngCore as _, rngs::OsRng};
use zeroize::{Zeroize as _, Zeroizing};

use crate::authority::{self, Authority, AuthorityError, Names};

/// The secret keys in memory.
#[derive(Clone)]
pub struct Keys {
    /// Signs the ledger's checkpoints.
    pub ledger: SigningKey,
    /// Signs receipts and handshake messages for the school.
    pub school: SigningKey,
    /// Makes capture tokens recognisable as ours.
    pub token: Secret,
    /// Hashes id numbers for search.
    pub search: Secret,
    /// Hashes what office work must recognise but not know.
    pub office: Secret,
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Keys(withheld)")
    }
}

/// A symmetric key of 32 bytes. Wiped when dropped, never printed.
#[derive(Clone)]
pub struct Secret([u8; 32]);

impl Secret {
    /// The key made of these bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The bytes.
    #[must_use]
    pub const fn bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl Drop for Secret {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(withheld)")
    }
}

/// Why the keys could not be made or read.
#[derive(Debug, thiserror::Error)]
pub enum KeysError {
    /// A file can't be written or read.
    #[error("could not use the key file {}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What went wrong.
        source: io::Error,
    },
    /// A file does not hold the key it should.
    #[error("{} does not hold {what}", path.display())]
    Content {
        /// The file.
        path: PathBuf,
        /// What it should hold.
        what: &'static str,
    },
    /// The system gave no randomness.
    #[error("the system gave no random bytes")]
    Random(#[source] rand::rand_core::OsError),
    /// A certificate could not be made.
    #[error("could not make the certificate {what}")]
    Certificate {
        /// Which.
        what: &'static str,
        /// What went wrong.
        source: AuthorityError,
    },
    /// A key could not be written in its format.
    #[error("could not write a key in its format")]
    Format(#[from] AuthorityError),
}

impl Keys {
    /// Makes every key that is not there yet. `names` are the names and addresses under which the ports are reached.
    ///
    /// A crash leaves some keys made; running it again makes the rest.
    ///
    /// # Errors
    ///
    /// When a file can't be written.
    pub fn create(dir: &Path, school: &str, names: &Names) -> Result<(), KeysError> {
        for name in ["ledger.key", "school.key"] {
            create_new(&dir.join(name), || {
                Ok(authority::signing_key_pem(&SigningKey::from_bytes(&random()?))?)
            })?;
        }
        for name in ["token.key", "search.key", "office.key"] {
            create_new(&dir.join(name), || {
                Ok(Zeroizing::new(format!("{}\n", hex::encode(random::<32>()?)).into_bytes()))
            })?;
        }
        if !dir.join("tls.pem").exists() || !dir.join("tls.key").exists() {
            create_certificates(dir, "tls", school, "staff", names)?;
        }
        if !dir.join("vendor-tls.pem").exists() || !dir.join("vendor-tls.key").exists() {
            create_certificates(dir, "vendor", school, "vendors", names)?;
        }
        Ok(())
    }

    /// Makes new certificates for both ports, by the authorities that are there.
    ///
    /// # Errors
    ///
    /// When a file can't be written.
    pub fn renew_certificates(dir: &Path, school: &str, names: &Names) -> Result<(), KeysError> {
        create_certificates(dir, "tls", school, "staff", names)?;
        create_certificates(dir, "vendor", school, "vendors", names)
    }

    /// Reads the secret keys. Certificates are read where they are used.
    ///
    /// # Errors
    ///
    /// When a key is missing or not what it should be.
    pub fn open(dir: &Path) -> Result<Self, KeysError> {
        Ok(Self {
            ledger: signing_key(&dir.join("ledger.key"))?,
            school: signing_key(&dir.join("school.key"))?,
            token: secret(&dir.join("token.key"))?,
            search: secret(&dir.join("search.key"))?,
            office: secret(&dir.join("office.key"))?,
        })
    }
}

/// Fresh random bytes from the system.
///
/// # Errors
///
/// When the system has none.
pub fn random<const N: usize>() -> Result<[u8; N], KeysError> {
    let mut bytes = [0; N];
    OsRng.try_fill_bytes(&mut bytes).map_err(KeysError::Random)?;
    Ok(bytes)
}

/// Makes `PREFIX-ca` (a CA) and a server certificate by it: `tls.pem`, or `vendor-tls.pem` for the vendors.
fn create_certificates(
    dir: &Path,
    prefix: &str,
    school: &str,
    port: &'static str,
    names: &Names,
) -> Result<(), KeysError> {
    let server = if prefix == "tls" { "tls".to_owned() } else { format!("{prefix}-tls") };
    let (ca_pem, ca_key) = (dir.join(format!("{prefix}-ca.pem")), dir.join(format!("{prefix}-ca.key")));
    let (pem, key) = (dir.join(format!("{server}.pem")), dir.join(format!("{server}.key")));
    let failed = |source| KeysError::Certificate { what: port, source };
    let authority = if ca_pem.exists() && ca_key.exists() {
        Authority::open(&ca_pem, &ca_key).map_err(failed)?
    } else {
        let authority = Authority::create(&format!("{school} {port}")).map_err(failed)?;
        write_secret(&ca_key, &authority.key_pem().map_err(failed)?)?;
        write_secret(&ca_pem, &authority.certificate_pem().map_err(failed)?)?;
        authority
    };
    let server = authority.server(names).map_err(failed)?;
    write_secret(&key, &server.key)?;
    write_secret(&pem, &server.chain)
}

pub(crate) fn create_new(
    path: &Path,
    make: impl FnOnce() -> Result<Zeroizing<Vec<u8>>, KeysError>,
) -> Result<(), KeysError> {
    if path.exists() { Ok(()) } else { write_secret(path, &make()?) }
}

/// Writes a file with mode 0600, whole or not at all.
fn write_secret(path: &Path, bytes: &[u8]) -> Result<(), KeysError> {
    let failed = |source| KeysError::File { path: path.to_owned(), source };
    let half = path.with_extension("new");
    fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&half)
        .and_then(|mut file| file.write_all(bytes).and_then(|()| file.sync_all()))
        .and_then(|()| fs::rename(&half, path))
        .and_then(|()| match path.parent() {
            Some(dir) => fs::File::open(dir)?.sync_all(),
            None => Ok(()),
        })
        .map_err(failed)
}

fn read(path: &Path) -> Result<Zeroizing<Vec<u8>>, KeysError> {
    fs::read(path).map(Zeroizing::new).map_err(|source| KeysError::File { path: path.to_owned(), source })
}

fn signing_key(path: &Path) -> Result<SigningKey, KeysError> {
    authority::signing_key(&read(path)?)
        .ok_or_else(|| KeysError::Content { path: path.to_owned(), what: "an Ed25519 key" })
}

pub(crate) fn secret(path: &Path) -> Result<Secret, KeysError> {
    let text = read(path)?;
    let mut bytes = [0; 32];
    hex::decode_to_slice(text.trim_ascii(), &mut bytes)
        .map_err(|_| KeysError::Content { path: path.to_owned(), what: "32 bytes in hex" })?;
    Ok(Secret(bytes))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn keys_are_made_once_and_read_back_and_nobody_else_may_read_them() {
        let dir = tempfile::tempdir().unwrap();
        let names = Names::local();
        Keys::create(dir.path(), "Test School", &names).unwrap();
        let first = Keys::open(dir.path()).unwrap();
        Keys::create(dir.path(), "Test School", &names).unwrap();
        let second = Keys::open(dir.path()).unwrap();
        assert_eq!(first.ledger.to_bytes(), second.ledger.to_bytes());
        assert_eq!(first.token.bytes(), second.token.bytes());
        for entry in fs::read_dir(dir.path()).unwrap() {
            assert_eq!(entry.unwrap().metadata().unwrap().permissions().mode() & 0o777, 0o600);
        }
    }
}
