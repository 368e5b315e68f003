//! Two people decide, one settles whose face it is, and what is accepted stands.

use std::collections::BTreeMap;

use api::delivery::{Confirm, Decision, DeliveryState, FaceWord, ItemQuery, Propose, Settle};
use api::ids::{DeliveryId, PersonId};
use api::job::JobState;
use api::usage::UseQuery;
use api::{ProblemCode, Role};
use archive::delivery::{SignedStatement, verify_receipt};
use archive::dossier::{Holdings, PhotoKind};
use bag::SafePath;

use super::school::{School, actor_with_purpose, adopt_calibration, code, drawn, faces, judging, school};
use crate::{Actor, delivery, receipt};

#[test]
fn every_planted_defect_is_found_two_people_accept_the_rest_and_the_receipt_stands_alone() {
    let school = school();
    let Some(faces) = faces(&school.office, 9) else { return };
    adopt_calibration(&school);
    let admission: Vec<_> = faces.iter().map(|(first, _)| first.clone()).collect();
    let people = school.enrol_people(&admission[..8]);
    let good = |n: usize| (people[n].1.clone(), faces[n].1.clone());
    let photos = vec![
        good(0),
        good(1),
        good(2),
        good(3),
        // 4: nothing comes. 5: another person's face. 6: the file of 0 once more. 7: no photo at all.
        (people[5].1.clone(), faces[8].1.clone()),
        (people[6].1.clone(), faces[0].1.clone()),
        (people[7].1.clone(), b"\xFF\xD8\xFF no photo".to_vec()),
        // Nobody's: a forged token, and a name that is no token.
        ("XC0123456789ABCDEFGHJKMNPQRS".to_owned(), faces[8].0.clone()),
        ("holiday".to_owned(), faces[8].0.clone()),
    ];
    let id = school.deliver(&school.parcel(&photos));
    assert_eq!(school.work(id), JobState::Done);
    let report = school.get(id).report.unwrap();
    let counts = (report.roster, report.photos, report.extra, report.missing, report.wrong, report.late);
    assert_eq!(counts, (8, 9, 2, 1, 3, 0), "{report:?}");
    let defects: BTreeMap<_, _> = school
        .seen_by_vendor(id)
        .defects
        .into_iter()
        .map(|defect| (defect.token, (defect.group, defect.codes)))
        .collect();
    assert_eq!(defects.len(), 6);
    assert_eq!(defects[&people[4].1], ("missing".to_owned(), vec!["NOT-DELIVERED".to_owned()]));
    // That the forged file below shows the same stranger is a hint for the school's people, no defect of its own.
    assert_eq!(defects[&people[5].1].1, ["FACE-NOT-SAME"]);
    assert!(defects[&people[6].1].1.contains(&"SAME-FILE-TWICE".to_owned()));
    // The two files that are nobody's have the same bytes.
    assert_eq!(defects["XC0123456789ABCDEFGHJKMNPQRS"].1, ["TOKEN-FORGED", "SAME-FILE-TWICE"]);
    assert_eq!(defects["holiday"].1, ["NAME-NOT-A-TOKEN", "SAME-FILE-TWICE"]);

    let items = delivery::items(&school.office, &school.registrar, id, &ItemQuery::default()).unwrap();
    assert_eq!(items.total, 10);
    assert!(items.items.iter().filter_map(|item| item.name.as_ref()).all(|name| name.contains('*')));
    let shown = items.items.iter().find(|item| item.person == Some(people[0].0)).unwrap();
    let (bytes, kind) =
        delivery::item_image(&school.office, &school.registrar, id, shown.number, crate::dossier::Size::Full)
            .unwrap();
    let size = |bytes: &[u8]| image::load_from_memory(bytes).unwrap().into_rgb8().dimensions();
    assert_eq!((size(&bytes), kind), (size(&faces[0].1), "image/jpeg"));
    assert_ne!(bytes, faces[0].1, "a view is marked");
    let uses = crate::usage::of_person(&school.office, &school.registrar, people[0].0, &UseQuery::default());
    assert!(uses.unwrap().items.iter().any(|used| used.action == "delivery.photo"));

    let propose = |actor: &Actor, decision, reason: &str| {
        let propose = Propose { decision, reason: reason.to_owned() };
        delivery::propose(&school.office, actor, id, &propose)
    };
    assert_eq!(code(propose(&school.registrar, Decision::Accept, "")), ProblemCode::BadField);
    assert_eq!(code(propose(&school.registrar, Decision::AcceptPart, "")), ProblemCode::BadField);
    propose(&school.registrar, Decision::AcceptPart, "the rest again").unwrap();
    let confirm = |actor: &Actor| delivery::confirm(&school.office, actor, id, &Confirm { confirm: true });
    assert_eq!(code(confirm(&school.registrar)), ProblemCode::SamePerson);
    confirm(&school.it).unwrap();
    assert_eq!(school.work(id), JobState::Done);
    assert_eq!(school.get(id).state, DeliveryState::Accepted);
    assert_eq!(school.quarantined(), 0);
    let holdings = Holdings::new(&school.office.archive, &school.office.catalog);
    for (n, (person, token)) in people.iter().enumerate() {
        let (dossier, _) = holdings.dossier(*person).unwrap().unwrap();
        let kept = dossier.current(PhotoKind::Graduation);
        assert_eq!(kept.is_some(), n < 4, "person {n}");
        if let Some(kept) = kept {
            assert_eq!((kept.delivery, kept.token.as_ref()), (Some(id), Some(token)));
            assert_eq!(holdings.photo(*person, kept).unwrap().unwrap(), faces[n].1);
        }
    }
    receipt_stands_alone(&school, id, &people[..4]);
    // The board shows accepted photos from the archive, and of the others that they are gone.
    let items = delivery::items(&school.office, &school.registrar, id, &ItemQuery::default()).unwrap().items;
    for item in &items {
        let of = people.iter().take(4).find(|(person, _)| item.person == Some(*person));
        let archived = of.and_then(|(person, _)| {
            holdings.dossier(*person).unwrap().unwrap().0.current(PhotoKind::Graduation).map(|photo| photo.id)
        });
        assert_eq!((item.archived, item.has_image), (archived, false), "item {}", item.number);
    }
    assert_eq!(items.iter().filter(|item| item.archived.is_some()).count(), 4);

    // The second round holds what was missing; what was accepted before is one too many.
    let second = school.deliver(&school.parcel(&[good(0), good(4), good(5), good(6), good(7)]));
    assert_eq!(school.work(second), JobState::Done);
    let report = school.get(second).report.unwrap();
    let counts = (report.extra, report.missing, report.wrong, report.late, report.doubtful);
    assert_eq!(counts, (1, 0, 0, 0, report.doubtful), "{report:?}");
}

#[test]
fn bytes_that_changed_after_the_check_are_not_accepted() {
    let school = school();
    let Some(faces) = faces(&school.office, 2) else { return };
    adopt_calibration(&school);
    let admission: Vec<_> = faces.iter().map(|(first, _)| first.clone()).collect();
    let people = school.enrol_people(&admission);
    let photos: Vec<_> =
        people.iter().zip(&faces).map(|((_, token), (_, second))| (token.clone(), second.clone())).collect();
    let id = school.deliver(&school.parcel(&photos));
    assert_eq!(school.work(id), JobState::Done);
    let propose = Propose { decision: Decision::Accept, reason: String::new() };
    delivery::propose(&school.office, &school.registrar, id, &propose).unwrap();
    let confirm = || delivery::confirm(&school.office, &school.it, id, &Confirm { confirm: true }).unwrap();

    let name = SafePath::new(format!("photos/{}.jpg", people[1].1)).unwrap();
    let file = crate::delivery::quarantine(&school.office).unwrap().file(id, &name).unwrap();
    let mut rotten = photos[1].1.clone();
    rotten[1000] ^= 1;
    fs_err::write(&file, &rotten).unwrap();
    confirm();
    assert_eq!(school.work(id), JobState::Failed);
    assert_eq!(school.get(id).state, DeliveryState::Accepting);
    let holdings = Holdings::new(&school.office.archive, &school.office.catalog);
    let kept = |n: usize| {
        let (dossier, _) = holdings.dossier(people[n].0).unwrap().unwrap();
        dossier
            .current(PhotoKind::Graduation)
            .map(|photo| holdings.photo(people[n].0, photo).unwrap().unwrap())
    };
    assert_eq!((kept(0), kept(1)), (None, None), "the batch is kept whole or not at all");

    fs_err::write(&file, &photos[1].1).unwrap();
    confirm();
    assert_eq!(school.work(id), JobState::Done);
    assert_eq!((kept(0), kept(1)), (Some(photos[0].1.clone()), Some(photos[1].1.clone())));
}

#[test]
fn a_person_settles_whose_face_it_is_before_anything_is_accepted() {
    // Whatever is compared is in doubt.
    let Some(school) = judging(0.999, -0.999) else { return };
    let people = school.enrol_people(&[drawn(0, 0), drawn(1, 0), drawn(2, 0)]);
    // The vendor took somebody else for the third.
    let photos = [drawn(0, 1), drawn(1, 1), drawn(7, 1)];
    let photos =
        people.iter().zip(photos).map(|((_, token), photo)| (token.clone(), photo)).collect::<Vec<_>>();
    let id = school.deliver(&school.parcel(&photos));
    assert_eq!(school.work(id), JobState::Done);
    let report = school.get(id).report.unwrap();
    assert_eq!((report.unsettled, report.wrong, report.accept), (3, 0, Some(0.999)), "{report:?}");
    let accept = Propose { decision: Decision::Accept, reason: String::new() };
    let refused = delivery::propose(&school.office, &school.registrar, id, &accept);
    assert_eq!(code(refused), ProblemCode::FacesUnsettled);

    let unsettled = ItemQuery { unsettled: true, ..ItemQuery::default() };
    let of = |person: PersonId| {
        let items = delivery::items(&school.office, &school.registrar, id, &ItemQuery::default()).unwrap();
        items.items.into_iter().find(|item| item.person == Some(person)).unwrap()
    };
    let say = |actor: &Actor, person: PersonId, decision| {
        let word = Settle { decision, note: " seen ".to_owned() };
        delivery::settle(&school.office, actor, id, of(person).number, &word)
    };
    let (first, second, third) = (people[0].0, people[1].0, people[2].0);
    assert_eq!(code(say(&school.it, first, FaceWord::Same)), ProblemCode::NotAllowed);
    assert_eq!(code(say(&school.registrar, first, FaceWord::Same)), ProblemCode::PurposeRequired);
    let registrar = actor_with_purpose(Role::Registrar);
    say(&registrar, first, FaceWord::Same).unwrap();
    say(&registrar, second, FaceWord::Different).unwrap();
    let told = say(&registrar, third, FaceWord::Different).unwrap().report.unwrap();
    assert_eq!((told.unsettled, told.wrong), (0, 2));
    // A word can be taken back, and said anew.
    let number = of(second).number;
    let taken_back = delivery::take_back(&school.office, &registrar, id, number).unwrap().report.unwrap();
    assert_eq!((taken_back.unsettled, taken_back.wrong), (1, 1));
    assert_eq!(delivery::items(&school.office, &school.registrar, id, &unsettled).unwrap().total, 1);
    say(&registrar, second, FaceWord::Same).unwrap();
    let settled = of(second).settled.unwrap();
    assert_eq!((settled.decision, settled.note.as_str()), (FaceWord::Same, "seen"));

    // A check that runs again finds what was settled about the same bytes.
    delivery::check(&school.office, &school.registrar, id).unwrap();
    assert_eq!(school.work(id), JobState::Done);
    let again = school.get(id).report.unwrap();
    assert_eq!((again.unsettled, again.wrong), (0, 1), "{again:?}");
    let defects = school.seen_by_vendor(id).defects;
    assert_eq!(defects.len(), 1);
    assert_eq!((&defects[0].token, &defects[0].group[..]), (&people[2].1, "wrong"));

    // Once it is proposed, the word stands.
    let part = Propose { decision: Decision::AcceptPart, reason: "one again".to_owned() };
    delivery::propose(&school.office, &school.it, id, &part).unwrap();
    assert_eq!(code(say(&registrar, second, FaceWord::Different)), ProblemCode::WrongState);
    delivery::confirm(&school.office, &school.registrar, id, &Confirm { confirm: true }).unwrap();
    assert_eq!(school.work(id), JobState::Done);
    let holdings = Holdings::new(&school.office.archive, &school.office.catalog);
    let kept = |person| holdings.dossier(person).unwrap().unwrap().0.current(PhotoKind::Graduation).is_some();
    assert_eq!([first, second, third].map(kept), [true, true, false]);
}

/// Checks the vendor's receipt with public keys only, and that no altered one passes.
fn receipt_stands_alone(school: &School, id: DeliveryId, accepted: &[(PersonId, String)]) {
    let receipt = school.seen_by_vendor(id).receipt.unwrap();
    assert_eq!(receipt::get(&school.office, &school.registrar, id).unwrap().statement, receipt.statement);
    let signature = ledger::from_base64(&receipt.signature).unwrap().try_into().unwrap();
    let signed = SignedStatement { statement: receipt.statement.clone(), signature };
    let proof = receipt.proof.parse().unwrap();
    let school_key = school.office.keys.school.verifying_key();
    let log = crate::ledger::verifier_key(&school.office).unwrap();
    let (statement, _) = verify_receipt(&signed, &proof, &school_key, &log).unwrap();
    let mut tokens: Vec<_> = accepted.iter().map(|(_, token)| token.clone()).collect();
    tokens.sort();
    assert_eq!(statement.items.iter().map(|item| item.token.clone()).collect::<Vec<_>>(), tokens);
    let altered = SignedStatement { statement: receipt.statement.replace("XC", "XD"), ..signed };
    assert!(verify_receipt(&altered, &proof, &school_key, &log).is_err());
    for (person, _) in accepted {
        assert!(
            !receipt.statement.contains(&person.to_string()) && !receipt.proof.contains(&person.to_string())
        );
    }
}
