//! The index on disk: opening and changing it.

use std::{
    collections::HashSet,
    fmt,
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
    thread,
    time::Duration,
};

use ids::PersonId;
use serde::{Deserialize, Serialize};
use tantivy::{
    IndexReader, IndexSettings, IndexSortByField, IndexWriter, ReloadPolicy, SegmentMeta,
    index::{SegmentComponent, SegmentId},
};

use super::{
    Change, IndexError, Query, Results, SearchError,
    facets::Values,
    folder::Folder,
    memory::Memory,
    plan::Known,
    question::Question,
    schema::{self, Fields, LAYOUT, NumberKey, READABLE},
    tally::Tallies,
    warm::Warm,
    writer::{self, unhurried},
};

/// How much of the stored documents is packed together, in bytes.
const STORED_BLOCK: usize = 4096;
/// How often and after what pause a purge tries to delete files that questions under way still read.
const PURGE_TRIES: u32 = 30;
const PURGE_PAUSE: Duration = Duration::from_millis(100);

/// The index. Share it by reference: questions run beside each other and beside changes.
pub struct Index {
    folder: PathBuf,
    index: tantivy::Index,
    reader: IndexReader,
    fields: Fields,
    memory: Memory,
    tallies: Tallies,
    values: Values,
    warm: Warm,
    /// Whether each of its segments is in the order of 学号.
    in_order: bool,
    /// What each of its commits says it is, so that an older index stays an older one.
    layout: String,
    /// Made at the first change, so that a process that only asks locks nobody out.
    writer: Mutex<Option<IndexWriter>>,
}

/// What each commit says about itself.
#[derive(Serialize, Deserialize)]
struct Payload {
    layout: String,
    position: u64,
    /// Up to whom the archive's people were written, in the order of their ids, while the index is being filled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    filled: Option<PersonId>,
}

impl Index {
    /// Makes an empty index in a folder, which is made if need be.
    ///
    /// # Errors
    ///
    /// [`IndexError::Exists`] if there is one already.
    pub fn create(folder: &Path) -> Result<Self, IndexError> {
        let failed = IndexError::failed("created");
        fs_err::create_dir_all(folder).map_err(|error| failed(error.into()))?;
        // Hits lie far apart, and each is read for itself. The first page of very many hits is nearly always the one by 学号.
        let [field, _] = NumberKey::NAMES.map(str::to_owned);
        let settings = IndexSettings {
            docstore_blocksize: STORED_BLOCK,
            sort_by_field: Some(IndexSortByField { field, order: tantivy::index::Order::Asc }),
            ..IndexSettings::default()
        };
        if Folder::has_index(folder) {
            return Err(IndexError::Exists(folder.to_owned()));
        }
        let builder = tantivy::Index::builder().schema(schema::schema()).settings(settings);
        let place = Folder::open(folder).map_err(|error| failed(error.into()))?;
        let index = builder.open_or_create(place).map_err(&failed)?;
        let made = Self::with(folder, index, LAYOUT.to_owned())?;
        made.apply([], 0)?;
        Ok(made)
    }

    /// Opens the index in a folder. One of an older layout that still answers truly is opened too: see
    /// [`is_older`](Self::is_older).
    ///
    /// # Errors
    ///
    /// [`IndexError::Missing`] or [`IndexError::OtherLayout`]: the caller makes a new one from the archive.
    pub fn open(folder: &Path) -> Result<Self, IndexError> {
        if !Folder::has_index(folder) {
            return Err(IndexError::Missing(folder.to_owned()));
        }
        let failed = IndexError::failed("opened");
        let place = Folder::open(folder).map_err(|error| failed(error.into()))?;
        let index = tantivy::Index::open(place).map_err(failed)?;
        let payload = payload(&index)?;
        let found = payload.map_or_else(|| "unknown".to_owned(), |payload| payload.layout);
        let is_ours = found == LAYOUT && index.schema() == schema::schema();
        if !is_ours && !READABLE.contains(&found.as_str()) {
            return Err(IndexError::OtherLayout { found, wanted: LAYOUT.to_owned() });
        }
        Self::with(folder, index, found)
    }

    pub(super) fn with(folder: &Path, mut index: tantivy::Index, layout: String) -> Result<Self, IndexError> {
        let Some(fields) = Fields::of(&index.schema()) else {
            return Err(IndexError::OtherLayout { found: layout, wanted: LAYOUT.to_owned() });
        };
        index.set_tokenizers(schema::tokenizers());
        let reader = index.reader_builder().reload_policy(ReloadPolicy::Manual).try_into();
        let reader = reader.map_err(IndexError::failed("opened"))?;
        let (memory, values) = (Memory::new(), Values::default());
        values.follow(&reader.searcher()).map_err(IndexError::failed("opened"))?;
        let in_order =
            index.settings().sort_by_field.as_ref().is_some_and(|by| by.field == NumberKey::NAMES[0]);
        Ok(Self {
            in_order,
            folder: folder.to_owned(),
            index,
            reader,
            fields,
            layout,
            memory,
            tallies: Tallies::new(),
            values,
            warm: Warm::default(),
            writer: Mutex::new(None),
        })
    }

    /// Whether it was made by an older version. It answers and takes changes, but lacks what came since; a new one should
    /// be made beside it.
    #[must_use]
    pub fn is_older(&self) -> bool {
        self.layout != LAYOUT
    }

    /// The position in the outbox up to which the index is true.
    ///
    /// # Errors
    ///
    /// [`IndexError::Failed`] if the index can't be read.
    pub fn position(&self) -> Result<u64, IndexError> {
        Ok(payload(&self.index)?.map_or(0, |payload| payload.position))
    }

    /// Up to whom it was filled. See [`fill`](Self::fill).
    ///
    /// # Errors
    ///
    /// [`IndexError::Failed`] if the index can't be read.
    pub fn filled(&self) -> Result<Option<PersonId>, IndexError> {
        Ok(payload(&self.index)?.and_then(|payload| payload.filled))
    }

    /// How many people are in the index.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.reader.searcher().num_docs()
    }

    /// Whether nobody is in the index.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Applies changes and commits them together with the position they reach to.
    ///
    /// When this returns, they are on disk and questions see them. A crash before leaves the index as it was, at its
    /// former position. Applying changes again is harmless.
    ///
    /// # Errors
    ///
    /// [`IndexError::GoingBack`] if `position` is before the present one; [`IndexError::Busy`] if another process
    /// is changing the index.
    pub fn apply(&self, changes: impl IntoIterator<Item = Change>, position: u64) -> Result<(), IndexError> {
        self.change(changes, Some(position), None)
    }

    /// Applies changes that are part of a first filling, in the order of people's ids, and commits them together with the
    /// one they reach to. The position stays. A filling that was cut off goes on behind [`filled`](Self::filled).
    ///
    /// # Errors
    ///
    /// [`IndexError::Busy`] if another process is changing the index.
    pub fn fill(&self, changes: impl IntoIterator<Item = Change>, up_to: PersonId) -> Result<(), IndexError> {
        self.change(changes, None, Some(up_to))
    }

    /// Changes wait for questions, never questions for changes.
    fn change(
        &self,
        changes: impl IntoIterator<Item = Change>,
        position: Option<u64>,
        filled: Option<PersonId>,
    ) -> Result<(), IndexError> {
        let changes: Vec<Change> = changes.into_iter().collect();
        unhurried(|| self.put_down(changes, position, filled))?;
        self.reload().map_err(IndexError::failed("changed"))
    }

    fn put_down(
        &self,
        changes: Vec<Change>,
        position: Option<u64>,
        filled: Option<PersonId>,
    ) -> Result<(), IndexError> {
        let mut guard = self.writer();
        let (at, reached) = (self.position()?, self.filled()?);
        let position = position.unwrap_or(at);
        if position < at {
            return Err(IndexError::GoingBack { at, asked: position });
        }
        let writer = self.writer_in(&mut guard)?;
        let committed = self.write(writer, changes, position, filled.or(reached));
        if committed.is_err() {
            // The next change starts from what is on disk.
            *guard = None;
        }
        committed.map_err(IndexError::failed("changed"))
    }

    /// Has questions see what was committed.
    fn reload(&self) -> tantivy::Result<()> {
        self.reader.reload()?;
        self.values.follow(&self.reader.searcher())
    }

    fn write(
        &self,
        writer: &mut IndexWriter,
        changes: impl IntoIterator<Item = Change>,
        position: u64,
        filled: Option<PersonId>,
    ) -> tantivy::Result<()> {
        for change in changes {
            match change {
                Change::Remove(person) => {
                    writer.delete_term(self.fields.person_term(person));
                }
                Change::Upsert(doc) => {
                    writer.delete_term(self.fields.person_term(doc.person));
                    writer.add_document(self.fields.write(&doc))?;
                }
            }
        }
        self.commit(writer, position, filled)
    }

    /// Commits; durably, as [`Folder`] sees to it.
    fn commit(
        &self,
        writer: &mut IndexWriter,
        position: u64,
        filled: Option<PersonId>,
    ) -> tantivy::Result<()> {
        let payload = Payload { layout: self.layout.clone(), position, filled };
        let payload = serde_json::to_string(&payload)
            .map_err(|error| tantivy::TantivyError::InternalError(error.to_string()))?;
        let mut prepared = writer.prepare_commit()?;
        prepared.set_payload(&payload);
        prepared.commit()?;
        Ok(())
    }

    /// Reads what is new in the index once, so that questions find it in memory. Whoever serves questions should call it
    /// after opening and after changes; it takes as long as reading the files.
    ///
    /// # Errors
    ///
    /// [`IndexError::Failed`] if they can't be read.
    pub fn warm(&self) -> Result<(), IndexError> {
        self.warm
            .follow(&self.index, &self.folder, &self.reader.searcher())
            .map_err(IndexError::failed("read"))
    }

    /// Rewrites every part of the index that still holds bytes of people who were removed or changed, and deletes
    /// the old files. Call it before saying that somebody is forgotten.
    ///
    /// # Errors
    ///
    /// As [`apply`](Self::apply); and [`IndexError::StillRead`] if questions under way keep old files open for longer
    /// than a few seconds. Then call it again.
    pub fn purge(&self) -> Result<(), IndexError> {
        unhurried(|| self.purge_now())
    }

    fn purge_now(&self) -> Result<(), IndexError> {
        let failed = IndexError::failed("purged");
        let mut guard = self.writer();
        let (position, filled) = (self.position()?, self.filled()?);
        let writer = self.settled_writer_in(&mut guard)?;
        let stale = self.stale_segments()?;
        if !stale.is_empty() {
            writer.merge(&stale).wait().map_err(&failed)?;
            self.commit(writer, position, filled).map_err(&failed)?;
        }
        self.reload().map_err(&failed)?;
        for _ in 0..PURGE_TRIES {
            writer.garbage_collect_files().wait().map_err(&failed)?;
            if self.old_files()? == 0 {
                return Ok(());
            }
            thread::sleep(PURGE_PAUSE);
        }
        Err(IndexError::StillRead)
    }

    /// Makes one segment of all that many commits left, so that a question looks in one place. Questions are answered
    /// meanwhile; changes wait.
    ///
    /// # Errors
    ///
    /// As [`apply`](Self::apply). The index is then as it was.
    pub fn unite(&self) -> Result<(), IndexError> {
        unhurried(|| self.unite_now())
    }

    fn unite_now(&self) -> Result<(), IndexError> {
        let failed = IndexError::failed("united");
        let mut guard = self.writer();
        let (position, filled) = (self.position()?, self.filled()?);
        let writer = self.settled_writer_in(&mut guard)?;
        let all = self.index.searchable_segment_ids().map_err(&failed)?;
        if all.len() > 1 {
            writer.merge(&all).wait().map_err(&failed)?;
            self.commit(writer, position, filled).map_err(&failed)?;
            self.reload().map_err(&failed)?;
            // What a question still reads goes with the next change.
            writer.garbage_collect_files().wait().map_err(&failed)?;
        }
        Ok(())
    }

    /// The parts of the index that hold bytes of people who were removed or changed.
    fn stale_segments(&self) -> Result<Vec<SegmentId>, IndexError> {
        let segments = self.index.searchable_segment_metas().map_err(IndexError::failed("purged"))?;
        Ok(segments.iter().filter(|segment| segment.has_deletes()).map(SegmentMeta::id).collect())
    }

    /// How many files belong to parts that the index no longer consists of.
    fn old_files(&self) -> Result<usize, IndexError> {
        let failed = IndexError::failed("purged");
        let present = self.index.searchable_segment_ids().map_err(&failed)?;
        let present: HashSet<String> = present.iter().map(SegmentId::uuid_string).collect();
        let files = fs_err::read_dir(&self.folder).map_err(|error| failed(error.into()))?;
        let names = files.map_while(Result::ok).filter_map(|file| file.file_name().into_string().ok());
        let old = names.filter(|name| part_of(name).is_some_and(|part| !present.contains(part)));
        Ok(old.count())
    }

    /// Removes what a change left behind that was cut off before its end. tantivy would give a file of the next change the
    /// same name, and stumble over it. Only whoever holds the writer may do so.
    fn clear_away(&self) -> tantivy::Result<()> {
        let parts = self.index.searchable_segment_metas()?;
        let removed = SegmentComponent::Delete;
        let is_used = |name: &str, part: &str| {
            let meta = parts.iter().find(|meta| meta.id().uuid_string() == part);
            meta.is_some_and(|meta| {
                // Of a part there is one list of who was removed from it, of its newest commit.
                !name.ends_with(".del")
                    || meta.has_deletes() && meta.relative_path(removed.clone()) == Path::new(name)
            })
        };
        for entry in fs_err::read_dir(&self.folder)? {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            if part_of(&name).is_some_and(|part| !is_used(&name, part)) {
                fs_err::remove_file(entry.path())?;
            }
        }
        Ok(())
    }

    fn writer(&self) -> MutexGuard<'_, Option<IndexWriter>> {
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A writer of an index in which no merge is under way: what one is merging already can't be merged by another.
    fn settled_writer_in<'a>(
        &self,
        slot: &'a mut Option<IndexWriter>,
    ) -> Result<&'a mut IndexWriter, IndexError> {
        if let Some(busy) = slot.take() {
            busy.wait_merging_threads().map_err(IndexError::failed("changed"))?;
        }
        self.writer_in(slot)
    }

    fn writer_in<'a>(&self, slot: &'a mut Option<IndexWriter>) -> Result<&'a mut IndexWriter, IndexError> {
        let writer = match slot.take() {
            Some(writer) => writer,
            None => {
                let failed = IndexError::failed("changed");
                let writer = writer::open(&self.index).map_err(&failed)?;
                self.clear_away().map_err(failed)?;
                writer
            }
        };
        Ok(slot.insert(writer))
    }

    /// Answers a question.
    ///
    /// # Errors
    ///
    /// [`SearchError::TooLong`], [`SearchError::TooDeep`], or [`SearchError::Failed`] if the index can't be read.
    pub fn search(&self, query: &Query) -> Result<Results, SearchError> {
        let searcher = self.reader.searcher();
        let known = Known {
            memory: &self.memory,
            tallies: &self.tallies,
            values: &self.values,
            in_order: self.in_order,
        };
        Question::new(query, searcher, &self.fields, known)?.answer()
    }
}

impl fmt::Debug for Index {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Index").field("people", &self.len()).finish_non_exhaustive()
    }
}

/// The part of an index that a file belongs to: only such files have names that begin with 32 hex digits.
pub(super) fn part_of(name: &str) -> Option<&str> {
    let part = name.split('.').next()?;
    (part.len() == 32 && part.bytes().all(|byte| byte.is_ascii_hexdigit())).then_some(part)
}

fn payload(index: &tantivy::Index) -> Result<Option<Payload>, IndexError> {
    let metas = index.load_metas().map_err(IndexError::failed("opened"))?;
    Ok(metas.payload.and_then(|payload| serde_json::from_str(&payload).ok()))
}

#[cfg(test)]
mod tests {
    use ids::PersonId;

    use super::*;
    use crate::search::PersonDoc;

    #[test]
    fn a_change_that_was_cut_off_before_its_end_is_made_again() {
        let dir = tempfile::tempdir().unwrap();
        let people: Vec<PersonId> = (0..3).map(|_| PersonId::new()).collect();
        let named = |person: PersonId, name: &str| Change::Upsert(Box::new(PersonDoc::new(person, name)));
        let changed = || [named(people[0], "李四")];
        Index::create(dir.path())
            .unwrap()
            .apply(people.iter().map(|&person| named(person, "张三")), 1)
            .unwrap();
        let list = dir.path().join("meta.json");
        let before = std::fs::read(&list).unwrap();
        Index::open(dir.path()).unwrap().apply(changed(), 2).unwrap();
        // The power failed when everything was written but the list of what there is.
        std::fs::write(&list, before).unwrap();
        let index = Index::open(dir.path()).unwrap();
        assert_eq!(index.search(&Query::new("李四")).unwrap().total, 0);
        index.apply(changed(), 2).unwrap();
        assert_eq!(index.search(&Query::new("李四")).unwrap().total, 1);
        assert_eq!((index.len(), index.old_files().unwrap()), (3, 0));
    }

    #[test]
    fn parts_that_were_read_beforehand_answer_and_go_like_any_other() {
        let dir = tempfile::tempdir().unwrap();
        let index = Index::create(dir.path()).unwrap();
        let person = PersonId::new();
        let named = |name: &str| [Change::Upsert(Box::new(PersonDoc::new(person, name)))];
        for (position, name) in [(1, "张三"), (2, "李四"), (3, "李四")] {
            index.apply(named(name), position).unwrap();
            index.warm().unwrap();
            index.warm().unwrap();
        }
        index.purge().unwrap();
        index.warm().unwrap();
        let found = |text: &str| index.search(&Query::new(text)).unwrap().total;
        assert_eq!((found("张三"), found("李四"), index.old_files().unwrap()), (0, 1, 0));
    }

    #[test]
    fn a_lock_that_is_let_go_in_a_moment_is_waited_for() {
        let dir = tempfile::tempdir().unwrap();
        drop(Index::create(dir.path()).unwrap());
        let index = Index::open(dir.path()).unwrap();
        let file = dir.path().join(&tantivy::directory::INDEX_WRITER_LOCK.filepath);
        let held = std::fs::File::options().write(true).create(true).truncate(false).open(file).unwrap();
        held.lock().unwrap();
        let holder = thread::spawn(move || {
            thread::sleep(Duration::from_millis(100));
            drop(held);
        });
        let person = PersonId::new();
        index.apply([Change::Upsert(Box::new(PersonDoc::new(person, "张三")))], 1).unwrap();
        holder.join().unwrap();
        assert_eq!(index.len(), 1);
    }
}
