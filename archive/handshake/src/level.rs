//! Assurance levels: how sure one may be that a place holds nothing any more.

use serde::{Deserialize, Serialize};

use crate::message::{Controls, LocationErased, LocationKind};

/// How sure one may be, from a word to a school-booted overwrite with school-held keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Level {
    /// A declaration, nothing else.
    #[serde(rename = "AL0")]
    Al0,
    /// The vendor's tool found the paths gone.
    #[serde(rename = "AL1")]
    Al1,
    /// The raw device was scanned with planted controls and free space overwritten, by the vendor's own system.
    #[serde(rename = "AL2")]
    Al2,
    /// The school's own boot medium scanned and overwrote. Not reached by this version.
    #[serde(rename = "AL3")]
    Al3,
    /// As before, and plaintext only ever lay under keys of the school. Not reached by this version.
    #[serde(rename = "AL4")]
    Al4,
}

impl Level {
    /// The highest level this version can show.
    pub const HIGHEST_NOW: Self = Self::Al2;

    /// Its name, as in "AL2".
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Al0 => "AL0",
            Self::Al1 => "AL1",
            Self::Al2 => "AL2",
            Self::Al3 => "AL3",
            Self::Al4 => "AL4",
        }
    }

    /// The highest level a place of this kind can reach, whatever is done there.
    #[must_use]
    pub const fn cap(kind: LocationKind) -> Self {
        match kind {
            LocationKind::Disk | LocationKind::Nas | LocationKind::Usb | LocationKind::Phone => {
                Self::HIGHEST_NOW
            }
            LocationKind::Cloud | LocationKind::Backup | LocationKind::Paper => Self::Al0,
        }
    }

    /// The level that a report bears out for a place of this kind, which held `files` files and whose planted
    /// controls were `controls`.
    #[must_use]
    pub fn borne_out(
        kind: LocationKind,
        files: u64,
        controls: Option<Controls>,
        report: &LocationErased,
    ) -> Self {
        let paths = report.paths.is_some_and(|paths| paths.checked >= files && paths.found == 0);
        let controls =
            controls.is_some_and(|controls| controls.planted > 0 && controls.found == controls.planted);
        let scan = report.scan.is_some_and(|scan| {
            scan.device_bytes > 0
                && scan.scanned_bytes == scan.device_bytes
                && scan.block_hits == 0
                && scan.file_hits == 0
                && scan.controls_left == 0
                && scan.free_space_overwritten
        });
        let reached = match (paths, controls && scan) {
            (true, true) => Self::Al2,
            (true, false) => Self::Al1,
            (false, _) => Self::Al0,
        };
        reached.min(Self::cap(kind))
    }
}

impl std::fmt::Display for Level {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}
