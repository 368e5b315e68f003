//! Why something was not done: refused, with a problem for the asker; or failed, with a cause for the log.

use api::{Flaw, Problem, ProblemCode};

/// What a function of this crate returns.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why something was not done.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It may not or can't be done as asked. The asker is told.
    #[error("{0}")]
    Refused(Box<Problem>),
    /// Something broke. The asker gets an incident's number, the log the cause.
    #[error("could not {what}")]
    Failed {
        /// What could not be done, as in "could not …".
        what: &'static str,
        /// Why.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

impl Error {
    /// A refusal with its parameters.
    #[must_use]
    pub fn refused<const N: usize>(code: ProblemCode, params: [(&str, String); N]) -> Self {
        Self::Refused(Box::new(Problem::new(code, params)))
    }

    /// A failure: something broke while doing `what`.
    #[must_use]
    pub fn failed(what: &'static str, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Failed { what, source: source.into() }
    }

    /// There is no such thing.
    #[must_use]
    pub fn not_found(kind: &str, id: impl ToString) -> Self {
        Self::refused(ProblemCode::NotFound, [("kind", kind.to_owned()), ("id", id.to_string())])
    }

    /// A field's value is not allowed.
    #[must_use]
    pub fn bad_field(field: &str, flaw: Flaw) -> Self {
        Problem::bad_field(field, &flaw).into()
    }

    /// Whether the cause, or any cause below it, is a full disk.
    #[must_use]
    pub fn is_disk_full(&self) -> bool {
        self.is_caused_by(is_full)
    }

    /// Whether the cause, or any cause below it, is that a store's disk is full or fails: it may pass, and the same be
    /// tried again.
    #[must_use]
    pub fn is_of_disk(&self) -> bool {
        self.is_caused_by(|error| is_full(error) || archive::db::is_disk_failing(error))
    }

    fn is_caused_by(&self, is: fn(&(dyn std::error::Error + 'static)) -> bool) -> bool {
        let Self::Failed { source, .. } = self else { return false };
        let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(source.as_ref());
        while let Some(error) = cause {
            if is(error) {
                return true;
            }
            cause = error.source();
        }
        false
    }
}

fn is_full(error: &(dyn std::error::Error + 'static)) -> bool {
    let io = error.downcast_ref::<std::io::Error>().is_some_and(|io| {
        matches!(io.kind(), std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded)
    });
    // What an `io::Error` wraps is not its source, but what lies within.
    let within = error.downcast_ref::<std::io::Error>().and_then(|io| io.get_ref());
    io || archive::db::is_disk_full(error)
        || archive::search::is_disk_full(error)
        || within.is_some_and(|error| is_full(error))
}

impl From<Problem> for Error {
    fn from(problem: Problem) -> Self {
        Self::Refused(Box::new(problem))
    }
}

/// Turns a library's error into a failure that says what was being done.
pub trait Refusal<T> {
    /// Says what could not be done: `.or_failed("read the account")?`.
    ///
    /// # Errors
    ///
    /// When `self` is an error.
    fn or_failed(self, what: &'static str) -> Result<T>;
}

impl<T, E: Into<Box<dyn std::error::Error + Send + Sync>>> Refusal<T> for Result<T, E> {
    fn or_failed(self, what: &'static str) -> Result<T> {
        self.map_err(|error| Error::failed(what, error))
    }
}

impl From<archive::db::Error> for Error {
    fn from(error: archive::db::Error) -> Self {
        Self::failed("use the database", error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_is_recognised_below_other_causes() {
        let full = std::io::Error::from(std::io::ErrorKind::StorageFull);
        let wrapped = std::io::Error::other(full);
        assert!(Error::failed("keep a file", wrapped).is_disk_full());
        assert!(!Error::failed("keep a file", std::io::Error::other("else")).is_disk_full());
    }
}
