//! Long work that a person at the console calls back: what is half done is then cleaned up, which a killed process can't.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context as _, Result};
use tokio::runtime::{Builder, Runtime};
use tokio::signal::unix::{SignalKind, signal};

/// Whether Ctrl-C was pressed or the process asked to end, since this was made.
pub(super) struct Stop {
    asked: Arc<AtomicBool>,
    _runtime: Runtime,
}

impl Stop {
    /// Begins to listen.
    pub(super) fn listen() -> Result<Self> {
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let runtime = runtime.context("could not listen for Ctrl-C")?;
        let asked = Arc::new(AtomicBool::new(false));
        for kind in [SignalKind::interrupt(), SignalKind::terminate()] {
            let _inside = runtime.enter();
            let mut signals = signal(kind).context("could not listen for Ctrl-C")?;
            let asked = Arc::clone(&asked);
            runtime.spawn(async move {
                while signals.recv().await.is_some() {
                    asked.store(true, Ordering::Relaxed);
                }
            });
        }
        Ok(Self { asked, _runtime: runtime })
    }

    /// Whether it was asked for.
    pub(super) fn asked(&self) -> bool {
        self.asked.load(Ordering::Relaxed)
    }
}
