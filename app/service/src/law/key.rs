//! A campaign's own key: whatever of faces is kept lies under it, and is gone with it.

use std::io::{Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use api::ids::{CampaignId, ComparisonId};
use archive::db::office::opening;
use fs_err as fs;
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use crate::keys::{self, Secret};
use crate::{Error, Office, Refusal as _, Result, seal};

/// Where a campaign's key lies.
fn path(keys: &Path, campaign: CampaignId) -> PathBuf {
    keys.join(format!("face-{}.key", campaign.uuid().simple()))
}

/// Makes the campaign's key unless it is there. Returns the SHA-256 of its bytes, hex.
///
/// # Errors
///
/// When it can't be written.
pub(super) fn create(keys: &Path, campaign: CampaignId) -> Result<String> {
    let path = path(keys, campaign);
    keys::create_new(&path, || {
        Ok(Zeroizing::new(format!("{}\n", hex::encode(keys::random::<32>()?)).into_bytes()))
    })
    .or_failed("make a campaign's key")?;
    let key = keys::secret(&path).or_failed("read a campaign's key")?;
    Ok(hex::encode(Sha256::digest(key.bytes())))
}

/// Destroys the campaign's key: its bytes are overwritten in place and read back, then the file is removed and looked
/// for again. Doing it twice is harmless.
///
/// # Errors
///
/// When any of it fails: the key must then be taken for alive.
pub(super) fn destroy(keys: &Path, campaign: CampaignId) -> Result<()> {
    let path = path(keys, campaign);
    let overwrite = || -> std::io::Result<()> {
        let mut file = fs::OpenOptions::new().write(true).open(&path)?;
        let bytes = usize::try_from(file.metadata()?.len()).unwrap_or_default();
        file.seek(SeekFrom::Start(0))?;
        file.write_all(&vec![0; bytes])?;
        file.sync_all()?;
        if fs::read(&path)?.iter().any(|byte| *byte != 0) {
            return Err(std::io::Error::other("what was overwritten reads back as it was"));
        }
        fs::remove_file(&path)
    };
    match overwrite() {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            return Err(Error::failed("destroy a campaign's key", error));
        }
        _ => {}
    }
    fs::File::open(keys).and_then(|dir| dir.sync_all()).or_failed("destroy a campaign's key")?;
    if path.try_exists().or_failed("destroy a campaign's key")? {
        return Err(Error::failed("destroy a campaign's key", "its file is still there"));
    }
    Ok(())
}

/// Seals a probe under its campaign's key.
///
/// # Errors
///
/// When the key can't be read.
pub(crate) fn seal_probe(
    office: &Office,
    campaign: CampaignId,
    comparison: ComparisonId,
    pixels: &[u8],
) -> Result<Vec<u8>> {
    let key = open(office, campaign)?;
    seal::seal(&key, context(comparison).as_bytes(), pixels).or_failed("seal a probe")
}

/// Opens a probe. One that is older than the campaigns' keys lies there as it is.
///
/// # Errors
///
/// When the key can't be read, or the bytes are not what was sealed.
pub(crate) fn open_probe(office: &Office, comparison: ComparisonId, bytes: Vec<u8>) -> Result<Vec<u8>> {
    let Some(campaign) = office.office.read(|conn| opening::campaign_of(conn, comparison))? else {
        return Ok(bytes);
    };
    let key = open(office, campaign)?;
    let pixels = seal::open(&key, context(comparison).as_bytes(), &bytes);
    let pixels = pixels.ok_or_else(|| Error::failed("open a probe", "it is not what was sealed"))?;
    Ok(pixels.to_vec())
}

/// A campaign's key. Nothing where comparing was never opened, or has ended.
///
/// # Errors
///
/// When it can't be read.
pub(super) fn of(office: &Office, campaign: CampaignId) -> Result<Option<Secret>> {
    let path = path(&office.paths.keys, campaign);
    if !path.try_exists().or_failed("look for a campaign's key")? {
        return Ok(None);
    }
    open(office, campaign).map(Some)
}

fn open(office: &Office, campaign: CampaignId) -> Result<Secret> {
    keys::secret(&path(&office.paths.keys, campaign)).or_failed("read a campaign's key")
}

fn context(comparison: ComparisonId) -> String {
    format!("probe of {comparison}")
}
