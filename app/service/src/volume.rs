//! The volume the data directory lies on: whether it is encrypted, how much room it has.

use std::{
    io,
    os::linux::fs::MetadataExt as _,
    path::{Path, PathBuf},
};

use fs_err as fs;

/// Whether a volume is encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encryption {
    /// It lies on dm-crypt (LUKS), directly or below other mappings.
    Encrypted,
    /// It lies on a block device without encryption.
    Plain,
    /// It can't be told: no block device is known for it (network or memory file systems, containers).
    Unknown,
}

/// Finds out whether the volume that holds `path` is encrypted, from `/proc/self/mountinfo` and `/sys/dev/block`.
///
/// # Errors
///
/// When the path or the kernel's tables can't be read.
pub fn encryption(path: &Path) -> io::Result<Encryption> {
    let path = fs::canonicalize(path)?;
    let device = fs::metadata(&path)?.st_dev();
    let (major, minor) = (rustix::fs::major(device), rustix::fs::minor(device));
    // A device number with major 0 is no block device: btrfs, overlay and others hide theirs behind one.
    let number = if major == 0 { source_device(&path)? } else { Some(format!("{major}:{minor}")) };
    Ok(match number {
        None => Encryption::Unknown,
        Some(number) => of_device(&PathBuf::from("/sys/dev/block").join(number)),
    })
}

/// Free bytes on the volume that holds `path`, for those without privileges.
///
/// # Errors
///
/// When the file system does not say.
pub fn free_bytes(path: &Path) -> io::Result<u64> {
    let stat = rustix::fs::statvfs(path)?;
    Ok(stat.f_bavail.saturating_mul(stat.f_frsize))
}

/// Walks down from a device to those it is made of.
fn of_device(device: &Path) -> Encryption {
    let Ok(device) = fs::canonicalize(device) else { return Encryption::Unknown };
    if fs::read_to_string(device.join("dm/uuid")).is_ok_and(|uuid| uuid.starts_with("CRYPT-")) {
        return Encryption::Encrypted;
    }
    // A partition's parts are those of its disk.
    let slaves = [device.join("slaves"), device.join("../slaves")].into_iter().find_map(|dir| {
        let names: Vec<_> =
            fs::read_dir(dir).ok()?.filter_map(Result::ok).map(|entry| entry.path()).collect();
        (!names.is_empty()).then_some(names)
    });
    let all_encrypted =
        slaves.is_some_and(|slaves| slaves.iter().all(|slave| of_device(slave) == Encryption::Encrypted));
    if all_encrypted { Encryption::Encrypted } else { Encryption::Plain }
}

/// The block device named as the source of the mount that holds `path`.
fn source_device(path: &Path) -> io::Result<Option<String>> {
    let table = fs::read_to_string("/proc/self/mountinfo")?;
    let Some(source) = source_of(&table, path) else { return Ok(None) };
    if !source.starts_with("/dev/") {
        return Ok(None);
    }
    let Ok(device) = fs::metadata(source).map(|meta| meta.st_rdev()) else { return Ok(None) };
    let (major, minor) = (rustix::fs::major(device), rustix::fs::minor(device));
    Ok((major != 0).then(|| format!("{major}:{minor}")))
}

/// The source of the innermost mount that holds `path` (proc(5): the second field after the hyphen).
fn source_of<'a>(table: &'a str, path: &Path) -> Option<&'a str> {
    let mounts = table.lines().filter_map(|line| {
        let (head, tail) = line.split_once(" - ")?;
        Some((head.split(' ').nth(4)?, tail.split(' ').nth(1)?))
    });
    mounts
        .filter(|(point, _)| path.starts_with(point))
        .max_by_key(|(point, _)| point.len())
        .map(|(_, source)| source)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_innermost_mount_counts() {
        let table = "1 0 0:1 / / rw - overlay overlay rw\n2 1 0:2 / /data rw shared:1 - btrfs /dev/sda1 rw\n";
        assert_eq!(source_of(table, Path::new("/data/x")), Some("/dev/sda1"));
        assert_eq!(source_of(table, Path::new("/database")), Some("overlay"));
    }

    #[test]
    fn a_device_that_is_not_there_is_not_called_plain() {
        assert_eq!(of_device(Path::new("/sys/dev/block/nothing")), Encryption::Unknown);
    }

    #[test]
    fn there_is_some_room_here() {
        assert!(free_bytes(Path::new(".")).unwrap() > 0);
    }
}
