//! Memory in pages as large as the system gives them. A search reads all of it, and with pages of four kilobytes a third of
//! its time goes into finding where the next one lies.

use std::alloc::{Layout, handle_alloc_error};

use memmap2::{Advice, MmapMut};
use zeroize::Zeroize;

/// Items of `N` bytes beside each other. Their bytes are overwritten before the memory is given back.
pub(super) struct Pages<const N: usize> {
    memory: Option<MmapMut>,
    items: usize,
}

impl<const N: usize> Pages<N> {
    pub(super) const fn new() -> Self {
        Self { memory: None, items: 0 }
    }

    pub(super) fn items(&self) -> &[[u8; N]] {
        let memory = self.memory.as_deref().unwrap_or_default();
        memory.as_chunks().0.get(..self.items).unwrap_or_default()
    }

    pub(super) fn get_mut(&mut self, item: usize) -> Option<&mut [u8; N]> {
        self.room().get_mut(item)
    }

    /// Adds an item.
    pub(super) fn push(&mut self, item: &[u8; N]) {
        if self.room().len() == self.items {
            self.grow();
        }
        let items = self.items;
        if let Some(place) = self.room().get_mut(items) {
            *place = *item;
            self.items += 1;
        }
    }

    /// Takes the last item away.
    pub(super) fn pop(&mut self) {
        if let Some(last) = self.items.checked_sub(1) {
            self.get_mut(last).into_iter().for_each(Zeroize::zeroize);
            self.items = last;
        }
    }

    /// All items there is room for.
    fn room(&mut self) -> &mut [[u8; N]] {
        self.memory.as_deref_mut().unwrap_or_default().as_chunks_mut().0
    }

    /// Makes room for twice as many.
    fn grow(&mut self) {
        let mut larger = map(N * (2 * self.items).max(32));
        larger.as_chunks_mut().0.iter_mut().zip(self.items()).for_each(|(to, from)| *to = *from);
        self.overwrite();
        self.memory = Some(larger);
    }

    /// Overwrites the items; what was never used is not touched.
    fn overwrite(&mut self) {
        let items = self.items;
        self.room().iter_mut().take(items).for_each(Zeroize::zeroize);
    }
}

impl<const N: usize> Drop for Pages<N> {
    fn drop(&mut self) {
        self.overwrite();
    }
}

/// Memory of its own. Whoever has none left ends, as with any other memory.
fn map(bytes: usize) -> MmapMut {
    let Ok(memory) = MmapMut::map_anon(bytes) else {
        handle_alloc_error(Layout::array::<u8>(bytes).unwrap_or(Layout::new::<u8>()))
    };
    #[cfg(target_os = "linux")]
    if let Err(error) = memory.advise(Advice::HugePage) {
        // Some systems have pages of one size only.
        tracing::debug!(%error, "no large pages");
    }
    memory
}
