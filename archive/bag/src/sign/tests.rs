use std::path::PathBuf;

use fs_err as fs;
use openssl::asn1::Asn1Time;
use openssl::bn::BigNum;
use openssl::ec::{EcGroup, EcKey};
use openssl::nid::Nid;
use openssl::x509::extension::{BasicConstraints, KeyUsage};
use openssl::x509::{X509Builder, X509NameBuilder};

use super::*;
use crate::fixtures::small_bag;
use crate::{Depth, validate};

const YEAR: i64 = 365 * 24 * 3600;

fn key() -> PKey<Private> {
    let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1).unwrap();
    PKey::from_ec_key(EcKey::generate(&group).unwrap()).unwrap()
}

/// A certificate for `key`, valid for ten years from the start of 2026, or until `end` (seconds since 1970).
fn certificate(
    name: &str,
    serial: u32,
    key: &PKey<Private>,
    issuer: Option<&(PKey<Private>, X509)>,
    end: i64,
) -> X509 {
    let mut subject = X509NameBuilder::new().unwrap();
    subject.append_entry_by_text("CN", name).unwrap();
    let subject = subject.build();
    let mut builder = X509Builder::new().unwrap();
    builder.set_version(2).unwrap();
    builder.set_serial_number(&BigNum::from_u32(serial).unwrap().to_asn1_integer().unwrap()).unwrap();
    builder.set_subject_name(&subject).unwrap();
    builder.set_issuer_name(issuer.map_or(&subject, |(_, issuer)| issuer.subject_name())).unwrap();
    builder.set_not_before(&Asn1Time::from_unix(1_577_836_800).unwrap()).unwrap();
    builder.set_not_after(&Asn1Time::from_unix(end).unwrap()).unwrap();
    builder.set_pubkey(key).unwrap();
    if issuer.is_none() {
        builder.append_extension(BasicConstraints::new().critical().ca().build().unwrap()).unwrap();
        builder
            .append_extension(KeyUsage::new().critical().key_cert_sign().crl_sign().build().unwrap())
            .unwrap();
    }
    builder.sign(issuer.map_or(key, |(key, _)| key), MessageDigest::sha256()).unwrap();
    builder.build()
}

fn authority(name: &str) -> (PKey<Private>, X509) {
    let key = key();
    let certificate = certificate(name, 1, &key, None, 1_577_836_800 + 100 * YEAR);
    (key, certificate)
}

fn identity(issuer: &(PKey<Private>, X509), end: i64) -> Identity {
    let key = key();
    let certificate = certificate("a vendor", 0xabc, &key, Some(issuer), end);
    Identity::from_pem(&key.private_key_to_pem_pkcs8().unwrap(), &certificate.to_pem().unwrap()).unwrap()
}

fn trust(authority: &(PKey<Private>, X509)) -> Trust {
    Trust::from_pem(&authority.1.to_pem().unwrap()).unwrap()
}

const LATER: i64 = 1_577_836_800 + 50 * YEAR;

struct Fixture {
    _dir: tempfile::TempDir,
    bag: PathBuf,
    school: (PKey<Private>, X509),
}

impl Fixture {
    fn signed() -> Self {
        let f = Self::unsigned();
        sign(&f.bag, &identity(&f.school, LATER)).unwrap();
        f
    }

    fn unsigned() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let bag = small_bag(&dir.path().join("bag")).dir().to_owned();
        Self { _dir: dir, bag, school: authority("a school") }
    }

    fn verify(&self) -> Result<Signer, SignatureError> {
        verify_signature(&self.bag, &trust(&self.school))
    }
}

#[test]
fn a_signed_bag_says_who_signed_it() {
    let f = Fixture::signed();
    let signer = f.verify().unwrap();
    assert_eq!((signer.subject.as_str(), signer.serial.as_str()), ("CN=a vendor", "0abc"));
    assert_eq!(signer.fingerprint.len(), 64);
    assert!(validate(&f.bag, Depth::Valid).findings().is_empty(), "a signature does not disturb the bag");
}

#[test]
fn an_unsigned_bag_is_unsigned() {
    assert!(matches!(Fixture::unsigned().verify(), Err(SignatureError::Unsigned)));
}

#[test]
fn a_stranger_is_not_believed() {
    let f = Fixture::signed();
    let other = authority("another school");
    let refused = verify_signature(&f.bag, &trust(&other));
    assert!(
        matches!(refused, Err(SignatureError::Untrusted { signer, .. }) if signer.subject == "CN=a vendor")
    );
    // Nor one who merely calls himself by the same name.
    let namesake = authority("a school");
    assert!(matches!(verify_signature(&f.bag, &trust(&namesake)), Err(SignatureError::Untrusted { .. })));
}

#[test]
fn every_change_after_signing_is_seen() {
    for name in [
        "tagmanifest-sha256.txt",
        "manifest-sha256.txt",
        "manifest-sha512.txt",
        "bag-info.txt",
        "delivery.json",
    ] {
        let f = Fixture::signed();
        let text = fs::read_to_string(f.bag.join(name)).unwrap();
        fs::write(f.bag.join(name), format!("{text}#")).unwrap();
        let refused = f.verify();
        assert!(
            matches!(&refused, Err(SignatureError::Changed { files }) if files == &[name]),
            "{name}: {refused:?}"
        );
    }
    let f = Fixture::signed();
    fs::write(f.bag.join("more.txt"), "").unwrap();
    assert!(matches!(f.verify(), Err(SignatureError::Changed { files }) if files == ["more.txt"]));
    fs::remove_file(f.bag.join("more.txt")).unwrap();
    fs::remove_file(f.bag.join("tagmanifest-sha256.txt")).unwrap();
    assert!(matches!(f.verify(), Err(SignatureError::Changed { .. })));
}

#[test]
fn the_signature_of_another_bag_does_not_fit() {
    let (one, other) = (Fixture::signed(), Fixture::unsigned());
    fs::write(other.bag.join("bag-info.txt"), "").unwrap();
    fs::write(other.bag.join("tagmanifest-sha256.txt"), "").unwrap();
    fs::copy(one.bag.join(SIGNATURE_FILE), other.bag.join(SIGNATURE_FILE)).unwrap();
    assert!(matches!(verify_signature(&other.bag, &trust(&one.school)), Err(SignatureError::Changed { .. })));
}

#[test]
fn certificates_expire() {
    let f = Fixture::unsigned();
    let end = 1_600_000_000;
    sign(&f.bag, &identity(&f.school, end)).unwrap();
    assert!(matches!(f.verify(), Err(SignatureError::Expired { .. })));
    let then = |second| trust(&f.school).at(Timestamp::from_second(second).unwrap());
    assert!(verify_signature(&f.bag, &then(end - 10)).is_ok(), "it counted while it was valid");
    assert!(
        matches!(verify_signature(&f.bag, &then(1_500_000_000)), Err(SignatureError::Expired { .. })),
        "not yet"
    );
}

#[test]
fn rubbish_is_no_signature() {
    let f = Fixture::unsigned();
    fs::write(f.bag.join(SIGNATURE_FILE), "rubbish").unwrap();
    assert!(matches!(f.verify(), Err(SignatureError::Malformed(_))));
}

#[test]
fn a_key_and_a_foreign_certificate_are_no_identity() {
    let school = authority("a school");
    let foreign = certificate("x", 2, &key(), Some(&school), LATER);
    let refused = Identity::from_pem(&key().private_key_to_pem_pkcs8().unwrap(), &foreign.to_pem().unwrap());
    assert!(matches!(refused, Err(IdentityError::Mismatch)));
    assert!(matches!(Identity::from_pem(b"", b""), Err(IdentityError::Unreadable(_))));
    assert!(matches!(Trust::from_pem(b""), Err(TrustError::Empty | TrustError::Unreadable(_))));
}

/// The stock tool makes a revocation list and checks our signature; skipped where there is none.
fn openssl(dir: &Path, args: &[&str]) -> Option<bool> {
    let run = std::process::Command::new("openssl").args(args).current_dir(dir).output();
    match run {
        Ok(output) => {
            if !output.status.success() {
                println!("{}", String::from_utf8_lossy(&output.stderr));
            }
            Some(output.status.success())
        }
        Err(_) => {
            println!("skipped: there is no openssl here");
            None
        }
    }
}

#[test]
fn the_stock_tool_accepts_our_signature() {
    let f = Fixture::signed();
    let ca = f.bag.parent().unwrap().join("ca.pem");
    fs::write(&ca, f.school.1.to_pem().unwrap()).unwrap();
    let args = "cms -verify -binary -inform DER -in signature.p7s -content tagmanifest-sha256.txt -CAfile ../ca.pem -out /dev/null";
    let accepted = openssl(&f.bag, &args.split(' ').collect::<Vec<_>>());
    assert!(accepted.is_none_or(|accepted| accepted));
}

#[test]
fn a_revoked_certificate_does_not_count() {
    let f = Fixture::unsigned();
    let dir = f.bag.parent().unwrap();
    let identity = identity(&f.school, LATER);
    sign(&f.bag, &identity).unwrap();
    let write = |name: &str, bytes: &[u8]| fs::write(dir.join(name), bytes).unwrap();
    write("ca.pem", &f.school.1.to_pem().unwrap());
    write("ca.key", &f.school.0.private_key_to_pem_pkcs8().unwrap());
    write("vendor.pem", &identity.certificate.to_pem().unwrap());
    write("index.txt", b"");
    write(
        "ca.cnf",
        b"[ca]\ndefault_ca=d\n[d]\ndatabase=index.txt\ndefault_md=sha256\ndefault_crl_days=3650\n",
    );
    let ca = |extra: &str| {
        let args = format!("ca -config ca.cnf -cert ca.pem -keyfile ca.key {extra}");
        openssl(dir, &args.split(' ').collect::<Vec<_>>())
    };
    if ca("-revoke vendor.pem") != Some(true) || ca("-gencrl -out crl.pem") != Some(true) {
        return;
    }
    let list = fs::read(dir.join("crl.pem")).unwrap();
    let heeding = trust(&f.school).with_revocations(&list).unwrap();
    assert!(f.verify().is_ok(), "nobody heeds a list they were not given");
    assert!(matches!(verify_signature(&f.bag, &heeding), Err(SignatureError::Revoked { .. })));
    let foreign = trust(&authority("another school")).with_revocations(&list);
    assert!(matches!(foreign, Err(TrustError::ForeignRevocations)));
}
