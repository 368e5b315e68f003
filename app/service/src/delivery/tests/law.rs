//! Faces of people who did not agree, and of a campaign that compares no more.

use std::path::PathBuf;

use api::delivery::{Decision, FaceWord, ItemQuery, Propose, Settle};
use api::face::FaceDecision;
use api::ids::{DeliveryId, JobId, PersonId};
use api::job::JobState;
use api::law::{Bar, EndComparing, Withdrawal};
use api::{ProblemCode, Role};
use fs_err as fs;
use verify::Template;

use super::super::measure::Look;
use super::school::{School, actor_with_purpose, code, drawn, judging};
use crate::law::journal::Journal;
use crate::law::{consent, gate, opening, tests as law};
use crate::{compare, delivery, job};

#[test]
fn a_face_whose_owner_has_not_agreed_is_looked_at_by_a_person_and_never_passes_by_machine() {
    // Whatever is compared is the same.
    let Some(school) = judging(-0.998, -0.999) else { return };
    let people = school.enrol_people(&[drawn(0, 0), drawn(1, 0)]);
    let withdrawal = Withdrawal { person: people[1].0 };
    consent::withdraw(&school.office, &school.registrar, school.campaign, withdrawal).unwrap();
    let id = delivered(&school, &people);
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
    let raw_templates: Vec<Vec<u8>> = [&reference, &probe]
        .into_iter()
        .map(|photo| engine.template_patiently(photo.clone(), &rules).unwrap().to_bytes())
        .collect();
    let templates: Vec<&[u8]> =
        raw_templates.iter().map(|template| template.rchunks(64).next().unwrap()).collect();
    let key = school.office.paths.keys.join(format!("face-{}.key", school.campaign.uuid().simple()));
    let key = fs::read(key).unwrap().trim_ascii().to_vec();
    let raw_key = hex::decode(&key).unwrap();
    let on_disk = |needle: &[u8]| law::anywhere(school.dir.path(), needle);
    assert!(on_disk(&key) && on_disk(middle(&reference)), "the search finds what is there");
    assert!(!on_disk(middle(&probe)), "a probe lies sealed while it waits");
    let sealed = school.office.paths.incoming.join("probes").join(format!("{}.sealed", made.id));
    let sealed = fs::read(sealed).unwrap();
    // A long job is under way.
    let journal = Journal::open(&school.office, school.campaign, JobId::new(), "a model").unwrap();
    let seen = Template::from_bytes(&raw_templates[1]).unwrap();
    journal.look("a photo", || Ok(((), Some(seen)))).unwrap();
    journal.look("a photo without a face", || Ok(((), None))).unwrap();
    let noted = fs::read(&journals(&school)[0]).unwrap();
    assert!(on_disk(&noted) && !on_disk(templates[1]), "a template lies sealed while its job runs");

    let end = EndComparing { name: "2026届毕业生".to_owned() };
    let ground = opening::end(&school.office, &school.registrar, school.campaign, &end).unwrap();
    let destroyed = ground.closed.unwrap().destroyed;
    assert_eq!((destroyed.probes, destroyed.comparisons, destroyed.templates), (1, 1, 1));
    let parts = [middle(&sealed), middle(&probe), &noted[..64], templates[0], templates[1]];
    for needle in parts.into_iter().chain([&key[..], &raw_key]) {
        assert!(!on_disk(needle));
    }
    // The job that still runs writes nothing that could be found, and another begins no journal.
    journal.look("another photo", || Ok(((), None))).unwrap();
    Journal::open(&school.office, school.campaign, JobId::new(), "a model").unwrap();
    assert_eq!(journals(&school), [] as [PathBuf; 0]);
    let left = compare::get(&school.office, &desk, made.id).unwrap();
    assert_eq!((left.decision, left.has_probe), (Some(FaceDecision::Manual), false));
    assert_eq!(gate::bar(&school.office, school.campaign, people[0].0).unwrap(), Some(Bar::ComparingEnded));
    assert_eq!(code(compare(0, &probe)), ProblemCode::MayNotCompare);
    assert_eq!(crate::law::count::get(&school.office, &desk).unwrap().here, 0);
}

#[test]
fn an_interrupted_check_goes_on_with_what_it_has_seen_and_leaves_nothing_of_it() {
    let Some(school) = judging(0.94, 0.93) else { return };
    let people = school.enrol_people(&[drawn(0, 0), drawn(1, 0)]);
    let id = delivered(&school, &people);
    let job = job::list(&school.office, &school.registrar, Some(&id.to_string())).unwrap()[0].id;
    let engine = school.office.engine().unwrap();
    let rules =
        crate::campaign::rule_set("demo-relaxed").unwrap().captured_between("2026-01-01", "2036-01-01");
    let begun = |job, under: &str, shot| {
        let journal = Journal::open(&school.office, school.campaign, job, under).unwrap();
        let of = format!("photos/{}.jpg true", people[0].1);
        // What an earlier run has seen is told from what this one would see by being somebody else.
        let seen = || {
            let template = engine.template_patiently(drawn(7, shot), &rules.faces).unwrap();
            Ok((Look { has_one_face: true, ..Look::default() }, Some(template)))
        };
        journal.look(&of, seen).unwrap();
    };
    begun(job, &crate::face::seen_by(&engine, &rules).unwrap(), 0);
    let path = journals(&school).pop().unwrap();
    let whole = fs::metadata(&path).unwrap().len();
    // The power failed within the next entry.
    fs::write(&path, [fs::read(&path).unwrap(), vec![200, 0, 0, 0, 1, 7, 7]].concat()).unwrap();
    // Somebody else's, and one by other rules: the first is swept, the second passed over.
    begun(JobId::new(), "an interrupted job that nobody knows", 1);
    begun(job, "other rules", 1);
    assert!(fs::metadata(&path).unwrap().len() > whole);
    assert_eq!(school.work(id), JobState::Done);
    assert_eq!(journals(&school), [] as [PathBuf; 0]);
    let items = delivery::items(&school.office, &school.registrar, id, &ItemQuery::default()).unwrap().items;
    let verdict = |n: usize| {
        let item = items.iter().find(|item| item.person == Some(people[n].0)).unwrap();
        (item.verdict.clone(), item.findings.iter().any(|finding| finding.code.starts_with("IMG-")))
    };
    assert!(!verdict(0).1, "seen before: nothing was measured again");
    assert_ne!(verdict(0).0, verdict(1).0);
    assert!(verdict(1).1);
    // Checked again by another job, everything is looked at.
    delivery::check(&school.office, &school.it, id).unwrap();
    assert_eq!(school.work(id), JobState::Done);
    let items = delivery::items(&school.office, &school.registrar, id, &ItemQuery::default()).unwrap().items;
    assert!(items.iter().all(|item| item.findings.iter().any(|finding| finding.code.starts_with("IMG-"))));
}

/// A delivery of another photo of each of two people.
fn delivered(school: &School, people: &[(PersonId, String)]) -> DeliveryId {
    let photos =
        people.iter().zip([drawn(0, 1), drawn(1, 1)]).map(|((_, token), photo)| (token.clone(), photo));
    school.deliver(&school.parcel(&photos.collect::<Vec<_>>()))
}

fn journals(school: &School) -> Vec<PathBuf> {
    let folder = fs::read_dir(&school.office.paths.journals).unwrap();
    folder.map(|entry| entry.unwrap().path()).collect()
}

/// Bytes out of the middle of a file: what no other file has.
fn middle(bytes: &[u8]) -> &[u8] {
    &bytes[bytes.len() / 2..bytes.len() / 2 + 64]
}
