//! Names that are safe to turn into files on any system.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization as _;

/// A relative path, `/` between its parts, that is harmless and means one place on every system.
///
/// Joining it to a folder never leaves that folder. Refused are all [`Hazard`]s.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SafePath(String);

/// Why a name is not safe.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Hazard {
    /// It is empty, or a part of it is (`a//b`, a trailing `/`).
    #[error("an empty name")]
    Empty,
    /// It begins at the root.
    #[error("an absolute path")]
    Absolute,
    /// A part is `.` or `..`.
    #[error("a path that moves up or stays")]
    Dots,
    /// It begins with a drive letter or holds a stream name (`C:`, `a:b`).
    #[error("a drive letter or stream name")]
    Colon,
    /// It holds a backslash, which separates folders (and begins UNC names) on Windows.
    #[error("a backslash")]
    Backslash,
    /// It begins with `~`, which a shell takes for a home folder.
    #[error("a home folder")]
    Tilde,
    /// A part names a device on Windows (`CON`, `nul.txt`).
    #[error("a device name")]
    Device,
    /// It begins with an environment variable (`%HOMEDRIVE%`, `$HOME`).
    #[error("an environment variable")]
    Variable,
    /// It holds a control character.
    #[error("a control character")]
    Control,
    /// A part ends in a dot or blank, or holds one of `<>"|?*`: Windows cannot keep it.
    #[error("a name not every system can keep")]
    Unportable,
    /// A part is longer than 255 bytes or the whole longer than 4096.
    #[error("a name too long")]
    TooLong,
}

impl Hazard {
    /// Whether the name could reach outside its folder on some system. The others merely cannot be kept everywhere.
    pub fn is_attack(self) -> bool {
        match self {
            Self::Empty
            | Self::Absolute
            | Self::Dots
            | Self::Colon
            | Self::Backslash
            | Self::Tilde
            | Self::Variable
            | Self::Device => true,
            Self::Control | Self::Unportable | Self::TooLong => false,
        }
    }

    /// What is dangerous about `name`, the worst first.
    pub fn of(name: &str) -> Option<Self> {
        whole(name)
            .or_else(|| {
                name.split('/').find_map(|part| part_hazard(part).filter(|hazard| hazard.is_attack()))
            })
            .or_else(|| name.split('/').find_map(part_hazard))
            .or_else(|| (name.len() > 4096).then_some(Self::TooLong))
    }
}

fn whole(name: &str) -> Option<Hazard> {
    let mut start = name.chars();
    match (start.next(), start.next()) {
        (None, _) => Some(Hazard::Empty),
        (Some('/'), _) => Some(Hazard::Absolute),
        (Some('~'), _) => Some(Hazard::Tilde),
        (Some('%' | '$'), _) if is_variable(name) => Some(Hazard::Variable),
        _ if name.contains('\\') => Some(Hazard::Backslash),
        _ => None,
    }
}

/// `%NAME%…`, `$NAME…` or `${NAME}…`: what a careless shell would replace.
fn is_variable(name: &str) -> bool {
    match name.strip_prefix('%') {
        Some(rest) => rest.contains('%'),
        None => name.strip_prefix('$').is_some_and(|rest| {
            rest.starts_with(['{', '_']) || rest.starts_with(|c: char| c.is_ascii_alphabetic())
        }),
    }
}

fn part_hazard(part: &str) -> Option<Hazard> {
    if part.is_empty() {
        Some(Hazard::Empty)
    } else if part == "." || part == ".." {
        Some(Hazard::Dots)
    } else if part.contains(':') {
        Some(Hazard::Colon)
    } else if is_device(part) {
        Some(Hazard::Device)
    } else if part.chars().any(char::is_control) {
        Some(Hazard::Control)
    } else if part.ends_with(['.', ' ']) || part.contains(['<', '>', '"', '|', '?', '*']) {
        Some(Hazard::Unportable)
    } else if part.len() > 255 {
        Some(Hazard::TooLong)
    } else {
        None
    }
}

/// Windows takes `CON`, `con.txt` and `COM1` for devices in every folder.
fn is_device(part: &str) -> bool {
    let stem = part.split('.').next().unwrap_or(part).trim_end().to_ascii_uppercase();
    let numbered = |name: &str| {
        stem.strip_prefix(name).is_some_and(|rest| {
            let mut digits = rest.chars();
            matches!((digits.next(), digits.next()), (Some('1'..='9' | '¹' | '²' | '³'), None))
        })
    };
    matches!(stem.as_str(), "CON" | "PRN" | "AUX" | "NUL" | "CONIN$" | "CONOUT$" | "CLOCK$")
        || numbered("COM")
        || numbered("LPT")
}

/// A name that is not safe.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{name:?} is not a safe name: {hazard}")]
pub struct PathError {
    /// The name as it was given.
    pub name: String,
    /// What is wrong with it.
    pub hazard: Hazard,
}

impl SafePath {
    /// Takes `name` if it is safe.
    ///
    /// # Errors
    ///
    /// The first [`Hazard`] found in it.
    pub fn new(name: impl Into<String>) -> Result<Self, PathError> {
        let name = name.into();
        match Hazard::of(&name) {
            Some(hazard) => Err(PathError { name, hazard }),
            None => Ok(Self(name)),
        }
    }

    /// The path of `child` inside this one.
    pub fn join(&self, child: &Self) -> Self {
        Self(format!("{}/{}", self.0, child.0))
    }

    /// As text, `/` between the parts.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The last part.
    pub fn file_name(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or(&self.0)
    }

    /// Where it lies in the folder `dir`.
    pub fn under(&self, dir: &Path) -> PathBuf {
        dir.join(&self.0)
    }

    /// What it becomes on a system that tells neither case nor normal forms apart.
    pub fn folded(&self) -> String {
        folded(&self.0)
    }
}

/// `name` as a system sees it that tells neither case nor normal forms apart.
pub(crate) fn folded(name: &str) -> String {
    name.nfc().flat_map(char::to_lowercase).nfc().collect()
}

impl fmt::Display for SafePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl AsRef<str> for SafePath {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl FromStr for SafePath {
    type Err = PathError;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Self::new(name)
    }
}

impl TryFrom<String> for SafePath {
    type Error = PathError;

    fn try_from(name: String) -> Result<Self, Self::Error> {
        Self::new(name)
    }
}

impl From<SafePath> for String {
    fn from(path: SafePath) -> Self {
        path.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_dangerous_on_any_system_are_refused_on_every_system() {
        let bad = [
            ("", Hazard::Empty),
            ("a//b", Hazard::Empty),
            ("a/", Hazard::Empty),
            ("/etc/passwd", Hazard::Absolute),
            ("../a", Hazard::Dots),
            ("a/../b", Hazard::Dots),
            ("./a", Hazard::Dots),
            ("C:/a", Hazard::Colon),
            ("a/b:stream", Hazard::Colon),
            ("\\\\server\\share", Hazard::Backslash),
            ("a\\..\\b", Hazard::Backslash),
            ("~/a", Hazard::Tilde),
            ("~root/a", Hazard::Tilde),
            ("%HomeDrive%%HomePath%/a", Hazard::Variable),
            ("$HOME/a", Hazard::Variable),
            ("data/con", Hazard::Device),
            ("data/NUL.jpg", Hazard::Device),
            ("lpt1.txt/a", Hazard::Device),
            ("a\nb", Hazard::Control),
            ("a.", Hazard::Unportable),
            ("a ", Hazard::Unportable),
            ("what?.jpg", Hazard::Unportable),
        ];
        for (name, hazard) in bad {
            assert_eq!(Hazard::of(name), Some(hazard), "{name:?}");
        }
        assert_eq!(Hazard::of(&"a".repeat(256)), Some(Hazard::TooLong));
    }

    #[test]
    fn ordinary_names_are_safe() {
        for name in
            ["a", "data/张三·阿依.jpg", "data/%7Etest", "data/~x", "COM10.txt", "console", "a b/c.d", "100%"]
        {
            assert_eq!(Hazard::of(name), None, "{name:?}");
        }
    }

    proptest::proptest! {
        /// Whatever the name, a safe one stays inside its folder.
        #[test]
        fn a_safe_path_never_leaves_its_folder(name in "[a-z./~\\\\: %$]{0,12}") {
            if let Ok(path) = SafePath::new(name) {
                let joined = path.under(Path::new("/into"));
                proptest::prop_assert!(joined.starts_with("/into"));
                proptest::prop_assert!(joined.components().all(|part| part != std::path::Component::ParentDir));
            }
        }
    }
}
