//! Captures into a signed parcel: a BagIt bag with photos by token, their originals, and the list of captures.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};

use api::ids::{CampaignId, VendorId};
use bag::{Bag, Identity, SafePath, SignError, WriteError, Writer};
use fs_err as fs;
use jiff::Timestamp;
use serde::Deserialize;

/// What is to be packed.
#[derive(Debug, Clone)]
pub struct Captures<'a> {
    /// The folder with `<token>.jpg`, `captures.csv` and, if there are any, `originals/<token>.<ext>`.
    pub dir: &'a Path,
    /// The campaign.
    pub campaign: CampaignId,
    /// The vendor.
    pub vendor: VendorId,
}

/// Why nothing was packed. Nothing is left at the parcel's place.
#[derive(Debug, thiserror::Error)]
pub enum PackError {
    /// The folder can't be read.
    #[error("could not read {}", path.display())]
    Read {
        /// What could not be read.
        path: PathBuf,
        /// What went wrong.
        source: io::Error,
    },
    /// The list of captures can't be read.
    #[error("captures.csv can't be read")]
    List(#[from] csv::Error),
    /// A time in the list is no time.
    #[error("captures.csv gives no time of the form 2026-09-01T08:30:00+08:00 for {0}")]
    Time(String),
    /// The list and the files differ.
    #[error("captures.csv and the photos differ: {} not listed, {} without a file ({})", unlisted.len(), missing.len(), some(unlisted, missing))]
    Differ {
        /// Photos that are not listed.
        unlisted: Vec<String>,
        /// Listed photos that are not there.
        missing: Vec<String>,
    },
    /// A file is neither a photo named by its token nor the list.
    #[error("{0} is not a photo named by a capture token")]
    Stray(String),
    /// Two photos are named by one token.
    #[error("there are two photos of {0}")]
    Twice(String),
    /// There is nothing to pack.
    #[error("there is no photo to pack")]
    Empty,
    /// The bag can't be written.
    #[error("could not write the parcel")]
    Write(#[from] WriteError),
    /// The bag can't be signed.
    #[error("could not sign the parcel")]
    Sign(#[from] SignError),
}

fn some(unlisted: &[String], missing: &[String]) -> String {
    unlisted.iter().chain(missing).take(5).cloned().collect::<Vec<_>>().join(", ")
}

#[derive(Deserialize)]
struct Row {
    token: String,
    file: String,
    captured_at: String,
}

const LIST: &str = "captures.csv";
const ORIGINALS: &str = "originals";

/// Packs captures into the bag `out`, which must not be there yet, and signs it. Durable when it returns.
///
/// # Errors
///
/// If list and photos do not fit together, or something can't be read or written.
pub fn pack(
    captures: &Captures<'_>,
    out: &Path,
    identity: &Identity,
    now: Timestamp,
) -> Result<Bag, PackError> {
    let list = read(&captures.dir.join(LIST))?;
    let photos = by_token(captures.dir, |name| name == LIST || name == ORIGINALS)?;
    if photos.is_empty() {
        return Err(PackError::Empty);
    }
    agree(&list, &photos)?;
    let originals = match captures.dir.join(ORIGINALS) {
        dir if dir.is_dir() => by_token(&dir, |_| false)?,
        _ => BTreeMap::new(),
    };
    if let Some(token) = originals.keys().find(|token| !photos.contains_key(*token)) {
        return Err(PackError::Stray(format!("{ORIGINALS}/{token}")));
    }
    let mut writer = Writer::create(out)?;
    writer.info("Source-Organization", &captures.vendor.to_string())?;
    writer.info("External-Identifier", &captures.campaign.to_string())?;
    writer.info("Bag-Software-Agent", concat!("xuecang-agent ", env!("CARGO_PKG_VERSION")))?;
    for (folder, files) in [("photos", photos), (ORIGINALS, originals)] {
        for name in files.into_values() {
            let from =
                if folder == ORIGINALS { captures.dir.join(ORIGINALS) } else { captures.dir.to_owned() };
            writer.add_file(&path(&format!("{folder}/{name}"))?, &from.join(&name))?;
        }
    }
    writer.add(&path(LIST)?, list.as_slice())?;
    let bag = writer.finish(now.to_zoned(jiff::tz::TimeZone::UTC).date())?;
    if let Err(error) = bag::sign(bag.dir(), identity) {
        // An unsigned parcel is of no use to anybody.
        let _ = fs::remove_dir_all(bag.dir());
        return Err(error.into());
    }
    Ok(bag)
}

fn read(path: &Path) -> Result<Vec<u8>, PackError> {
    fs::read(path).map_err(|source| PackError::Read { path: path.to_owned(), source })
}

fn path(text: &str) -> Result<SafePath, PackError> {
    SafePath::new(text).map_err(|_| PackError::Stray(text.to_owned()))
}

/// The files of a folder by the token that names them.
fn by_token(dir: &Path, skip: impl Fn(&str) -> bool) -> Result<BTreeMap<String, String>, PackError> {
    let failed = |source| PackError::Read { path: dir.to_owned(), source };
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(dir).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if skip(&name) {
            continue;
        }
        let token =
            token(&name).filter(|_| entry.path().is_file()).ok_or_else(|| PackError::Stray(name.clone()))?;
        if files.insert(token.to_owned(), name).is_some() {
            return Err(PackError::Twice(token_of(&files, &entry.file_name().to_string_lossy())));
        }
    }
    Ok(files)
}

fn token_of(files: &BTreeMap<String, String>, name: &str) -> String {
    token(name).filter(|token| files.contains_key(*token)).unwrap_or(name).to_owned()
}

/// The token that names a file. Whether the school issued it is the school's to say.
fn token(name: &str) -> Option<&str> {
    let (stem, _) = name.rsplit_once('.')?;
    let sound =
        stem.starts_with("XC") && stem.len() == 28 && stem.bytes().all(|byte| byte.is_ascii_alphanumeric());
    sound.then_some(stem)
}

/// Every photo is listed under its token, and everything listed is there.
fn agree(list: &[u8], photos: &BTreeMap<String, String>) -> Result<(), PackError> {
    let list = list.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(list);
    let mut listed = BTreeSet::new();
    for row in csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(list).deserialize() {
        let row: Row = row?;
        if row.captured_at.parse::<Timestamp>().is_err() {
            return Err(PackError::Time(row.file));
        }
        listed.insert((row.token, row.file));
    }
    let there: BTreeSet<_> = photos.iter().map(|(token, name)| (token.clone(), name.clone())).collect();
    let names = |only: &BTreeSet<(String, String)>, other: &BTreeSet<(String, String)>| -> Vec<String> {
        only.difference(other).map(|(_, file)| file.clone()).collect()
    };
    let (unlisted, missing) = (names(&there, &listed), names(&listed, &there));
    if unlisted.is_empty() && missing.is_empty() {
        Ok(())
    } else {
        Err(PackError::Differ { unlisted, missing })
    }
}

#[cfg(test)]
mod tests {
    use bag::{Depth, Trust, validate, verify_signature};
    use openssl::{
        asn1::Asn1Time,
        ec::{EcGroup, EcKey},
        hash::MessageDigest,
        nid::Nid,
        pkey::PKey,
        x509::{X509, X509Name},
    };

    use super::*;

    const A: &str = "XC0123456789ABCDEFGHJKMNPQRS";
    const B: &str = "XC0123456789ABCDEFGHJKMNPQRT";

    /// An identity that vouches for itself, and its certificate.
    fn identity() -> (Identity, Vec<u8>) {
        let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1).unwrap();
        let key = PKey::from_ec_key(EcKey::generate(&group).unwrap()).unwrap();
        let mut name = X509Name::builder().unwrap();
        name.append_entry_by_nid(Nid::COMMONNAME, "vendor").unwrap();
        let name = name.build();
        let mut builder = X509::builder().unwrap();
        builder.set_version(2).unwrap();
        builder.set_subject_name(&name).unwrap();
        builder.set_issuer_name(&name).unwrap();
        builder.set_pubkey(&key).unwrap();
        builder.set_not_before(&Asn1Time::days_from_now(0).unwrap()).unwrap();
        builder.set_not_after(&Asn1Time::days_from_now(1).unwrap()).unwrap();
        builder.sign(&key, MessageDigest::sha256()).unwrap();
        let pem = builder.build().to_pem().unwrap();
        (Identity::from_pem(&key.private_key_to_pem_pkcs8().unwrap(), &pem).unwrap(), pem)
    }

    fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let path = dir.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        dir
    }

    fn list(tokens: &[&str]) -> String {
        tokens.iter().fold("token,file,captured_at,device,operator\n".to_owned(), |list, token| {
            format!("{list}{token},{token}.jpg,2026-09-01T08:30:00+08:00,Canon,op1\n")
        })
    }

    fn pack_in(dir: &tempfile::TempDir) -> Result<(tempfile::TempDir, Bag, Vec<u8>), PackError> {
        let (identity, pem) = identity();
        let out = tempfile::tempdir().unwrap();
        let captures = Captures { dir: dir.path(), campaign: CampaignId::new(), vendor: VendorId::new() };
        let bag = pack(&captures, &out.path().join("parcel"), &identity, Timestamp::UNIX_EPOCH)?;
        Ok((out, bag, pem))
    }

    #[test]
    fn captures_become_a_valid_bag_that_the_vendor_signed() {
        let (a, b, original) = (format!("{A}.jpg"), format!("{B}.jpg"), format!("originals/{A}.png"));
        let dir = folder(&[(&a, "a"), (&b, "b"), (&original, "A"), (LIST, &list(&[A, B]))]);
        let (_out, bag, pem) = pack_in(&dir).unwrap();
        assert!(validate(bag.dir(), Depth::Valid).is_valid());
        verify_signature(bag.dir(), &Trust::from_pem(&pem).unwrap()).unwrap();
        let paths: Vec<_> = bag.payload().keys().map(|path| path.as_str().to_owned()).collect();
        assert_eq!(paths, [LIST.to_owned(), original, format!("photos/{a}"), format!("photos/{b}")]);
    }

    #[test]
    fn a_photo_that_is_not_listed_and_a_row_without_a_photo_are_named() {
        let a = format!("{A}.jpg");
        let dir = folder(&[(&a, "a"), (LIST, &list(&[B]))]);
        match pack_in(&dir) {
            Err(PackError::Differ { unlisted, missing }) => {
                assert_eq!((unlisted, missing), (vec![a], vec![format!("{B}.jpg")]));
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn what_is_not_named_by_a_token_is_not_packed() {
        let a = format!("{A}.jpg");
        let dir = folder(&[(&a, "a"), ("names.xlsx", "x"), (LIST, &list(&[A]))]);
        assert!(matches!(pack_in(&dir), Err(PackError::Stray(name)) if name == "names.xlsx"));
        let upper = format!("{A}.JPG");
        let dir = folder(&[(&a, "a"), (&upper, "b"), (LIST, &list(&[A]))]);
        assert!(matches!(pack_in(&dir), Err(PackError::Twice(token)) if token == A));
        assert!(matches!(pack_in(&folder(&[(LIST, &list(&[]))])), Err(PackError::Empty)));
    }
}
