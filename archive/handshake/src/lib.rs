//! WDH/1, the witnessed deletion handshake.
pub mod bytes;
pub mod certificate;
pub mod envelope;
pub mod guard;
pub mod keys;
pub mod level;
pub mod message;
pub mod objects;
pub mod policy;
pub mod possession;
pub mod sas;
pub mod session;
pub mod side;
pub mod state;
pub mod statement;
pub mod vendor;
