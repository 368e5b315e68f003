//! Why the index could not be opened, changed or asked.

use std::{io::ErrorKind, path::PathBuf};

use tantivy::{TantivyError, directory::error::OpenWriteError};

/// Why the index could not be opened or changed.
#[derive(Debug, thiserror::Error)]
pub enum IndexError {
    /// There is no index in the folder.
    #[error("there is no index in {0}; rebuild it from the archive")]
    Missing(PathBuf),
    /// The index was made by another version of this software.
    #[error("the index has layout {found:?}, this software needs {wanted:?}; rebuild it from the archive")]
    OtherLayout {
        /// The layout on disk, as far as it can be told.
        found: String,
        /// The layout this software makes.
        wanted: String,
    },
    /// The folder holds an index already.
    #[error("there is an index in {0} already; open it or remove it")]
    Exists(PathBuf),
    /// Another process is changing the index.
    #[error("another process is changing the index; stop it first")]
    Busy,
    /// Old files are still being read by questions under way.
    #[error("questions under way still read old files of the index; try again")]
    StillRead,
    /// The changes are older than what the index knows.
    #[error("the index is at position {at} and can't go back to {asked}; rebuild it from the archive")]
    GoingBack {
        /// Where it is.
        at: u64,
        /// Where it was asked to go.
        asked: u64,
    },
    /// The files could not be read or written, or are damaged.
    #[error("the index could not be {doing}; if that stays so, rebuild it from the archive")]
    Failed {
        /// What was being done.
        doing: &'static str,
        /// What went wrong.
        source: TantivyError,
    },
}

impl IndexError {
    /// Whether only a rebuild helps.
    #[must_use]
    pub const fn wants_rebuild(&self) -> bool {
        matches!(self, Self::Missing(_) | Self::OtherLayout { .. } | Self::GoingBack { .. })
    }

    /// Makes an error of something tantivy could not do.
    pub(super) fn failed(doing: &'static str) -> impl Fn(TantivyError) -> Self {
        move |source| match source {
            TantivyError::LockFailure(..) => Self::Busy,
            source => Self::Failed { doing, source },
        }
    }
}

/// Why a question was not answered.
#[derive(Debug, thiserror::Error)]
pub enum SearchError {
    /// More text than anybody searches for.
    #[error("the search text has more than {max} {what}; shorten it")]
    TooLong {
        /// What there is too much of: `characters` or `words`.
        what: &'static str,
        /// How much is allowed.
        max: usize,
    },
    /// A page so far down the list that giving it would cost too much.
    #[error("the list can be read up to entry {max}; narrow the search")]
    TooDeep {
        /// The last entry that can be read.
        max: usize,
    },
    /// A facet that this index, made by an older version, does not have.
    #[error("this index can't be narrowed by {facet} until its successor is made")]
    NoFacet {
        /// The facet.
        facet: &'static str,
    },
    /// The index could not be read.
    #[error("the index could not be read; if that stays so, rebuild it from the archive")]
    Failed(#[from] TantivyError),
}

impl SearchError {
    /// A stable name for this error, for wording it elsewhere.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::TooLong { .. } => "search-too-long",
            Self::TooDeep { .. } => "search-too-deep",
            Self::NoFacet { .. } => "search-no-facet",
            Self::Failed(_) => "search-failed",
        }
    }
}

/// The text by which an error of another thread, which tantivy keeps as text only, still says that a disk is full.
const FULL: &str = "(os error 28)";

/// Whether this is tantivy's word for a full disk. What it wraps is no source of it, so nobody else can tell.
#[must_use]
pub fn is_disk_full(error: &(dyn std::error::Error + 'static)) -> bool {
    match error.downcast_ref::<TantivyError>() {
        Some(
            TantivyError::IoError(io_error)
            | TantivyError::OpenWriteError(OpenWriteError::IoError { io_error, .. }),
        ) => io_error.kind() == ErrorKind::StorageFull,
        Some(TantivyError::ErrorInThread(text)) => text.contains(FULL),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_is_recognised_in_whatever_it_is_wrapped() {
        let full = || std::io::Error::from_raw_os_error(28);
        assert!(full().to_string().contains(FULL));
        for error in [
            TantivyError::from(full()),
            TantivyError::from(OpenWriteError::wrap_io_error(full(), PathBuf::from("meta.json"))),
            TantivyError::ErrorInThread(format!("Worker thread failed: {:?} {}", full(), full())),
        ] {
            assert!(is_disk_full(&error), "{error}");
            let wrapped = IndexError::failed("changed")(error);
            assert!(std::error::Error::source(&wrapped).is_some_and(is_disk_full));
        }
        assert!(!is_disk_full(&TantivyError::from(std::io::Error::other("else"))));
    }
}
