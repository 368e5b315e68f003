//! The appliance as the stories see it: the real binary, as a process of its own, in a temporary directory.
//!
//! Nothing here reaches inside: a story speaks HTTP as a browser would, and may kill the process at any moment.

mod appliance;
mod browser;
mod client;
mod program;
mod school;

pub use appliance::Appliance;
pub use browser::{Browser, DESKTOP, PHONE, Page};
pub use client::Client;
pub use program::{models, program};
pub use school::{School, Student, workbook};
