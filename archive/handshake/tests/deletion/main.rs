//! Deletions played in memory between a school and a vendor.

#![expect(clippy::unwrap_used, reason = "what surprises a test's helper stops the test")]

mod machine;
mod story;
mod strict;
mod world;
