use std::io::Write as _;

use bag::{Identity, Writer};
use openssl::asn1::{Asn1Integer, Asn1Time};
use openssl::bn::BigNum;
use openssl::ec::{EcGroup, EcKey};
use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::pkey::{PKey, Private};
use openssl::x509::extension::BasicConstraints;
use openssl::x509::{X509, X509Name};

use super::super::quarantine::Quarantine;
use super::*;

const LIMITS: Limits = Limits { files: 100, bytes: 1 << 20, path_len: 200 };

struct Party {
    key: PKey<Private>,
    certificate: X509,
}

impl Party {
    /// A party whose certificate `issuer` signed, or its own authority.
    fn new(name: &str, issuer: Option<&Self>) -> Self {
        let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1).unwrap();
        let key = PKey::from_ec_key(EcKey::generate(&group).unwrap()).unwrap();
        let mut subject = X509Name::builder().unwrap();
        subject.append_entry_by_nid(Nid::COMMONNAME, name).unwrap();
        let subject = subject.build();
        let mut builder = X509::builder().unwrap();
        builder.set_version(2).unwrap();
        let serial =
            Asn1Integer::from_bn(&BigNum::from_u32(u32::try_from(name.len()).unwrap()).unwrap()).unwrap();
        builder.set_serial_number(&serial).unwrap();
        builder.set_subject_name(&subject).unwrap();
        builder
            .set_issuer_name(issuer.map_or(&*subject, |issuer| issuer.certificate.subject_name()))
            .unwrap();
        builder.set_pubkey(&key).unwrap();
        builder.set_not_before(&Asn1Time::days_from_now(0).unwrap()).unwrap();
        builder.set_not_after(&Asn1Time::days_from_now(1).unwrap()).unwrap();
        if issuer.is_none() {
            builder.append_extension(BasicConstraints::new().critical().ca().build().unwrap()).unwrap();
        }
        builder.sign(issuer.map_or(&key, |issuer| &issuer.key), MessageDigest::sha256()).unwrap();
        Self { key, certificate: builder.build() }
    }

    fn pem(&self) -> Vec<u8> {
        self.certificate.to_pem().unwrap()
    }

    fn identity(&self) -> Identity {
        Identity::from_pem(&self.key.private_key_to_pem_pkcs8().unwrap(), &self.pem()).unwrap()
    }

    fn fingerprint(&self) -> String {
        hex::encode(self.certificate.digest(MessageDigest::sha256()).unwrap())
    }
}

struct Fixture {
    dir: tempfile::TempDir,
    quarantine: Quarantine,
    school: Party,
    vendor: Party,
}

fn fixture() -> Fixture {
    let dir = tempfile::tempdir().unwrap();
    let quarantine = Quarantine::open(dir.path().join("incoming")).unwrap();
    let school = Party::new("school", None);
    let vendor = Party::new("vendor one", Some(&school));
    Fixture { dir, quarantine, school, vendor }
}

const LIST: &str =
    "token,file,captured_at,device,operator\nXCA,XCA.jpg,2026-09-01T08:30:00+08:00,Canon,op1\n";

impl Fixture {
    fn bag(&self, files: &[(&str, &str)]) -> std::path::PathBuf {
        let dir = self.dir.path().join("parcel");
        let mut writer = Writer::create(&dir).unwrap();
        for (path, text) in files {
            writer.add(&SafePath::new(*path).unwrap(), text.as_bytes()).unwrap();
        }
        writer.finish("2026-09-11".parse().unwrap()).unwrap();
        dir
    }

    fn tar(dir: &Path) -> Vec<u8> {
        bag::serialise(dir, &SafePath::new("parcel").unwrap(), Vec::new()).unwrap()
    }

    fn receive(&self, tar: &[u8]) -> Received {
        let mut receiving = self.quarantine.create(ids::DeliveryId::new(), tar.len() as u64).unwrap();
        receiving.write(tar).unwrap();
        receiving.finish(&Sha256::digest(tar).into()).unwrap()
    }

    fn open(&self, tar: &[u8]) -> Result<Parcel, ParcelError> {
        let trust = Trust::from_pem(&self.school.pem()).unwrap();
        Parcel::unpack(&self.receive(tar), LIMITS, &trust, &self.vendor.fingerprint())
    }

    fn codes(&self, tar: &[u8]) -> Vec<String> {
        match self.open(tar) {
            Err(ParcelError::Broken(broken)) => broken.codes,
            other => panic!("{other:?}"),
        }
    }

    /// What lies in quarantine beside the streams and their offsets.
    fn leftovers(&self) -> usize {
        let folders = self.quarantine.deliveries().unwrap();
        folders.iter().filter(|&&id| self.quarantine.bag(id).exists()).count()
    }
}

fn good() -> Vec<(&'static str, &'static str)> {
    vec![("photos/XCB.JPG", "b"), ("photos/XCA.jpg", "a"), ("originals/XCA.png", "A"), ("captures.csv", LIST)]
}

#[test]
fn a_good_parcel_is_opened_and_its_files_are_told_apart() {
    let f = fixture();
    let dir = f.bag(&good());
    bag::sign(&dir, &f.vendor.identity()).unwrap();
    let parcel = f.open(&Fixture::tar(&dir)).unwrap();
    let tokens: Vec<_> = parcel.photos.iter().map(|photo| photo.token.as_deref().unwrap()).collect();
    assert_eq!(tokens, ["XCA", "XCB"]);
    assert_eq!(parcel.photos[0].original.as_ref().unwrap().as_str(), "originals/XCA.png");
    assert_eq!(parcel.photos[0].sha256, <[u8; 32]>::from(Sha256::digest(b"a")));
    assert_eq!(fs::read(parcel.file(&parcel.photos[1].path)).unwrap(), b"b");
    assert!(parcel.captures.of("XCA.jpg", "XCA").is_some());
    assert_eq!(parcel.signer.fingerprint, f.vendor.fingerprint());
    let trust = Trust::from_pem(&f.school.pem()).unwrap();
    let again = Parcel::reopen(parcel.dir.parent().unwrap(), &trust, &f.vendor.fingerprint()).unwrap();
    assert_eq!((again.digest, again.photos), (parcel.digest, parcel.photos));
}

#[test]
fn what_belongs_nowhere_is_kept_apart() {
    let f = fixture();
    let mut files = good();
    files.extend([("names.xlsx", "x"), ("originals/XCZ.jpg", "z"), ("photos/more/XCD.jpg", "d")]);
    let dir = f.bag(&files);
    bag::sign(&dir, &f.vendor.identity()).unwrap();
    let parcel = f.open(&Fixture::tar(&dir)).unwrap();
    let strays: Vec<_> =
        parcel.photos.iter().filter(|photo| photo.token.is_none()).map(|p| p.path.as_str()).collect();
    assert_eq!(strays, ["names.xlsx", "photos/more/XCD.jpg", "originals/XCZ.jpg"]);
}

#[test]
fn a_parcel_somebody_else_signed_is_refused() {
    let f = fixture();
    let dir = f.bag(&good());
    assert_eq!(f.codes(&Fixture::tar(&dir)), ["SIGNATURE-MISSING"]);
    let stranger = Party::new("a stranger's own", None);
    bag::sign(&dir, &stranger.identity()).unwrap();
    assert_eq!(f.codes(&Fixture::tar(&dir)), ["SIGNATURE-FOREIGN"]);
    // Another vendor of the same school is not this vendor.
    let other = Party::new("vendor number two", Some(&f.school));
    bag::sign(&dir, &other.identity()).unwrap();
    assert_eq!(f.codes(&Fixture::tar(&dir)), ["SIGNATURE-FOREIGN"]);
    assert_eq!(f.leftovers(), 0);
}

#[test]
fn a_parcel_changed_after_it_was_packed_is_refused() {
    let f = fixture();
    let dir = f.bag(&good());
    bag::sign(&dir, &f.vendor.identity()).unwrap();
    fs::write(dir.join("data/photos/XCA.jpg"), "x").unwrap();
    let codes = f.codes(&Fixture::tar(&dir));
    assert!(codes.iter().all(|code| code.starts_with("BAG-")), "{codes:?}");
    // With the manifests made to fit, the signature does not.
    fs::remove_dir_all(&dir).unwrap();
    let dir = f.bag(&good());
    bag::sign(&dir, &f.vendor.identity()).unwrap();
    let signature = fs::read(dir.join(bag::SIGNATURE_FILE)).unwrap();
    fs::remove_dir_all(&dir).unwrap();
    let mut other = good();
    other[0].1 = "another";
    let dir = f.bag(&other);
    fs::write(dir.join(bag::SIGNATURE_FILE), signature).unwrap();
    assert_eq!(f.codes(&Fixture::tar(&dir)), ["SIGNATURE-CHANGED"]);
    assert_eq!(f.leftovers(), 0);
}

#[test]
fn a_name_that_leaves_the_folder_is_refused_and_writes_nothing() {
    let f = fixture();
    for name in ["parcel/../../escaped", "/tmp/escaped", "parcel/data/..\\escaped"] {
        let mut tar = tar::Builder::new(Vec::new());
        let mut header = tar::Header::new_gnu();
        header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
        header.set_size(4);
        header.set_mode(0o644);
        header.set_entry_type(tar::EntryType::Regular);
        header.set_cksum();
        tar.append(&header, &b"evil"[..]).unwrap();
        assert_eq!(f.codes(&tar.into_inner().unwrap()), ["PACKAGE-UNSAFE-NAME"], "{name}");
    }
    assert_eq!(f.leftovers(), 0);
    assert!(!f.dir.path().join("escaped").exists() && !f.dir.path().join("incoming/escaped").exists());
}

#[test]
fn a_stream_that_is_no_package_or_too_large_a_one_is_refused() {
    let f = fixture();
    assert_eq!(f.codes(b"PK\x03\x04 not a tar"), ["PACKAGE-MALFORMED"]);
    let dir = f.bag(&[("photos/XCA.jpg", &"x".repeat(2 << 20)), ("captures.csv", LIST)]);
    bag::sign(&dir, &f.vendor.identity()).unwrap();
    let tar = Fixture::tar(&dir);
    assert_eq!(f.codes(&tar), ["PACKAGE-TOO-LARGE"]);
    assert_eq!(f.codes(&tar[..1 << 19]), ["PACKAGE-TOO-LARGE"]);
    fs::remove_dir_all(&dir).unwrap();
    let dir = f.bag(&good());
    bag::sign(&dir, &f.vendor.identity()).unwrap();
    let tar = Fixture::tar(&dir);
    assert_eq!(f.codes(&tar[..700]), ["PACKAGE-MALFORMED"]);
    assert_eq!(f.leftovers(), 0);
}

#[test]
fn a_parcel_without_a_readable_list_of_captures_is_refused() {
    let f = fixture();
    let dir = f.bag(&[("photos/XCA.jpg", "a")]);
    bag::sign(&dir, &f.vendor.identity()).unwrap();
    assert_eq!(f.codes(&Fixture::tar(&dir)), ["CAPTURES-MISSING"]);
    fs::remove_dir_all(&dir).unwrap();
    let dir = f.bag(&[("photos/XCA.jpg", "a"), ("captures.csv", "token,file\nXCA,XCA.jpg\n")]);
    bag::sign(&dir, &f.vendor.identity()).unwrap();
    assert_eq!(f.codes(&Fixture::tar(&dir)), ["CAPTURES-UNREADABLE"]);
}

#[test]
fn an_interrupted_check_leaves_nothing_that_hinders_the_next() {
    let f = fixture();
    let dir = f.bag(&good());
    bag::sign(&dir, &f.vendor.identity()).unwrap();
    let received = f.receive(&Fixture::tar(&dir));
    let place = received.clear_bag().unwrap();
    fs::create_dir_all(place.join(".unpacking-x/parcel")).unwrap();
    fs::File::create(place.join(".unpacking-x/parcel/half")).unwrap().write_all(b"half").unwrap();
    let trust = Trust::from_pem(&f.school.pem()).unwrap();
    assert!(Parcel::unpack(&received, LIMITS, &trust, &f.vendor.fingerprint()).is_ok());
}
