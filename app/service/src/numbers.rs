//! The numbers of all diplomas together.

use api::Right;
use api::diploma::{Batch, Duplicate, Gap, Malformed, Numbers, Series};
use archive::db::catalog::diploma;
use archive::person::{self, CertificateNumber};

use crate::{Actor, Office, Result, word};

/// Looks through the numbers of every diploma: gaps and batches of each series, what is there twice, what is no number.
///
/// # Errors
///
/// Without the right `import`: whoever keeps the register reads its numbers.
pub fn list(office: &Office, actor: &Actor) -> Result<Numbers> {
    actor.may(Right::Import)?;
    let found = person::numbers(office.catalog.read(diploma::numbers)?);
    let malformed = found.malformed.into_iter().map(|(number, person)| {
        let error = number.parse::<CertificateNumber>().err();
        Malformed { code: error.map(|error| error.code().to_owned()).unwrap_or_default(), number, person }
    });
    Ok(Numbers {
        numbers: found.numbers,
        missing: found.series.iter().map(person::Series::missing).sum(),
        malformed: malformed.collect(),
        duplicates: found
            .duplicates
            .into_iter()
            .map(|person::Duplicate { number, people }| Duplicate { number, people })
            .collect(),
        series: found.series.iter().map(series).collect(),
    })
}

fn series(found: &person::Series) -> Series {
    let number = found.written(found.first).parse::<CertificateNumber>().ok();
    let gap = |&(from, to): &(u32, u32)| Gap {
        from: found.written(from),
        to: found.written(to),
        count: u64::from(to - from) + 1,
    };
    let batch = |batch: &person::Batch| Batch {
        graduated: batch.graduated,
        first: found.written(batch.first),
        last: found.written(batch.last),
        count: batch.count,
    };
    Series {
        prefix: found.prefix.clone(),
        year: number.as_ref().map(CertificateNumber::year).unwrap_or_default(),
        level: number.map(|number| word(&number.level())).unwrap_or_default(),
        first: found.written(found.first),
        last: found.written(found.last),
        count: found.count,
        missing: found.missing(),
        gaps: found.gaps.iter().map(gap).collect(),
        batches: found.batches.iter().map(batch).collect(),
    }
}
