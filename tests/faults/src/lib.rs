//! What becomes of the archive when its disk fails, fills up, or loses its power.
//!
//! Two instruments, over what changes the archive ([`Operation`]):
//!
//! - **Faults.** The driver program does an operation under a tracer ([`tracer`]) that stops it at every system call that
//!   writes ([`filter`], [`call`]). At the n-th of them, counted over all threads, it is killed, or told that the disk
//!   failed or is full.
//! - **Power cuts.** The tracer records what an operation wrote and synced ([`journal`]). From that come disks as they may
//!   be after the power failed ([`cut`]): all that was synced, and an arbitrary part of what was not.
//!
//! After each the appliance is opened again as its server opens it, and looked at ([`check`]): nothing of which somebody
//! was told that it is kept is lost, nothing is half done, and the operation can be done again.

#![cfg(all(target_os = "linux", target_arch = "x86_64"))]

pub mod appliance;
pub mod bench;
pub mod call;
pub mod check;
pub mod copy;
pub mod crew;
pub mod cut;
pub mod drive;
pub mod fault;
pub mod filter;
pub mod full;
pub mod journal;
pub mod operation;
pub mod picture;
pub mod point;
pub mod said;
pub mod school;
pub mod table;
pub mod tracer;
pub mod watch;

pub use fault::Fault;
pub use operation::Operation;
pub use point::Point;
