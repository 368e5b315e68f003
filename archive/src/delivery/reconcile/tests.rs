use proptest::prelude::*;
use proptest::sample::Index;

use super::*;

/// One way to spoil a delivery, or a photo that comes good.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Fate {
    Good,
    NotDelivered,
    NoToken,
    AcceptedBefore,
    AcceptedBeforeAndAgain,
    Twice,
    Damaged,
    OtherPerson,
    Unsure,
    CapturedLate,
    CapturedEarly,
    NotListed,
}

fn fate() -> impl Strategy<Value = Fate> {
    prop_oneof![
        12 => Just(Fate::Good),
        1 => Just(Fate::NotDelivered),
        1 => Just(Fate::NoToken),
        1 => Just(Fate::AcceptedBefore),
        1 => Just(Fate::AcceptedBeforeAndAgain),
        1 => Just(Fate::Twice),
        1 => Just(Fate::Damaged),
        1 => Just(Fate::OtherPerson),
        1 => Just(Fate::Unsure),
        1 => Just(Fate::CapturedLate),
        1 => Just(Fate::CapturedEarly),
        1 => Just(Fate::NotListed),
    ]
}

fn dates() -> Dates {
    Dates {
        capture_from: "2026-09-01".parse().unwrap(),
        capture_until: "2026-09-10".parse().unwrap(),
        deliver_by: "2026-09-20".parse().unwrap(),
        zone: TimeZone::fixed(jiff::tz::offset(8)),
    }
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn in_time() -> Timestamp {
    at("2026-09-15T10:00:00+08:00")
}

fn photo(n: usize, named: Named) -> Delivered {
    let mut sha256 = [0; 32];
    sha256[..8].copy_from_slice(&(n as u64 + 1).to_be_bytes());
    Delivered {
        named,
        sha256,
        captured: Some(at("2026-09-05T10:00:00+08:00")),
        findings: Vec::new(),
        face: Face::Match(0.8),
    }
}

fn awaited(n: usize) -> Awaited {
    Awaited { person: PersonId::new(), token: Some(format!("T{n}")), accepted: false }
}

fn roster(len: usize) -> Roster {
    Roster::new((0..len).map(awaited).collect())
}

fn token(n: usize) -> Named {
    Named::Token(format!("T{n}"))
}

fn codes(judged: &Judged) -> Vec<&str> {
    judged.findings.iter().map(|finding| finding.code.as_str()).collect()
}

/// The delivery that these fates make of a roster, and what each of its photos should be found to be.
fn spoil(fates: &[Fate]) -> (Roster, Vec<(Delivered, ItemState)>, usize) {
    let (mut people, mut photos, mut missing) = (Vec::new(), Vec::new(), 0);
    for (n, &fate) in fates.iter().enumerate() {
        let mut person = awaited(n);
        let mut good = photo(n, token(n));
        let state = match fate {
            Fate::Good | Fate::Twice => ItemState::Good,
            Fate::NotDelivered => {
                missing += 1;
                people.push(person);
                continue;
            }
            Fate::NoToken => {
                missing += 1;
                person.token = None;
                people.push(person);
                continue;
            }
            Fate::AcceptedBefore => {
                person.accepted = true;
                people.push(person);
                continue;
            }
            Fate::AcceptedBeforeAndAgain => {
                person.accepted = true;
                ItemState::Extra
            }
            Fate::Damaged => {
                good.findings.push(Finding::failed("IMG-04", Severity::Block));
                good.face = Face::NotCompared;
                ItemState::Wrong
            }
            Fate::OtherPerson => {
                good.face = Face::NoMatch(0.1);
                ItemState::Wrong
            }
            Fate::Unsure => {
                good.face = Face::Unsure(0.35);
                ItemState::Doubtful
            }
            Fate::CapturedLate => {
                good.captured = Some(at("2026-09-11T00:00:00+08:00"));
                ItemState::Late
            }
            Fate::CapturedEarly => {
                good.captured = Some(at("2026-08-31T23:59:59+08:00"));
                ItemState::Late
            }
            Fate::NotListed => {
                good.captured = None;
                ItemState::Wrong
            }
        };
        if fate == Fate::Twice {
            photos.push((good.clone(), ItemState::Good));
            good.sha256[31] = 1;
            photos.push((good, ItemState::Extra));
        } else {
            photos.push((good, state));
        }
        people.push(person);
    }
    (Roster::new(people), photos, missing)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    /// Whatever is spoilt on the vendor's way, each defect is found, in the photo that has it, and none is invented.
    #[test]
    fn every_defect_is_found_and_none_is_invented(
        fates in proptest::collection::vec(fate(), 0..60),
        strangers in proptest::collection::vec((any::<Index>(), 0..3_u8), 0..5),
        swap in any::<Index>(),
    ) {
        let (roster, mut photos, missing) = spoil(&fates);
        for (n, (place, kind)) in strangers.iter().enumerate() {
            let name = format!("STRANGER{n}");
            let named = match kind {
                0 => Named::Token(name),
                1 => Named::Forged(name),
                _ => Named::Other(name),
            };
            photos.insert(place.index(photos.len() + 1), (photo(1000 + n, named), ItemState::Extra));
        }
        // The order in which files come is not the roster's; of two under one token the first stays first.
        if !fates.contains(&Fate::Twice) && !photos.is_empty() {
            let middle = swap.index(photos.len());
            photos.rotate_left(middle);
        }
        let (given, wanted): (Vec<_>, Vec<_>) = photos.into_iter().unzip();
        let found = reconcile(&roster, &dates(), in_time(), given.clone(), &[]);
        let states: Vec<_> = found.photos.iter().map(|photo| photo.state).collect();
        prop_assert_eq!(&states, &wanted);
        prop_assert_eq!(found.missing.len(), missing);
        prop_assert!(found.photos.iter().zip(&wanted).all(|(photo, state)| *state != ItemState::Good || photo.findings.is_empty()));
        let all_good = missing == 0 && wanted.iter().all(|state| state.is_acceptable());
        prop_assert_eq!(found.is_complete_and_correct(), all_good);
        let counted: u64 = found.tally().findings.iter().filter(|count| count.group == Group::Missing).map(|count| count.count).sum();
        prop_assert_eq!(counted, missing as u64);
        // Whoever does it again gets the same.
        prop_assert_eq!(reconcile(&roster, &dates(), in_time(), given, &[]), found);
    }

    /// Every person of the roster is accounted for exactly once: accepted before, delivered, or missing.
    #[test]
    fn nobody_is_lost(fates in proptest::collection::vec(fate(), 0..60)) {
        let (roster, photos, _) = spoil(&fates);
        let given = photos.into_iter().map(|(photo, _)| photo).collect();
        let found = reconcile(&roster, &dates(), in_time(), given, &[]);
        let first_of = |photo: &&Judged| photo.state != ItemState::Extra;
        let mut people: Vec<_> = found.photos.iter().filter(first_of).chain(&found.missing).filter_map(|item| item.person).collect();
        people.extend(roster.people.iter().filter(|awaited| awaited.accepted).map(|awaited| awaited.person));
        people.sort();
        let mut wanted: Vec<_> = roster.people.iter().map(|awaited| awaited.person).collect();
        wanted.sort();
        prop_assert_eq!(people, wanted);
    }
}

#[test]
fn a_delivery_after_its_day_makes_every_photo_late() {
    let photos = vec![photo(0, token(0)), photo(1, token(1))];
    let found = reconcile(&roster(2), &dates(), at("2026-09-21T00:00:00+08:00"), photos.clone(), &[]);
    assert_eq!(found.count(ItemState::Late), 2);
    assert_eq!(found.photos[0].findings[0].limit.as_deref(), Some("2026-09-20"));
    let found = reconcile(&roster(2), &dates(), at("2026-09-20T23:59:59+08:00"), photos, &[]);
    assert!(found.is_complete_and_correct());
}

#[test]
fn one_file_under_two_tokens_is_wrong_where_it_does_not_match() {
    let mut other = photo(0, token(1));
    other.face = Face::Unsure(0.3);
    let found = reconcile(&roster(2), &dates(), in_time(), vec![photo(0, token(0)), other], &[]);
    assert_eq!([found.photos[0].state, found.photos[1].state], [ItemState::Good, ItemState::Wrong]);
    assert_eq!(codes(&found.photos[1]), ["FACE-UNSURE", "SAME-FILE-TWICE"]);
}

#[test]
fn one_file_under_two_tokens_is_wrong_for_both_when_nobody_can_say_whose_it_is() {
    for face in [Face::Match(0.9), Face::NotCalibrated(None)] {
        let mut photos = vec![photo(0, token(0)), photo(0, token(1))];
        photos.iter_mut().for_each(|photo| photo.face = face);
        let found = reconcile(&roster(2), &dates(), in_time(), photos, &[]);
        assert_eq!(found.count(ItemState::Wrong), 2, "{face:?}");
    }
}

#[test]
fn one_face_under_two_tokens_is_for_a_person_to_look_at_where_it_does_not_match() {
    let mut photos = vec![photo(0, token(0)), photo(1, token(1)), photo(2, token(2))];
    photos[2].face = Face::NoReference;
    let found = reconcile(&roster(3), &dates(), in_time(), photos, &[(0, 1), (0, 2)]);
    let states: Vec<_> = found.photos.iter().map(|photo| photo.state).collect();
    assert_eq!(states, [ItemState::Good, ItemState::Good, ItemState::Doubtful]);
    assert_eq!(found.tally().unsettled, 1);
}

#[test]
fn without_a_calibration_every_face_is_for_a_person_to_judge() {
    let mut photos = vec![photo(0, token(0))];
    photos[0].face = Face::NotCalibrated(Some(0.7));
    let found = reconcile(&roster(1), &dates(), in_time(), photos, &[]);
    assert_eq!(found.photos[0].state, ItemState::Doubtful);
    assert_eq!(codes(&found.photos[0]), ["FACE-NOT-CALIBRATED"]);
    assert!(found.is_complete_and_correct());
}

#[test]
fn a_finding_that_passed_or_could_not_be_measured_says_nothing_against_a_photo() {
    let mut photos = vec![photo(0, token(0))];
    for status in [super::super::finding::Status::Passed, super::super::finding::Status::NotMeasurable] {
        photos[0].findings.push(Finding { status, ..Finding::failed("IMG-08", Severity::Block) });
    }
    let found = reconcile(&roster(1), &dates(), in_time(), photos, &[]);
    assert_eq!(found.photos[0].state, ItemState::Good);
    assert_eq!(found.tally().findings, []);
    assert_eq!(found.tally().first_pass(), 1.0);
}
