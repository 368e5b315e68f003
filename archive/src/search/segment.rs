//! What is read of a segment when it is first met, because every question needs it: a segment never changes, and opening a
//! column of a million numbers takes longer than most answers.

use tantivy::{DocId, SegmentReader, columnar::Column};

use super::{
    facets::{self, GROUP, Group},
    schema::NumberKey,
};

/// The place of a facet and the number of one of its values.
type Value = (u8, u32);

/// A segment as questions want it.
#[derive(Default)]
pub(super) struct Segment {
    /// The values of each group, in the order of the segment's own numbers of groups.
    pub(super) groups: Vec<Vec<Value>>,
    /// The group of each document.
    group_of: Vec<u32>,
    /// The two numbers of each 学号; nothing in an empty segment.
    pub(super) keys: Option<[Column<u64>; 2]>,
}

/// The group of a document that has none: no group has this number.
pub(super) const NO_GROUP: u32 = u32::MAX;

impl Segment {
    /// Reads it. `number` gives the values of a group their numbers.
    pub(super) fn read(
        segment: &SegmentReader,
        number: impl FnOnce(Vec<Group<String>>) -> Vec<Vec<Value>>,
    ) -> tantivy::Result<Self> {
        if segment.max_doc() == 0 {
            return Ok(Self::default());
        }
        let [high, low] = NumberKey::NAMES.map(|name| segment.fast_fields().u64(name));
        let keys = Some([high?, low?]);
        let Some(column) = segment.fast_fields().str(GROUP)? else {
            return Ok(Self { keys, ..Self::default() });
        };
        let mut written = Vec::with_capacity(column.num_terms());
        let mut stream = column.dictionary().stream()?;
        while stream.advance() {
            written.push(facets::read_group(stream.key())?);
        }
        let group = |doc| column.ords().first(doc).and_then(|ord| u32::try_from(ord).ok());
        let group_of = (0..segment.max_doc()).map(|doc| group(doc).unwrap_or(NO_GROUP)).collect();
        Ok(Self { groups: number(written), group_of, keys })
    }

    /// The group of a document.
    pub(super) fn group(&self, doc: DocId) -> u32 {
        self.group_of.get(doc as usize).copied().unwrap_or(NO_GROUP)
    }

    /// For each group whether it has a value of which this is said.
    pub(super) fn groups_with(&self, is_meant: impl Fn(u8, u32) -> bool) -> Vec<bool> {
        self.groups.iter().map(|group| group.iter().any(|&(facet, number)| is_meant(facet, number))).collect()
    }
}
