//! The use register: every look is in it, and what is shown is marked.

use std::io::Cursor;

use api::Role;
use api::search::SearchQuery;
use archive::dossier::{Change, Facts, NewPhoto, PhotoKind};
use archive::person::PersonRecord;

use super::*;
use crate::dossier::Size;
use crate::search::{self, tests::School};

fn staff(account: &str, role: Role) -> Actor {
    let rights = role.rights().iter().copied().collect();
    let purpose = Some("学历证书核验".to_owned());
    // Known by an account of their own: what is noted once is noted once for each.
    Actor { user: UserId::new(), account: account.to_owned(), rights, purpose, ..Actor::appliance() }
}

/// A person with an identity number and a photo that is large enough to be a copy.
fn person(school: &School, name: &str) -> (PersonId, api::ids::PhotoId, Vec<u8>) {
    let mut png = Cursor::new(Vec::new());
    let shade = name.bytes().fold(0, u8::wrapping_add);
    image::RgbImage::from_pixel(300, 400, image::Rgb([shade, 90, 120]))
        .write_to(&mut png, image::ImageFormat::Png)
        .unwrap();
    let (person, bytes) = (PersonId::new(), png.into_inner());
    let facts = PersonRecord { name: name.to_owned(), ..PersonRecord::default() };
    let photo = NewPhoto::from_bytes(PhotoKind::Graduation, bytes.clone(), "a test").unwrap();
    let change = Change::of(person, "Roster of a test").facts(Facts::Set(Box::new(facts))).photo(photo);
    dossier::keep(&school.office, &Actor::console(), vec![change]).unwrap();
    crate::index::catch_up(&school.office).unwrap();
    let kept = dossier::dossier(&school.office, person).unwrap();
    (person, kept.photos[0].id, bytes)
}

/// Action, account and number of looks of each line, the latest first.
fn lines(uses: &Uses) -> Vec<(&str, &str, u64)> {
    uses.items.iter().map(|used| (used.action.as_str(), used.account.as_str(), used.count)).collect()
}

#[test]
fn whoever_looks_prints_or_unmasks_is_in_the_register_with_time_and_purpose() {
    let school = search::tests::school();
    let (registrar, desk) = (staff("registrar", Role::Registrar), staff("desk", Role::Admissions));
    let ((whom, photo, _), (_, other, _)) = (person(&school, "张三"), person(&school, "李四"));
    let office = &school.office;
    let before = Timestamp::now();

    for typed in ["张", "张三"] {
        let query = SearchQuery { q: typed.to_owned(), ..SearchQuery::default() };
        assert_eq!(search::find(office, &registrar, &query).unwrap().total, 1);
    }
    search::find(office, &registrar, &SearchQuery::default()).unwrap();
    dossier::read(office, &registrar, whom).unwrap();
    for size in [Size::Full, Size::Full, Size::Thumb] {
        dossier::image(office, &registrar, photo, size).unwrap();
    }
    dossier::image(office, &desk, photo, Size::Full).unwrap();
    dossier::image(office, &registrar, other, Size::Full).unwrap();
    dossier::reveal(office, &registrar, whom).unwrap();
    printed(office, &registrar, whom).unwrap();
    // What was refused was not seen.
    assert!(dossier::reveal(office, &desk, whom).is_err());
    assert!(printed(office, &Actor { purpose: None, ..desk.clone() }, whom).is_err());

    let all = of_person(office, &registrar, whom, &UseQuery::default()).unwrap();
    assert_eq!(
        lines(&all),
        [
            ("dossier.print", "registrar", 1),
            ("numbers.reveal", "registrar", 1),
            ("photo.read", "desk", 1),
            ("photo.thumb", "registrar", 1),
            ("photo.read", "registrar", 2),
            ("dossier.read", "registrar", 1),
            ("person.looked_up", "registrar", 1),
        ]
    );
    assert!(all.items.iter().all(|used| used.purpose == "学历证书核验" && used.subject == whom.to_string()));
    assert!(all.items.iter().all(|used| before <= used.first && used.first <= used.at));

    // Narrowed; the look at the register is in it by now.
    let by_desk = UseQuery { account: Some("desk".to_owned()), ..UseQuery::default() };
    let pictures = UseQuery { kind: Some(UseKind::Picture), limit: 1, offset: 1, ..UseQuery::default() };
    let today = jiff::Zoned::now().date();
    let tomorrow = UseQuery { from: Some(today.tomorrow().unwrap()), ..UseQuery::default() };
    let just_today = UseQuery { from: Some(today), until: Some(today), ..UseQuery::default() };
    let of = |query: &UseQuery| of_person(office, &registrar, whom, query).unwrap();
    assert_eq!(lines(&of(&by_desk)), [("photo.read", "desk", 1)]);
    assert_eq!((lines(&of(&pictures)), of(&pictures).total), (vec![("photo.thumb", "registrar", 1)], 3));
    assert_eq!(of(&tomorrow).total, 0);
    assert_eq!(of(&just_today).total, 8);
    assert_eq!(dossier::dossier(office, whom).unwrap().uses.len(), 8);

    // By account, for whoever audits.
    let auditor = Actor { purpose: None, ..staff("auditor", Role::Auditor) };
    let by_registrar = UseQuery { account: Some("registrar".to_owned()), ..UseQuery::default() };
    let seen = of_accounts(office, &auditor, &by_registrar).unwrap();
    assert_eq!(seen.subjects, 2);
    assert!(lines(&seen).contains(&("photo.read", "registrar", 1)), "{:?}", lines(&seen));
    assert!(seen.accounts.iter().any(|one| one.account == "desk"));
    assert!(of_accounts(office, &registrar, &by_registrar).is_err());
    assert!(of_person(office, &auditor, whom, &UseQuery::default()).is_ok());
    let keeper = staff("keeper", Role::SystemAdmin);
    assert!(of_person(office, &keeper, whom, &UseQuery::default()).is_err());
}

#[test]
fn what_is_shown_is_marked_and_what_is_kept_is_not() {
    let school = search::tests::school();
    let registrar = staff("registrar", Role::Registrar);
    let (whom, photo, bytes) = person(&school, "张三");
    let view = |size| {
        let shown = dossier::image(&school.office, &registrar, photo, size).unwrap();
        assert_eq!(shown.media_type, "image/jpeg");
        image::load_from_memory(&shown.bytes).unwrap().into_rgb8()
    };
    let clean = image::load_from_memory(&bytes).unwrap().into_rgb8();
    for size in [Size::Full, Size::Thumb, Size::Thumb] {
        let shown = view(size);
        let ground = clean.get_pixel(0, 0).0[1];
        let marked = shown.pixels().filter(|pixel| pixel.0[1].abs_diff(ground) > 20).count();
        assert!(marked > 500, "{marked} pixels of {size:?} are marked");
    }
    assert_eq!(view(Size::Full).dimensions(), clean.dimensions());
    // Byte for byte what came, wherever it is not shown: kept, compared, and small in the cache.
    let kept = school.office.catalog.read(|conn| archive::db::catalog::photo::get(conn, photo)).unwrap();
    assert_eq!(dossier::photo_bytes(&school.office, whom, &kept.unwrap().1).unwrap(), bytes);
    let cached: Vec<_> = std::fs::read_dir(&school.office.paths.cache).unwrap().collect();
    let cached = image::open(cached[0].as_ref().unwrap().path()).unwrap().into_rgb8();
    let ground = cached.get_pixel(0, 0).0[1];
    assert!(cached.pixels().all(|pixel| pixel.0[1].abs_diff(ground) < 8), "the cache is marked");
}

#[test]
fn whoever_is_found_with_every_key_is_noted_once() {
    let found = Found::default();
    let (who, other, whom) = (UserId::new(), UserId::new(), PersonId::new());
    assert!(found.is_news(who, whom));
    assert!(!found.is_news(who, whom));
    assert!(found.is_news(other, whom));
    assert!(found.is_news(who, PersonId::new()));
}
