//! The crate from outside: real models, real files, real faces where there are any.
//!
//! A test that needs models or faces this machine does not have says what it skipped.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::cast_possible_truncation,
    reason = "tests may; clippy sees only the test functions themselves"
)]

#[expect(unreachable_pub, reason = "the stories use it, too")]
#[path = "../../../tests/src/certificate.rs"]
mod certificate;
mod drawn;
mod faces;
mod gate;
mod machine;
mod photos;
mod text;
