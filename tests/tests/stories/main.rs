//! The stories that must hold, each told through the public interface of the real programs.

mod bad_input;
mod crash;
mod fixity;
mod main_job;
mod sweep;
mod upload;
