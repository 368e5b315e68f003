//! Deletions played in memory between a school and a vendor.

mod machine;
mod story;
mod strict;
mod world;
