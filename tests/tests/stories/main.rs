//! The stories that must hold, each told through the public interface of the real programs.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "all of this is test code: a story that can't be told panics"
)]

mod appraisal;
mod bad_input;
mod batches;
mod console;
mod crash;
mod diplomas;
mod drill;
mod export;
mod fixity;
mod law;
mod main_job;
mod replicas;
mod sweep;
mod upload;
