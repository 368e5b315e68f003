//! archive.

pub mod ocfl;
pub mod person;
