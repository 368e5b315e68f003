//! The index on disk: opening, changing, asking.

use std::{
    collections::{HashMap, HashSet},
    fmt,
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
    thread,
    time::Duration,
};

use serde::{Deserialize, Serialize};
use tantivy::{
    DocAddress, IndexReader, IndexWriter, Order, ReloadPolicy, Searcher, SegmentMeta, TantivyDocument,
    collector::{
        Count, DocSetCollector, TopDocs,
        sort_key::{SortBySimilarityScore, SortByString},
    },
    index::{SegmentComponent, SegmentId},
    schema::Value,
};

use super::{
    Change, Facets, IndexError, Mode, PersonDoc, Query, Results, SearchError, Sort, Tried,
    collect::{FacetCollector, Without, most_frequent},
    highlight,
    plan::{self, Asked, Word},
    schema::{self, Fields, LAYOUT},
    suggest,
};

/// Memory for documents not yet on disk, in bytes.
const WRITER_MEMORY: usize = 64 << 20;
/// How often and after what pause a purge tries to delete files that questions under way still read.
const PURGE_TRIES: u32 = 30;
const PURGE_PAUSE: Duration = Duration::from_millis(100);
/// How far down a list can be read.
const MAX_DEPTH: usize = 100_000;
/// How many hits a page may have.
const MAX_PAGE: usize = 500;

/// The index. Share it by reference: questions run beside each other and beside changes.
pub struct Index {
    folder: PathBuf,
    index: tantivy::Index,
    reader: IndexReader,
    fields: Fields,
    /// Made at the first change, so that a process that only asks locks nobody out.
    writer: Mutex<Option<IndexWriter>>,
}

/// What each commit says about itself.
#[derive(Serialize, Deserialize)]
struct Payload {
    layout: String,
    position: u64,
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
        let (schema, fields) = schema::schema();
        let index = tantivy::Index::create_in_dir(folder, schema).map_err(|error| match error {
            tantivy::TantivyError::IndexAlreadyExists => IndexError::Exists(folder.to_owned()),
            error => IndexError::failed("created")(error),
        })?;
        let made = Self::with(folder, index, fields)?;
        made.apply([], 0)?;
        Ok(made)
    }

    /// Opens the index in a folder.
    ///
    /// # Errors
    ///
    /// [`IndexError::Missing`] or [`IndexError::OtherLayout`]: the caller makes a new one from the archive.
    pub fn open(folder: &Path) -> Result<Self, IndexError> {
        if !folder.join("meta.json").is_file() {
            return Err(IndexError::Missing(folder.to_owned()));
        }
        let index = tantivy::Index::open_in_dir(folder).map_err(IndexError::failed("opened"))?;
        let (schema, fields) = schema::schema();
        let payload = payload(&index)?;
        let found = payload.map_or_else(|| "unknown".to_owned(), |payload| payload.layout);
        if found != LAYOUT || index.schema() != schema {
            return Err(IndexError::OtherLayout { found, wanted: LAYOUT.to_owned() });
        }
        Self::with(folder, index, fields)
    }

    fn with(folder: &Path, mut index: tantivy::Index, fields: Fields) -> Result<Self, IndexError> {
        index.set_tokenizers(schema::tokenizers());
        let reader = index.reader_builder().reload_policy(ReloadPolicy::Manual).try_into();
        let reader = reader.map_err(IndexError::failed("opened"))?;
        Ok(Self { folder: folder.to_owned(), index, reader, fields, writer: Mutex::new(None) })
    }

    /// The position in the outbox up to which the index is true.
    ///
    /// # Errors
    ///
    /// [`IndexError::Failed`] if the index can't be read.
    pub fn position(&self) -> Result<u64, IndexError> {
        Ok(payload(&self.index)?.map_or(0, |payload| payload.position))
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
        let mut guard = self.writer();
        let at = self.position()?;
        if position < at {
            return Err(IndexError::GoingBack { at, asked: position });
        }
        let writer = self.writer_in(&mut guard)?;
        let committed = self.write(writer, changes, position);
        if committed.is_err() {
            // The next change starts from what is on disk.
            *guard = None;
        }
        committed.and_then(|()| self.reader.reload()).map_err(IndexError::failed("changed"))
    }

    fn write(
        &self,
        writer: &mut IndexWriter,
        changes: impl IntoIterator<Item = Change>,
        position: u64,
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
        self.commit(writer, position)
    }

    /// Commits, durably: tantivy syncs the list of an index's parts, and not the name under which it puts the list in its
    /// place.
    fn commit(&self, writer: &mut IndexWriter, position: u64) -> tantivy::Result<()> {
        let payload = Payload { layout: LAYOUT.to_owned(), position };
        let payload = serde_json::to_string(&payload)
            .map_err(|error| tantivy::TantivyError::InternalError(error.to_string()))?;
        let mut prepared = writer.prepare_commit()?;
        prepared.set_payload(&payload);
        prepared.commit()?;
        Ok(fs_err::File::open(&self.folder)?.sync_all()?)
    }

    /// Rewrites every part of the index that still holds bytes of people who were removed or changed, and deletes
    /// the old files. Call it before saying that somebody is forgotten.
    ///
    /// # Errors
    ///
    /// As [`apply`](Self::apply); and [`IndexError::StillRead`] if questions under way keep old files open for longer
    /// than a few seconds. Then call it again.
    pub fn purge(&self) -> Result<(), IndexError> {
        let failed = IndexError::failed("purged");
        let mut guard = self.writer();
        let position = self.position()?;
        let writer = self.writer_in(&mut guard)?;
        let stale = self.stale_segments()?;
        if !stale.is_empty() {
            writer.merge(&stale).wait().map_err(&failed)?;
            self.commit(writer, position).map_err(&failed)?;
        }
        self.reader.reload().map_err(&failed)?;
        for _ in 0..PURGE_TRIES {
            writer.garbage_collect_files().wait().map_err(&failed)?;
            if self.old_files()? == 0 {
                return Ok(());
            }
            thread::sleep(PURGE_PAUSE);
        }
        Err(IndexError::StillRead)
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

    fn writer_in<'a>(&self, slot: &'a mut Option<IndexWriter>) -> Result<&'a mut IndexWriter, IndexError> {
        let writer = match slot.take() {
            Some(writer) => writer,
            None => {
                let failed = IndexError::failed("changed");
                let writer = self.index.writer_with_num_threads(1, WRITER_MEMORY).map_err(&failed)?;
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
        if query.offset.saturating_add(query.limit) > MAX_DEPTH {
            return Err(SearchError::TooDeep { max: MAX_DEPTH });
        }
        let words = plan::words(query)?;
        let question = Question { searcher: self.reader.searcher(), fields: &self.fields, query, words };
        let mut results = Results::default();
        if query.mode != Mode::Pinyin {
            question.find_exact(&mut results)?;
        }
        if query.mode != Mode::Exact {
            question.find_sounding(&mut results)?;
        }
        if results.total == 0 && results.pinyin_total == 0 {
            question.suggest(&mut results)?;
        }
        Ok(results)
    }
}

impl fmt::Debug for Index {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Index").field("people", &self.len()).finish_non_exhaustive()
    }
}

/// The part of an index that a file belongs to: only such files have names that begin with 32 hex digits.
fn part_of(name: &str) -> Option<&str> {
    let part = name.split('.').next()?;
    (part.len() == 32 && part.bytes().all(|byte| byte.is_ascii_hexdigit())).then_some(part)
}

fn payload(index: &tantivy::Index) -> Result<Option<Payload>, IndexError> {
    let metas = index.load_metas().map_err(IndexError::failed("opened"))?;
    Ok(metas.payload.and_then(|payload| serde_json::from_str(&payload).ok()))
}

/// The document stored at an address.
pub(super) fn stored(
    searcher: &Searcher,
    fields: &Fields,
    address: DocAddress,
) -> Result<Option<PersonDoc>, SearchError> {
    let doc: TantivyDocument = searcher.doc(address)?;
    let text = doc.get_first(fields.stored).and_then(|value| value.as_str());
    Ok(text.and_then(|text| serde_json::from_str(text).ok()))
}

/// A question on its way to an answer: one view of the index throughout.
struct Question<'a> {
    searcher: Searcher,
    fields: &'a Fields,
    query: &'a Query,
    words: Vec<Word>,
}

impl Question<'_> {
    fn find_exact(&self, results: &mut Results) -> Result<(), SearchError> {
        results.tried.push(Tried::Text);
        if self.words.iter().any(|word| word.is_id_number) {
            results.tried.push(Tried::IdNumber);
        }
        if self.words.iter().any(Word::is_mistyped_id_number) {
            results.tried.push(Tried::IdNumberMistyped);
        }
        let asked = self.fields.exact(&self.words, self.query);
        let (total, facets, page) = self.ask(&asked, &HashSet::new())?;
        results.total = total;
        results.facets = facets;
        for address in page {
            let doc = stored(&self.searcher, self.fields, address)?;
            results.exact.extend(doc.and_then(|doc| highlight::exact_hit(&doc, &self.words)));
        }
        Ok(())
    }

    fn find_sounding(&self, results: &mut Results) -> Result<(), SearchError> {
        let Some(asked) = self.fields.sounding(&self.words, self.query) else { return Ok(()) };
        results.tried.push(Tried::Pinyin);
        let exact =
            self.searcher.search(&self.fields.containing(&self.words, self.query), &DocSetCollector)?;
        let (total, _, page) = self.ask(&asked, &exact)?;
        results.pinyin_total = total;
        for address in page {
            let doc = stored(&self.searcher, self.fields, address)?;
            results.pinyin.extend(doc.map(|doc| highlight::sounding_hit(&doc, &self.words)));
        }
        Ok(())
    }

    fn suggest(&self, results: &mut Results) -> Result<(), SearchError> {
        for word in self.words.iter().filter(|word| suggest::is_number(word)) {
            results.tried.push(Tried::NearNumbers);
            results.suggestions.extend(suggest::near(&self.searcher, self.fields, word)?);
        }
        Ok(())
    }

    /// How many there are, how they are spread, and one page of them in the wanted order; some left out.
    fn ask(
        &self,
        asked: &Asked,
        left_out: &HashSet<DocAddress>,
    ) -> Result<(usize, Facets, Vec<DocAddress>), SearchError> {
        let limit = self.query.limit.min(MAX_PAGE);
        let top = TopDocs::with_limit(limit.max(1)).and_offset(self.query.offset);
        let number = || (SortByString::for_field("by_number"), Order::Asc);
        let (total, facets, mut page) = match self.query.sort {
            Sort::Relevance => self.run(asked, left_out, top.order_by((SortBySimilarityScore, number())))?,
            Sort::Name => self.run(
                asked,
                left_out,
                top.order_by(((SortByString::for_field("by_name"), Order::Asc), number())),
            )?,
            Sort::StudentNumber => self.run(asked, left_out, top.order_by(number()))?,
            Sort::Year => self.run(
                asked,
                left_out,
                top.order_by(((SortByString::for_field("year"), Order::Desc), number())),
            )?,
        };
        page.truncate(limit);
        Ok((total, facets, page))
    }

    fn run<K: Send + 'static>(
        &self,
        asked: &Asked,
        left_out: &HashSet<DocAddress>,
        top: impl tantivy::collector::Collector<Fruit = Vec<(K, DocAddress)>>,
    ) -> Result<(usize, Facets, Vec<DocAddress>), SearchError> {
        let (total, counts, page) =
            self.searcher.search(asked, &Without { inner: (Count, FacetCollector, top), left_out })?;
        Ok((total, facets(counts), page.into_iter().map(|(_, address)| address).collect()))
    }
}

/// The counts in the order of [`super::collect::FACETS`], each under its name.
fn facets(counts: Vec<HashMap<String, usize>>) -> Facets {
    let mut counts = counts.into_iter().map(most_frequent);
    let mut next = || counts.next().unwrap_or_default();
    let mut facets =
        Facets { years: next(), colleges: next(), majors: next(), classes: next(), photo_states: next() };
    facets.years.sort_by(|a, b| b.value.cmp(&a.value));
    facets
}

#[cfg(test)]
mod tests {
    use ids::PersonId;

    use super::*;

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
}
