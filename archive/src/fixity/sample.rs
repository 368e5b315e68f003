//! What a failing disk does to an object, for tests: drawn from a seed, so that a sample can be told again.

use std::path::{Path, PathBuf};

use fs_err as fs;

use crate::ocfl::{ObjectId, Root, SafePath, Source, User, Version};
use crate::tree::tree;

/// Numbers that look random and are the same for the same seed (splitmix64).
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    pub(crate) fn roll(&mut self, below: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((z ^ (z >> 31)) % below as u64).unwrap()
    }
}

/// How bytes go bad.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Rot {
    Bit,
    Truncated,
    Swapped,
    Zeroed,
    Deleted,
    Inventory,
    Sidecar,
    Vanished,
}

impl Rot {
    pub(super) const ALL: [Self; 8] = [
        Self::Bit,
        Self::Truncated,
        Self::Swapped,
        Self::Zeroed,
        Self::Deleted,
        Self::Inventory,
        Self::Sidecar,
        Self::Vanished,
    ];

    /// Does it to the object in a folder. Returns what was done, for a test that fails.
    pub(super) fn strike(self, folder: &Path, dice: &mut Dice) -> String {
        let files: Vec<PathBuf> = tree(folder)
            .into_iter()
            .filter(|(_, bytes)| bytes.len() > 1)
            .map(|(path, _)| path.into())
            .collect();
        let content: Vec<&PathBuf> =
            files.iter().filter(|path| path.to_string_lossy().contains("/content/")).collect();
        let any = folder.join(&files[dice.roll(files.len())]);
        match self {
            Self::Bit => flip(&any, dice),
            Self::Truncated => {
                let half = fs::metadata(&any).unwrap().len() / 2;
                fs::File::options().write(true).open(&any).unwrap().set_len(half).unwrap();
            }
            Self::Swapped => {
                let one = dice.roll(content.len());
                let other = (one + 1 + dice.roll(content.len() - 1)) % content.len();
                let (one, other) = (folder.join(content[one]), folder.join(content[other]));
                let (a, b) = (fs::read(&one).unwrap(), fs::read(&other).unwrap());
                assert_ne!(a, b);
                fs::write(&one, b).unwrap();
                fs::write(&other, a).unwrap();
            }
            Self::Zeroed => {
                let len = fs::metadata(&any).unwrap().len();
                fs::write(&any, vec![0; usize::try_from(len).unwrap()]).unwrap();
            }
            Self::Deleted => fs::remove_file(&any).unwrap(),
            Self::Inventory => flip(&folder.join("inventory.json"), dice),
            Self::Sidecar => flip(&folder.join("inventory.json.sha512"), dice),
            Self::Vanished => fs::remove_dir_all(folder).unwrap(),
        }
        format!("{self:?} {}", any.display())
    }
}

fn flip(file: &Path, dice: &mut Dice) {
    let mut bytes = fs::read(file).unwrap();
    let at = dice.roll(bytes.len());
    bytes[at] ^= 1 << dice.roll(8);
    fs::write(file, bytes).unwrap();
}

fn path(text: &str) -> SafePath {
    SafePath::new(text).unwrap()
}

/// Writes a version of an object: the first holds two photos and a document, later ones a further document.
pub(super) fn keep(root: &Root, objects: &[ObjectId], version: u32) {
    let mut batch = root.batch().unwrap();
    for object in objects {
        let user = User { name: "archive".to_owned(), address: None };
        let new = Version::new(*object, "why", user, jiff::Timestamp::UNIX_EPOCH);
        let about =
            |what: &str| Source::Bytes(format!("{what} {version} of {object} ").repeat(40).into_bytes());
        let new = match version {
            1 => new
                .file(path("photo/a.jpg"), about("pixels a"))
                .file(path("photo/b.jpg"), about("pixels b"))
                .file(path("dossier.json"), about("facts")),
            _ => new.keep_others().file(path("dossier.json"), about("facts")),
        };
        batch.put(new).unwrap();
    }
    batch.commit().unwrap();
}

/// How a database file goes bad, page by page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PageRot {
    Bit,
    Byte,
    Zeroed,
    Filled,
    Swapped,
    Truncated,
}

impl PageRot {
    pub(crate) const ALL: [Self; 6] =
        [Self::Bit, Self::Byte, Self::Zeroed, Self::Filled, Self::Swapped, Self::Truncated];

    /// Does it to one page, or two different ones. A page of zeros stays what it is when it is zeroed.
    pub(crate) fn strike(self, bytes: &mut Vec<u8>, dice: &mut Dice) {
        const PAGE: usize = 4096;
        let pages = bytes.len() / PAGE;
        let page = dice.roll(pages) * PAGE;
        let at = page + dice.roll(PAGE);
        match self {
            Self::Bit => bytes[at] ^= 1 << dice.roll(8),
            Self::Byte => bytes[at] = bytes[at].wrapping_add(1 + u8::try_from(dice.roll(255)).unwrap()),
            Self::Zeroed => bytes[page..page + PAGE].fill(0),
            Self::Filled => bytes[page..page + PAGE]
                .iter_mut()
                .for_each(|byte| *byte = u8::try_from(dice.roll(256)).unwrap()),
            Self::Swapped => {
                let other = (page + PAGE * (1 + dice.roll(pages - 1))) % (pages * PAGE);
                (0..PAGE).for_each(|n| bytes.swap(page + n, other + n));
            }
            Self::Truncated => bytes.truncate(page),
        }
    }
}
