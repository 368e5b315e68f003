//! What can go wrong at a system call.

use std::fmt;
use std::str::FromStr;

use anyhow::{Error, anyhow};
use nix::libc;

/// What goes wrong at a system call that writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Fault {
    /// The process is killed before the call is done.
    Kill,
    /// The disk fails once.
    Broken,
    /// The disk fails from then on.
    BrokenOn,
    /// The disk is full once.
    Full,
    /// The disk is full from then on.
    FullOn,
}

impl Fault {
    /// Every one of them.
    pub const ALL: [Self; 5] = [Self::Kill, Self::Broken, Self::BrokenOn, Self::Full, Self::FullOn];

    /// Its word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Kill => "kill",
            Self::Broken => "eio",
            Self::BrokenOn => "eio-on",
            Self::Full => "enospc",
            Self::FullOn => "enospc-on",
        }
    }

    /// The error that a call is answered with; nothing if the process is killed.
    #[must_use]
    pub const fn errno(self) -> Option<i32> {
        match self {
            Self::Kill => None,
            Self::Broken | Self::BrokenOn => Some(libc::EIO),
            Self::Full | Self::FullOn => Some(libc::ENOSPC),
        }
    }

    /// Whether it strikes at the `count`-th call when the first that it strikes is the `first`-th.
    #[must_use]
    pub const fn strikes(self, count: u64, first: u64) -> bool {
        match self {
            Self::Kill | Self::Broken | Self::Full => count == first,
            Self::BrokenOn | Self::FullOn => count >= first,
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

impl FromStr for Fault {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let found = Self::ALL.into_iter().find(|fault| fault.word() == text);
        found.ok_or_else(|| anyhow!("{text} is no fault"))
    }
}
