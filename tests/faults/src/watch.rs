//! Kills a process that hangs.

use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use anyhow::Result;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

/// A watch over a process. It must be ended before the process's number can be another's.
#[derive(Debug)]
pub struct Watch {
    over: Sender<()>,
    thread: JoinHandle<bool>,
}

impl Watch {
    /// Kills a process unless the watch is ended within a time.
    ///
    /// # Errors
    ///
    /// When no thread can be started.
    pub fn over(process: Pid, patience: Duration) -> Result<Self> {
        let (over, told) = channel();
        let thread = thread::Builder::new().name("watch".to_owned()).spawn(move || {
            let late = told.recv_timeout(patience) == Err(RecvTimeoutError::Timeout);
            late && kill(process, Signal::SIGKILL).is_ok()
        })?;
        Ok(Self { over, thread })
    }

    /// Ends it. Returns whether the process was killed.
    #[must_use]
    pub fn end(self) -> bool {
        drop(self.over);
        self.thread.join().unwrap_or(false)
    }
}
