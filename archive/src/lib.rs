//! archive.

pub mod db;
pub mod delivery;
pub mod dossier;
pub mod ocfl;
pub mod import;
pub mod person;
