//! The crate from outside: real models, real files, real faces where there are any.
//!
//! A test that needs models or faces this machine does not have says what it skipped.

mod drawn;
mod faces;
mod gate;
mod machine;
mod photos;
