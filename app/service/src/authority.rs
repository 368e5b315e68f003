//! Certificate authorities (the one for our own port, the one for vendors) and the file formats of keys.

use std::{net::IpAddr, path::Path};

use ed25519_dalek::SigningKey;
use fs_err as fs;
use openssl::{
    asn1::{Asn1Integer, Asn1Time},
    bn::{BigNum, MsbOption},
    ec::{EcGroup, EcKey},
    error::ErrorStack,
    hash::MessageDigest,
    nid::Nid,
    pkey::{Id, PKey, PKeyRef, Private, Public},
    x509::{
        X509, X509Builder, X509NameBuilder, X509NameRef,
        extension::{
            AuthorityKeyIdentifier, BasicConstraints, ExtendedKeyUsage, KeyUsage, SubjectAlternativeName,
            SubjectKeyIdentifier,
        },
    },
};
use zeroize::Zeroizing;

/// Days a CA's certificate is valid.
const CA_DAYS: u32 = 3650;

/// Days a server's certificate is valid; browsers refuse longer ones.
const SERVER_DAYS: u32 = 397;

/// Why a certificate could not be made or read.
#[derive(Debug, thiserror::Error)]
pub enum AuthorityError {
    /// A file can't be read.
    #[error("could not read a certificate or its key")]
    File(#[from] std::io::Error),
    /// OpenSSL refused.
    #[error("OpenSSL refused")]
    OpenSsl(#[from] ErrorStack),
    /// The key is not the certificate's.
    #[error("the key does not belong to the certificate")]
    Mismatch,
}

/// Names and addresses under which a server is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Names {
    /// Host names.
    pub hosts: Vec<String>,
    /// Addresses.
    pub addresses: Vec<IpAddr>,
}

impl Names {
    /// This machine, as itself sees it.
    #[must_use]
    pub fn local() -> Self {
        Self {
            hosts: vec!["localhost".to_owned()],
            addresses: vec![
                IpAddr::V4(std::net::Ipv4Addr::LOCALHOST),
                IpAddr::V6(std::net::Ipv6Addr::LOCALHOST),
            ],
        }
    }

    /// This machine and, besides, `more`: host names or addresses.
    #[must_use]
    pub fn local_and(more: &[String]) -> Self {
        let mut names = Self::local();
        for name in more {
            match name.parse() {
                Ok(address) => names.addresses.push(address),
                Err(_) => names.hosts.push(name.clone()),
            }
        }
        names
    }
}

/// What a certificate is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Usage<'a> {
    /// A server of these names.
    Server(&'a Names),
    /// A client that identifies itself and signs its packages (CMS).
    Client,
}

/// A server's key and its chain, leaf first, both PEM.
pub struct ServerIdentity {
    /// The key.
    pub key: Zeroizing<Vec<u8>>,
    /// The certificate and its CA's.
    pub chain: Vec<u8>,
}

/// A certificate authority: P-256, SHA-256.
pub struct Authority {
    certificate: X509,
    key: PKey<Private>,
}

impl Authority {
    /// Makes an authority of this name.
    ///
    /// # Errors
    ///
    /// When OpenSSL refuses.
    pub fn create(name: &str) -> Result<Self, AuthorityError> {
        let key = generate()?;
        let subject = common_name(name)?;
        let mut builder = begin(&subject, &subject, &key, CA_DAYS)?;
        builder.append_extension(BasicConstraints::new().critical().ca().pathlen(0).build()?)?;
        builder.append_extension(KeyUsage::new().critical().key_cert_sign().crl_sign().build()?)?;
        let identifier = SubjectKeyIdentifier::new().build(&builder.x509v3_context(None, None))?;
        builder.append_extension(identifier)?;
        builder.sign(&key, MessageDigest::sha256())?;
        Ok(Self { certificate: builder.build(), key })
    }

    /// Reads an authority's certificate and key.
    ///
    /// # Errors
    ///
    /// When a file is missing or the two don't belong together.
    pub fn open(certificate: &Path, key: &Path) -> Result<Self, AuthorityError> {
        let certificate = X509::from_pem(&fs::read(certificate)?)?;
        let key = PKey::private_key_from_pem(&Zeroizing::new(fs::read(key)?))?;
        if certificate.public_key()?.public_eq(&key) {
            Ok(Self { certificate, key })
        } else {
            Err(AuthorityError::Mismatch)
        }
    }

    /// The authority's own certificate.
    #[must_use]
    pub const fn certificate(&self) -> &X509 {
        &self.certificate
    }

    /// The certificate, PEM.
    ///
    /// # Errors
    ///
    /// When OpenSSL refuses.
    pub fn certificate_pem(&self) -> Result<Vec<u8>, AuthorityError> {
        Ok(self.certificate.to_pem()?)
    }

    /// The key, PEM.
    ///
    /// # Errors
    ///
    /// When OpenSSL refuses.
    pub fn key_pem(&self) -> Result<Zeroizing<Vec<u8>>, AuthorityError> {
        Ok(Zeroizing::new(self.key.private_key_to_pem_pkcs8()?))
    }

    /// Makes a key and a certificate for a server.
    ///
    /// # Errors
    ///
    /// When OpenSSL refuses.
    pub fn server(&self, names: &Names) -> Result<ServerIdentity, AuthorityError> {
        let key = generate()?;
        let name = names.hosts.last().map_or("localhost", String::as_str);
        let public = PKey::public_key_from_der(&key.public_key_to_der()?)?;
        let certificate = self.issue(name, &public, Usage::Server(names), SERVER_DAYS)?;
        let mut chain = certificate.to_pem()?;
        chain.extend(self.certificate.to_pem()?);
        Ok(ServerIdentity { key: Zeroizing::new(key.private_key_to_pem_pkcs8()?), chain })
    }

    /// Issues a certificate for somebody's public key, valid from five minutes ago.
    ///
    /// # Errors
    ///
    /// When OpenSSL refuses, for example an over-long name.
    pub fn issue(
        &self,
        name: &str,
        key: &PKeyRef<Public>,
        usage: Usage<'_>,
        days: u32,
    ) -> Result<X509, AuthorityError> {
        let subject = common_name(name)?;
        let mut builder = begin(&subject, self.certificate.subject_name(), key, days)?;
        builder.append_extension(BasicConstraints::new().critical().build()?)?;
        let mut purposes = ExtendedKeyUsage::new();
        match usage {
            Usage::Server(names) => {
                builder.append_extension(KeyUsage::new().critical().digital_signature().build()?)?;
                builder.append_extension(purposes.server_auth().build()?)?;
                let alternatives =
                    alternatives(names).build(&builder.x509v3_context(Some(&*self.certificate), None))?;
                builder.append_extension(alternatives)?;
            }
            Usage::Client => {
                builder.append_extension(
                    KeyUsage::new().critical().digital_signature().non_repudiation().build()?,
                )?;
                builder.append_extension(purposes.client_auth().email_protection().build()?)?;
            }
        }
        let context = builder.x509v3_context(Some(&*self.certificate), None);
        let subject_key = SubjectKeyIdentifier::new().build(&context)?;
        let authority_key = AuthorityKeyIdentifier::new().keyid(true).build(&context)?;
        builder.append_extension(subject_key)?;
        builder.append_extension(authority_key)?;
        builder.sign(&self.key, MessageDigest::sha256())?;
        Ok(builder.build())
    }
}

/// Days until a certificate (PEM; the first one counts) expires; negative if it has.
///
/// # Errors
///
/// When it is no certificate.
pub fn days_left(pem: &[u8]) -> Result<i32, AuthorityError> {
    let left = Asn1Time::days_from_now(0)?.diff(X509::from_pem(pem)?.not_after())?;
    Ok(if left.secs < 0 && left.days == 0 { -1 } else { left.days })
}

/// An Ed25519 key as PKCS #8, PEM.
///
/// # Errors
///
/// When OpenSSL refuses.
pub fn signing_key_pem(key: &SigningKey) -> Result<Zeroizing<Vec<u8>>, AuthorityError> {
    let key = PKey::private_key_from_raw_bytes(key.as_bytes(), Id::ED25519)?;
    Ok(Zeroizing::new(key.private_key_to_pem_pkcs8()?))
}

/// The Ed25519 key of a PKCS #8 PEM, or nothing if it holds no such key.
#[must_use]
pub fn signing_key(pem: &[u8]) -> Option<SigningKey> {
    let key = PKey::private_key_from_pem(pem).ok()?;
    let seed = Zeroizing::new(key.raw_private_key().ok()?);
    let seed = Zeroizing::new(<[u8; 32]>::try_from(seed.as_slice()).ok()?);
    Some(SigningKey::from_bytes(&seed))
}

fn generate() -> Result<PKey<Private>, ErrorStack> {
    let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1)?;
    PKey::from_ec_key(EcKey::generate(&group)?)
}

fn common_name(name: &str) -> Result<openssl::x509::X509Name, ErrorStack> {
    // X.520 allows 64 characters; a longer school's name is cut, never refused.
    let short: String = name.chars().take(64).collect();
    let mut builder = X509NameBuilder::new()?;
    builder.append_entry_by_nid(Nid::COMMONNAME, &short)?;
    Ok(builder.build())
}

fn begin<T: openssl::pkey::HasPublic>(
    subject: &X509NameRef,
    issuer: &X509NameRef,
    key: &PKeyRef<T>,
    days: u32,
) -> Result<X509Builder, ErrorStack> {
    let mut builder = X509::builder()?;
    builder.set_version(2)?;
    let serial = serial()?;
    builder.set_serial_number(&serial)?;
    builder.set_subject_name(subject)?;
    builder.set_issuer_name(issuer)?;
    builder.set_pubkey(key)?;
    let now = jiff::Timestamp::now().as_second();
    builder.set_not_before(&*Asn1Time::from_unix(now - 300)?)?;
    builder.set_not_after(&*Asn1Time::days_from_now(days)?)?;
    Ok(builder)
}

/// 159 random bits: unique without a counter (RFC 5280 §4.1.2.2 allows 20 octets).
fn serial() -> Result<Asn1Integer, ErrorStack> {
    let mut number = BigNum::new()?;
    number.rand(159, MsbOption::MAYBE_ZERO, false)?;
    number.to_asn1_integer()
}

fn alternatives(names: &Names) -> SubjectAlternativeName {
    let mut alternatives = SubjectAlternativeName::new();
    for host in &names.hosts {
        alternatives.dns(host);
    }
    for address in &names.addresses {
        alternatives.ip(&address.to_string());
    }
    alternatives
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certificate_leads_to_its_authority() {
        let authority = Authority::create("云南文化艺术职业学院 vendors").unwrap();
        let key = generate().unwrap();
        let public = PKey::public_key_from_der(&key.public_key_to_der().unwrap()).unwrap();
        let issued = authority.issue("vendor", &public, Usage::Client, 30).unwrap();
        assert!(issued.verify(&authority.certificate().public_key().unwrap()).unwrap());
        let other = Authority::create("somebody else").unwrap();
        assert!(!issued.verify(&other.certificate().public_key().unwrap()).unwrap());
    }
}
