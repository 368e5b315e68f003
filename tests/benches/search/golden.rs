//! Whether every question finds exactly whom reading everybody finds.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use anyhow::{Result, ensure};
use archive::search::{Index, PersonDoc};
use bag::crew;
use ids::PersonId;

use crate::exact;
use crate::reader::Reader;

/// How many hits a page holds at most; larger answers are compared by their number.
const PAGE: usize = 500;

/// Every question finds everybody it should and nobody else.
pub(crate) fn golden(
    index: &Index,
    people: &[PersonDoc],
    reader: &Reader,
    questions: &[String],
) -> Result<()> {
    let (whole, empty) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let begun = Instant::now();
    crew::in_order(crew::cores(), questions, |question| -> Result<()> {
        let wanted = reader.find(question);
        let found = index.search(&exact(question, PAGE))?;
        ensure!(
            found.total == wanted.len(),
            "{question}: {} were found, {} should be",
            found.total,
            wanted.len()
        );
        if wanted.len() <= PAGE {
            let nobody = wanted.is_empty();
            let wanted: BTreeSet<PersonId> =
                wanted.into_iter().filter_map(|person| people.get(person)).map(|doc| doc.person).collect();
            let found: BTreeSet<PersonId> = found.exact.iter().map(|hit| hit.doc.person).collect();
            ensure!(found == wanted, "{question}: others were found than should be");
            whole.fetch_add(1, Ordering::Relaxed);
            empty.fetch_add(usize::from(nobody), Ordering::Relaxed);
        }
        Ok(())
    })?;
    println!(
        "{} questions found exactly whom reading everybody finds: {} by name ({} of them nobody), the others by number; {:.1?}",
        questions.len(),
        whole.into_inner(),
        empty.into_inner(),
        begun.elapsed()
    );
    Ok(())
}
