//! The tool that runs at the vendor: packs captures into signed parcels, delivers them, and keeps the receipts.
//!
//! - Private keys are made here and never leave [`home`]; the school gets a certificate request and public keys.
//! - Names of people do not occur: the vendor knows capture tokens only.
//! - Whatever is interrupted is begun again by the same command and goes on where it was.

pub mod cli;
pub mod client;
pub mod deletion;
pub mod erase;
pub mod home;
pub mod inventory;
pub mod pack;
mod private;
pub mod prove;
pub mod receipt;
pub mod tape;
pub mod upload;
