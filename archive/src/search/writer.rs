//! What changes an index: one thread that writes and one that merges, both behind whoever asks.

use std::{thread, time::Duration};

use tantivy::{
    Index, IndexWriter, TantivyError,
    directory::error::LockError,
    indexer::{IndexWriterOptions, LogMergePolicy},
};

/// How often and after what pause a lock is tried again that somebody holds.
const LOCK_TRIES: u32 = 20;
const LOCK_PAUSE: Duration = Duration::from_millis(25);
/// Memory for documents not yet on disk, in bytes.
const WRITER_MEMORY: usize = 64 << 20;
/// The priority of changes, as `nice` counts it.
const LOW_PRIORITY: i32 = 10;

/// A writer. Its lock may be held for a moment longer than its holder lives: a process that is being started has a copy
/// of every open file until it becomes another program.
pub(super) fn open(index: &Index) -> tantivy::Result<IndexWriter> {
    let options = || {
        IndexWriterOptions::builder()
            .num_worker_threads(1)
            .num_merge_threads(1)
            .memory_budget_per_thread(WRITER_MEMORY)
            .build()
    };
    let mut tries = LOCK_TRIES;
    loop {
        match index.writer_with_options(options()) {
            Err(TantivyError::LockFailure(LockError::LockBusy, _)) if tries > 0 => {
                tries -= 1;
                thread::sleep(LOCK_PAUSE);
            }
            Err(error) => return Err(error),
            Ok(writer) => {
                writer.set_merge_policy(Box::new(few_parts()));
                return Ok(writer);
            }
        }
    }
}

/// Every question looks into every part, and most commits are small: parts of about one size become one when there are
/// three of them, each size four times the one before.
fn few_parts() -> LogMergePolicy {
    let mut policy = LogMergePolicy::default();
    policy.set_min_num_segments(3);
    policy.set_min_layer_size(1000);
    policy.set_level_log_size(2.0);
    policy
}

/// Does some work on a thread of low priority, which the threads that tantivy starts meanwhile have too.
pub(super) fn unhurried<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    thread::scope(|scope| {
        let thread = scope.spawn(|| {
            // Linux gives every thread a priority of its own. Where it can't be lowered, the work is done all the same.
            let _as_it_was = rustix::process::setpriority_process(None, LOW_PRIORITY);
            work()
        });
        thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}
