//! Tiles and entry bundles (C2SP tlog-tiles): how the tree lies in files.

use std::{fmt, str::FromStr};

use crate::{encoding::from_decimal, hash::Hash};

/// How many hashes a full tile holds.
pub const TILE_WIDTH: u16 = 256;

/// How many bytes one entry may have.
pub const MAX_ENTRY: usize = u16::MAX as usize;

/// One tile: `width` hashes from number `index * 256` on, at tree level `8 * level`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Tile {
    level: u8,
    index: u64,
    width: u16,
}

/// One entry bundle: `width` entries from number `index * 256` on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EntryPath {
    index: u64,
    width: u16,
}

/// A text that is not the path of a tile or of an entry bundle.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not the path of a tile")]
pub struct TilePathError;

/// Why entries don't fit a bundle, or bytes are not a bundle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BundleError {
    /// An entry has more than 65535 bytes.
    #[error("an entry is longer than 65535 bytes")]
    TooLong,
    /// The bytes end in the middle of an entry.
    #[error("the bundle ends in the middle of an entry")]
    CutShort,
    /// There are more than 256 entries.
    #[error("the bundle holds more than 256 entries")]
    TooMany,
}

impl Tile {
    /// A tile; `None` if the level is above 63 or the width not in `1..=256`.
    #[must_use]
    pub const fn new(level: u8, index: u64, width: u16) -> Option<Self> {
        if level > 63 || width == 0 || width > TILE_WIDTH { None } else { Some(Self { level, index, width }) }
    }

    /// The level, 0 for leaf hashes.
    #[must_use]
    pub const fn level(self) -> u8 {
        self.level
    }

    /// Which tile of its level it is.
    #[must_use]
    pub const fn index(self) -> u64 {
        self.index
    }

    /// How many hashes it holds, `1..=256`.
    #[must_use]
    pub const fn width(self) -> u16 {
        self.width
    }

    /// Whether it holds all 256 hashes.
    #[must_use]
    pub const fn is_full(self) -> bool {
        self.width == TILE_WIDTH
    }

    /// The tile as it is in a tree of `size` leaves; `None` if it is not there.
    #[must_use]
    pub fn at(level: u8, index: u64, size: u64) -> Option<Self> {
        Self::new(level, index, width_at(level, index, size))
    }

    /// The tile of a tree of `size` leaves that holds a subtree, and which of its hashes make it up.
    pub(crate) fn holding(level: u8, index: u64, size: u64) -> (Self, usize, usize) {
        let (row, depth) = (level / 8, u32::from(level % 8));
        let first = index << depth;
        let tile = first / u64::from(TILE_WIDTH);
        let from = usize::from(low_byte(first));
        (Self { level: row, index: tile, width: width_at(row, tile, size) }, from, from + (1 << depth))
    }
}

impl EntryPath {
    /// A bundle; `None` if the width is not in `1..=256`.
    #[must_use]
    pub const fn new(index: u64, width: u16) -> Option<Self> {
        if width == 0 || width > TILE_WIDTH { None } else { Some(Self { index, width }) }
    }

    /// The bundle that holds entry `entry` of a log of `size` entries; `None` if there is no such entry.
    #[must_use]
    pub fn holding(entry: u64, size: u64) -> Option<Self> {
        let index = entry / u64::from(TILE_WIDTH);
        (entry < size).then(|| Self { index, width: width_at(0, index, size) })
    }

    /// Which bundle it is.
    #[must_use]
    pub const fn index(self) -> u64 {
        self.index
    }

    /// How many entries it holds, `1..=256`.
    #[must_use]
    pub const fn width(self) -> u16 {
        self.width
    }
}

fn low_byte(number: u64) -> u8 {
    number.to_le_bytes()[0]
}

/// How wide tile `index` of `level` is in a tree of `size` leaves (0 if it is not there).
fn width_at(level: u8, index: u64, size: u64) -> u16 {
    let hashes = size.checked_shr(8 * u32::from(level)).unwrap_or(0);
    let from = index.saturating_mul(u64::from(TILE_WIDTH));
    u16::try_from(hashes.saturating_sub(from).min(u64::from(TILE_WIDTH))).unwrap_or(TILE_WIDTH)
}

/// Lists the tiles to write when a tree grows from `old` to `new` leaves: every full tile that became full and
/// the partial tile at the right edge of each level, lowest level first.
#[must_use]
pub fn new_tiles(old: u64, new: u64) -> Vec<Tile> {
    let mut tiles = Vec::new();
    for level in 0..8 {
        let (before, after) = (old >> (8 * u32::from(level)), new >> (8 * u32::from(level)));
        if after == 0 {
            break;
        }
        if before == after {
            continue;
        }
        let width = u64::from(TILE_WIDTH);
        for index in before / width..after.div_ceil(width) {
            tiles.extend(Tile::new(level, index, width_at(level, index, new)));
        }
    }
    tiles
}

/// Writes entries as a bundle: each with its length in front, two bytes, big end first.
///
/// # Errors
///
/// If there are more than 256 entries, or one is too long.
pub fn encode_bundle<'a>(entries: impl IntoIterator<Item = &'a [u8]>) -> Result<Vec<u8>, BundleError> {
    let mut out = Vec::new();
    for (n, entry) in entries.into_iter().enumerate() {
        if n >= usize::from(TILE_WIDTH) {
            return Err(BundleError::TooMany);
        }
        let length = u16::try_from(entry.len()).map_err(|_| BundleError::TooLong)?;
        out.extend_from_slice(&length.to_be_bytes());
        out.extend_from_slice(entry);
    }
    Ok(out)
}

/// Reads the entries of a bundle.
///
/// # Errors
///
/// If the bytes end within an entry, or there are more than 256.
pub fn decode_bundle(mut bytes: &[u8]) -> Result<Vec<Vec<u8>>, BundleError> {
    let mut entries = Vec::new();
    while !bytes.is_empty() {
        if entries.len() >= usize::from(TILE_WIDTH) {
            return Err(BundleError::TooMany);
        }
        let (length, rest) = bytes.split_first_chunk::<2>().ok_or(BundleError::CutShort)?;
        let (entry, rest) =
            rest.split_at_checked(usize::from(u16::from_be_bytes(*length))).ok_or(BundleError::CutShort)?;
        entries.push(entry.to_vec());
        bytes = rest;
    }
    Ok(entries)
}

/// Writes `N[.p/W]`.
fn write_place(f: &mut fmt::Formatter<'_>, index: u64, width: u16) -> fmt::Result {
    let digits = index.to_string();
    let padded = format!("{:0>1$}", digits, digits.len().div_ceil(3) * 3);
    let groups = padded.len() / 3;
    for (n, digit) in padded.chars().enumerate() {
        if n % 3 == 0 {
            if n > 0 {
                f.write_str("/")?;
            }
            if n / 3 + 1 < groups {
                f.write_str("x")?;
            }
        }
        write!(f, "{digit}")?;
    }
    if width < TILE_WIDTH { write!(f, ".p/{width}") } else { Ok(()) }
}

/// Reads `N[.p/W]`; whether it was written the one right way is for the caller to check.
fn read_place(text: &str) -> Option<(u64, u16)> {
    let (index, width) = match text.split_once(".p/") {
        Some((index, width)) => (index, u16::try_from(from_decimal(width)?).ok()?),
        None => (text, TILE_WIDTH),
    };
    let digits: String = index.chars().filter(char::is_ascii_digit).collect();
    Some((digits.parse().ok()?, width))
}

impl fmt::Display for Tile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "tile/{}/", self.level)?;
        write_place(f, self.index, self.width)
    }
}

impl FromStr for Tile {
    type Err = TilePathError;

    fn from_str(text: &str) -> Result<Self, TilePathError> {
        let read = || {
            let (level, place) = text.strip_prefix("tile/")?.split_once('/')?;
            let (index, width) = read_place(place)?;
            Self::new(u8::try_from(from_decimal(level)?).ok()?, index, width)
        };
        read().filter(|tile| tile.to_string() == text).ok_or(TilePathError)
    }
}

impl fmt::Display for EntryPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("tile/entries/")?;
        write_place(f, self.index, self.width)
    }
}

impl FromStr for EntryPath {
    type Err = TilePathError;

    fn from_str(text: &str) -> Result<Self, TilePathError> {
        let read = || {
            let (index, width) = read_place(text.strip_prefix("tile/entries/")?)?;
            Self::new(index, width)
        };
        read().filter(|path| path.to_string() == text).ok_or(TilePathError)
    }
}

/// Reads the hashes of a tile file; `None` if it is not a whole number of hashes.
pub(crate) fn read_hashes(bytes: &[u8]) -> Option<Vec<Hash>> {
    bytes.chunks(32).map(|chunk| chunk.try_into().ok().map(Hash::from_bytes)).collect()
}

impl Tile {
    /// Reads the bytes of this tile's file; `None` if they are not exactly `width` hashes.
    #[must_use]
    pub fn decode(self, bytes: &[u8]) -> Option<Vec<Hash>> {
        read_hashes(bytes).filter(|hashes| hashes.len() == usize::from(self.width))
    }

    /// Writes hashes as the bytes of a tile's file.
    #[must_use]
    pub fn encode(hashes: &[Hash]) -> Vec<u8> {
        hashes.iter().flat_map(|hash| hash.as_bytes()).copied().collect()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn paths_are_as_the_specification_shows() {
        assert_eq!(Tile::new(0, 1_234_067, 256).unwrap().to_string(), "tile/0/x001/x234/067");
        assert_eq!(Tile::new(1, 0, 17).unwrap().to_string(), "tile/1/000.p/17");
        assert_eq!(EntryPath::new(273, 112).unwrap().to_string(), "tile/entries/273.p/112");
    }

    #[test]
    fn a_tree_of_70000_has_the_tiles_the_specification_lists() {
        let tiles = new_tiles(0, 70_000);
        let count =
            |level, width| tiles.iter().filter(|tile| tile.level == level && tile.width == width).count();
        assert_eq!(
            (count(0, 256), count(0, 112), count(1, 256), count(1, 17), count(2, 1), tiles.len()),
            (273, 1, 1, 1, 1, 277)
        );
        assert_eq!(new_tiles(0, 256).len(), 2);
    }

    #[test]
    fn other_spellings_of_a_path_are_refused() {
        for text in [
            "tile/0/067.p/256",
            "tile/0/067.p/0",
            "tile/0/67",
            "tile/00/067",
            "tile/0/x000/067",
            "tile/64/000",
            "tile/0/001.p/01",
        ] {
            assert!(text.parse::<Tile>().is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn a_path_reads_back(level in 0_u8..64, index: u64, width in 1_u16..=256) {
            let tile = Tile::new(level, index, width).unwrap();
            prop_assert_eq!(tile.to_string().parse::<Tile>().unwrap(), tile);
            let path = EntryPath::new(index, width).unwrap();
            prop_assert_eq!(path.to_string().parse::<EntryPath>().unwrap(), path);
        }

        #[test]
        fn a_bundle_reads_back(entries in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..40), 0..256)) {
            let bytes = encode_bundle(entries.iter().map(Vec::as_slice)).unwrap();
            prop_assert_eq!(decode_bundle(&bytes).unwrap(), entries);
        }
    }

    #[test]
    fn a_bundle_cut_short_is_refused() {
        let bytes = encode_bundle([&b"abc"[..]]).unwrap();
        assert_eq!(decode_bundle(&bytes[..4]), Err(BundleError::CutShort));
        assert_eq!(encode_bundle([&vec![0; 65536][..]]), Err(BundleError::TooLong));
    }
}
