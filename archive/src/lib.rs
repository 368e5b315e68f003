//! archive.

pub mod appraisal;
pub mod db;
pub mod deletion;
pub mod delivery;
pub mod dossier;
pub mod export;
pub mod fixity;
pub mod import;
pub mod log;
pub mod ocfl;
pub mod person;
pub mod search;

#[cfg(test)]
mod tree;
