//! Bags: their tag files, their payload, their signature.

use std::{fs::File, path::Path, sync::LazyLock};

use bag::{
    Algorithm, Bag, Depth, Identity, Limits, Report, SIGNATURE_FILE, SignatureError, Trust, Writer,
    hash_reader, serialise, unpack, validate, validate_unpacked, verify_signature,
};
use openssl::{
    asn1::{Asn1Integer, Asn1Time},
    bn::{BigNum, BigNumContext},
    ec::{EcGroup, EcKey, EcPoint},
    hash::MessageDigest,
    nid::Nid,
    pkey::{PKey, Private},
    x509::{X509, X509Name, extension::BasicConstraints},
};

use super::tape;
use crate::{Verdict, sections};

/// A bag whose files are the sections of the bytes.
pub(super) fn run(bytes: &[u8]) -> Verdict {
    let dir = tempfile::tempdir().unwrap();
    let place = dir.path().join("bag");
    fs_err::create_dir(&place).unwrap();
    sections::put(&sections::split(bytes), &place);
    judge(&place)
}

/// As the bytes of a folder that lies there.
pub(super) fn read(dir: &Path) -> Verdict {
    first(&validate(dir, Depth::Valid)).unwrap_or(Verdict::Taken)
}

fn judge(dir: &Path) -> Verdict {
    let report = validate(dir, Depth::Valid);
    let complete = validate(dir, Depth::Complete);
    assert!(complete.is_valid() || !report.is_valid(), "valid, and not even complete");
    let opened = Bag::open(dir);
    if let Ok(bag) = &opened {
        let data = dir.join("data");
        assert!(bag.payload().keys().all(|path| bag.payload_file(path).starts_with(&data)));
        if report.is_valid() {
            round_trip(bag);
        }
    }
    first(&report).unwrap_or(Verdict::Taken)
}

fn first(report: &Report) -> Option<Verdict> {
    let finding = report.errors().next()?;
    Some(Verdict::refused(finding.code.clone(), format!("{} {}", finding.path, finding.text)))
}

/// A valid bag keeps its word, and written anew it says the same again.
fn round_trip(bag: &Bag) {
    let dir = tempfile::tempdir().unwrap();
    let mut writer = Writer::create(dir.path().join("bag")).unwrap();
    for (label, value) in bag.info() {
        if !["bagging-date", "payload-oxum"].contains(&label.to_ascii_lowercase().as_str()) {
            writer.info(label, value).unwrap_or_default();
        }
    }
    let mut held = 0;
    for (path, sums) in bag.payload() {
        // A file that is elsewhere, or under a name that differs in case or form, is not where its name says.
        let Ok(file) = File::open(bag.payload_file(path)) else { continue };
        let algorithms: Vec<Algorithm> = sums.keys().copied().collect();
        let hashed = hash_reader(&file, &algorithms).unwrap();
        assert!(hashed.sums == *sums, "a valid bag does not hold what it lists");
        writer.add_file(path, &bag.payload_file(path)).unwrap();
        held += 1;
    }
    let again = writer.finish(jiff::civil::date(2026, 7, 1)).unwrap();
    assert_eq!(again.payload().len(), held);
    let packed = serialise(again.dir(), &tape::top(), Vec::new()).unwrap();
    let place = dir.path().join("again");
    fs_err::create_dir(&place).unwrap();
    let limits = Limits { files: 1000, bytes: u64::MAX, path_len: 8192 };
    let unpacked = unpack(&packed[..], &place, limits).unwrap();
    assert!(validate_unpacked(&unpacked).is_valid());
    let reopened = Bag::open(&unpacked.dir).unwrap();
    assert_eq!((reopened.payload(), reopened.info()), (again.payload(), again.info()));
}

/// The bytes are the signature of a bag that is in order.
pub(super) fn signature(bytes: &[u8]) -> Verdict {
    let dir = tempfile::tempdir().unwrap();
    small(&dir.path().join("bag"));
    fs_err::write(dir.path().join("bag").join(SIGNATURE_FILE), bytes).unwrap();
    signed(&dir.path().join("bag"))
}

pub(super) fn signed(dir: &Path) -> Verdict {
    static TRUST: LazyLock<Trust> =
        LazyLock::new(|| Trust::from_pem(&authority().1.to_pem().unwrap()).unwrap());
    match verify_signature(dir, &TRUST) {
        Ok(signer) => {
            assert_eq!(signer.subject, "CN=vendor", "nobody else is vouched for");
            Verdict::Taken
        }
        Err(error) => {
            assert!(!matches!(error, SignatureError::Io(_)), "{error:?}");
            Verdict::refused("signature", error)
        }
    }
}

/// A bag of two photos, the same each time.
pub(crate) fn small(dir: &Path) {
    let mut writer = Writer::create(dir).unwrap();
    writer.info("Source-Organization", "示例照相馆").unwrap();
    let path = |name: &str| bag::SafePath::new(name).unwrap();
    writer.add(&path("photos/one.jpg"), &b"one\n"[..]).unwrap();
    writer.add(&path("photos/二.jpg"), &b"two\n"[..]).unwrap();
    writer.finish(jiff::civil::date(2026, 7, 1)).unwrap();
}

/// A vendor who signs, and the authority that vouches for it. Their keys are no secret, so that seeds made yesterday are
/// believed today: another certificate of the same authority vouches for the same.
pub(crate) fn authority() -> (Identity, X509) {
    let (authority, vendor) = (key(2027), key(2028));
    let above = certificate("readers", &authority, None);
    let certificate = certificate("vendor", &vendor, Some((&above, &authority)));
    let pem = certificate.to_pem().unwrap();
    (Identity::from_pem(&vendor.private_key_to_pem_pkcs8().unwrap(), &pem).unwrap(), above)
}

fn key(secret: u32) -> PKey<Private> {
    let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1).unwrap();
    let secret = BigNum::from_u32(secret).unwrap();
    let mut point = EcPoint::new(&group).unwrap();
    point.mul_generator2(&group, &secret, &mut BigNumContext::new().unwrap()).unwrap();
    PKey::from_ec_key(EcKey::from_private_components(&group, &secret, &point).unwrap()).unwrap()
}

fn certificate(name: &str, key: &PKey<Private>, above: Option<(&X509, &PKey<Private>)>) -> X509 {
    let mut subject = X509Name::builder().unwrap();
    subject.append_entry_by_nid(Nid::COMMONNAME, name).unwrap();
    let subject = subject.build();
    let mut builder = X509::builder().unwrap();
    builder.set_version(2).unwrap();
    let serial = BigNum::from_u32(if above.is_some() { 2 } else { 1 }).unwrap();
    builder.set_serial_number(&Asn1Integer::from_bn(&serial).unwrap()).unwrap();
    builder.set_subject_name(&subject).unwrap();
    builder.set_issuer_name(above.map_or(&*subject, |(above, _)| above.subject_name())).unwrap();
    builder.set_pubkey(key).unwrap();
    builder.set_not_before(&Asn1Time::from_unix(1_767_225_600).unwrap()).unwrap();
    builder.set_not_after(&Asn1Time::from_unix(4_102_444_800).unwrap()).unwrap();
    if above.is_none() {
        builder.append_extension(BasicConstraints::new().critical().ca().build().unwrap()).unwrap();
    }
    builder.sign(above.map_or(key, |(_, key)| key), MessageDigest::sha256()).unwrap();
    builder.build()
}
