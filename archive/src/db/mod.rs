//! All SQL of the product: two stores, one file per table.
//!
//! - A function that takes `&Connection` reads; one that takes `&Transaction` writes.
//! - Every table is STRICT; parameters are named; a row becomes a value in one place.
//! - A released migration is never edited. The schema is pinned by a snapshot beside each store's migrations.
//! - Times are kept as microseconds since 1970 in UTC ([`At`]).

pub mod catalog;
pub mod imprint;
pub mod office;

mod store;
mod words;

pub use words::UnknownWord;
pub(crate) use words::words;

pub use store::{OpenError, Store};

use jiff::Timestamp;
use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSql, ToSqlOutput, ValueRef};

/// A moment as the stores keep it: microseconds since 1970 in UTC. What is finer is cut off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct At(pub Timestamp);

impl ToSql for At {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(self.0.as_microsecond().into())
    }
}

impl FromSql for At {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        Timestamp::from_microsecond(value.as_i64()?).map(Self).map_err(FromSqlError::other)
    }
}

/// A value kept as its own text.
fn parsed<T>(row: &rusqlite::Row<'_>, column: &str) -> rusqlite::Result<T>
where
    T: std::str::FromStr<Err: std::error::Error + Send + Sync + 'static>,
{
    let text: String = row.get(column)?;
    text.parse().map_err(|error| {
        rusqlite::Error::FromSqlConversionFailure(0, rusqlite::types::Type::Text, Box::new(error))
    })
}

/// A value kept as JSON text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Json<T>(pub T);

impl<T: serde::Serialize> ToSql for Json<T> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        serde_json::to_string(&self.0)
            .map(Into::into)
            .map_err(|error| rusqlite::Error::ToSqlConversionFailure(Box::new(error)))
    }
}

impl<T: serde::de::DeserializeOwned> FromSql for Json<T> {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        serde_json::from_str(value.as_str()?).map(Self).map_err(FromSqlError::other)
    }
}

/// Any error of a store. Whoever must not write SQL can still name its errors.
pub use rusqlite::Error;

/// Whether an error of a store says that the disk is full.
#[must_use]
pub fn is_disk_full(error: &(dyn std::error::Error + 'static)) -> bool {
    error
        .downcast_ref::<Error>()
        .and_then(Error::sqlite_error_code)
        .is_some_and(|code| code == rusqlite::ErrorCode::DiskFull)
}

/// Whether an error of a store says that the disk could not be read or written.
#[must_use]
pub fn is_disk_failing(error: &(dyn std::error::Error + 'static)) -> bool {
    error
        .downcast_ref::<Error>()
        .and_then(Error::sqlite_error_code)
        .is_some_and(|code| code == rusqlite::ErrorCode::SystemIoFailure)
}

/// Whether an error of a store says that a rule of the schema was broken: a name is taken, a key is missing.
#[must_use]
pub fn is_constraint(error: &Error) -> bool {
    error.sqlite_error_code().is_some_and(|code| code == rusqlite::ErrorCode::ConstraintViolation)
}

/// The steps that lead to a store's schema.
pub type Migrations = rusqlite_migration::Migrations<'static>;

#[cfg(test)]
pub(crate) use rusqlite::types::Value;
/// A connection that reads, or within [`Store::write`] a transaction: named by those who pass it on without SQL.
pub use rusqlite::{Connection, Transaction};
