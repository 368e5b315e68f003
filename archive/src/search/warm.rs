//! Reads the parts of an index once, so that no question has to wait for them.
//!
//! The files of a part are mapped into memory. Whoever touches a page of them first waits for the disk, or at least for the
//! system to enter it, and a question touches very many.

use std::{
    collections::HashSet,
    hint::black_box,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

use tantivy::{Directory as _, Index, Searcher};

use super::index::part_of;

/// The smallest page of any system.
const PAGE: usize = 4096;

/// Which parts were read, by the names that their files begin with.
#[derive(Default)]
pub(super) struct Warm(Mutex<HashSet<String>>);

impl Warm {
    /// Reads the parts of a view that were not read yet, and forgets those that are gone.
    pub(super) fn follow(&self, index: &Index, folder: &Path, searcher: &Searcher) -> tantivy::Result<()> {
        let parts = searcher.segment_readers().iter().map(|segment| segment.segment_id().uuid_string());
        let parts: HashSet<String> = parts.collect();
        let before =
            std::mem::replace(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner), parts.clone());
        let new: HashSet<&str> = parts.difference(&before).map(String::as_str).collect();
        if new.is_empty() {
            return Ok(());
        }
        for entry in fs_err::read_dir(folder)? {
            let name = PathBuf::from(entry?.file_name());
            if name.to_str().and_then(part_of).is_some_and(|part| new.contains(part)) {
                // A part may have become part of another meanwhile.
                let Ok(file) = index.directory().open_read(&name) else { continue };
                touch(file.read_bytes()?.as_slice());
            }
        }
        Ok(())
    }
}

/// Reads a byte of every page.
fn touch(bytes: &[u8]) {
    black_box(bytes.chunks(PAGE).filter_map(|page| page.first()).fold(0, |sum, byte| sum ^ byte));
}
