//! A look at the index, and what the catalog says of whoever has changed since.
//!
//! A document says of a person what the catalog said when it was written. The queue names everybody who has changed since,
//! and forgets them only when the index has the change. So whoever looks into the index first and into the queue afterwards
//! knows which documents are behind, unless the queue has forgotten something in between; that is counted.

use std::{
    collections::HashMap,
    sync::{Arc, atomic::Ordering},
};

use api::ids::PersonId;
use archive::db::catalog::to_index;
use archive::search::{Change, Index, PersonDoc};

use super::{changes, get};
use crate::{Office, Result};

/// A look at the index.
pub(crate) struct View {
    index: Arc<Index>,
    /// How often the queue had forgotten changes before anything was asked.
    forgotten: u64,
}

impl View {
    /// Looks at the index in use.
    ///
    /// # Errors
    ///
    /// As [`get`].
    pub(crate) fn of(office: &Office) -> Result<Self> {
        let forgotten = office.index.forgotten.load(Ordering::SeqCst);
        Ok(Self { index: get(office)?, forgotten })
    }

    /// What is asked.
    pub(crate) fn index(&self) -> &Index {
        &self.index
    }

    /// Those of these people whose documents may be behind, as the catalog knows them now; nothing for whoever is gone.
    /// Ask when the documents were found.
    ///
    /// # Errors
    ///
    /// When the catalog can't be read.
    pub(crate) fn newer(
        &self,
        office: &Office,
        people: &[PersonId],
    ) -> Result<HashMap<PersonId, Option<PersonDoc>>> {
        let waiting = office.catalog.read(|conn| to_index::waiting(conn, people))?;
        // An older index lacks some of what is shown.
        let all = self.index.is_older() || office.index.forgotten.load(Ordering::SeqCst) != self.forgotten;
        let now = changes(office, if all { people } else { &waiting })?;
        Ok(now
            .into_iter()
            .map(|change| match change {
                Change::Upsert(doc) => (doc.person, Some(*doc)),
                Change::Remove(person) => (person, None),
            })
            .collect())
    }
}
