//! archive.

pub mod db;
pub mod delivery;
pub mod dossier;
pub mod fixity;
pub mod ocfl;
pub mod import;
pub mod person;
