//! What a dossier says of its own bytes.

use super::*;
use crate::{health, search};

#[test]
fn a_dossier_is_not_called_intact_for_bytes_that_came_after_they_were_read() {
    let school = search::tests::school();
    let person = PersonId::new();
    let named = |name: &str| {
        let facts = PersonRecord { name: name.to_owned(), ..PersonRecord::default() };
        let change = Change::of(person, "test").facts(Facts::Set(Box::new(facts)));
        keep(&school.office, &Actor::console(), vec![change]).unwrap();
    };
    let read = || health::check_now(&school.office, &Actor::console(), &|_, _| {}).unwrap();
    let says = || {
        let fixity = dossier(&school.office, person).unwrap().fixity;
        (fixity.intact, fixity.newer)
    };
    named("张三丰");
    assert_eq!(says(), (None, false), "never read");
    read();
    assert_eq!(says(), (Some(true), false));
    named("张三峰");
    assert_eq!(says(), (Some(true), true), "a version came since");
    read();
    assert_eq!(says(), (Some(true), false));
}
