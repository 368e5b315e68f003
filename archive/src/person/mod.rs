//! Small rules about people: their numbers, their names, and how much of either is shown.
//!
//! Everything here is a pure value or a pure function. Values that hold personal data print nothing of it
//! with `{:?}`, so that a careless log line gives nobody away.

mod certificate;
mod fold;
mod id_number;
mod mask;
mod numbers;
mod record;

pub use certificate::{CertificateNumber, CertificateNumberError, Level, SchoolType};
pub use fold::{Folded, NameOddity, fold, fold_char, is_han, name_oddities};
pub use id_number::{IdNumber, IdNumberError, Sex};
pub use mask::{NameMask, mask_id_number, mask_name, mask_number};
pub use numbers::{Batch, Duplicate, Numbered, Numbers, Series, numbers};
pub use record::{DocumentKind, PersonRecord, StudyYears, StudyYearsError};
