//! Faces of people who did not agree, and of a campaign that compares no more.

use api::delivery::{Decision, FaceWord, ItemQuery, Propose, Settle};
use api::face::FaceDecision;
use api::job::JobState;
use api::law::{Bar, EndComparing, Withdrawal};
use api::{ProblemCode, Role};
use fs_err as fs;

use super::school::{actor_with_purpose, code, drawn, judging};
use crate::law::{consent, gate, opening, tests as law};
use crate::{compare, delivery};

#[test]
fn a_face_whose_owner_has_not_agreed_is_looked_at_by_a_person_and_never_passes_by_machine() {
    // Whatever is compared is the same.
    let Some(school) = judging(-0.998, -0.999) else { return };
    let people = school.enrol_people(&[drawn(0, 0), drawn(1, 0)]);
    let withdrawal = Withdrawal { person: people[1].0 };
    consent::withdraw(&school.office, &school.registrar, school.campaign, withdrawal).unwrap();
    let photos: Vec<_> = people
        .iter()
        .zip([drawn(0, 1), drawn(1, 1)])
        .map(|((_, token), photo)| (token.clone(), photo))
        .collect();
    let id = school.deliver(&school.parcel(&photos));
    assert_eq!(school.work(id), JobState::Done);
    let items = delivery::items(&school.office, &school.registrar, id, &ItemQuery::default()).unwrap().items;
    let of = |n: usize| items.iter().find(|item| item.person == Some(people[n].0)).unwrap();
    assert!(of(0).similarity.is_some() && of(0).verdict.is_some());
    assert!(of(1).similarity.is_none() && of(1).verdict.is_none());
    let by_hand = of(1).findings.iter().find(|finding| finding.code == "FACE-BY-HAND").unwrap();
    assert_eq!((&by_hand.status[..], &by_hand.severity[..]), ("failed", "warn"));
    assert!(of(0).findings.iter().all(|finding| finding.code != "FACE-BY-HAND"));
    let measured =
        |n: usize| of(n).findings.iter().filter(|finding| finding.code.starts_with("IMG-")).count();
    assert!(measured(1) > 0 && measured(0) == measured(1), "the photo rules are measured all the same");
    let accept = Propose { decision: Decision::Accept, reason: String::new() };
    let refused = delivery::propose(&school.office, &school.registrar, id, &accept);
    assert_eq!(code(refused), ProblemCode::FacesUnsettled);
    let registrar = actor_with_purpose(Role::Registrar);
    let word = Settle { decision: FaceWord::Same, note: "身份证与本人一致".to_owned() };
    delivery::settle(&school.office, &registrar, id, of(1).number, &word).unwrap();
    delivery::propose(&school.office, &school.registrar, id, &accept).unwrap();
}

#[test]
fn after_its_end_a_campaign_leaves_neither_template_nor_probe_nor_key_on_disk() {
    let Some(school) = judging(0.999, -0.999) else { return };
    let (reference, probe) = (drawn(0, 0), drawn(0, 1));
    let people = school.enrol_people(&[reference.clone(), drawn(1, 0)]);
    let desk = actor_with_purpose(Role::Admissions);
    let compare = |n: usize, probe: &[u8]| compare::make(&school.office, &desk, people[n].0, probe.to_vec());
    let made = compare(0, &probe).unwrap();
    assert_eq!(compare::probe(&school.office, &desk, made.id).is_ok(), made.has_probe);
    let other = compare(1, &drawn(1, 1)).unwrap();
    assert_eq!(crate::law::count::get(&school.office, &desk).unwrap().here, 2);
    // Whoever withdraws is compared no more, and what waited is left to a person.
    let withdrawal = Withdrawal { person: people[1].0 };
    consent::withdraw(&school.office, &school.registrar, school.campaign, withdrawal).unwrap();
    let left = compare::get(&school.office, &desk, other.id).unwrap();
    assert_eq!((left.decision, left.has_probe), (Some(FaceDecision::Manual), false));
    assert_eq!(code(compare(1, &drawn(1, 1))), ProblemCode::MayNotCompare);

    let rules = crate::face::rules("demo-relaxed").unwrap().faces;
    let engine = school.office.engine().unwrap();
    let templates: Vec<Vec<u8>> = [&reference, &probe]
        .into_iter()
        .map(|photo| engine.template_patiently(photo.clone(), &rules).unwrap())
        .map(|template| template.to_bytes().rchunks(64).next().unwrap().to_vec())
        .collect();
    let key = school.office.paths.keys.join(format!("face-{}.key", school.campaign.uuid().simple()));
    let key = fs::read(key).unwrap().trim_ascii().to_vec();
    let raw_key = hex::decode(&key).unwrap();
    let on_disk = |needle: &[u8]| law::anywhere(school.dir.path(), needle);
    assert!(on_disk(&key) && on_disk(middle(&reference)), "the search finds what is there");
    assert!(!on_disk(middle(&probe)), "a probe lies sealed while it waits");
    let sealed = school.office.paths.incoming.join("probes").join(format!("{}.sealed", made.id));
    let sealed = fs::read(sealed).unwrap();

    let end = EndComparing { name: "2026届毕业生".to_owned() };
    let ground = opening::end(&school.office, &school.registrar, school.campaign, &end).unwrap();
    let destroyed = ground.closed.unwrap().destroyed;
    assert_eq!((destroyed.probes, destroyed.comparisons, destroyed.templates), (1, 1, 0));
    for needle in [&key[..], &raw_key, middle(&sealed), middle(&probe), &templates[0], &templates[1]] {
        assert!(!on_disk(needle));
    }
    let left = compare::get(&school.office, &desk, made.id).unwrap();
    assert_eq!((left.decision, left.has_probe), (Some(FaceDecision::Manual), false));
    assert_eq!(gate::bar(&school.office, school.campaign, people[0].0).unwrap(), Some(Bar::ComparingEnded));
    assert_eq!(code(compare(0, &probe)), ProblemCode::MayNotCompare);
    assert_eq!(crate::law::count::get(&school.office, &desk).unwrap().here, 0);
}

/// Bytes out of the middle of a file: what no other file has.
fn middle(bytes: &[u8]) -> &[u8] {
    &bytes[bytes.len() / 2..bytes.len() / 2 + 64]
}
