//! Who vouches for a bag: a detached CMS signature (RFC 5652) over `tagmanifest-sha256.txt`, kept as `signature.p7s`.
//!
//! The signed file names every other tag file, those name every payload file, so one signature covers the bag.
//! `openssl cms -verify -binary -inform DER -in signature.p7s -content tagmanifest-sha256.txt -CAfile ca.pem`
//! checks it without this program.

use std::io;
use std::path::Path;

use fs_err as fs;
use jiff::Timestamp;
use openssl::cms::{CMSOptions, CmsContentInfo};
use openssl::error::ErrorStack;
use openssl::hash::MessageDigest;
use openssl::pkcs7::{Pkcs7, Pkcs7Flags};
use openssl::pkey::{PKey, Private};
use openssl::stack::Stack;
use openssl::x509::store::{X509Store, X509StoreBuilder};
use openssl::x509::verify::X509VerifyParam;
use openssl::x509::{
    CrlStatus, X509, X509Crl, X509NameRef, X509PurposeId, X509StoreContext, X509VerifyResult,
};

use crate::digest::hash_reader;
use crate::fsync::{parent, sync_dir};
use crate::manifest::Lists;
use crate::read::Tags;
use crate::{Algorithm, Report};

/// The file in a bag that holds its signature.
pub const SIGNATURE_FILE: &str = "signature.p7s";

/// A private key with the certificate that says whose it is.
pub struct Identity {
    key: PKey<Private>,
    certificate: X509,
    chain: Stack<X509>,
}

/// Shows whose it is, never the key.
impl std::fmt::Debug for Identity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Identity").field("certificate", &self.certificate).finish_non_exhaustive()
    }
}

/// Why a key and certificates are no identity.
#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    /// They cannot be read as PEM.
    #[error("the key or the certificate cannot be read")]
    Unreadable(#[from] ErrorStack),
    /// There is no certificate.
    #[error("there is no certificate")]
    NoCertificate,
    /// The certificate speaks of another key.
    #[error("the certificate does not belong to the key")]
    Mismatch,
}

impl Identity {
    /// An identity from a PEM private key, and PEM certificates, its own first.
    ///
    /// # Errors
    ///
    /// If they cannot be read or do not belong together.
    pub fn from_pem(key: &[u8], certificates: &[u8]) -> Result<Self, IdentityError> {
        let key = PKey::private_key_from_pem(key)?;
        let mut certificates = X509::stack_from_pem(certificates)?.into_iter();
        let certificate = certificates.next().ok_or(IdentityError::NoCertificate)?;
        if !certificate.public_key()?.public_eq(&key) {
            return Err(IdentityError::Mismatch);
        }
        let mut chain = Stack::new()?;
        for certificate in certificates {
            chain.push(certificate)?;
        }
        Ok(Self { key, certificate, chain })
    }
}

/// Why a bag was not signed.
#[derive(Debug, thiserror::Error)]
pub enum SignError {
    /// The bag has no sha256 tag manifest, so there is nothing to sign.
    #[error("the bag has no tagmanifest-sha256.txt to sign")]
    NoTagManifest,
    /// Making the signature failed.
    #[error("could not sign")]
    Sign(#[from] ErrorStack),
    /// Reading or writing the bag failed.
    #[error("could not read or write the bag")]
    Io(#[from] io::Error),
}

/// Signs the bag in `dir`, replacing an earlier signature. The signature is durable when this returns.
///
/// # Errors
///
/// If the bag has nothing to sign or reading, signing or writing fails. The bag is then as it was.
pub fn sign(dir: &Path, identity: &Identity) -> Result<(), SignError> {
    let signed = signed_file(dir)?.ok_or(SignError::NoTagManifest)?;
    let options = CMSOptions::BINARY | CMSOptions::DETACHED | CMSOptions::NOSMIMECAP;
    let cms = CmsContentInfo::sign(
        Some(&identity.certificate),
        Some(&identity.key),
        Some(&identity.chain),
        Some(&signed),
        options,
    )?;
    let place = dir.join(SIGNATURE_FILE);
    let mut partial = tempfile::NamedTempFile::new_in(dir)?;
    io::Write::write_all(&mut partial, &cms.to_der()?)?;
    partial.as_file().sync_all()?;
    partial.persist(&place).map_err(|error| error.error)?;
    sync_dir(parent(&place))?;
    Ok(())
}

/// Which certificate authorities are believed, and when.
pub struct Trust {
    authorities: Vec<X509>,
    revocations: Vec<X509Crl>,
    at: Option<Timestamp>,
}

impl std::fmt::Debug for Trust {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Trust")
            .field("authorities", &self.authorities)
            .field("at", &self.at)
            .finish_non_exhaustive()
    }
}

/// Why certificates or revocation lists cannot be believed.
#[derive(Debug, thiserror::Error)]
pub enum TrustError {
    /// They cannot be read as PEM.
    #[error("a certificate or revocation list cannot be read")]
    Unreadable(#[from] ErrorStack),
    /// There is no certificate.
    #[error("there is no certificate to trust")]
    Empty,
    /// No trusted authority issued the revocation list.
    #[error("the revocation list is not signed by a trusted authority")]
    ForeignRevocations,
}

impl Trust {
    /// Believes the authorities whose PEM certificates these are, as of now.
    ///
    /// # Errors
    ///
    /// If they cannot be read or there are none.
    pub fn from_pem(authorities: &[u8]) -> Result<Self, TrustError> {
        let authorities = X509::stack_from_pem(authorities)?;
        if authorities.is_empty() {
            return Err(TrustError::Empty);
        }
        Ok(Self { authorities, revocations: Vec::new(), at: None })
    }

    /// Also heeds a PEM revocation list issued by one of the authorities.
    ///
    /// # Errors
    ///
    /// If it cannot be read or none of the authorities issued it.
    pub fn with_revocations(mut self, pem: &[u8]) -> Result<Self, TrustError> {
        let list = X509Crl::from_pem(pem)?;
        let mut issued = false;
        for authority in &self.authorities {
            issued |= same_name(list.issuer_name(), authority.subject_name())?
                && list.verify(&*authority.public_key()?)?;
        }
        if !issued {
            return Err(TrustError::ForeignRevocations);
        }
        self.revocations.push(list);
        Ok(self)
    }

    /// Judges as of `at` instead of now: the moment of receipt, for a signature looked at years later.
    #[must_use]
    pub fn at(mut self, at: Timestamp) -> Self {
        self.at = Some(at);
        self
    }

    fn store(&self) -> Result<X509Store, ErrorStack> {
        let mut store = X509StoreBuilder::new()?;
        for authority in &self.authorities {
            store.add_cert(authority.clone())?;
        }
        let mut param = X509VerifyParam::new()?;
        param.set_purpose(X509PurposeId::ANY)?;
        // An authority is believed because it is listed here, also if something above it signed it.
        param.set_flags(openssl::x509::verify::X509VerifyFlags::PARTIAL_CHAIN)?;
        if let Some(at) = self.at {
            param.set_time(at.as_second());
        }
        store.set_param(&param)?;
        Ok(store.build())
    }

    fn has_revoked(&self, certificate: &X509) -> Result<bool, ErrorStack> {
        for list in &self.revocations {
            if same_name(list.issuer_name(), certificate.issuer_name())?
                && matches!(list.get_by_cert(certificate), CrlStatus::Revoked(_))
            {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// Who signed a bag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signer {
    /// The subject of the certificate, as `CN=…, O=…`.
    pub subject: String,
    /// Its serial number in lower-case hexadecimal digits.
    pub serial: String,
    /// The sha256 of the certificate in lower-case hexadecimal digits.
    pub fingerprint: String,
    /// The certificate itself, PEM, to be kept with the receipt.
    pub certificate_pem: String,
}

/// Why a signature does not count.
#[derive(Debug, thiserror::Error)]
pub enum SignatureError {
    /// There is none.
    #[error("the bag is not signed")]
    Unsigned,
    /// The file is no CMS signature by exactly one signer.
    #[error("the signature cannot be understood")]
    Malformed(#[source] Option<ErrorStack>),
    /// The signature does not fit the tag manifest, or the tag manifest does not fit the tag files.
    #[error("the bag was changed after it was signed: {}", files.join(", "))]
    Changed {
        /// The files that differ, are missing, or that the signature does not cover.
        files: Vec<String>,
    },
    /// No trusted authority vouches for the signer.
    #[error("no trusted authority vouches for {}: {reason}", signer.subject)]
    Untrusted {
        /// Who claims to have signed.
        signer: Box<Signer>,
        /// What is wrong with the chain, in OpenSSL's words.
        reason: String,
    },
    /// The certificate has expired or is not valid yet.
    #[error("the certificate of {} is not valid at this time", signer.subject)]
    Expired {
        /// Who signed.
        signer: Box<Signer>,
    },
    /// The authority has revoked the certificate.
    #[error("the certificate of {} has been revoked", signer.subject)]
    Revoked {
        /// Who signed.
        signer: Box<Signer>,
    },
    /// The cryptographic library failed.
    #[error("could not check the signature")]
    Check(#[from] ErrorStack),
    /// Reading the bag failed.
    #[error("could not read the bag")]
    Io(#[from] io::Error),
}

/// Checks the signature of the bag in `dir` and that it covers every tag file as it is now.
///
/// Payload is not read: together with [`validate`](crate::validate) finding nothing, the whole bag is vouched for.
///
/// # Errors
///
/// [`SignatureError`] says why the signature does not count.
pub fn verify_signature(dir: &Path, trust: &Trust) -> Result<Signer, SignatureError> {
    let Some(signature) = read_if_there(&dir.join(SIGNATURE_FILE))? else {
        return Err(SignatureError::Unsigned);
    };
    let signed = signed_file(dir)?.ok_or_else(|| changed(&Lists::Tags.file_name(Algorithm::Sha256)))?;
    let certificate = check_signature(&signature, &signed)?;
    let signer = describe(&certificate)?;
    check_chain(&signature, &certificate, &signer, trust)?;
    check_coverage(dir)?;
    Ok(signer)
}

fn changed(file: &str) -> SignatureError {
    SignatureError::Changed { files: vec![file.to_owned()] }
}

/// The certificate whose key made `signature` over `signed`. Says nothing about whom to believe.
fn check_signature(signature: &[u8], signed: &[u8]) -> Result<X509, SignatureError> {
    let malformed = |error| SignatureError::Malformed(Some(error));
    let mut cms = CmsContentInfo::from_der(signature).map_err(malformed)?;
    let certificate = only_signer(signature)?;
    // The key must be this certificate's, not that of another one that was sent along under the same number.
    let mut certificates = Stack::new()?;
    certificates.push(certificate.clone())?;
    let options =
        CMSOptions::BINARY | CMSOptions::DETACHED | CMSOptions::NO_SIGNER_CERT_VERIFY | CMSOptions::NOINTERN;
    cms.verify(Some(&certificates), None, Some(signed), None, options)
        .map_err(|_| changed(&Lists::Tags.file_name(Algorithm::Sha256)))?;
    Ok(certificate)
}

/// A signature by issuer and serial number is PKCS #7 too, which tells who signed.
fn only_signer(signature: &[u8]) -> Result<X509, SignatureError> {
    let malformed = |error| SignatureError::Malformed(Some(error));
    let pkcs7 = Pkcs7::from_der(signature).map_err(malformed)?;
    let none = Stack::new()?;
    let signers = pkcs7.signers(&none, Pkcs7Flags::empty()).map_err(malformed)?;
    let mut signers = signers.into_iter();
    match (signers.next(), signers.next()) {
        (Some(signer), None) => Ok(signer),
        _ => Err(SignatureError::Malformed(None)),
    }
}

fn check_chain(
    signature: &[u8],
    certificate: &X509,
    signer: &Signer,
    trust: &Trust,
) -> Result<(), SignatureError> {
    let mut between = Stack::new()?;
    let pkcs7 = Pkcs7::from_der(signature)?;
    if let Some(sent) = pkcs7.signed().and_then(|signed| signed.certificates()) {
        for certificate in sent {
            between.push(certificate.to_owned())?;
        }
    }
    let store = trust.store()?;
    let mut context = X509StoreContext::new()?;
    let result = context.init(&store, certificate, &between, |context| {
        context.verify_cert()?;
        Ok(context.error())
    })?;
    if result != X509VerifyResult::OK {
        return Err(refuse(result, signer));
    }
    if trust.has_revoked(certificate)? {
        return Err(SignatureError::Revoked { signer: Box::new(signer.clone()) });
    }
    Ok(())
}

fn refuse(result: X509VerifyResult, signer: &Signer) -> SignatureError {
    // X509_V_ERR_CERT_NOT_YET_VALID and X509_V_ERR_CERT_HAS_EXPIRED of <openssl/x509_vfy.h>.
    const NOT_YET_VALID: i32 = 9;
    const HAS_EXPIRED: i32 = 10;
    let signer = Box::new(signer.clone());
    match result.as_raw() {
        NOT_YET_VALID | HAS_EXPIRED => SignatureError::Expired { signer },
        _ => SignatureError::Untrusted { signer, reason: result.error_string().to_owned() },
    }
}

/// The signed tag manifest must name every other tag file, and each must be as it says.
fn check_coverage(dir: &Path) -> Result<(), SignatureError> {
    let mut report = Report::new();
    let tags = Tags::read(dir, &mut report)?.ok_or_else(|| changed("bagit.txt"))?;
    let Some(manifest) = tags.tags.iter().find(|manifest| manifest.algorithm == Algorithm::Sha256) else {
        return Err(changed(&Lists::Tags.file_name(Algorithm::Sha256)));
    };
    let mut files = Vec::new();
    for name in tag_files(dir)? {
        if !manifest.entries.contains_key(&name) {
            files.push(name);
        }
    }
    for (name, sum) in &manifest.entries {
        let same = match fs::File::open(dir.join(name)) {
            Ok(file) => hash_reader(file, &[Algorithm::Sha256])?.sum(Algorithm::Sha256) == Some(sum),
            Err(_) => false,
        };
        if !same {
            files.push(name.clone());
        }
    }
    if files.is_empty() { Ok(()) } else { Err(SignatureError::Changed { files }) }
}

/// Every file outside `data/` that a signature must cover: all but tag manifests and the signature itself.
fn tag_files(dir: &Path) -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    let mut open = vec![(dir.to_owned(), String::new())];
    while let Some((folder, prefix)) = open.pop() {
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
            match entry.file_type()?.is_dir() {
                true if name == "data" => {}
                true => open.push((entry.path(), format!("{name}/"))),
                false if name == SIGNATURE_FILE || Lists::Tags.algorithm_of(&name).is_some() => {}
                false => names.push(name),
            }
        }
    }
    Ok(names)
}

fn signed_file(dir: &Path) -> io::Result<Option<Vec<u8>>> {
    read_if_there(&dir.join(Lists::Tags.file_name(Algorithm::Sha256)))
}

fn read_if_there(path: &Path) -> io::Result<Option<Vec<u8>>> {
    match fs::symlink_metadata(path) {
        Ok(found) if found.is_file() => fs::read(path).map(Some),
        Ok(_) => Ok(None),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

fn describe(certificate: &X509) -> Result<Signer, ErrorStack> {
    let serial = certificate.serial_number().to_bn()?.to_vec();
    Ok(Signer {
        subject: name_text(certificate.subject_name()),
        serial: hex::encode(serial),
        fingerprint: hex::encode(certificate.digest(MessageDigest::sha256())?),
        certificate_pem: String::from_utf8_lossy(&certificate.to_pem()?).into_owned(),
    })
}

fn name_text(name: &X509NameRef) -> String {
    let part = |entry: &openssl::x509::X509NameEntryRef| {
        let label = entry.object().nid().short_name().unwrap_or("?").to_owned();
        let value = entry.data().to_string().unwrap_or_default();
        format!("{label}={value}")
    };
    name.entries().map(part).collect::<Vec<_>>().join(", ")
}

fn same_name(one: &X509NameRef, other: &X509NameRef) -> Result<bool, ErrorStack> {
    Ok(one.try_cmp(other)? == std::cmp::Ordering::Equal)
}

#[cfg(test)]
mod tests;
